// Models to networks: what each operator becomes, with values by the reference operators; all data is such that sums are
// exact.
#include <gmock/gmock.h>

#include <algorithm>

#include "onnx/operators.h"
#include "tests/onnx/imported.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ImportOnnx, TurnsConcatenationsIntoSourcesAndTakesActivationsIn) {
    Parts parts;
    add_conv(parts, "x", "a0", 3, {1, 0, 0, 0, 1, -1}, {0, 1});
    parts.initializers.push_back(tensor("zero", {}, {0}));
    parts.initializers.push_back(tensor("six", {}, {6}));
    parts.nodes.push_back(node("Clip", {"a0", "zero", "six"}, {"a"}));
    add_conv(parts, "a", "b0", 2, {1, 1}, {-2});
    parts.nodes.push_back(node("Relu", {"b0"}, {"b"}));
    parts.nodes.push_back(node("Dropout", {"b"}, {"b1"}));
    parts.nodes.push_back(node("Concat", {"b1", "a"}, {"c"}, {int_attribute("axis", 1)}));
    add_conv(parts, "c", "y0", 3, {1, 10, 100}, {0});
    parts.nodes.push_back(node("Identity", {"y0"}, {"y"}));
    const auto net = imported(parts);
    std::vector<double> expected;
    for (size_t i = 0; i < 4; i++) {
        const double a0 = std::clamp<double>(kImage[i], 0, 6),
                     a1 = std::clamp<double>(kImage[4 + i] - kImage[8 + i] + 1, 0, 6),
                     b = std::max(0.0, a0 + a1 - 2);
        expected.push_back(b + 10 * a0 + 100 * a1);
    }
    EXPECT_EQ(outputs_of(net, kImage), expected);
    EXPECT_EQ(net->network.name, "net_1");
    ASSERT_EQ(net->network.layers.size(), 3u);
    EXPECT_EQ(net->network.layers[0].name, "at_a0");
    EXPECT_EQ(net->network.layers[0].activation, Activation::kRelu6);
    EXPECT_EQ(net->network.layers[1].activation, Activation::kRelu);
    EXPECT_THAT(net->network.layers[2].sources(), ElementsAre(1, 0));
    EXPECT_EQ(net->network.outputs[0].name, "y");
    EXPECT_EQ(net->network.classes, 1);
}

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

TEST(ImportOnnx, AddsAndMultipliesImages) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
    add_conv(parts, "a", "b", 1, {-2}, {1});
    parts.nodes.push_back(node("Add", {"b", "a"}, {"s"}));
    parts.nodes.push_back(node("Relu", {"s"}, {"r"}));
    parts.nodes.push_back(node("Mul", {"r", "a"}, {"y"}));
    const auto net = imported(parts);
    std::vector<double> expected;
    for (double a : {-1.0, 2.0, -3.0, 4.0}) expected.push_back(std::max(0.0, a - 2 * a + 1) * a);
    EXPECT_EQ(outputs_of(net, {-1, 2, -3, 4, 0, 0, 0, 0, 0, 0, 0, 0}), expected);
    EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv, OpKind::kConv, OpKind::kMultiply));
    EXPECT_EQ(net->network.layers[1].operand(), 0);
}

// As exporters write a classifier's end: pooled, flattened by one of several ways, multiplied by a matrix.
TEST(ImportOnnx, EndsClassifiers) {
    const Message flat = int_tensor("flat", {2}, {0, -1}), axes = int_tensor("axes", {2}, {-1, 2});
    const std::vector<std::vector<Message>> ends = {
        {node("GlobalAveragePool", {"a"}, {"p"}), node("Flatten", {"p"}, {"f"})},
        {node("GlobalAveragePool", {"a"}, {"p"}), node("Reshape", {"p", "flat"}, {"f"})},
        {node("GlobalAveragePool", {"a"}, {"p"}), node("Squeeze", {"p", "axes"}, {"f"})},
        {node("ReduceMean", {"a", "axes"}, {"f"}, {int_attribute("keepdims", 0)})},
        {node("AveragePool", {"a"}, {"p"}, {ints_attribute("kernel_shape", {2, 2})}),
         node("Flatten", {"p"}, {"f"})},
    };
    for (const std::vector<Message> &end : ends) {
        for (const int64_t flipped : {0, 1}) {
            Parts parts;
            add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
            parts.nodes.insert(parts.nodes.end(), end.begin(), end.end());
            parts.nodes.push_back(node("Gemm", {"f", "w", "b"}, {"y"}, {int_attribute("transB", flipped)}));
            parts.initializers.insert(parts.initializers.end(), {flat, axes});
            parts.initializers.push_back(flipped ? tensor("w", {3, 2}, {1, 0, 0, 1, 2, 4})
                                                 : tensor("w", {2, 3}, {1, 0, 2, 0, 1, 4}));
            parts.initializers.push_back(tensor("b", {3}, {0, 0, 8}));
            const auto net = imported(parts);
            EXPECT_THAT(outputs_of(net, kImage), ElementsAre(2.5, 3.5, 8 + 5 + 14));
            EXPECT_THAT(output_shape(net->network, net->network.outputs[0]), ElementsAre(3));
        }
    }
}

TEST(ImportOnnx, MultipliesByMatricesWithoutBias) {
    Parts parts;
    parts.nodes = {node("GlobalAveragePool", {"x"}, {"p"}), node("Flatten", {"p"}, {"f"}),
                   node("MatMul", {"f", "w"}, {"y"})};
    parts.initializers = {tensor("w", {3, 2}, {1, 0, 2, 4, 0, -8})};
    EXPECT_THAT(outputs_of(imported(parts), kImage), ElementsAre(2.5 + 2 * 3.5, 4 * 3.5 + 8 * 0.125));
}

// A whole image as the matrix's input: its weights are the image's, channel by channel.
TEST(ImportOnnx, FlattensImages) {
    Parts parts;
    parts.nodes = {node("MaxPool", {"x"}, {"p"}, {ints_attribute("kernel_shape", {1, 1})}),
                   node("Flatten", {"p"}, {"f"}),
                   node("Gemm", {"f", "w"}, {"y"}, {int_attribute("transB", 1)})};
    std::vector<float> weight(12, 0);
    weight[5] = 1;
    weight[11] = 4;
    parts.initializers = {tensor("w", {1, 12}, weight)};
    EXPECT_THAT(outputs_of(imported(parts), kImage), ElementsAre(-6 + 2));
}

TEST(ImportOnnx, EvaluatesShapes) {
    Parts parts;
    parts.input = {-1, 3, -1, -1};
    parts.options.input = InputSize{4, 6};
    parts.nodes = {
        node("MaxPool", {"x"}, {"p"},
             {ints_attribute("kernel_shape", {2, 2}), ints_attribute("strides", {2, 2})}),
        node("Shape", {"x"}, {"s"}),
        node("Constant", {}, {"from"}, {tensor_attribute("value", int_tensor("", {1}, {2}))}),
        node("Constant", {}, {"end"}, {tensor_attribute("value", int_tensor("", {1}, {INT64_MAX}))}),
        node("Slice", {"s", "from", "end", "axis"}, {"hw"}),
        node("Gather", {"s", "two"}, {"h"}),
        node("Cast", {"h"}, {"hf"}, {int_attribute("to", 1)}),
        node("Mul", {"hf", "half"}, {"h2"}),
        node("Floor", {"h2"}, {"h3"}),
        node("Cast", {"h3"}, {"h4"}, {int_attribute("to", 7)}),
        node("Unsqueeze", {"h4", "axis"}, {"h5"}),
        node("Shape", {"p"}, {"ps"}, {int_attribute("end", 2)}),
        node("Concat", {"ps", "hw"}, {"size"}, {int_attribute("axis", 0)}),
        node("Add", {"size", "none"}, {"size2"}),
        node("Resize", {"p", "", "", "size2"}, {"r"},
             {text_attribute("mode", "linear"),
              text_attribute("coordinate_transformation_mode", "align_corners")}),
        node("Concat", {"one_three", "h5", "h5"}, {"small"}, {int_attribute("axis", 0)}),
        node("Resize", {"r", "", "", "small"}, {"y"}, {text_attribute("mode", "linear")}),
    };
    parts.initializers = {int_tensor("axis", {1}, {0}), int_tensor("two", {}, {2}),
                          tensor("half", {}, {0.75f}), int_tensor("none", {4}, {0, 0, 0, 0}),
                          int_tensor("one_three", {2}, {1, 3})};
    const auto net = imported(parts);
    ASSERT_TRUE(net) << net.error().what;
    ASSERT_THAT(kinds_of(net->network),
                ElementsAre(OpKind::kConv, OpKind::kMaxPool, OpKind::kResize, OpKind::kResize));
    EXPECT_EQ(net->network.layers[2].out, (Shape{3, 4, 6}));
    EXPECT_EQ(net->network.layers[2].sampling.places, Places::kAlignCorners);
    EXPECT_EQ(net->network.layers[3].out, (Shape{3, 3, 3}));
    EXPECT_EQ(net->network.layers[3].sampling, Sampling{});
}

TEST(ImportOnnx, CutsConcatenations) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
    add_conv(parts, "x", "b", 3, {0, 0, 1, 0, 0, 2}, {0, 0});
    parts.nodes.push_back(node("Concat", {"a", "b"}, {"c"}, {int_attribute("axis", -3)}));
    parts.nodes.push_back(
        node("Slice", {"c", "one", "last", "one"}, {"s"}));  // of a the second, of b the first
    add_conv(parts, "s", "y", 2, {1, 10}, {0});
    parts.initializers.push_back(int_tensor("one", {1}, {1}));
    parts.initializers.push_back(int_tensor("last", {1}, {-1}));
    const auto net = imported(parts);
    EXPECT_THAT(outputs_of(net, kImage), ElementsAre(5, -6 + 10, 7 - 20, 8 + 5));
    EXPECT_THAT(kinds_of(net->network),
                ElementsAre(OpKind::kConv, OpKind::kConv, OpKind::kSlice, OpKind::kSlice, OpKind::kConv));
}

// SSD's heads: [1, boxes, 4] of two images, each pixel's boxes one behind another.
TEST(ImportOnnx, ReturnsRowsOfPixels) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0}, {0, 0, 0, 0});
    parts.nodes.push_back(node("MaxPool", {"a"}, {"b"}, {ints_attribute("kernel_shape", {2, 2})}));
    for (const std::string name : {"a", "b"}) {
        parts.nodes.push_back(
            node("Transpose", {name}, {name + "t"}, {ints_attribute("perm", {0, 2, 3, 1})}));
        parts.nodes.push_back(node("Reshape", {name + "t", "flat"}, {name + "f"}));
    }
    parts.nodes.push_back(node("Concat", {"af", "bf"}, {"c"}, {int_attribute("axis", 1)}));
    parts.nodes.push_back(node("Reshape", {"c", "rows"}, {"y"}));
    parts.initializers.push_back(int_tensor("flat", {2}, {0, -1}));
    parts.initializers.push_back(int_tensor("rows", {3}, {1, -1, 2}));
    const auto net = imported(parts);
    EXPECT_THAT(outputs_of(net, kImage),
                ElementsAre(1, 5, 0, 6, 2, -6, 1, -4, 3, 7, -2, 10, 4, 8, 0.5, 12,  //
                            4, 8, 1, 12));
    EXPECT_THAT(output_shape(net->network, net->network.outputs[0]), ElementsAre(10, 2));
    parts.initializers.back() = int_tensor("rows", {3}, {1, -1, 3});
    EXPECT_THAT(import_error(parts),
                HasSubstr("expected a shape of [1, 20] or [1, rows, numbers], found [1, -1, 3]"));
    parts.options.cuts = {"c"};
    EXPECT_THAT(import_error(parts),
                HasSubstr("output \"c\": expected rows [batch, rows, numbers], found others"));
    parts.options.cuts = {"r"};
    parts.nodes.push_back(node("Relu", {"at"}, {"r"}));
    EXPECT_THAT(import_error(parts), HasSubstr("(Relu): expected an image or its channels"));
    parts.nodes.back() = node("Transpose", {"a"}, {"r"});
    EXPECT_THAT(import_error(parts), HasSubstr("attribute perm: expected 0, 2, 3, 1, found 3, 2, 1, 0"));
}

TEST(ImportOnnx, SplitsImages) {
    const auto split = [](const std::vector<std::string> &inputs, std::vector<Message> attributes,
                          int64_t opset = 20) {
        Parts parts;
        parts.opset = opset;
        add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0, 0, 0, 1}, {0, 0, 0});
        attributes.push_back(int_attribute("axis", 1));
        parts.nodes.push_back(node("Split", inputs, {"s", "t"}, attributes));
        add_conv(parts, "t", "u", 1, {1}, {0});
        add_conv(parts, "s", "v", 2, {1, 10}, {0});
        parts.nodes.push_back(node("Add", {"u", "v"}, {"y"}));
        parts.initializers.push_back(int_tensor("sizes", {2}, {2, 1}));
        parts.initializers.push_back(int_tensor("more", {2}, {2, 2}));
        return parts;
    };
    for (const Parts &parts :
         {split({"a", "sizes"}, {}), split({"a"}, {}), split({"a"}, {int_attribute("num_outputs", 2)}),
          split({"a"}, {ints_attribute("split", {2, 1})}, 11)}) {
        const auto net = imported(parts);
        EXPECT_THAT(outputs_of(net, kImage), ElementsAre(51, 2 - 60 + 1, 3 + 70 - 2, 4 + 80 + 0.5));
        EXPECT_THAT(kinds_of(net->network),
                    ElementsAre(OpKind::kConv, OpKind::kSlice, OpKind::kSlice, OpKind::kConv, OpKind::kConv));
    }
    EXPECT_THAT(import_error(split({"a", "more"}, {})),
                HasSubstr("(Split): expected sizes from 1 on of 3 channels in all, found others"));
    EXPECT_THAT(import_error(split({"a"}, {int_attribute("num_outputs", 3)})),
                HasSubstr("attribute num_outputs: expected 2, found 3"));
}

TEST(ImportOnnx, DropsPaddingByNothing) {
    const auto padded_by = [](int64_t pads) {
        Parts parts;
        parts.nodes.push_back(node("Pad", {"x", "pads"}, {"p"}, {text_attribute("mode", "constant")}));
        add_conv(parts, "p", "y", 3, {1, 10, 100}, {0});
        parts.initializers.push_back(int_tensor("pads", {8}, {0, 0, 0, 0, 0, 0, pads, 0}));
        return parts;
    };
    EXPECT_THAT(outputs_of(imported(padded_by(0)), kImage), ElementsAre(51, 42, -127, 134));
    EXPECT_THAT(import_error(padded_by(1)), HasSubstr("(Pad): expected pads of 0, found 1"));
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

// The image becomes a tensor like others where it is read as one.
TEST(ImportOnnx, KeepsTheImageAsALayer) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 1, 1}, {0});
    parts.nodes.push_back(node("Concat", {"x", "a"}, {"y"}, {int_attribute("axis", 1)}));
    const auto net = imported(parts);
    EXPECT_THAT(outputs_of(net, kImage), ElementsAre(1, 2, 3, 4, 5, -6, 7, 8, 0, 1, -2, 0.5, 6, -3, 8, 12.5));
    EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv, OpKind::kConv));
    EXPECT_THAT(net->network.outputs[0].layers, ElementsAre(1, 0));
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

// What nothing needs is no layer; what another node reads, or the caller, keeps its own values.
TEST(ImportOnnx, TouchesNoValueThatOthersRead) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
    parts.nodes.push_back(node("Concat", {"a"}, {"c"}, {int_attribute("axis", 1)}));
    parts.nodes.push_back(node("Relu", {"c"}, {"y"}));
    add_conv(parts, "x", "unused", 3, {1, 1, 1}, {0});
    const auto kinds = [&] {
        const auto net = imported(parts);
        return net ? kinds_of(net->network) : std::vector<OpKind>{};
    };
    EXPECT_THAT(kinds(), ElementsAre(OpKind::kConv, OpKind::kActivate));
    parts.nodes[1] = node("Relu", {"a"}, {"y"});
    parts.nodes.erase(parts.nodes.begin() + 2);
    EXPECT_THAT(kinds(), ElementsAre(OpKind::kConv));
    parts.outputs = {"y", "a"};
    EXPECT_THAT(kinds(), ElementsAre(OpKind::kConv, OpKind::kActivate));
}

// a: a convolution, whose values the activation would take in; c: the sum with them, as a norm would change it.
TEST(ImportOnnx, EndsAtTheTensorsThatAreAskedFor) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
    parts.nodes.push_back(node("Relu", {"a"}, {"r"}));
    add_conv(parts, "r", "b", 2, {1, 1}, {0});
    parts.nodes.push_back(node("Concat", {"b", "r"}, {"c"}, {int_attribute("axis", 1)}));
    add_conv(parts, "c", "d", 3, {1, 1, 1}, {0});
    parts.nodes.push_back(node("Identity", {"d"}, {"e"}));
    Message foreign = node("NMS", {"e", "other"}, {"y"});  // neither known nor needed
    parts.nodes.push_back(foreign.text(7, "com.microsoft"));
    EXPECT_EQ(
        import_error(parts),
        "folder/net-1.onnx: node \"at_y\" (NMS): expected an operator of the default domain, found one of "
        "\"com.microsoft\"");
    parts.options.cuts = {"a"};
    auto net = imported(parts);
    EXPECT_THAT(outputs_of(net, kImage), ElementsAre(1, 2, 3, 4, 5, -6, 7, 8));
    EXPECT_EQ(net->network.layers.size(), 1u);
    EXPECT_EQ(net->network.classes, 2);

    parts.options.cuts = {"e", "c", "a", "r"};
    net = imported(parts);
    ASSERT_TRUE(net) << net.error().what;
    const auto layers = run_network(net->network, net->weights, kImage, {1, {}});
    ASSERT_TRUE(layers) << layers.error().what;
    const std::vector<double> r{1, 2, 3, 4, 5, 0, 7, 8}, b{6, 2, 10, 12}, e{12, 4, 20, 24};
    std::vector<double> c = b;
    c.insert(c.end(), r.begin(), r.end());
    const std::vector<std::vector<double>> expected{e, c, {1, 2, 3, 4, 5, -6, 7, 8}, r};
    for (size_t i = 0; i < expected.size(); i++) {
        const Output &output = net->network.outputs[i];
        EXPECT_EQ(output.name, parts.options.cuts[i]);
        EXPECT_EQ(output_values(net->network, output, *layers), expected[i]) << output.name;
    }
    EXPECT_THAT(output_shape(net->network, net->network.outputs[1]), ElementsAre(3, 2, 2));
}

TEST(ImportOnnx, RefusesCutsByNamesLikeThem) {
    Parts parts;
    for (const char *name : {"/up/conv_0", "/up/conv_1", "/down/pool"})
        parts.nodes.push_back(node("MaxPool", {"x"}, {name}, {ints_attribute("kernel_shape", {1, 1})}));
    const auto refusal = [&](const std::vector<std::string> &cuts) {
        parts.options.cuts = cuts;
        const auto net = imported(parts);
        EXPECT_FALSE(net);
        return net ? Error{} : net.error();
    };
    const Error slip = refusal({"/up/conv_0", "/up/conv_2"});
    EXPECT_EQ(
        slip.what,
        "folder/net-1.onnx: cut: expected the name of a tensor that a node gives, found \"/up/conv_2\"");
    EXPECT_THAT(slip.detail, ElementsAre("tensors of names like it:", "\"/up/conv_0\"", "\"/up/conv_1\""));
    EXPECT_THAT(refusal({"pool"}).detail, ElementsAre("tensors of names like it:", "\"/down/pool\""));
    EXPECT_THAT(refusal({"nothing"}).detail, ElementsAre());
    EXPECT_THAT(refusal({"/down/pool", "/down/pool"}).what,
                HasSubstr("output \"/down/pool\": expected a name of its own, found a second one"));
}

TEST(ImportOnnx, RefusesByNodeAndAttribute) {
    const std::string at = "folder/net-1.onnx: node \"at_y\" ";
    const auto error_of_node = [](const Message &last, const std::vector<Message> &initializers = {}) {
        Parts parts;
        parts.nodes = {last};
        parts.initializers = initializers;
        return import_error(parts);
    };
    const Message w = tensor("w", {3, 3, 3, 1}, std::vector<float>(27, 1)),
                  square = tensor("w", {4, 1, 1, 1}, {1, 1, 1, 1});
    EXPECT_EQ(error_of_node(node("Softmax", {"x"}, {"y"})),
              at + "(Softmax): expected an operator of those below, found \"Softmax\"");
    EXPECT_THAT(error_of_node(node("Conv", {"x", "w"}, {"y"}), {w}),
                HasSubstr("(Conv): expected an output of 1x1x1 to 16777216x65536x65536, found 3x0x2"));
    EXPECT_EQ(error_of_node(node("Conv", {"x", "w"}, {"y"}, {int_attribute("group", 2)}), {square}),
              at + "(Conv): attribute group: expected a divisor of 3 inputs and 4 outputs, found 2");
    EXPECT_EQ(error_of_node(node("Conv", {"x", "w"}, {"y"}, {int_attribute("shape", 2)}), {square}),
              at + "(Conv): attribute \"shape\": expected none of this name, found one");
    EXPECT_EQ(error_of_node(node("Conv", {"x", "w"}, {"y"}, {float_attribute("group", 2)}), {square}),
              at + "(Conv): attribute group: expected an int, found a float");
    EXPECT_EQ(error_of_node(node("Conv", {"x", "w"}, {"y"}), {tensor("w", {1, 3, 1, 1}, {1, INFINITY, 1})}),
              at + "(Conv): tensor \"w\": expected finite values, found inf at element 1");
    EXPECT_EQ(error_of_node(node("Conv", {"x", "none"}, {"y"})),
              at + "(Conv): input \"none\": expected the value of a node in front, found none");
    EXPECT_EQ(error_of_node(node("Resize", {"x", "", "s"}, {"y"}, {text_attribute("mode", "cubic")}),
                            {tensor("s", {4}, {1, 1, 2, 2})}),
              at + "(Resize): attribute mode: expected linear or nearest, found \"cubic\"");
    EXPECT_THAT(
        error_of_node(node("AveragePool", {"x"}, {"y"},
                           {ints_attribute("kernel_shape", {2, 2}), ints_attribute("pads", {2, 2, 0, 0})})),
        HasSubstr("expected windows that reach the image, found one in the padding alone"));
    EXPECT_THAT(error_of_node(node("Shape", {"x"}, {"y"})),
                HasSubstr("expected one input that the outputs need, found 0"));
}

TEST(ImportOnnx, RefusesInputsAndOpsets) {
    Parts parts;
    parts.nodes = {node("Resize", {"x", "", "s"}, {"y"}, {text_attribute("mode", "linear")})};
    parts.initializers = {tensor("s", {4}, {1, 1, 2, 2})};
    EXPECT_EQ(import_error(parts), "imported");
    parts.opset = 10;
    EXPECT_THAT(import_error(parts), HasSubstr("expected opset 11 to 22 of this operator, found 10"));
    parts.opset = 20;
    for (const auto &[dims, error] : std::vector<std::pair<std::vector<int64_t>, std::string>>{
             {{2, 3, 4, 4}, "expected a batch of 1, or an open one, found 2"},
             {{1, 4, 4, 4}, "expected 3 channels, found 4"},
             {{1, 3, 4}, "expected float32 of 4 dimensions, found float32 of 3"},
             {{1, 3, -1, 4},
              "expected a fixed height and width, or a size given beside the model, found them open"},
             {{1, 3, 4, 1 << 20}, "expected a width of 1048576, found 0"}}) {
        parts.input = dims;
        EXPECT_EQ(import_error(parts), "folder/net-1.onnx: input \"x\": " + error);
    }
    parts.input = {1, 3, 4, 4};
    parts.options.input = InputSize{4, 5};
    EXPECT_THAT(import_error(parts), HasSubstr("input \"x\": expected a width of 4, found 5"));
}

TEST(OnnxOperators, AreInTheDocumentation) {
    std::ifstream page(HARDNET_ONNX_PAGE);
    std::string line, documented, table;
    while (std::getline(page, line))
        if (line.rfind("| ", 0) == 0 && line.rfind("| operator", 0) != 0 && line.rfind("| `", 0) != 0)
            documented += line + "\n";
    for (const OnnxOperator &o : onnx_operators())
        table += std::string("| ") + o.name + " | " + std::to_string(o.oldest) + " to " +
                 std::to_string(o.newest) + " | " + o.limits + " |\n";
    EXPECT_EQ(documented, table);
}

TEST(OnnxOperators, AreInOrderAndFitARefusal) {
    const std::vector<OnnxOperator> &all = onnx_operators();
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const OnnxOperator &a, const OnnxOperator &b) {
        return std::string(a.name) < b.name;
    }));
    EXPECT_LE(onnx_operator_lines().size(), 10u);
    EXPECT_EQ(find_onnx_operator("conv"), nullptr);
    for (const OnnxOperator &o : all)
        EXPECT_TRUE(o.oldest >= kOnnxOldestOpset && o.newest <= kOnnxNewestOpset) << o.name;
}

}  // namespace
}  // namespace hardnet::testing
