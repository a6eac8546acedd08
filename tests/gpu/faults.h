// A device on which something is to go wrong.
#pragma once
#include <string>

#include "scaler.h"

namespace hardnet {

class Faults : public CudaTest {
protected:
    // The text of an open that fails with `expected`; the CPU works behind it.
    std::string refusal(hardnet_status expected, const char *device = "cuda",
                        const hardnet_host *host = nullptr) {
        std::string text;
        {
            const Opened opened(scaler.network(), scaler.options(device), host);
            EXPECT_EQ(opened.status, expected) << opened.error();
            text = opened.error();
            EXPECT_EQ(hardnet_run(opened.context), HARDNET_INVALID_ARGUMENT);
        }
        EXPECT_EQ(stand_in::live(), 0);
        EXPECT_EQ(stand_in::pushed(), 0);
        stand_in::reset();
        expect_cpu_works();
        return text;
    }
};

}  // namespace hardnet
