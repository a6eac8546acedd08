#include "reference/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace hardnet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Compare, RelativeRmsAndWorstElement) {
    const std::vector<double> expected = {3, 4, 0, 0};
    const Difference d = compare(std::vector<double>{3, 4, 0.25, -0.5}, expected);
    EXPECT_EQ(d.relative_rms, std::sqrt(0.3125 / 25));
    EXPECT_EQ(d.max_abs, 0.5);
    EXPECT_EQ(d.worst, 3u);
}

TEST(Compare, FloatsAreWidenedNotTheReferenceRounded) {
    const Difference d = compare(std::vector<float>{1.0f}, {1.0 + 1e-12});
    EXPECT_GT(d.relative_rms, 0.9e-12);
    EXPECT_LT(d.relative_rms, 1.1e-12);
}

TEST(Compare, EqualTensors) {
    EXPECT_EQ(compare(std::vector<double>{1, -2}, {1, -2}).relative_rms, 0);
    EXPECT_EQ(compare(std::vector<float>{0, 0}, {0, 0}).relative_rms, 0);
}

TEST(Compare, AnythingAgainstZeroIsInfinitelyOff) {
    const Difference d = compare(std::vector<double>{0, 1e-30}, {0, 0});
    EXPECT_EQ(d.relative_rms, kInfinity);
    EXPECT_EQ(d.max_abs, 1e-30);
}

TEST(Compare, NanBreaksEveryBound) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Difference d = compare(std::vector<float>{1, nan, 1}, {1, 1, 1});
    EXPECT_EQ(d.relative_rms, kInfinity);
    EXPECT_EQ(d.max_abs, kInfinity);
    EXPECT_EQ(d.worst, 1u);
}

TEST(Compare, NanAgainstInfinityIsNoAgreement) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(compare(std::vector<double>{nan}, {kInfinity}).relative_rms, kInfinity);
}

TEST(Compare, UnequalSizesBreakEveryBound) {
    EXPECT_EQ(compare(std::vector<double>{1}, {1, 1}).relative_rms, kInfinity);
}

}  // namespace
}  // namespace hardnet
