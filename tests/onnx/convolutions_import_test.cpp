// Windows, groups and batch norms: what becomes convolutions and pools, with values by the reference operators.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/onnx/imported.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;

TEST(ImportOnnx, FoldsBatchNorms) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 1, 1}, {2});
    parts.nodes.push_back(
        node("BatchNormalization", {"a", "g", "b", "m", "v"}, {"n"}, {float_attribute("epsilon", 1)}));
    parts.nodes.push_back(node("Relu", {"n"}, {"y"}));
    for (const auto &[name, value] : {std::pair{"g", 4.0f}, {"b", 1.0f}, {"m", 3.0f}, {"v", 3.0f}})
        parts.initializers.push_back(tensor(name, {1}, {value}));
    const auto net = imported(parts);
    std::vector<double> expected;  // the norm is 2 (a - 3) + 1
    for (size_t i = 0; i < 4; i++)
        expected.push_back(std::max(0.0, 2.0 * (kImage[i] + kImage[4 + i] + kImage[8 + i] + 2 - 3) + 1));
    EXPECT_EQ(outputs_of(net, kImage), expected);
    EXPECT_EQ(net->network.layers.size(), 1u);
}

TEST(ImportOnnx, ReadsWindows) {
    const auto window_of = [](const std::vector<Message> &attributes, int64_t extent) {
        Parts parts;
        parts.input = {1, 3, extent, extent};
        parts.nodes = {node("Conv", {"x", "w"}, {"y"}, attributes)};
        parts.initializers = {tensor("w", {1, 3, 3, 3}, std::vector<float>(27, 1))};
        const auto net = imported(parts);
        EXPECT_TRUE(net) << net.error().what;
        return net ? net->network.layers[0].window : Window{};
    };
    EXPECT_EQ(window_of({}, 5), Window::square(3));
    EXPECT_EQ(window_of({ints_attribute("strides", {2, 2}), ints_attribute("dilations", {2, 2}),
                         ints_attribute("pads", {1, 2, 3, 4})},
                        5),
              (Window{{3, 2, 2, 1, 3}, {3, 2, 2, 2, 4}}));
    const Message twice = ints_attribute("strides", {2, 2});
    EXPECT_EQ(window_of({twice, text_attribute("auto_pad", "SAME_UPPER")}, 6),
              (Window{{3, 2, 1, 0, 1}, {3, 2, 1, 0, 1}}));
    EXPECT_EQ(window_of({twice, text_attribute("auto_pad", "SAME_LOWER")}, 6),
              (Window{{3, 2, 1, 1, 0}, {3, 2, 1, 1, 0}}));
    EXPECT_EQ(window_of({twice, text_attribute("auto_pad", "SAME_UPPER")}, 5), Window::square(3, 2, 1));
    EXPECT_EQ(window_of({text_attribute("auto_pad", "VALID")}, 5), Window::square(3));
    EXPECT_EQ(window_of({ints_attribute("strides", {1, 2}), ints_attribute("dilations", {2, 1})}, 5),
              (Window{{3, 1, 2, 0, 0}, {3, 2, 1, 0, 0}}));
}

TEST(ImportOnnx, AveragesWithAndWithoutPadding) {
    const auto averaged = [](int64_t counts) {
        Parts parts;
        parts.nodes = {node("AveragePool", {"x"}, {"y"},
                            {ints_attribute("kernel_shape", {1, 2}), ints_attribute("pads", {0, 1, 0, 0}),
                             int_attribute("count_include_pad", counts)})};
        return outputs_of(imported(parts), kImage);
    };
    EXPECT_THAT(averaged(0), ElementsAre(1, 1.5, 3, 3.5, 5, -0.5, 7, 7.5, 0, 0.5, -2, -0.75));
    EXPECT_THAT(averaged(1), ElementsAre(0.5, 1.5, 1.5, 3.5, 2.5, -0.5, 3.5, 7.5, 0, 0.5, -1, -0.75));
}

// A window of the whole image is a mean over it; one of a pixel changes nothing.
TEST(ImportOnnx, KnowsAdaptiveAveragesByTheirWindows) {
    const auto averaged = [](int64_t height, int64_t width, int64_t stride) {
        Parts parts;
        add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
        parts.nodes.push_back(node(
            "AveragePool", {"a"}, {"y"},
            {ints_attribute("kernel_shape", {height, width}), ints_attribute("strides", {stride, stride})}));
        return imported(parts);
    };
    const auto whole = averaged(2, 2, 2), none = averaged(1, 1, 1), row = averaged(1, 2, 1),
               pixels = averaged(1, 1, 2);
    EXPECT_THAT(outputs_of(whole, kImage), ElementsAre(2.5, 3.5));
    EXPECT_THAT(kinds_of(whole->network), ElementsAre(OpKind::kConv, OpKind::kGlobalAveragePool));
    EXPECT_THAT(outputs_of(none, kImage), ElementsAre(1, 2, 3, 4, 5, -6, 7, 8));
    EXPECT_THAT(kinds_of(none->network), ElementsAre(OpKind::kConv));
    EXPECT_THAT(outputs_of(row, kImage), ElementsAre(1.5, 3.5, -0.5, 7.5));
    EXPECT_THAT(kinds_of(row->network), ElementsAre(OpKind::kConv, OpKind::kAveragePool));
    EXPECT_THAT(outputs_of(pixels, kImage), ElementsAre(1, 5));
}

TEST(ImportOnnx, MakesGroupsConvolutions) {
    Parts parts;
    parts.input = {1, 3, 1, 1};
    parts.nodes = {node("Conv", {"x", "w", "b"}, {"c"}, {int_attribute("group", 3)}),
                   node("Relu", {"c"}, {"y"})};
    parts.initializers = {tensor("w", {6, 1, 1, 1}, {1, 2, 3, 4, 5, 6}),
                          tensor("b", {6}, {0, 0, 0, 0, 0, -1000})};
    EXPECT_THAT(outputs_of(imported(parts), {1, 10, 100}), ElementsAre(1, 2, 30, 40, 500, 0));
    // Groups of 4 inputs and 8 outputs: two together read eight inputs.
    parts.nodes = {node("Conv", {"x", "e"}, {"s"}),
                   node("Conv", {"s", "w", "b"}, {"c"}, {int_attribute("group", 4)}),
                   node("Relu", {"c"}, {"y"})};
    std::vector<float> spread(16 * 3), weight(32 * 4), bias(32);
    for (size_t i = 0; i < 16; i++) spread[i * 3] = float(i);  // channel i is i times the image's first
    for (size_t i = 0; i < 128; i++) weight[i] = float(int(i % 5) - 1);
    for (size_t i = 0; i < 32; i++) bias[i] = float(i);
    parts.initializers = {tensor("e", {16, 3, 1, 1}, spread), tensor("w", {32, 4, 1, 1}, weight),
                          tensor("b", {32}, bias)};
    const auto net = imported(parts);
    std::vector<double> expected;
    for (size_t o = 0; o < 32; o++) {
        double sum = bias[o];
        for (size_t i = 0; i < 4; i++) sum += weight[o * 4 + i] * 2.0 * double(o / 8 * 4 + i);
        expected.push_back(std::max(sum, 0.0));
    }
    EXPECT_EQ(outputs_of(net, {2, 0, 0}), expected);
    EXPECT_THAT(kinds_of(net->network),
                ElementsAre(OpKind::kConv, OpKind::kSlice, OpKind::kConv, OpKind::kSlice, OpKind::kConv));
}

// What a convolution behind a ReLU takes in, and what is a layer of its own.
TEST(ImportOnnx, PutsBatchNormsInFront) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
    parts.nodes.push_back(node("Concat", {"a", "a"}, {"c"}, {int_attribute("axis", 1)}));
    parts.nodes.push_back(
        node("BatchNormalization", {"c", "g", "b", "m", "v"}, {"n"}, {float_attribute("epsilon", 1)}));
    parts.nodes.push_back(node("Relu", {"n"}, {"r"}));
    for (const auto &[name, values] :
         {std::pair{"g", std::vector<float>{4, 2}}, {"b", {1, 0}}, {"m", {3, 0}}, {"v", {3, 0}}})
        parts.initializers.push_back(tensor(name, {2}, values));
    add_conv(parts, "r", "y", 2, {1, 10}, {0});
    std::vector<double> expected;  // the norm is 2 (a - 3) + 1 and 2 a
    for (size_t i = 0; i < 4; i++)
        expected.push_back(std::max(0.0, 2.0 * (kImage[i] - 3) + 1) + 10 * std::max(0.0, 2.0 * kImage[i]));
    const auto in_front = imported(parts);
    EXPECT_EQ(outputs_of(in_front, kImage), expected);
    EXPECT_THAT(kinds_of(in_front->network), ElementsAre(OpKind::kConv, OpKind::kConv));
    parts.outputs = {"y", "r"};
    const auto alone = imported(parts);
    ASSERT_TRUE(alone) << alone.error().what;
    EXPECT_THAT(kinds_of(alone->network),
                ElementsAre(OpKind::kConv, OpKind::kDepthwiseConv, OpKind::kDepthwiseConv, OpKind::kConv));
    EXPECT_EQ(outputs_of(alone, kImage), expected);
}
}  // namespace
}  // namespace hardnet::testing
