/* Which CPU this is, and which of a network's levels it runs. No wide instruction runs before the choice. */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "cuda_driver.h"
#include "opencl_library.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

/* The registers that the operating system saves; CPUID alone says only what the silicon has. */
static uint64_t xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* A feature: the bits of a CPUID register that say it, and the state that must be saved for it. */
typedef struct cpuid_feature {
    uint32_t feature, leaf, reg, bits, saved;
} cpuid_feature;

enum { EBX = 1, ECX = 2 };
enum { YMM = 0x6, ZMM = 0xe6 }; /* xmm + ymm; those + mask registers + both halves of zmm */

static const cpuid_feature kFeatures[] = {
    {HARDNET_CPU_SSE3, 1, ECX, bit_SSE3, 0},
    {HARDNET_CPU_SSSE3, 1, ECX, bit_SSSE3, 0},
    {HARDNET_CPU_SSE41, 1, ECX, bit_SSE4_1, 0},
    {HARDNET_CPU_SSE42, 1, ECX, bit_SSE4_2, 0},
    {HARDNET_CPU_POPCNT, 1, ECX, bit_POPCNT, 0},
    {HARDNET_CPU_MOVBE, 1, ECX, bit_MOVBE, 0},
    {HARDNET_CPU_LZCNT, 0x80000001, ECX, bit_LZCNT, 0},
    {HARDNET_CPU_PRFCHW, 0x80000001, ECX, bit_PRFCHW, 0},
    {HARDNET_CPU_BMI1, 7, EBX, bit_BMI, 0},
    {HARDNET_CPU_BMI2, 7, EBX, bit_BMI2, 0},
    {HARDNET_CPU_AVX, 1, ECX, bit_AVX, YMM},
    {HARDNET_CPU_F16C, 1, ECX, bit_F16C, YMM},
    {HARDNET_CPU_FMA, 1, ECX, bit_FMA, YMM},
    {HARDNET_CPU_AVX2, 7, EBX, bit_AVX2, YMM},
    {HARDNET_CPU_AVX512, 7, EBX,
     (uint32_t)bit_AVX512F | (uint32_t)bit_AVX512CD | (uint32_t)bit_AVX512BW | (uint32_t)bit_AVX512DQ |
         (uint32_t)bit_AVX512VL,
     ZMM},
    {HARDNET_CPU_VNNI, 7, ECX,
     (uint32_t)bit_AVX512VNNI | (uint32_t)bit_AVX512VBMI | (uint32_t)bit_AVX512VBMI2 |
         (uint32_t)bit_AVX512BITALG | (uint32_t)bit_AVX512VPOPCNTDQ | (uint32_t)bit_VAES |
         (uint32_t)bit_VPCLMULQDQ | (uint32_t)bit_GFNI,
     ZMM},
};

uint32_t hardnet_cpu_features(void) {
    uint32_t features = 0;
    unsigned r[4];
    const uint64_t saved = __get_cpuid(1, &r[0], &r[1], &r[2], &r[3]) && r[ECX] & bit_OSXSAVE ? xcr0() : 0;
    for (size_t i = 0; i < sizeof kFeatures / sizeof kFeatures[0]; i++) {
        const cpuid_feature *f = &kFeatures[i];
        if (!__get_cpuid_count(f->leaf, 0, &r[0], &r[1], &r[2], &r[3])) continue;
        if ((r[f->reg] & f->bits) == f->bits && (saved & f->saved) == f->saved) features |= f->feature;
    }
    return features;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

uint32_t hardnet_cpu_features(void) {
    const unsigned long dot_products = 1ul << 20; /* HWCAP_ASIMDDP */
    return HARDNET_CPU_NEON | (getauxval(AT_HWCAP) & dot_products ? HARDNET_CPU_DOTPROD : 0u);
}
#else
uint32_t hardnet_cpu_features(void) { return 0; }
#endif

void hardnet_feature_names(uint32_t features, char *memory, size_t size) {
    static const struct {
        uint32_t feature;
        const char *name;
    } kNames[] = {
        {HARDNET_CPU_SSE3, "sse3"},     {HARDNET_CPU_SSSE3, "ssse3"},
        {HARDNET_CPU_SSE41, "sse4.1"},  {HARDNET_CPU_SSE42, "sse4.2"},
        {HARDNET_CPU_POPCNT, "popcnt"}, {HARDNET_CPU_AVX, "avx"},
        {HARDNET_CPU_F16C, "f16c"},     {HARDNET_CPU_FMA, "fma"},
        {HARDNET_CPU_AVX2, "avx2"},     {HARDNET_CPU_BMI1, "bmi1"},
        {HARDNET_CPU_BMI2, "bmi2"},     {HARDNET_CPU_LZCNT, "lzcnt"},
        {HARDNET_CPU_MOVBE, "movbe"},   {HARDNET_CPU_AVX512, "avx-512 (f, cd, bw, dq, vl)"},
        {HARDNET_CPU_PRFCHW, "prfchw"}, {HARDNET_CPU_VNNI, "avx-512 vnni"},
        {HARDNET_CPU_NEON, "neon"},     {HARDNET_CPU_DOTPROD, "dot products"},
    };
    hardnet_text text = hardnet_text_in(memory, size);
    const char *between = "";
    for (uint32_t i = 0; i < sizeof kNames / sizeof kNames[0]; i++) {
        if (!(features & kNames[i].feature)) continue;
        hardnet_put(&text, "%s%s", between, kNames[i].name);
        between = ", ";
    }
}

hardnet_host hardnet_this_host(void) {
    hardnet_host host = {hardnet_cpu_features(), getenv("HARDNET_CPU_LEVEL"), hardnet_processors(""),
                         pthread_create,         hardnet_cuda_of_process,     hardnet_opencl_of_process};
    if (host.level && !host.level[0]) host.level = NULL;
    return host;
}

static hardnet_status forced_level(hardnet_context *context, const hardnet_host *host, const char *name,
                                   const char *who) {
    const hardnet_network *network = context->network;
    char memory[256];
    for (uint32_t i = 0; i < network->level_count; i++) {
        const hardnet_level *level = &network->levels[i];
        if (level->device != HARDNET_DEVICE_CPU || strcmp(level->name, name) != 0) continue;
        const uint32_t missing = level->features & ~host->features;
        context->level = level;
        if (!missing) return HARDNET_OK;
        hardnet_feature_names(missing, memory, sizeof memory);
        return hardnet_fail(context, HARDNET_UNSUPPORTED_CPU,
                            "%s %s: expected a cpu with %s, found one without", who, name, memory);
    }
    hardnet_text text = hardnet_text_in(memory, sizeof memory);
    hardnet_put_levels(&text, network, true);
    return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "%s: expected one of %s, found \"%.80s\"", who,
                        memory, name);
}

hardnet_status hardnet_choose_level(hardnet_context *context, const hardnet_host *host) {
    const hardnet_network *network = context->network;
    if (context->options.level) return forced_level(context, host, context->options.level, "level");
    if (host->level) return forced_level(context, host, host->level, "HARDNET_CPU_LEVEL");
    context->level = NULL;
    for (uint32_t i = 0; i < network->level_count; i++) {
        if (network->levels[i].device != HARDNET_DEVICE_CPU) continue;
        context->level = &network->levels[i];
        if (!(context->level->features & ~host->features)) return HARDNET_OK;
    }
    if (!network->level_count)
        return hardnet_fail(context, HARDNET_INTERNAL, "levels: expected at least one, found none");
    if (!context->level) {
        char found[256];
        hardnet_text text = hardnet_text_in(found, sizeof found);
        hardnet_put_levels(&text, network, false);
        return hardnet_fail(context, HARDNET_UNSUPPORTED_CPU,
                            "cpu: expected a level for it in %s, found %s (options.device chooses a device)",
                            network->name, found);
    }
    char missing[160];
    hardnet_feature_names(context->level->features & ~host->features, missing, sizeof missing);
    return hardnet_fail(context, HARDNET_UNSUPPORTED_CPU,
                        "cpu: expected at least level %s of %s, found a cpu without %s", context->level->name,
                        network->name, missing);
}
