// Work that ends badly is an error of its caller's, and nothing more.
#include "autotune/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "base/child.h"

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

// Nor does a child's child.
TEST(Child, DoesNotOutliveWhatStartedIt) {
    int alive[2];  // open at the other end as long as any of them lives
    ASSERT_EQ(pipe(alive), 0);
    const auto killed = in_child([&]() -> Result<json> {
        const auto inner = ::hardnet::Child::start([&](int) -> int {
            const auto innermost = ::hardnet::Child::start([](int) -> int { return pause(); });
            return pause();
        });
        usleep(100'000);
        return raise(SIGKILL), json();
    });
    EXPECT_FALSE(killed);
    close(alive[1]);
    pollfd ended{alive[0], POLLIN, 0};
    EXPECT_EQ(poll(&ended, 1, 5000), 1) << "one of them lives";
    close(alive[0]);
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
