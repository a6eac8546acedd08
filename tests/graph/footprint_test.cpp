#include "graph/footprint.h"

#include <gtest/gtest.h>

namespace hardnet::testing {
namespace {

Layer layer(OpKind op, const Window &window, Shape in, Shape out) {
    Layer l;
    l.op = op;
    l.window = window;
    l.in = in;
    l.out = out;
    return l;
}

void expect_footprint(const Layer &l, Range rows, Range columns) {
    const Footprint found = footprint(l, Role::kSource);
    EXPECT_EQ(found.rows.first, rows.first);
    EXPECT_EQ(found.rows.last, rows.last);
    EXPECT_EQ(found.columns.first, columns.first);
    EXPECT_EQ(found.columns.last, columns.last);
}

TEST(Footprint, OfAConvolutionReachesIntoItsPadding) {
    expect_footprint(layer(OpKind::kConv, Window::square(3, 1, 1), {8, 5, 7}, {8, 5, 7}), {-1, 5}, {-1, 7});
    // Stride 2 on an even extent ends within the image.
    expect_footprint(layer(OpKind::kConv, Window::square(3, 2, 1), {8, 6, 8}, {8, 3, 4}), {-1, 5}, {-1, 7});
    expect_footprint(layer(OpKind::kConv, Window::square(3, 1, 6, 6), {8, 9, 9}, {8, 9, 9}), {-6, 14},
                     {-6, 14});
    expect_footprint(layer(OpKind::kConv, Window{}, {8, 4, 4}, {8, 4, 4}), {0, 3}, {0, 3});
}

TEST(Footprint, FollowsEachAxisAndEachSide) {
    const Window window{{1, 1, 1, 0, 0}, {5, 2, 1, 1, 2}};  // rows by columns
    expect_footprint(layer(OpKind::kConv, window, {8, 4, 8}, {8, 4, 4}), {0, 3}, {-1, 9});
}

// Two windows of three rows from row 0 and row 3 of four rows: the second has two rows that are not there.
TEST(Footprint, OfALastWindowReachesAsFarAsTheWindow) {
    const Layer pool = layer(OpKind::kAveragePool, Window::square(3, 3), {8, 4, 4}, {8, 2, 2});
    expect_footprint(pool, {0, 5}, {0, 5});
    EXPECT_EQ(reach_beyond(footprint(pool, Role::kSource), 4, 4), 2);
}

TEST(Footprint, OfAMaxPoolIsTheImage) {
    const Layer pool = layer(OpKind::kMaxPool, Window::square(3, 2, 1), {8, 5, 7}, {8, 3, 4});
    expect_footprint(pool, {0, 4}, {0, 6});
    EXPECT_EQ(reach_beyond(footprint(pool, Role::kSource), 5, 7), 0);
}

TEST(Footprint, OfATransposedConvolutionBeginsOneBefore) {
    const Window window = Window::square(3, 2);
    expect_footprint(layer(OpKind::kTransposedConv, window, {8, 3, 3}, {8, 6, 6}), {-1, 2}, {-1, 2});
    expect_footprint(layer(OpKind::kTransposedConv, window, {8, 3, 3}, {8, 7, 7}), {-1, 3}, {-1, 3});
}

TEST(Footprint, OfAnOperandIsTheOutputsPlace) {
    const Layer conv = layer(OpKind::kConv, Window::square(3, 1, 1), {8, 5, 7}, {8, 5, 7});
    const Footprint found = footprint(conv, Role::kOperand);
    EXPECT_EQ(found.rows.first, 0);
    EXPECT_EQ(found.rows.last, 4);
    EXPECT_EQ(found.columns.last, 6);
}

}  // namespace
}  // namespace hardnet::testing
