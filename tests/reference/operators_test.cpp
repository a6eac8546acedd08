// Every operator on cases small enough to work out by hand; all values are exact.
#include "reference/operators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace hardnet::reference {
namespace {

using ::testing::ElementsAre;

// 1, 2, 3... in a tensor of `elements`.
Tensor counting(int elements) {
    Tensor tensor;
    for (int i = 1; i <= elements; i++) tensor.push_back(i);
    return tensor;
}

TEST(Convolution, OneByOneMixesChannels) {
    // Two 1x2 channels (1 2) (3 4); three filters.
    const Tensor out =
        convolution(counting(4), {2, 1, 2}, {1, 0, 0, 1, 2, -1}, {0, 10, 0.5}, Window::square(1, 1, 0));
    EXPECT_THAT(out, ElementsAre(1, 2, 13, 14, -0.5, 0.5));
}

TEST(Convolution, ThreeByThreePadsWithZero) {
    // 1 2 3 / 4 5 6 / 7 8 9 under a kernel whose taps are powers of ten, so that every tap shows as a digit.
    const std::vector<float> kernel = {1e8f, 1e7f, 1e6f, 1e5f, 1e4f, 1e3f, 1e2f, 1e1f, 1};
    const Tensor out = convolution(counting(9), {1, 3, 3}, kernel, {0}, Window::square(3, 1, 1));
    EXPECT_THAT(out, ElementsAre(12045, 123456, 230560, 12045078, 123456789, 230560890, 45078000, 456789000,
                                 560890000));
}

TEST(Convolution, StrideTwoStartsAtThePadding) {
    // 4x5, stride 2, padding 1: windows centred on rows 0, 2 and columns 0, 2, 4.
    const std::vector<float> centre = {0, 0, 0, 0, 1, 0, 0, 0, 0};
    EXPECT_THAT(convolution(counting(20), {1, 4, 5}, centre, {0}, Window::square(3, 2, 1)),
                ElementsAre(1, 3, 5, 11, 13, 15));
    const std::vector<float> corner = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_THAT(convolution(counting(20), {1, 4, 5}, corner, {0}, Window::square(3, 2, 1)),
                ElementsAre(0, 0, 0, 0, 7, 9));
}

TEST(Convolution, StrideThreeWithoutPaddingRoundsDown) {
    const std::vector<float> ones(4, 1);
    EXPECT_TRUE((window_output({1, 6, 7}, Window::square(2, 3, 0), 1) == Shape{1, 2, 2}));
    // 6x7 in rows of seven: 2x2 sums at (0, 0), (0, 3), (3, 0), (3, 3).
    EXPECT_THAT(convolution(counting(42), {1, 6, 7}, ones, {0}, Window::square(2, 3, 0)),
                ElementsAre(20, 32, 104, 116));
}

TEST(Convolution, SeveralInputAndOutputChannels) {
    // Channels (1 2 / 3 4) and (5 6 / 7 8), kernel 2x2 in whole: filter 0 sums channel 0 and twice channel 1,
    // filter 1 takes the last element of channel 1.
    const std::vector<float> weight = {1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 1};
    EXPECT_THAT(convolution(counting(8), {2, 2, 2}, weight, {0.25, -8}, Window::square(2, 1, 0)),
                ElementsAre(62.25, 0));
}

TEST(Convolution, DilationSpreadsTheTaps) {
    // 5x5 of 1..25: the taps lie two apart, so the 3x3 reaches as far as a 5x5.
    EXPECT_TRUE((window_output({1, 5, 7}, Window::square(3, 1, 0, 2), 4) == Shape{4, 1, 3}));
    const std::vector<float> kernel = {1e8f, 1e7f, 1e6f, 1e5f, 1e4f, 1e3f, 1e2f, 1e1f, 1};
    EXPECT_THAT(convolution(counting(25), {1, 5, 5}, kernel, {0}, Window::square(3, 1, 0, 2)),
                ElementsAre(136247355));
    // Padding as wide as the dilation keeps the size.
    EXPECT_THAT(convolution(counting(9), {1, 3, 3}, kernel, {0.5}, Window::square(3, 1, 2, 2)),
                ElementsAre(13079.5, 20080.5, 130790.5, 46000.5, 50000.5, 460000.5, 13079000.5, 20080000.5,
                            130790000.5));
}

TEST(Convolution, ThreadsDoNotChangeTheValues) {
    const Shape in{3, 5, 4};
    std::vector<float> weight;
    for (int i = 0; i < 7 * 3 * 9; i++) weight.push_back(0.1f * static_cast<float>(i % 13 - 6));
    const std::vector<float> bias = {1, 2, 3, 4, 5, 6, 7};
    const Tensor one = convolution(counting(60), in, weight, bias, Window::square(3, 1, 1), 1);
    for (int threads = 2; threads <= 9; threads++) {
        EXPECT_EQ(convolution(counting(60), in, weight, bias, Window::square(3, 1, 1), threads), one)
            << threads;
    }
}

TEST(DepthwiseConvolution, EveryChannelHasItsOwnKernel) {
    std::vector<float> weight(18, 0);
    weight[4] = 2;  // channel 0: twice the centre
    weight[9] = 1;  // channel 1: the upper left neighbour
    const Tensor out = depthwise_convolution(counting(8), {2, 2, 2}, weight, {1, 0}, Window::square(3, 1, 1));
    EXPECT_THAT(out, ElementsAre(3, 5, 7, 9, 0, 0, 0, 5));
}

TEST(DepthwiseConvolution, StrideTwo) {
    const std::vector<float> ones(9, 1);
    // 3x4 of 1..12: windows centred on rows 0, 2 and columns 0, 2.
    EXPECT_THAT(depthwise_convolution(counting(12), {1, 3, 4}, ones, {0}, Window::square(3, 2, 1), 4),
                ElementsAre(14, 30, 30, 54));
}

TEST(TransposedConvolution, EveryInputIsSpreadOverAWindow) {
    // 1x2 image (1 2) under a kernel of powers of ten: 3x5 outputs, the middle column from both.
    const std::vector<float> kernel = {1, 10, 100, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f};
    EXPECT_THAT(transposed_convolution({1, 2}, {1, 1, 2}, {1, 3, 5}, kernel, {0}),
                ElementsAre(1, 10, 102, 20, 200, 1e3, 1e4, 102e3, 2e4, 2e5, 1e6, 1e7, 102e6, 2e7, 2e8));
    // Cut to what a skip of 2x4 has, and with a bias.
    EXPECT_THAT(transposed_convolution({1, 2}, {1, 1, 2}, {1, 2, 4}, kernel, {0.5}),
                ElementsAre(1.5, 10.5, 102.5, 20.5, 1000.5, 10000.5, 102000.5, 20000.5));
}

TEST(TransposedConvolution, SeveralChannelsOutputsFirst) {
    // One pixel of two channels (1 2), weights [output][input][3][3] of which only the first tap counts.
    std::vector<float> weight(6 * 9, 0);
    for (int i = 0; i < 6; i++) weight[i * 9] = static_cast<float>(i + 1);
    for (int threads : {1, 2, 5})
        EXPECT_THAT(transposed_convolution({1, 2}, {2, 1, 1}, {3, 1, 1}, weight, {0, 0, 100}, threads),
                    ElementsAre(5, 11, 117));
}

TEST(MaxPool, PaddingNeverWins) {
    const Tensor negative = {-9, -8, -7, -6, -5, -4, -3, -2, -1};
    EXPECT_THAT(max_pool(negative, {1, 3, 3}, {1, 2, 2}, Window::square(3, 2, 1)),
                ElementsAre(-5, -4, -2, -1));
}

TEST(MaxPool, DropsWhatDoesNotFillAWindow) {
    EXPECT_THAT(max_pool(counting(15), {1, 3, 5}, {1, 1, 2}, Window::square(2, 2, 0)), ElementsAre(7, 9));
    EXPECT_THAT(max_pool(counting(8), {2, 2, 2}, {2, 1, 1}, Window::square(2, 2, 0)), ElementsAre(4, 8));
}

TEST(MaxPool, ALastWindowMayReachBeyondTheImage) {
    // 3x5 of 1..15, rounded up: the last row's and column's windows have two elements, the corner's one.
    EXPECT_THAT(max_pool(counting(15), {1, 3, 5}, {1, 2, 3}, Window::square(2, 2, 0)),
                ElementsAre(7, 9, 10, 12, 14, 15));
    const Tensor negative = {-3, -2, -1};
    EXPECT_THAT(max_pool(negative, {1, 1, 3}, {1, 1, 2}, Window::square(2, 2, 0)), ElementsAre(-2, -1));
}

TEST(AveragePool, PaddingCountsAsZeros) {
    // 2x2 of 9 18 / 27 36 in windows of 3x3: each has all four elements and five zeros.
    EXPECT_THAT(average_pool({9, 18, 27, 36}, {1, 2, 2}, {1, 2, 2}, Window::square(3, 1, 1)),
                ElementsAre(10, 10, 10, 10));
    EXPECT_THAT(average_pool({9, 18, 27, 36}, {1, 2, 2}, {1, 1, 1}, Window::square(3, 2, 1)),
                ElementsAre(10));
}

TEST(AveragePool, WhatLiesBehindThePaddingDoesNotCount) {
    // 3x3 of 1..9 in windows of 2x2, rounded up: means of four, two and one elements.
    EXPECT_THAT(average_pool(counting(9), {1, 3, 3}, {1, 2, 2}, Window::square(2, 2, 0)),
                ElementsAre(3, 4.5, 7.5, 9));
    EXPECT_THAT(average_pool(counting(9), {1, 3, 3}, {1, 1, 1}, Window::square(2, 2, 0)), ElementsAre(3));
}

constexpr Sampling kCorners{Places::kAlignCorners, Neighbours::kLinear};

TEST(Resize, AlignedCornersKeepTheirPlaces) {
    // Columns 0 4 to five: 0 1 2 3 4; rows 0 8 to three: 0 4 8.
    EXPECT_THAT(resize({0, 4, 8, 12}, {1, 2, 2}, {1, 3, 5}, kCorners),
                ElementsAre(0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12));
    EXPECT_THAT(resize({0, 1, 2, 3, 4}, {1, 1, 5}, {1, 1, 3}, kCorners), ElementsAre(0, 2, 4));
}

TEST(Resize, FreeCornersScaleThePixelsEdges) {
    // Twice as wide: outputs read at -1/4 (the edge instead), 1/4, 3/4, 5/4.
    EXPECT_THAT(resize({0, 8}, {1, 1, 2}, {1, 1, 4}, Sampling{}), ElementsAre(0, 2, 6, 8));
    EXPECT_THAT(resize({0, 8, 16, 24}, {1, 1, 4}, {1, 1, 2}, Sampling{}), ElementsAre(4, 20));
}

TEST(Resize, NearestPixels) {
    const auto resized = [](const std::vector<double> &x, int to, Places places, Neighbours neighbours) {
        return resize(x, {1, 1, int(x.size())}, {1, 1, to}, Sampling{places, neighbours});
    };
    // Places 0, 1/2, 1, 3/2, 2, 5/2.
    EXPECT_THAT(resized({1, 2, 3}, 6, Places::kAsymmetric, Neighbours::kFloor),
                ElementsAre(1, 1, 2, 2, 3, 3));
    EXPECT_THAT(resized({1, 2, 3}, 6, Places::kAsymmetric, Neighbours::kCeil), ElementsAre(1, 2, 2, 3, 3, 3));
    EXPECT_THAT(resized({1, 2, 3}, 6, Places::kAsymmetric, Neighbours::kLinear),
                ElementsAre(1, 1.5, 2, 2.5, 3, 3));
    // Places 1/2, 5/2.
    EXPECT_THAT(resized({1, 2, 3, 4}, 2, Places::kHalfPixel, Neighbours::kNearestLower), ElementsAre(1, 3));
    EXPECT_THAT(resized({1, 2, 3, 4}, 2, Places::kHalfPixel, Neighbours::kNearestUpper), ElementsAre(2, 4));
    // Places -1/4, 1/4, 3/4, 5/4.
    EXPECT_THAT(resized({1, 2}, 4, Places::kHalfPixel, Neighbours::kFloor), ElementsAre(1, 1, 1, 2));
    // Places 0, 1/2, 1.
    EXPECT_THAT(resized({1, 2}, 3, Places::kAlignCorners, Neighbours::kNearestLower), ElementsAre(1, 1, 2));
}

TEST(Resize, OnePixelEitherWay) {
    for (const Sampling &sampling : {Sampling{}, kCorners})
        EXPECT_THAT(resize({3, 5}, {2, 1, 1}, {2, 1, 3}, sampling), ElementsAre(3, 3, 3, 5, 5, 5));
    EXPECT_THAT(resize({2, 4, 9}, {1, 1, 3}, {1, 1, 1}, kCorners), ElementsAre(2));
    EXPECT_THAT(resize({2, 4, 9}, {1, 1, 3}, {1, 1, 1}, Sampling{}), ElementsAre(4));
}

TEST(Resample, SumsByTablesOfRowsAndColumns) {
    // Rows: the second, half of both, beyond. Columns: the first minus the second, the second, beyond.
    const std::vector<float> table = {0, 0, 0, 1,  0, 0, 0.5f, 0.5f, 0, 7, 0, 0,
                                      0, 0, 1, -1, 1, 0, 1,    0,    0, 9, 0, 0};
    const Tensor input = {1, 2, 10, 20};
    EXPECT_THAT(resample(input, {1, 2, 2}, {1, 3, 3}, {WindowAxis{2}, WindowAxis{2}}, table),
                ElementsAre(-10, 20, 9, -5.5, 11, 9, 7, 7, 7));
    // Places that no file should hold are the nearest ones that there are.
    EXPECT_THAT(resample({1, 2, 3}, {1, 1, 3}, {1, 1, 2}, {}, {0, 0, 1, -5, 0, 1, 70, 0, 1}),
                ElementsAre(1, 3));
}

TEST(Softmax, SharesOfEachPixelsExponentials) {
    // Two pixels of two channels: differences of ln 3, and of more than a double's exponential bears.
    const Tensor shares = softmax({std::log(3.0), 1000, 0, -1000}, {2, 1, 2});
    ASSERT_EQ(shares.size(), 4u);
    EXPECT_NEAR(shares[0], 0.75, 1e-15);
    EXPECT_NEAR(shares[2], 0.25, 1e-15);
    EXPECT_EQ(shares[1], 1);
    EXPECT_EQ(shares[3], 0);
}

TEST(GlobalSum, OfEveryChannel) { EXPECT_THAT(global_sum(counting(8), {2, 2, 2}), ElementsAre(10, 26)); }

TEST(Slice, ChannelsWhereTheyLie) {
    EXPECT_THAT(slice(counting(8), {4, 1, 2}, 1, 2), ElementsAre(3, 4, 5, 6));
    EXPECT_THAT(slice(counting(8), {4, 1, 2}, 0, 4), counting(8));
}

TEST(L2Norm, EveryPixelHasItsOwnLength) {
    // Pixels (3 4) and (0 -2), of lengths 5 and 2. 1e-10 is there to divide by, and too small to be exact.
    const Tensor out = l2_norm({3, 0, 4, -2}, {2, 1, 2}, {10, 20});
    const double five = 5 + 1e-10, two = 2 + 1e-10;
    EXPECT_THAT(out, ElementsAre(3 / five * 10, 0, 4 / five * 20, -2 / two * 20));
    EXPECT_THAT(l2_norm({0, 0}, {2, 1, 1}, {10, 20}), ElementsAre(0, 0));
}

TEST(SpatialNorm, SharesOfAChannelsSum) {
    const double ten = 10 + 0.1, four = 4 + 0.1;
    EXPECT_THAT(spatial_norm({1, 2, 3, 4, 0, -1, 5, 0}, {2, 2, 2}),
                ElementsAre(1 / ten, 2 / ten, 3 / ten, 4 / ten, 0 / four, -1 / four, 5 / four, 0 / four));
}

TEST(Argmax, TheFirstOfTheGreatest) {
    EXPECT_THAT(argmax({1, 5, 0, 2, 5, -1, 3, 4, 0}, {3, 1, 3}), ElementsAre(2, 0, 0));
}

TEST(Argmax, OfOneChannelIsAboveTheThreshold) {
    EXPECT_THAT(argmax({1, 2, 3}, {1, 1, 3}, 2.0), ElementsAre(0, 0, 1));
}

TEST(Scale, OneFactorAndShiftPerChannel) {
    Tensor tensor = counting(6);
    scale(tensor, {3, 1, 2}, {2, -1, 0}, {0.5, 0, 7});
    EXPECT_THAT(tensor, ElementsAre(2.5, 4.5, -3, -4, 7, 7));
}

TEST(Add, ElementByElement) {
    Tensor tensor = {1, 2, 3};
    add(tensor, {0.5, -2, 8});
    EXPECT_THAT(tensor, ElementsAre(1.5, 0, 11));
}

TEST(GlobalAveragePool, MeanPerChannel) {
    EXPECT_THAT(global_average_pool({1, 2, 3, 4, 5, -6, 7, 8}, {2, 2, 2}), ElementsAre(2.5, 3.5));
}

TEST(FullyConnected, RowsOfTheWeightAreOutputs) {
    EXPECT_THAT(fully_connected({1, 2, 4}, {1, 10, 100, 0.5, 0, -1}, {0, 8}), ElementsAre(421, 4.5));
}

TEST(Activate, CutsAtZeroAndSix) {
    const Tensor values = {-1, -0.125, 0, 5.875, 6, 7};
    Tensor none = values, relu = values, relu6 = values;
    activate(none, Activation::kNone);
    activate(relu, Activation::kRelu);
    activate(relu6, Activation::kRelu6);
    EXPECT_EQ(none, values);
    EXPECT_THAT(relu, ElementsAre(0, 0, 0, 5.875, 6, 7));
    EXPECT_THAT(relu6, ElementsAre(0, 0, 0, 5.875, 6, 6));
}

// sigmoid(ln 3) is 3/4.
TEST(Activate, IsWhatItsNameSays) {
    EXPECT_EQ(activated(-4.0, {Activation::kClip, -0.5f, 2}), -0.5);
    EXPECT_EQ(activated(4.0, {Activation::kClip, -0.5f, 2}), 2);
    EXPECT_EQ(activated(-4.0, {Activation::kLeakyRelu, 0.25f}), -1);
    EXPECT_EQ(activated(4.0, {Activation::kLeakyRelu, 0.25f}), 4);
    EXPECT_DOUBLE_EQ(activated(std::log(3.0), Activation::kSigmoid), 0.75);
    EXPECT_DOUBLE_EQ(activated(-std::log(3.0), Activation::kSilu), -0.25 * std::log(3.0));
    EXPECT_EQ(activated(1.0, {Activation::kHardSigmoid, 0.25f, 0.5f}), 0.75);
    EXPECT_EQ(activated(2.5, {Activation::kHardSigmoid, 0.25f, 0.5f}), 1);
    EXPECT_EQ(activated(-1.5, Activation::kHardSwish), -0.375);
    EXPECT_EQ(activated(-3.5, Activation::kHardSwish), 0);
    EXPECT_EQ(activated(8.0, Activation::kHardSwish), 8);
}

TEST(Activate, KeepsNan) {
    for (const ActivationTraits &traits : kActivationTraits) {
        Tensor values = {std::numeric_limits<double>::quiet_NaN()};
        activate(values, traits.kind);
        EXPECT_NE(values[0], values[0]) << traits.name;
    }
}

}  // namespace
}  // namespace hardnet::reference
