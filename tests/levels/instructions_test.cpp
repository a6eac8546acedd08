// No kernel contains an instruction that its level does not ask the CPU for: it would run on every machine that we
// have and end by SIGILL on one that lacks it. For x86 alone: its levels are three of many sets; the neon level is
// ARMv8.0, which every ARM64 CPU runs, and levels_test.cpp runs it on an emulated Cortex-A53, which is no more.
#include "tests/levels/instructions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/compile.h"
#include "models/records.h"
#include "runtime/inspect.h"
#include "schedules/machine.h"
#include "tests/levels/subject.h"

namespace hardnet::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(FeaturesNeeded, ByEncodingAndName) {
    const struct {
        const char *bytes, *instruction;
        uint32_t features;
    } cases[] = {
        {"48 89 e5", "mov    rbp,rsp", 0},
        {"f0 0f b1 0f", "lock cmpxchg DWORD PTR [rdi],ecx", 0},
        {"0f 58 c1", "addps  xmm0,xmm1", 0},
        {"0f c2 c1 01", "cmpltps xmm0,xmm1", 0},
        {"66 0f 3a 40 c1 ff", "dpps   xmm0,xmm1,0xff", HARDNET_CPU_SSE41},
        {"66 0f 38 00 c1", "pshufb xmm0,xmm1", HARDNET_CPU_SSSE3},
        {"66 0f 38 37 c1", "pcmpgtq xmm0,xmm1", HARDNET_CPU_SSE42},
        {"f3 48 0f b8 c1", "popcnt rax,rcx", HARDNET_CPU_POPCNT},
        {"f3 48 0f bd c1", "lzcnt  rax,rcx", HARDNET_CPU_LZCNT},
        {"0f 38 f0 07", "movbe  eax,DWORD PTR [rdi]", HARDNET_CPU_MOVBE},
        {"0f 0d 0f", "prefetchw BYTE PTR [rdi]", HARDNET_CPU_PRFCHW},
        {"c4 e2 f8 f2 c1", "andn   rax,rax,rcx", HARDNET_CPU_BMI1},
        {"c4 e2 f1 f7 c0", "shlx   rax,rax,rcx", HARDNET_CPU_BMI2},
        {"c5 f8 58 c1", "vaddps xmm0,xmm0,xmm1", HARDNET_CPU_AVX},
        {"c5 fd fe c1", "vpaddd ymm0,ymm0,ymm1", HARDNET_CPU_AVX2},
        {"c4 e2 7d 18 c0", "vbroadcastss ymm0,xmm0", HARDNET_CPU_AVX2},
        {"c4 e2 7d 18 07", "vbroadcastss ymm0,DWORD PTR [rdi]", HARDNET_CPU_AVX},
        {"c4 e2 7d b8 c1", "vfmadd231ps ymm0,ymm0,ymm1", HARDNET_CPU_FMA},
        {"c4 e2 7d 13 c0", "vcvtph2ps ymm0,xmm0", HARDNET_CPU_F16C},
        {"c5 f8 92 c8", "kmovw  k1,eax", HARDNET_CPU_AVX512},
        {"62 f1 7c 48 58 c1", "vaddps zmm0,zmm0,zmm1", HARDNET_CPU_AVX512},
        {"62 e1 7c 28 58 c1", "vaddps ymm16,ymm0,ymm1", HARDNET_CPU_AVX512},
        {"62 f3 7d 48 25 c1 ff", "vpternlogd zmm0,zmm0,zmm1,0xff", HARDNET_CPU_AVX512},
        {"62 f1 7d 48 f5 c1", "vpmaddwd zmm0,zmm0,zmm1", HARDNET_CPU_AVX512},
        {"62 f2 7d 48 50 c1", "vpdpbusd zmm0,zmm0,zmm1", HARDNET_CPU_VNNI},
        {"62 f2 7d 48 52 c1", "vpdpwssd zmm0,zmm0,zmm1", HARDNET_CPU_VNNI},
        {"62 f2 7d 48 8d c1", "vpermb zmm0,zmm0,zmm1", HARDNET_CPU_VNNI},
    };
    for (const auto &c : cases)
        EXPECT_THAT(features_needed(c.bytes, c.instruction), Optional(c.features)) << c.instruction;
}

TEST(FeaturesNeeded, WhatNoLevelAsksForIsUnknown) {
    EXPECT_EQ(features_needed("0f 01 d0", "xgetbv"), std::nullopt);
    EXPECT_EQ(features_needed("66 48 0f 38 f6 c1", "adcx   rax,rcx"), std::nullopt);
    EXPECT_EQ(features_needed("c4 e2 7d 50 c1", "{vex} vpdpbusd ymm0,ymm0,ymm1"), std::nullopt);  // AVX-VNNI
    EXPECT_EQ(features_needed("62 f2 7e 48 52 c1", "vdpbf16ps zmm0,zmm0,zmm1"), std::nullopt);
    // SSE4A, which AMD's CPUs alone have
    EXPECT_EQ(features_needed("66 0f 79 c1", "extrq  xmm0,xmm1"), std::nullopt);
    EXPECT_EQ(features_needed("f2 0f 79 c1", "insertq xmm0,xmm1"), std::nullopt);
    EXPECT_EQ(features_needed("f3 0f 2b 07", "movntss DWORD PTR [rdi],xmm0"), std::nullopt);
    EXPECT_EQ(features_needed("f2 0f 2b 07", "movntsd QWORD PTR [rdi],xmm0"), std::nullopt);
}

// The files of a level's kernels, as the package's plan names them: hardnet_0123....o
std::vector<std::string> objects_of(const std::string &folder, const std::string &level) {
    std::ifstream file(folder + "/tested.c");
    const std::string plan{std::istreambuf_iterator<char>(file), {}};
    const size_t begin = plan.find("hardnet_kernel " + level + "_kernels[]"), end = plan.find("};", begin);
    std::vector<std::string> objects;
    const std::string name = "hardnet_";
    for (size_t at = plan.find('{', begin); (at = plan.find(name, at)) < end; at += name.size())
        objects.push_back(plan.substr(at, name.size() + 32) + ".o");
    return objects;
}

using Objects = std::map<std::string, Instructions>;

void expect_no_foreign(const Objects &objects, const std::string &folder, const Machine &machine) {
    const std::vector<std::string> kernels = objects_of(folder, machine.level);
    ASSERT_FALSE(kernels.empty()) << machine.level;
    for (const std::string &kernel : kernels) {
        const auto object = objects.find(kernel);
        ASSERT_NE(object, objects.end()) << kernel;
        EXPECT_GT(object->second.needed.size(), 5u) << kernel;
        EXPECT_THAT(foreign(object->second, machine.features), IsEmpty()) << machine.level << " " << kernel;
    }
}

class Kernels : public ::testing::TestWithParam<Case> {};

TEST_P(Kernels, ContainNothingThatTheirLevelDoesNotAskFor) {
    const Subject &package = subject(GetParam().network, GetParam().size);
    ASSERT_EQ(package.error(), "");
    const auto objects = disassemble(package.folder() + "/lib/x86_64-linux/libtested.a");
    ASSERT_FALSE(objects.empty()) << "objdump: expected the archive's instructions, found none";
    for (const Machine &machine : machines()) {
        if (machine.platform == "x86_64-linux") expect_no_foreign(objects, package.folder(), machine);
    }
}

INSTANTIATE_TEST_SUITE_P(Small, Kernels,
                         ::testing::Values(Case{"hardnet39ds", {64, 64}}, Case{"hardnet68", {33, 47}},
                                           Case{kSegmenter, {64, 96}}),
                         [](const auto &info) { return short_name(info.param.network); });

// The test above can fail: an avx2 level that did not ask for BMI1 would be caught by its resize.
TEST(Table, AndnIsFoundWhereBmi1IsNotAskedFor) {
    const Subject &package = subject(kSegmenter, {64, 96});
    ASSERT_EQ(package.error(), "");
    const auto objects = disassemble(package.folder() + "/lib/x86_64-linux/libtested.a");
    std::vector<std::string> found;
    for (const std::string &kernel : objects_of(package.folder(), "avx2")) {
        for (const std::string &text : foreign(objects.at(kernel), HARDNET_AVX2_FEATURES & ~HARDNET_CPU_BMI1))
            found.push_back(text);
    }
    EXPECT_THAT(found, Contains("andn (bmi1)"));
}

// Pairs are multiplied and added in one instruction where the level has it, in two elsewhere.
TEST(Int16Kernels, MultiplyPairsByTheirLevelsInstruction) {
    setenv("HARDNET_CACHE", HARDNET_TEST_CACHE, 0);
    const std::string folder = std::string(HARDNET_TEST_PACKAGES) + "/test_levels/int16";
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), ignored);
    const hardnet::Result<ModelRecord> record = find_record(HARDNET_SOURCE_DIR "/models/digits.json");
    ASSERT_TRUE(record) << record.error().what;
    CompileRequest request;
    request.record = *record;
    request.weights = "seed:1";
    request.size = {32, 32};
    request.targets = {"x86-64"};
    request.precision = "int16";
    request.name = "tested";
    request.jobs = 2;
    request.folder = folder;
    const hardnet::Result<CompileReport> report = compile_package(request);
    ASSERT_TRUE(report) << report.error().what;
    const Objects objects = disassemble(folder + "/lib/x86_64-linux/libtested.a");
    ASSERT_FALSE(objects.empty()) << "objdump: expected the archive's instructions, found none";
    for (const Machine &machine : machines(Precision::kInt16)) {
        if (machine.platform != "x86_64-linux") continue;
        SCOPED_TRACE(machine.level);
        expect_no_foreign(objects, folder, machine);
        size_t one = 0, two = 0;  // kernels that multiply pairs so
        for (const std::string &kernel : objects_of(folder, machine.level)) {
            one += objects.at(kernel).needed.count("vpdpwssd");
            two += objects.at(kernel).needed.count("vpmaddwd");
        }
        EXPECT_EQ(one > 0, machine.level == "zen4");
        EXPECT_EQ(two > 0, machine.level == "avx512" || machine.level == "avx2");
    }
}

// Of int8, kernels multiply four at level zen4, and pairs of int16 where there are no dot products.
TEST(Instructions, OfInt8MultiplyFoursAsTheirLevelDoes) {
    Subject &package = subject("hardnet39ds", {64, 64}, Precision::kInt8);
    ASSERT_EQ(package.error(), "");
    const Objects objects = disassemble(package.folder() + "/lib/x86_64-linux/libtested.a");
    ASSERT_FALSE(objects.empty()) << "objdump: expected the archive's instructions, found none";
    for (const Machine &machine : machines(Precision::kInt8)) {
        if (machine.platform != "x86_64-linux") continue;
        SCOPED_TRACE(machine.level);
        expect_no_foreign(objects, package.folder(), machine);
        size_t fours = 0;
        for (const std::string &kernel : objects_of(package.folder(), machine.level))
            fours += objects.at(kernel).needed.count("vpdpbusd");
        EXPECT_EQ(fours > 0, machine.level == "zen4");
    }
}

}  // namespace
}  // namespace hardnet::testing
