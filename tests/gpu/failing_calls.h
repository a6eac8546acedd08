// A stand-in for a driver, each of whose calls is to fail in its turn.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "hardnet/hardnet.h"

namespace hardnet {

struct FailingStandIn {  // its functions
    void (*reset)();
    int (*calls)();
    void (*fail)(const std::string &function, int nth, int result);
    void (*lose)(const std::string &function, int nth, int result);
    bool (*failed)();
    int (*live)();
    std::vector<std::string> (*violations)();
};

// Every call of a whole life fails in its turn, once and for good, with each of the results: whatever happens is a
// status, nothing is left, and no handle is used that was not given.
inline void expect_any_call_may_fail(const FailingStandIn &stand_in, const std::vector<int> &results,
                                     const std::function<hardnet_status()> &live_through) {
    ASSERT_EQ(live_through(), HARDNET_OK);
    const int calls = stand_in.calls();
    EXPECT_GT(calls, 60);
    int survived = 0;
    for (const int result : results) {
        for (const bool lasts : {false, true}) {
            for (int k = 0; k < calls; k++) {
                SCOPED_TRACE("call " + std::to_string(k) + " fails with " + std::to_string(result));
                stand_in.reset();
                (lasts ? stand_in.lose : stand_in.fail)("", k, result);
                const hardnet_status status = live_through();
                EXPECT_TRUE(status == HARDNET_OK || status == HARDNET_NO_DEVICE ||
                            status == HARDNET_DEVICE_OUT_OF_MEMORY || status == HARDNET_DEVICE_LOST)
                    << status;
                EXPECT_TRUE(stand_in.failed());
                EXPECT_EQ(stand_in.live(), 0);
                EXPECT_EQ(stand_in.violations(), std::vector<std::string>{});
                survived += status == HARDNET_OK;
            }
        }
    }
    EXPECT_LT(survived, 2 * calls);
    stand_in.reset();
}

}  // namespace hardnet
