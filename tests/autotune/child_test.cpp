// Work that ends badly is an error of its caller's, and nothing more.
#include "autotune/child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace hardnet::testing {
namespace {

using nlohmann::json;

std::string fault_of(const std::function<Result<json>()> &work, const ChildLimits &limits = {}) {
    const auto result = in_child(work, limits);
    return result ? "none: " + result->dump() : result.error().what;
}

TEST(Child, GivesBackWhatItsWorkReturns) {
    const std::string long_text(1 << 20, 'x');  // more than a pipe holds
    const auto result = in_child([&]() -> Result<json> {
        return json{{"pid", getpid()}, {"text", long_text}};
    });
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_NE((*result)["pid"], getpid());
    EXPECT_EQ((*result)["text"], long_text);
    EXPECT_EQ(fault_of([]() -> Result<json> { return bad_input("net: expected a, found b"); }),
              "net: expected a, found b");
}

void expect_crashes_alone() {
    EXPECT_EQ(fault_of([]() -> Result<json> { return raise(SIGABRT), json(); }),
              "expected a result, found signal 6");
    EXPECT_EQ(fault_of([]() -> Result<json> { _exit(3); }), "expected a result, found none");
}

TEST(Child, CrashesAlone) { expect_crashes_alone(); }

TEST(Child, CrashesAloneWhereSigchldIsIgnored) {
    const auto action = std::signal(SIGCHLD, SIG_IGN);
    expect_crashes_alone();
    EXPECT_EQ(std::signal(SIGCHLD, action), SIG_IGN);
}

TEST(Child, EndsInTime) {
    const auto spin = []() -> Result<json> {
        for (volatile int forever = 1; forever;) {
        }
        return json();
    };
    const auto wait = []() -> Result<json> { return pause(), json(); };
    EXPECT_EQ(fault_of(spin, {1, 3600}), "expected an end, found none in time");
    EXPECT_EQ(fault_of(wait, {600, 1}), "expected an end, found none in time");
}

}  // namespace
}  // namespace hardnet::testing
