// Narrow and wide floats as float32, against values written out.
#include "weights/widen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace hardnet::testing {
namespace {

template <typename T>
float widened(const char *type, T stored) {
    uint8_t bytes[sizeof stored];
    std::memcpy(bytes, &stored, sizeof stored);
    const std::vector<float> values = as_floats(type, bytes, sizeof stored);
    EXPECT_EQ(values.size(), 1u);
    return values.at(0);
}

TEST(Widen, HalvesAreExact) {
    const auto half = [](uint16_t bits) { return widened("F16", bits); };
    EXPECT_EQ(half(0x3c00), 1.0f);
    EXPECT_EQ(half(0xc000), -2.0f);
    EXPECT_EQ(half(0x7bff), 65504.0f);
    EXPECT_EQ(half(0x3555), 0x1.554p-2f);
    EXPECT_EQ(half(0x0400), 0x1p-14f);    // the smallest normal one
    EXPECT_EQ(half(0x03ff), 0x3ffp-24f);  // denormal
    EXPECT_EQ(half(0x0001), 0x1p-24f);
    EXPECT_TRUE(half(0x8000) == 0 && std::signbit(half(0x8000)));
    EXPECT_EQ(half(0xfc00), -INFINITY);
    EXPECT_TRUE(std::isnan(half(0x7e00)));
}

TEST(Widen, BfloatsAreTheUpperHalfOfAFloat) {
    const auto bfloat = [](uint16_t bits) { return widened("BF16", bits); };
    EXPECT_EQ(bfloat(0x3f80), 1.0f);
    EXPECT_EQ(bfloat(0xc049), -0x1.92p1f);
    EXPECT_EQ(bfloat(0x0001), 0x1p-133f);
    EXPECT_EQ(bfloat(0x7f80), INFINITY);
}

TEST(Widen, DoublesAreRoundedOnce) {
    EXPECT_EQ(widened("F64", 0.1), 0.1f);
    EXPECT_EQ(widened("F64", 1 + 0x1p-24), 1.0f);                    // a tie goes to even
    EXPECT_EQ(widened("F64", 1 + 0x1p-24 + 0x1p-50), 1 + 0x1p-23f);  // and not by way of anything between
    EXPECT_EQ(widened("F64", 1e300), INFINITY);
}

}  // namespace
}  // namespace hardnet::testing
