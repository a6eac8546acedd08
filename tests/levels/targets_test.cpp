// What a --target value stands for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/inspect.h"
#include "schedules/machine.h"

namespace hardnet {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> levels_behind(const std::vector<std::string> &targets,
                                       Precision precision = Precision::kFloat32) {
    const Result<std::vector<Machine>> machines = machines_for(targets, precision);
    std::vector<std::string> levels;
    if (!machines) return {machines.error().what};
    for (const Machine &machine : *machines) levels.push_back(machine.level);
    return levels;
}

TEST(Targets, AnAliasStandsForAPlatformsLevelsOrForOne) {
    EXPECT_THAT(levels_behind({"x86-64"}), ElementsAre("avx512", "avx2", "sse41"));
    EXPECT_THAT(levels_behind({"x86-64-v4"}), ElementsAre("avx512"));
    EXPECT_THAT(levels_behind({"x86-64-v3"}), ElementsAre("avx2"));
    EXPECT_THAT(levels_behind({"x86-64-v2"}), ElementsAre("sse41"));
    EXPECT_THAT(levels_behind({"arm64"}), ElementsAre("neon"));
    EXPECT_THAT(levels_behind({"arm-64-linux"}), ElementsAre("neon"));
}

// The runtime takes the first level that the CPU runs.
TEST(Targets, LevelsComeBestFirstAndOnceWhateverTheOrderAskedFor) {
    EXPECT_THAT(levels_behind({"sse41", "x86-64-v2", "x86-64-v4", "x86-64-v3"}),
                ElementsAre("avx512", "avx2", "sse41"));
    EXPECT_THAT(levels_behind({"arm64", "x86-64-v3"}), ElementsAre("avx2", "neon"));
}

TEST(Targets, HostIsWhatThisCpuRunsWithoutALevelThatItNeverChooses) {
    std::vector<std::string> expected;
    for (const char *level : {"avx512", "avx2"}) {
        const Machine machine = (*machines_for({level}))[0];
        if (!(machine.features & ~hardnet_cpu_features())) expected.push_back(level);
    }
    if (expected.empty()) expected.push_back(hardnet_cpu_features() & HARDNET_CPU_NEON ? "neon" : "sse41");
    EXPECT_EQ(levels_behind({"host"}), expected);
}

TEST(Targets, OfInt16ThereIsALevelThatMultipliesPairsInOneInstruction) {
    EXPECT_THAT(levels_behind({"x86-64"}, Precision::kInt16), ElementsAre("zen4", "avx512", "avx2", "sse41"));
    EXPECT_THAT(levels_behind({"zen4"}, Precision::kInt16), ElementsAre("zen4"));
    EXPECT_THAT(levels_behind({"x86-64-v4"}, Precision::kInt16), ElementsAre("avx512"));
    EXPECT_THAT(levels_behind({"arm64"}, Precision::kInt16), ElementsAre("neon"));
    std::vector<std::string> expected = levels_behind({"host"});
    if (!(HARDNET_ZEN4_FEATURES & ~hardnet_cpu_features())) expected.insert(expected.begin(), "zen4");
    EXPECT_EQ(levels_behind({"host"}, Precision::kInt16), expected);
}

TEST(Targets, OfInt8Arm64HasOneToo) {
    EXPECT_THAT(levels_behind({"x86-64"}, Precision::kInt8), ElementsAre("zen4", "avx512", "avx2", "sse41"));
    EXPECT_THAT(levels_behind({"arm64"}, Precision::kInt8), ElementsAre("dotprod", "neon"));
}

TEST(Targets, OfFloat32ThatLevelIsUnknown) {
    EXPECT_THAT(levels_behind({"zen4"}), ElementsAre("target: expected host, x86-64, x86-64-v2, x86-64-v3, "
                                                     "x86-64-v4, arm64, cuda or opencl, found 'zen4'"));
}

TEST(Targets, AnUnknownOneIsAnErrorThatNamesTheKnown) {
    EXPECT_THAT(
        levels_behind({"host", "x86-64-v5"}),
        ElementsAre("target: expected host, x86-64, x86-64-v2, x86-64-v3, x86-64-v4, arm64, cuda or opencl, "
                    "found 'x86-64-v5'"));
}

}  // namespace
}  // namespace hardnet
