// Which level a CPU gets, on CPUs that this machine need not be.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tiny_plan.h"

namespace hardnet {
namespace {

constexpr uint32_t kSse41 = HARDNET_SSE41_FEATURES, kAvx2 = HARDNET_AVX2_FEATURES,
                   kAvx512 = HARDNET_AVX512_FEATURES;

class Levels : public testing::Test {
protected:
    Levels() {
        plan.input({1, 1, 1, 1});
        plan.level("avx512", kAvx512);
        plan.level("avx2", kAvx2);
        plan.level("sse41", kSse41);
        host = hardnet_this_host();
        host.level = nullptr;
    }
    std::string open(uint32_t features, const char *forced, hardnet_status expected) {
        host.features = features;
        hardnet_options options = default_options();
        options.level = forced;
        Opened opened(plan.network(), options, &host);
        EXPECT_EQ(opened.status, expected);
        return opened.status == HARDNET_OK ? hardnet_level_name(opened.context) : opened.error();
    }
    TinyPlan plan;
    hardnet_host host;
};

TEST_F(Levels, TheFirstThatTheCpuRuns) {
    EXPECT_EQ(open(kAvx512, nullptr, HARDNET_OK), "avx512");
    EXPECT_EQ(open(kAvx512 & ~HARDNET_CPU_FMA, nullptr, HARDNET_OK), "sse41");
    EXPECT_EQ(open(kAvx2, nullptr, HARDNET_OK), "avx2");
    EXPECT_EQ(open(kSse41, nullptr, HARDNET_OK), "sse41");
    EXPECT_EQ(open(0, nullptr, HARDNET_UNSUPPORTED_CPU),
              "cpu: expected at least level sse41 of tiny, found a cpu without sse3, ssse3, sse4.1");
}

struct Feature {
    const char *name;
    uint32_t bit;
    const char *best;  // level of a CPU that has all others
};
constexpr Feature kFeatures[] = {
    {"sse3", HARDNET_CPU_SSE3, ""},
    {"ssse3", HARDNET_CPU_SSSE3, ""},
    {"sse4.1", HARDNET_CPU_SSE41, ""},
    {"sse4.2", HARDNET_CPU_SSE42, "sse41"},
    {"popcnt", HARDNET_CPU_POPCNT, "sse41"},
    {"avx", HARDNET_CPU_AVX, "sse41"},
    {"f16c", HARDNET_CPU_F16C, "sse41"},
    {"fma", HARDNET_CPU_FMA, "sse41"},
    {"avx2", HARDNET_CPU_AVX2, "sse41"},
    {"bmi1", HARDNET_CPU_BMI1, "sse41"},
    {"bmi2", HARDNET_CPU_BMI2, "sse41"},
    {"lzcnt", HARDNET_CPU_LZCNT, "sse41"},
    {"movbe", HARDNET_CPU_MOVBE, "sse41"},
    {"prfchw", HARDNET_CPU_PRFCHW, "avx2"},
    {"avx-512 (f, cd, bw, dq, vl)", HARDNET_CPU_AVX512, "avx2"},
};

// Penryn, Haswell and Skylake-X, feature by feature.
TEST_F(Levels, EachFeatureOfALevelIsAskedForAndNamedWhereItIsMissing) {
    uint32_t all = 0;
    for (const Feature &f : kFeatures) {
        SCOPED_TRACE(f.name);
        all |= f.bit;
        if (*f.best)
            EXPECT_EQ(open(kAvx512 & ~f.bit, nullptr, HARDNET_OK), f.best);
        else
            EXPECT_EQ(
                open(kAvx512 & ~f.bit, nullptr, HARDNET_UNSUPPORTED_CPU),
                std::string("cpu: expected at least level sse41 of tiny, found a cpu without ") + f.name);
        EXPECT_EQ(open(kAvx512 & ~f.bit, "avx512", HARDNET_UNSUPPORTED_CPU),
                  std::string("level avx512: expected a cpu with ") + f.name + ", found one without");
    }
    EXPECT_EQ(all, kAvx512);
}

TEST_F(Levels, ForcedByTheOptions) {
    EXPECT_EQ(open(kAvx512, "avx2", HARDNET_OK), "avx2");
    EXPECT_EQ(open(kAvx2 & ~(HARDNET_CPU_FMA | HARDNET_CPU_AVX2), "avx2", HARDNET_UNSUPPORTED_CPU),
              "level avx2: expected a cpu with fma, avx2, found one without");
    EXPECT_EQ(open(kAvx2, "avx512", HARDNET_UNSUPPORTED_CPU),
              "level avx512: expected a cpu with avx-512 (f, cd, bw, dq, vl), prfchw, found one without");
    EXPECT_EQ(open(kAvx512, "AVX2", HARDNET_INVALID_ARGUMENT),
              "level: expected one of avx512, avx2, sse41, found \"AVX2\"");
    EXPECT_EQ(open(kAvx512, "", HARDNET_INVALID_ARGUMENT),
              "level: expected one of avx512, avx2, sse41, found \"\"");
}

TEST_F(Levels, ForcedByTheEnvironmentUnlessTheOptionsDo) {
    host.level = "sse41";
    EXPECT_EQ(open(kAvx512, nullptr, HARDNET_OK), "sse41");
    EXPECT_EQ(open(kAvx512, "avx2", HARDNET_OK), "avx2");
    host.level = "mmx";
    EXPECT_EQ(open(kAvx512, nullptr, HARDNET_INVALID_ARGUMENT),
              "HARDNET_CPU_LEVEL: expected one of avx512, avx2, sse41, found \"mmx\"");
}

TEST_F(Levels, TheEnvironmentIsRead) {
    setenv("HARDNET_CPU_LEVEL", "mmx", 1);
    EXPECT_STREQ(hardnet_this_host().level, "mmx");
    setenv("HARDNET_CPU_LEVEL", "", 1);
    EXPECT_EQ(hardnet_this_host().level, nullptr);
    unsetenv("HARDNET_CPU_LEVEL");
    EXPECT_EQ(hardnet_this_host().level, nullptr);
}

#if defined(__x86_64__)
TEST(Cpu, AgreesWithTheCompilersOwnDetection) {
    const uint32_t features = hardnet_cpu_features();
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse2")) GTEST_SKIP() << "the compiler's library detects nothing";
    EXPECT_EQ((features & HARDNET_CPU_SSE3) != 0, __builtin_cpu_supports("sse3") != 0);
    EXPECT_EQ((features & HARDNET_CPU_SSSE3) != 0, __builtin_cpu_supports("ssse3") != 0);
    EXPECT_EQ((features & HARDNET_CPU_SSE41) != 0, __builtin_cpu_supports("sse4.1") != 0);
    EXPECT_EQ((features & HARDNET_CPU_SSE42) != 0, __builtin_cpu_supports("sse4.2") != 0);
    EXPECT_EQ((features & HARDNET_CPU_POPCNT) != 0, __builtin_cpu_supports("popcnt") != 0);
    EXPECT_EQ((features & HARDNET_CPU_AVX) != 0, __builtin_cpu_supports("avx") != 0);
    EXPECT_EQ((features & HARDNET_CPU_FMA) != 0, __builtin_cpu_supports("fma") != 0);
    EXPECT_EQ((features & HARDNET_CPU_AVX2) != 0, __builtin_cpu_supports("avx2") != 0);
    EXPECT_EQ((features & HARDNET_CPU_BMI1) != 0, __builtin_cpu_supports("bmi") != 0);
    EXPECT_EQ((features & HARDNET_CPU_BMI2) != 0, __builtin_cpu_supports("bmi2") != 0);
#ifndef __clang__  // clang 14 does not know these names
    EXPECT_EQ((features & HARDNET_CPU_F16C) != 0, __builtin_cpu_supports("f16c") != 0);
    EXPECT_EQ((features & HARDNET_CPU_LZCNT) != 0, __builtin_cpu_supports("lzcnt") != 0);
    EXPECT_EQ((features & HARDNET_CPU_MOVBE) != 0, __builtin_cpu_supports("movbe") != 0);
#endif
    EXPECT_EQ((features & HARDNET_CPU_AVX512) != 0,
              __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl"));
}
#endif

}  // namespace
}  // namespace hardnet
