// Places of buffers, for a number of steps and who lives when.
#include "compiler/arena.h"

#include <gtest/gtest.h>

namespace hardnet::testing {
namespace {

constexpr int64_t kLine = 64;  // bytes of a cache line

struct Life {
    int64_t bytes;
    int first, last;
    int geometry = 0;  // of a halo; 0: none
};

struct Placed {
    std::vector<Buffer> buffers;
    int64_t bytes = 0;
};

Placed placed(int steps, const std::vector<Life> &lives) {
    Placed result;
    for (const Life &life : lives) {
        std::optional<HaloGeometry> halo;
        if (life.geometry) halo = HaloGeometry{life.geometry};
        result.buffers.push_back({life.bytes, halo, Buffer::Steps{life.first, life.last}});
    }
    result.bytes = place_buffers(result.buffers, steps);
    return result;
}

bool overlap(const Buffer &a, const Buffer &b) {
    return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

TEST(Arena, BuffersThatLiveTogetherLieApart) {
    const Placed plan =
        placed(6, {{400, 0, 2}, {160, 1, 4}, {68, 2, 3}, {800, 3, 5}, {132, 4, 4}, {4, 0, 5}});
    for (size_t a = 0; a < plan.buffers.size(); a++) {
        const Buffer &x = plan.buffers[a];
        EXPECT_EQ(x.offset % kLine, 0);
        EXPECT_GE(x.offset, 0);
        EXPECT_LE(x.offset + x.bytes, plan.bytes);
        for (size_t b = 0; b < a; b++) {
            const Buffer &y = plan.buffers[b];
            const bool together = x.live->first <= y.live->last && y.live->first <= x.live->last;
            EXPECT_FALSE(together && overlap(x, y)) << a << " and " << b;
        }
    }
}

TEST(Arena, WhatIsDeadIsReused) {
    // Two lines live at once; the third takes the first one's place, a hole is split and joined again.
    const Placed chain = placed(4, {{256, 0, 1}, {256, 1, 2}, {256, 2, 3}, {256, 3, 3}});
    EXPECT_EQ(chain.bytes, 512);
    const Placed split = placed(4, {{512, 0, 0}, {192, 1, 1}, {320, 1, 1}, {512, 2, 2}});
    EXPECT_EQ(split.bytes, 512);
}

TEST(Arena, ABufferThatNothingTouchesHasNoPlace) {
    std::vector<Buffer> buffers{{1024}, {64, {}, Buffer::Steps{0, 0}}};
    EXPECT_EQ(place_buffers(buffers, 1), 64);
}

TEST(Arena, HalosAreSharedByOneGeometryOnlyAndLieBehindAllOthers) {
    const Placed plan =
        placed(4, {{256, 0, 0, 1}, {256, 1, 1, 1}, {256, 2, 2, 2}, {128, 0, 3}, {256, 1, 1}, {256, 1, 1, 1}});
    const std::vector<Buffer> &b = plan.buffers;
    EXPECT_EQ(b[1].offset, b[0].offset);
    EXPECT_NE(b[5].offset, b[0].offset) << "two of one geometry at once";
    EXPECT_FALSE(overlap(b[2], b[0]));
    EXPECT_FALSE(overlap(b[2], b[5]));
    for (size_t halo : {0, 1, 2, 5}) {
        for (size_t plain : {3, 4}) EXPECT_GE(b[halo].offset, b[plain].offset + b[plain].bytes);
    }
    EXPECT_EQ(plan.bytes, 128 + 256 + 3 * 256);
}

}  // namespace
}  // namespace hardnet::testing
