// Small inputs on every machine: the right logits at every level, and the right level or a refusal that names
// what is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/levels/subject.h"

namespace hardnet::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Subject &small_subject() { return subject("hardnet39ds", {64, 64}); }

std::string test_name(std::string text) {
    for (char &c : text) c = isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return text;
}

class Logits : public ::testing::TestWithParam<std::tuple<Case, std::string>> {};

TEST_P(Logits, EveryLevelGivesTheReferencesLogitsForEveryThreadCount) {
    const auto &[wanted, name] = GetParam();
    const TestMachine &machine = test_machine(name);
    if (const std::string why = missing_tools(machine); !why.empty()) GTEST_SKIP() << why;
    Subject &package = subject(wanted.network, wanted.size);
    ASSERT_EQ(package.error(), "");
    ASSERT_FALSE(machine.levels.empty());
    for (const std::string &level : machine.levels) {
        const Subject::Result one = package.run(machine, level, 1), two = package.run(machine, level, 2);
        for (const Subject::Result *result : {&one, &two}) {
            EXPECT_TRUE(result->right())
                << level << ": exit code " << result->outcome.code << ", relative RMS "
                << result->difference.relative_rms << ", " << result->outcome.err;
            EXPECT_EQ(result->outcome.out, level + "\n");
        }
        ASSERT_EQ(one.logits.size(), two.logits.size());
        EXPECT_EQ(std::memcmp(one.logits.data(), two.logits.data(), one.logits.size() * sizeof(float)), 0)
            << level << ": two threads gave other bits than one";
    }
}

// 33x47: odd at every resolution, with tiles beyond the image and rows narrower than a block.
INSTANTIATE_TEST_SUITE_P(
    Small, Logits,
    ::testing::Combine(::testing::Values(Case{"hardnet39ds", {64, 64}}, Case{"hardnet68", {33, 47}}),
                       ::testing::Values("this CPU", "qemu Haswell", "qemu Nehalem", "qemu aarch64")),
    [](const auto &info) {
        return test_name(std::get<0>(info.param).network + "_" + std::get<1>(info.param));
    });

class Choice : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Choice, TheBestLevelThatTheCpuRuns) {
    const auto &[name, level] = GetParam();
    const TestMachine &machine = test_machine(name);
    if (const std::string why = missing_tools(machine); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(small_subject().error(), "");
    const Subject::Result result = small_subject().run(machine, "", 1);
    EXPECT_TRUE(result.right()) << result.outcome.code << " " << result.outcome.err;
    EXPECT_EQ(result.outcome.out, level + "\n");
}

INSTANTIATE_TEST_SUITE_P(Emulated, Choice,
                         ::testing::Values(std::make_pair("qemu Nehalem", "sse41"),
                                           std::make_pair("qemu Haswell", "avx2"),
                                           std::make_pair("qemu EPYC-Rome", "avx2"),
                                           std::make_pair("qemu aarch64", "neon")),
                         [](const auto &info) { return test_name(info.param.first); });

class Int8 : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

// Beside float32 of a CPU that has no dot products.
TEST_P(Int8, TheBestLevelThatTheCpuRunsIsNearTheReference) {
    const auto &[name, level] = GetParam();
    const TestMachine &machine = test_machine(name);
    if (const std::string why = missing_tools(machine); !why.empty()) GTEST_SKIP() << why;
    Subject &package = subject("hardnet39ds", {64, 64}, Precision::kInt8);
    ASSERT_EQ(package.error(), "");
    const Subject::Result one = package.run(machine, "", 1), two = package.run(machine, "", 2);
    EXPECT_EQ(one.outcome.out, level + "\n");
    ASSERT_FALSE(one.logits.empty()) << one.outcome.err;
    EXPECT_LE(one.difference.relative_rms, level == "neon" ? kLogitsBound : kInt8Bound);
    EXPECT_EQ(one.difference.relative_rms > 1e-3, level != "neon") << one.difference.relative_rms;
    ASSERT_EQ(one.logits.size(), two.logits.size());
    EXPECT_EQ(std::memcmp(one.logits.data(), two.logits.data(), one.logits.size() * sizeof(float)), 0)
        << "two threads gave other bits than one";
}

INSTANTIATE_TEST_SUITE_P(Emulated, Int8,
                         ::testing::Values(std::make_pair("qemu aarch64 with dot products", "dotprod"),
                                           std::make_pair("qemu aarch64", "neon")),
                         [](const auto &info) { return test_name(info.param.first); });

// Without BMI1 qemu takes `andn` for an illegal instruction. That kernels contain it, instructions_test.cpp shows.
TEST(Chosen, Sse41WhereOneInstructionSetOfAvx2IsMissing) {
    const TestMachine &machine = test_machine("qemu Haswell without BMI");
    if (const std::string why = missing_tools(machine); !why.empty()) GTEST_SKIP() << why;
    Subject &package = subject(kSegmenter, {64, 96});
    ASSERT_EQ(package.error(), "");
    const Subject::Result result = package.run(machine, "", 2);
    EXPECT_TRUE(result.right()) << result.outcome.code << " " << result.outcome.err << ", relative RMS "
                                << result.difference.relative_rms;
    EXPECT_EQ(result.outcome.out, "sse41\n");
}

// Status 5, unsupported CPU, with the features that it lacks and none that it has: never a signal.
void expect_refusal(const std::string &name, const std::string &level,
                    const ::testing::Matcher<std::string> &text) {
    const TestMachine &machine = test_machine(name);
    if (const std::string why = missing_tools(machine); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(small_subject().error(), "");
    const Subject::Result result = small_subject().run(machine, level, 1);
    EXPECT_EQ(result.outcome.code, 5) << level << " on " << name;
    EXPECT_THAT(result.outcome.err, text);
    EXPECT_EQ(result.outcome.out, "");
}

TEST(Refusal, ACpuBelowEveryLevel) { expect_refusal("qemu qemu64", "", HasSubstr("sse4.1")); }
TEST(Refusal, Sse41ForcedWhereThereIsNone) { expect_refusal("qemu qemu64", "sse41", HasSubstr("sse4.1")); }
TEST(Refusal, Avx2ForcedOnNehalem) {
    expect_refusal("qemu Nehalem", "avx2",
                   AllOf(HasSubstr("avx2"), HasSubstr("fma"), Not(HasSubstr("sse4.1"))));
}
TEST(Refusal, Avx2ForcedWhereOneInstructionSetOfItIsMissing) {
    expect_refusal("qemu Haswell without BMI", "avx2", AllOf(HasSubstr("bmi1, bmi2"), Not(HasSubstr("fma"))));
}
TEST(Refusal, Avx512ForcedOnHaswell) {
    expect_refusal("qemu Haswell", "avx512", AllOf(HasSubstr("avx-512"), Not(HasSubstr("fma"))));
}

// A level of the other platform is unknown to a program, not merely unsupported.
TEST(Refusal, ALevelOfTheOtherPlatform) {
    for (const auto &[name, level] : {std::pair("this CPU", "neon"), std::pair("qemu aarch64", "avx2")}) {
        const TestMachine &machine = test_machine(name);
        if (const std::string why = missing_tools(machine); !why.empty()) GTEST_SKIP() << why;
        const Subject::Result result = small_subject().run(machine, level, 1);
        EXPECT_EQ(result.outcome.code, 1) << level << " on " << name;
        EXPECT_THAT(result.outcome.err, HasSubstr("\"" + std::string(level) + "\""));
    }
}

}  // namespace
}  // namespace hardnet::testing
