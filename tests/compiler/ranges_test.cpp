// Between which numbers tensors lie, and how V of them is rounded.
#include "compiler/ranges.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/layer_list.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

using Range = std::optional<std::pair<double, double>>;

Range range_of(const Network &network, int layer) {
    const FoldedWeights weights = *fold(network, seeded_checkpoint(network, 1));
    const std::optional<TensorRange> range = ranges_of(network, weights)[size_t(layer)];
    return range ? Range({range->interval.least, range->interval.most}) : std::nullopt;
}

// Of a convolution with this activation.
Range range_behind(Activation activation) {
    LayerList list({3, 8, 8});
    ConvSpec spec{8, 3};
    spec.activation = activation;
    const int conv = list.conv(conv_names("conv"), {kNetworkInput}, spec);
    Network network;
    network.layers = list.take();
    return range_of(network, conv);
}

TEST(Ranges, AreWhatActivationsLeaveAndZero) {
    EXPECT_EQ(range_behind(Activation::kRelu6), Range({0, 6}));
    EXPECT_EQ(range_behind(Activation::kSigmoid), Range({0, 1}));
    EXPECT_EQ(range_behind({Activation::kHardSigmoid, 0.2f, 0.5f}), Range({0, 1}));
    EXPECT_EQ(range_behind({Activation::kClip, -1, 3}), Range({-1, 3}));
    EXPECT_EQ(range_behind({Activation::kClip, 2, 3}), Range({0, 3}));  // zero: the halo
    EXPECT_EQ(range_behind({Activation::kClip, -3, -2}), Range({-3, 0}));
    EXPECT_EQ(range_behind({Activation::kClip, 5, -3}), Range({-3, 0}));  // -3, whatever comes
    const float most = std::numeric_limits<float>::max();
    EXPECT_EQ(range_behind({Activation::kClip, 0, most}), std::nullopt);
    EXPECT_EQ(range_behind({Activation::kClip, -most, 6}), std::nullopt);
    for (Activation unbounded : {Activation{Activation::kNone}, Activation{Activation::kRelu},
                                 Activation{Activation::kLeakyRelu, 0.1f}, Activation{Activation::kSilu},
                                 Activation{Activation::kHardSwish}})
        EXPECT_EQ(range_behind(unbounded), std::nullopt) << name_of(unbounded);
}

// Of every input within the range the greatest output is the one that takes the range's end by each weight's sign.
TEST(Ranges, OfADepthwiseConvolutionFollowFromItsWeights) {
    LayerList list({3, 8, 8});
    ConvSpec bounded{8, 3};
    bounded.activation = Activation::kRelu6;
    const int six = list.conv(conv_names("six"), {kNetworkInput}, bounded);
    const int depthwise = list.depthwise(conv_names("depthwise"), six, 3, 1, Activation::kNone);
    Network network;
    network.layers = list.take();
    FoldedWeights weights = *fold(network, seeded_checkpoint(network, 1));
    double least = 0, most = 0;
    for (size_t c = 0; c < 8; c++) {
        double below = weights.layers[1].bias.values[c], above = below;
        for (size_t tap = 0; tap < 9; tap++) {
            const double w = weights.layers[1].weight.values[9 * c + tap];
            (w > 0 ? above : below) += 6 * w;
        }
        least = std::min(least, below);
        most = std::max(most, above);
    }
    const Interval range = ranges_of(network, weights)[size_t(depthwise)]->interval;
    EXPECT_NEAR(range.least, least, -2e-6 * least);
    EXPECT_NEAR(range.most, most, 2e-6 * most);
    EXPECT_LE(range.least, least);
    EXPECT_GE(range.most, most);
    EXPECT_LT(least, 0);
}

TEST(Ranges, PassThroughPoolsResizesAndSlices) {
    LayerList list({3, 16, 16});
    ConvSpec bounded{8, 3}, unbounded{8, 3};
    bounded.activation = Activation::kRelu6;
    unbounded.activation = Activation::kRelu;
    const int six = list.conv(conv_names("six"), {kNetworkInput}, bounded);
    const int any = list.conv(conv_names("any"), {six}, unbounded);
    const auto behind = [&](int source, const std::string &name) {
        return std::vector<int>{list.max_pool(name + ".max", source, 2, 2, 0),
                                list.average_pool(name + ".average", source, 3, 1, 1),
                                list.global_average_pool(name + ".global", {source}),
                                list.resize(name + ".resize", source, {8, 20, 20}, false),
                                list.slice(name + ".slice", source, 2, 3)};
    };
    const std::vector<int> of_six = behind(six, "six"), of_any = behind(any, "any");
    const int twice = list.slice("twice", of_six[0], 0, 4),
              image = list.max_pool("image", kNetworkInput, 2, 2, 0);
    Network network;
    network.layers = list.take();
    for (int layer : of_six) EXPECT_EQ(range_of(network, layer), Range({0, 6})) << network.layers[layer].name;
    for (int layer : of_any) EXPECT_EQ(range_of(network, layer), std::nullopt) << network.layers[layer].name;
    EXPECT_EQ(range_of(network, twice), Range({0, 6}));
    EXPECT_EQ(range_of(network, image), std::nullopt);
    network.layers[size_t(of_any[0])].activation = Activation::kRelu6;
    EXPECT_EQ(range_of(network, of_any[0]), Range({0, 6}));
    network.layers[size_t(of_six[0])].activation = Activation::kHardSwish;
    EXPECT_EQ(range_of(network, of_six[0]), std::nullopt);
}

// The greatest magnitude of V of a position: each of a tile's values is the one end of the range or the other.
double greatest_v(const Tiling &t, int i, int j, const Interval &range) {
    double greatest = 0;
    for (const Quadrant &q : t.quadrants()) {
        const Matrix rows = t.input_transform(q.small_rows), columns = t.input_transform(q.small_columns);
        if (size_t(i) >= rows.size() || size_t(j) >= columns.size()) continue;
        double most = 0, least = 0;
        for (double row : rows[size_t(i)]) {
            for (double column : columns[size_t(j)]) {
                const double ends[] = {row * column * range.least, row * column * range.most};
                most += std::max(ends[0], ends[1]);
                least += std::min(ends[0], ends[1]);
            }
        }
        greatest = std::max({greatest, most, -least});
    }
    return greatest;
}

TEST(Ranges, AUnitIsTheLeastPowerOfTwoWithWhichNoVIsBeyondMost) {
    for (const Tiling &t : {Tiling::cover(2, 5, 7), Tiling::cover(2, 8, 8), Tiling::cover(3, 6, 5),
                            Tiling::cover(4, 14, 14), Tiling::cover(4, 8, 16), Tiling::cover(4, 7, 9)}) {
        for (const Interval &range : {Interval{0, 6}, Interval{-1, 3}, Interval{-7, 0}, Interval{0, 0.01}}) {
            for (int most : {127, 16383, 32767}) {
                SCOPED_TRACE(t.key() + " " + std::to_string(range.most) + " " + std::to_string(most));
                const VRounding rounding = int16_rounding(t, {range}, most);
                EXPECT_EQ(rounding.most, most);
                EXPECT_EQ(rounding.shift(), 0);
                ASSERT_EQ(rounding.units.size(), size_t(t.positions()));
                for (int i = 0; i < t.points(); i++) {
                    for (int j = 0; j < t.points(); j++) {
                        const double v = greatest_v(t, i, j, range);
                        const double unit = rounding.units[size_t(t.position(i, j))];
                        if (v == 0) continue;  // a point that small tiles have no use for
                        EXPECT_EQ(std::exp2(std::round(std::log2(unit))), unit);
                        // The bound's own arithmetic in double may lie a hair beside.
                        EXPECT_LE(v / unit, most * (1 + 1e-12)) << i << ' ' << j;
                        EXPECT_GT(v / unit * 2, most * (1 - 1e-12)) << i << ' ' << j;
                    }
                }
            }
        }
    }
}

TEST(Ranges, Int8UsesAllOfItsIntegers) {
    const Tiling t = Tiling::cover(2, 5, 7);
    for (IntegerType type : {IntegerType::kUint8, IntegerType::kInt8}) {
        const VRounding rounding = int8_rounding(t, {Interval{-1, 3}}, type);
        EXPECT_EQ(rounding.type, type);
        EXPECT_EQ(rounding.most, 127);
        EXPECT_EQ(rounding.shift(), type == IntegerType::kUint8 ? 128 : 0);
        for (int i = 0; i < t.points(); i++) {
            for (int j = 0; j < t.points(); j++)
                EXPECT_FLOAT_EQ(127 * rounding.units[size_t(t.position(i, j))],
                                float(greatest_v(t, i, j, {-1, 3})));
        }
    }
}

TEST(Ranges, OfPicturesTakeTheBoundsPlace) {
    const Ranges bounds = {TensorRange{{0, 6}}, std::nullopt, TensorRange{{-1, 1}}, TensorRange{{0, 6}}};
    const Ranges seen = {TensorRange{{0, 4}, {{2, {1}}}}, TensorRange{{-3, 9}}, TensorRange{{-2, 0.5f}},
                         std::nullopt};
    EXPECT_EQ(narrowed(bounds, seen), (Ranges{TensorRange{{0, 4}, {{2, {1}}}}, TensorRange{{-3, 9}},
                                              TensorRange{{-1, 0.5f}}, TensorRange{{0, 6}}}));
}

// A position that pictures left at zero keeps the interval's bound, as does one that they show beyond it.
TEST(Ranges, VOfPicturesHasFinerSteps) {
    const Tiling t = Tiling::cover(4, 8, 8);
    const VRounding bound = int16_rounding(t, {{0, 6}}, 16383);
    std::vector<float> most(36, 3);
    most[7] = 0;
    most[8] = 1e6f;
    const VRounding seen =
        int16_rounding(t, {{0, 6}, {{4, most}, {2, std::vector<float>(16, 1e-3f)}}}, 16383);
    for (size_t p = 0; p < 36; p++)
        EXPECT_EQ(seen.units[p],
                  p == 7 || p == 8 ? bound.units[p] : std::min(std::exp2(-12.0f), bound.units[p]))
            << p;
}

TEST(Ranges, NothingButZerosIsRoundedSomehow) {
    const Tiling t = Tiling::cover(4, 8, 8);
    EXPECT_EQ(int16_rounding(t, {Interval{0, 0}}, 16383).units, std::vector<float>(36, 1));
    EXPECT_EQ(int8_rounding(t, {Interval{0, 0}}, IntegerType::kInt8).units, std::vector<float>(36, 1));
}

}  // namespace
}  // namespace hardnet::testing
