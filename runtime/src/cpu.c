/* Which CPU this is, and which of a network's levels it runs. No wide instruction runs before the choice. */
#include <stdlib.h>
#include <string.h>

#include "context.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

/* The registers that the operating system saves; CPUID alone says only what the silicon has. */
static uint64_t xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

uint32_t hardnet_cpu_features(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    uint32_t features = c & bit_SSE4_1 ? HARDNET_CPU_SSE41 : 0;
    const uint64_t saved = c & bit_OSXSAVE ? xcr0() : 0;
    const uint64_t ymm = 0x6, zmm = 0xe6; /* xmm + ymm; those + mask registers + both halves of zmm */
    if ((saved & ymm) != ymm || !(c & bit_AVX)) return features;
    features |= HARDNET_CPU_AVX;
    if (c & bit_F16C) features |= HARDNET_CPU_F16C;
    if (c & bit_FMA) features |= HARDNET_CPU_FMA;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return features;
    if (b & bit_AVX2) features |= HARDNET_CPU_AVX2;
    const unsigned avx512 = bit_AVX512F | bit_AVX512CD | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((saved & zmm) == zmm && (b & avx512) == avx512) features |= HARDNET_CPU_AVX512;
    return features;
}
#elif defined(__aarch64__)
uint32_t hardnet_cpu_features(void) { return HARDNET_CPU_NEON; }
#else
uint32_t hardnet_cpu_features(void) { return 0; }
#endif

void hardnet_feature_names(uint32_t features, char *memory, size_t size) {
    static const char *const kNames[] = {
        "sse4.1", "avx", "f16c", "fma", "avx2", "avx-512 (f, cd, bw, dq, vl)", "neon"};
    hardnet_text text = hardnet_text_in(memory, size);
    const char *between = "";
    for (uint32_t i = 0; i < sizeof kNames / sizeof kNames[0]; i++) {
        if (!(features >> i & 1)) continue;
        hardnet_put(&text, "%s%s", between, kNames[i]);
        between = ", ";
    }
}

hardnet_host hardnet_this_host(void) {
    hardnet_host host = {hardnet_cpu_features(), getenv("HARDNET_CPU_LEVEL"), hardnet_processors(""),
                         pthread_create};
    if (host.level && !host.level[0]) host.level = NULL;
    return host;
}

static hardnet_status forced_level(hardnet_context *context, const hardnet_host *host, const char *name,
                                   const char *who) {
    const hardnet_network *network = context->network;
    char memory[256];
    hardnet_text text = hardnet_text_in(memory, sizeof memory);
    for (uint32_t i = 0; i < network->level_count; i++) {
        const hardnet_level *level = &network->levels[i];
        if (strcmp(level->name, name) == 0) {
            const uint32_t missing = level->features & ~host->features;
            context->level = level;
            if (!missing) return HARDNET_OK;
            hardnet_feature_names(missing, memory, sizeof memory);
            return hardnet_fail(context, HARDNET_UNSUPPORTED_CPU,
                                "%s %s: expected a cpu with %s, found one without", who, name, memory);
        }
        hardnet_put(&text, "%s%s", i ? ", " : "", level->name);
    }
    return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "%s: expected one of %s, found \"%.80s\"", who,
                        memory, name);
}

hardnet_status hardnet_choose_level(hardnet_context *context, const hardnet_host *host) {
    const hardnet_network *network = context->network;
    if (context->options.level) return forced_level(context, host, context->options.level, "level");
    if (host->level) return forced_level(context, host, host->level, "HARDNET_CPU_LEVEL");
    for (uint32_t i = 0; i < network->level_count; i++) {
        context->level = &network->levels[i];
        if (!(context->level->features & ~host->features)) return HARDNET_OK;
    }
    if (!context->level)
        return hardnet_fail(context, HARDNET_INTERNAL, "levels: expected at least one, found none");
    char missing[160];
    hardnet_feature_names(context->level->features & ~host->features, missing, sizeof missing);
    return hardnet_fail(context, HARDNET_UNSUPPORTED_CPU,
                        "cpu: expected at least level %s of %s, found a cpu without %s", context->level->name,
                        network->name, missing);
}
