// Models to networks: what each operator becomes, with values by the reference operators; all data is such that sums are
// exact.
#include <gmock/gmock.h>

#include <algorithm>

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

TEST(ImportOnnx, TakesImagesOfOneToManyPlanes) {
    for (const int planes : {1, 2, 4, 64}) {
        SCOPED_TRACE(planes);
        Parts parts;
        parts.input = {1, planes, 2, 2};
        std::vector<float> weight(size_t(planes), 0), image(size_t(planes) * 4, 1);
        weight.back() = 2;
        for (size_t i = 0; i < 4; i++) image[image.size() - 4 + i] = float(i);
        add_conv(parts, "x", "y", planes, weight, {1});
        const auto net = imported(parts);
        EXPECT_EQ(outputs_of(net, image), (std::vector<double>{1, 3, 5, 7}));
        EXPECT_EQ(net->network.input, (Shape{planes, 2, 2}));
        EXPECT_TRUE(net->network.preprocessing == usual_preprocessing(planes));
    }
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

TEST(ImportOnnx, ReturnsImagesAsLists) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
    parts.nodes.push_back(node("Concat", {"x", "a"}, {"c"}, {int_attribute("axis", 1)}));
    parts.nodes.push_back(node("Flatten", {"c"}, {"f"}));
    parts.nodes.push_back(node("Relu", {"f"}, {"y"}));
    parts.outputs = {"y", "p"};
    parts.nodes.push_back(node("GlobalAveragePool", {"a"}, {"q"}));
    parts.nodes.push_back(node("Flatten", {"q"}, {"p"}));
    const auto net = imported(parts);
    EXPECT_THAT(outputs_of(net, kImage),
                ElementsAre(1, 2, 3, 4, 5, 0, 7, 8, 0, 1, 0, 0.5, 1, 2, 3, 4, 5, 0, 7, 8));
    EXPECT_THAT(output_shape(net->network, net->network.outputs[0]), ElementsAre(20));
    EXPECT_THAT(output_shape(net->network, net->network.outputs[1]), ElementsAre(2));
    parts.outputs.pop_back();
    EXPECT_EQ(imported(parts)->network.classes, 20);
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
    const auto list = imported(parts);
    EXPECT_EQ(outputs_of(list, kImage), outputs_of(net, kImage));
    EXPECT_THAT(output_shape(list->network, list->network.outputs[0]), ElementsAre(20));
    parts.options.cuts = {"at"};
    EXPECT_THAT(
        import_error(parts),
        HasSubstr("output \"at\": expected rows [batch, rows, numbers] or a list of them, found others"));
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
    Parts parts;
    parts.nodes.push_back(node("Pad", {"x", "pads"}, {"p"}, {text_attribute("mode", "constant")}));
    add_conv(parts, "p", "y", 3, {1, 10, 100}, {0});
    parts.initializers.push_back(int_tensor("pads", {8}, {0, 0, 0, 0, 0, 0, 0, 0}));
    const auto net = imported(parts);
    EXPECT_THAT(outputs_of(net, kImage), ElementsAre(51, 42, -127, 134));
    EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv));
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
}  // namespace
}  // namespace hardnet::testing
