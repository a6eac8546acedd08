// Places of buffers, on plans made by hand: a number of steps and who lives when.
#include <gtest/gtest.h>

#include "compiler/plan.h"

namespace hardnet::testing {
namespace {

struct Life {
    int64_t elems;
    int first, last;
    std::string halo;
};

Plan placed(int steps, const std::vector<Life> &lives) {
    Plan plan;
    plan.steps.resize(size_t(steps));
    for (const Life &life : lives) {
        plan.buffers.push_back({life.elems, life.halo, life.first, life.last, -1});
        hardnet_view view{};  // one per buffer, 5 elements behind its start
        view.offset = 5;
        plan.views.push_back(view);
        plan.view_buffers.push_back(int(plan.buffers.size()) - 1);
    }
    hardnet_view elsewhere{};
    elsewhere.offset = 7;
    plan.views.push_back(elsewhere);
    plan.view_buffers.push_back(-1);
    place_buffers(plan);
    return plan;
}

bool overlap(const Buffer &a, const Buffer &b) {
    return a.offset < b.offset + b.elems && b.offset < a.offset + a.elems;
}

TEST(Arena, BuffersThatLiveTogetherLieApart) {
    const Plan plan = placed(
        6, {{100, 0, 2, ""}, {40, 1, 4, ""}, {17, 2, 3, ""}, {200, 3, 5, ""}, {33, 4, 4, ""}, {1, 0, 5, ""}});
    for (size_t a = 0; a < plan.buffers.size(); a++) {
        const Buffer &x = plan.buffers[a];
        EXPECT_EQ(x.offset % 16, 0);
        EXPECT_GE(x.offset, 0);
        EXPECT_LE(x.offset + x.elems, plan.arena_elems);
        EXPECT_EQ(plan.views[a].offset, x.offset + 5);
        for (size_t b = 0; b < a; b++) {
            const Buffer &y = plan.buffers[b];
            const bool together = x.first_step <= y.last_step && y.first_step <= x.last_step;
            EXPECT_FALSE(together && overlap(x, y)) << a << " and " << b;
        }
    }
    EXPECT_EQ(plan.views.back().offset, 7) << "a view of no buffer moved";
}

TEST(Arena, WhatIsDeadIsReused) {
    // 64 + 64 live at once; the third takes the first one's place, a hole is split and joined again.
    const Plan chain = placed(4, {{64, 0, 1, ""}, {64, 1, 2, ""}, {64, 2, 3, ""}, {64, 3, 3, ""}});
    EXPECT_EQ(chain.arena_elems, 128);
    const Plan split = placed(4, {{128, 0, 0, ""}, {48, 1, 1, ""}, {80, 1, 1, ""}, {128, 2, 2, ""}});
    EXPECT_EQ(split.arena_elems, 128);
}

TEST(Arena, HalosAreSharedByOneGeometryOnlyAndLieBehindAllOthers) {
    const Plan plan = placed(
        4,
        {{64, 0, 0, "a"}, {64, 1, 1, "a"}, {64, 2, 2, "b"}, {32, 0, 3, ""}, {64, 1, 1, ""}, {64, 1, 1, "a"}});
    const std::vector<Buffer> &b = plan.buffers;
    EXPECT_EQ(b[1].offset, b[0].offset);
    EXPECT_NE(b[5].offset, b[0].offset) << "two of one geometry at once";
    EXPECT_FALSE(overlap(b[2], b[0]));
    EXPECT_FALSE(overlap(b[2], b[5]));
    for (size_t halo : {0, 1, 2, 5}) {
        for (size_t plain : {3, 4}) EXPECT_GE(b[halo].offset, b[plain].offset + b[plain].elems);
    }
    EXPECT_EQ(plan.arena_elems, 32 + 64 + 3 * 64);
}

}  // namespace
}  // namespace hardnet::testing
