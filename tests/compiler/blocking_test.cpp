// The cost model's cuts: whatever it prefers, its parts cover the channels and fit the registers.
#include "schedules/blocking.h"

#include <gtest/gtest.h>

namespace hardnet::testing {
namespace {

void expect_sound(const Machine &machine, const std::vector<ChannelPart> &parts, int channels) {
    ASSERT_FALSE(parts.empty());
    int next = 0;
    for (const ChannelPart &part : parts) {
        EXPECT_EQ(part.first, next);
        ASSERT_GT(part.channels, 0);
        ASSERT_TRUE(part.lanes == machine.lanes || part.lanes == machine.narrow_lanes) << part.lanes;
        EXPECT_EQ(part.block % part.lanes, 0);
        EXPECT_TRUE(machine.fits(part.block / part.lanes, part.extent)) << part.block << " x " << part.extent;
        EXPECT_GE(part.extent, 1);
        EXPECT_GT(part.cycles, 0);
        next += part.channels;
        // All but the last part end at a block: the next one begins where the tensor goes on.
        if (&part != &parts.back()) {
            EXPECT_EQ(part.padded(), part.channels);
        }
    }
    EXPECT_EQ(next, channels);
}

class Blocking : public ::testing::TestWithParam<Machine> {};
INSTANTIATE_TEST_SUITE_P(Machines, Blocking, ::testing::ValuesIn(machines()),
                         [](const auto &machine) { return machine.param.level; });

TEST_P(Blocking, PartsOfAProductCoverItsChannels) {
    for (int channels = 1; channels <= 420; channels++) {
        for (int in : {8, 46, 334}) {
            for (const Tiling &tiling :
                 {Tiling::cover(4, 14, 14), Tiling::cover(2, 7, 7), Tiling::cover(4, 56, 56)}) {
                SCOPED_TRACE(std::to_string(in) + " -> " + std::to_string(channels) + " " + tiling.key());
                expect_sound(GetParam(), product_parts(GetParam(), tiling, channels, in), channels);
                if (HasFatalFailure()) return;
            }
        }
    }
}

TEST_P(Blocking, PartsOfAConvolutionCoverThePaddedChannelsExactly) {
    for (int channels = 1; channels <= 640; channels++) {
        for (int width : {1, 5, 7, 14, 33, 112}) {
            SCOPED_TRACE(std::to_string(channels) + " channels, width " + std::to_string(width));
            const std::vector<ChannelPart> parts = convolution_parts(GetParam(), width, 7, channels, 9 * 46);
            const int padded = round_up(channels, kChannelAlignment);
            expect_sound(GetParam(), parts, padded);
            if (HasFatalFailure()) return;
            EXPECT_EQ(parts.back().first + parts.back().padded(), padded);
            EXPECT_LT(parts.back().first, channels) << "a part of padding alone";
            for (const ChannelPart &part : parts) EXPECT_LE(part.extent, width);
        }
    }
}

TEST_P(Blocking, LanesDivideTheirChannels) {
    for (int channels = 8; channels <= 1280; channels += 8)
        EXPECT_EQ(channels % GetParam().lanes_for(channels), 0);
}

}  // namespace
}  // namespace hardnet::testing
