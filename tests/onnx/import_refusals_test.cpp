// What each operator refuses, by the text that its user reads.
#include <cmath>

#include "tests/onnx/imported.h"

namespace hardnet::testing {
namespace {

// What the nodes read beside images.
std::vector<Message> known_tensors() {
    return {tensor("real", {}, {2}),
            tensor("nan", {}, {NAN}),
            tensor("reals", {2}, {1, 2}),
            tensor("three", {3}, {1, 1, 1}),
            tensor("below", {3}, {1, 1, -1}),
            tensor("matrix", {2, 2}, {1, 2, 3, 4}),
            tensor("kernel", {4, 3, 1, 1}, std::vector<float>(12, 1)),
            tensor("narrow", {4, 2, 1, 1}, std::vector<float>(8, 1)),
            tensor("empty", {0, 3, 1, 1}, {}),
            int_tensor("seven", {}, {7}),
            int_tensor("zero", {1}, {0}),
            int_tensor("one", {1}, {1}),
            int_tensor("two", {1}, {2}),
            int_tensor("pair", {2}, {1, 2}),
            int_tensor("list", {3}, {1, 2, 3}),
            int_tensor("wide", {2}, {1, 65536}),
            int_tensor("wider", {2}, {1, 65537}),
            int_tensor("largest", {4}, {1, 3, 65536, 65536}),
            int_tensor("rows", {3}, {1, -1, 3})};
}

// Nodes on "x" of 3x2x2 and on what is made of it: "r" is it behind a ReLU, "f" flattened, "g" one pixel, "c"
// one channel, "p" two, "t" its pixels, "q" rows of them. The last node is "y"'s.
std::string refusal_of(const std::vector<Message> &nodes, int64_t opset = 20) {
    const Message axis = int_attribute("axis", 1);
    Parts parts;
    parts.opset = opset;
    parts.outputs = {"y", "r"};
    parts.initializers = known_tensors();
    parts.nodes = {node("Relu", {"x"}, {"r"}),
                   node("Flatten", {"r"}, {"f"}),
                   node("GlobalAveragePool", {"r"}, {"g"}),
                   node("Slice", {"r", "zero", "one", "one"}, {"c"}),
                   node("Slice", {"r", "zero", "two", "one"}, {"p"}),
                   node("Transpose", {"r"}, {"t"}, {ints_attribute("perm", {0, 2, 3, 1})}),
                   node("Reshape", {"t", "rows"}, {"q"}),
                   node("Concat", {"r", "c"}, {"rc"}, {axis}),
                   node("Concat", {"c", "r"}, {"cr"}, {axis})};
    parts.nodes.insert(parts.nodes.end(), nodes.begin(), nodes.end());
    const std::string error = import_error(parts), at = "folder/net-1.onnx: node \"at_y\" ";
    return error.rfind(at, 0) == 0 ? error.substr(at.size()) : error;
}
std::string refusal_of(const std::string &op, const std::vector<std::string> &inputs,
                       const std::vector<Message> &attributes = {}) {
    return refusal_of({node(op, inputs, {"y"}, attributes)});
}

// "y": `of` and itself side by side, so many times over.
std::vector<Message> doubled(const std::string &of, int times) {
    std::vector<Message> nodes;
    std::string from = of;
    for (int i = 0; i < times; i++) {
        const std::string to = i + 1 == times ? "y" : of + std::to_string(i);
        nodes.push_back(node("Concat", {from, from}, {to}, {int_attribute("axis", 1)}));
        from = to;
    }
    return nodes;
}

TEST(ImportRefusals, OfActivations) {
    EXPECT_EQ(refusal_of("HardSigmoid", {"r"}, {float_attribute("alpha", INFINITY)}),
              "(HardSigmoid): expected finite alpha and beta, found others");
    EXPECT_EQ(refusal_of("LeakyRelu", {"r"}, {float_attribute("alpha", NAN)}),
              "(LeakyRelu): attribute alpha: expected a finite number, found another");
    EXPECT_EQ(refusal_of("PRelu", {"list", "real"}),
              "(PRelu): expected an image or its channels, found another input");
    EXPECT_EQ(refusal_of("Relu", {"q"}), "(Relu): expected an image or its channels, found another input");
    EXPECT_EQ(refusal_of("Clip", {"r", "reals"}), "(Clip): expected known bounds, found another input");
}

TEST(ImportRefusals, OfKnownNumbers) {
    EXPECT_EQ(refusal_of("Shape", {"list"}), "(Shape): expected an image, found another value");
    EXPECT_EQ(refusal_of("Add", {"pair", "list"}), "(Add): expected lists of one length, found 2 and 3");
    EXPECT_EQ(refusal_of("Div", {"list", "zero"}),
              "(Div): expected finite numbers, found a division by 0 or more than a number holds");
    EXPECT_EQ(refusal_of("Cast", {"nan"}, {int_attribute("to", kInt64)}),
              "(Cast): expected finite numbers, found another");
    EXPECT_EQ(refusal_of("Gather", {"list", "seven"}),
              "(Gather): expected places within 3 elements, found 7");
    EXPECT_EQ(refusal_of("Dropout", {"r", "", "one"}), "(Dropout): expected no training, found some");
    EXPECT_EQ(refusal_of("Constant", {}, {ints_attribute("value_ints", std::vector<int64_t>(257, 1))}),
              "(Constant): expected at most 256 known numbers, found more");
    EXPECT_EQ(refusal_of("Concat", {"list", "seven"}, {int_attribute("axis", 0)}),
              "(Concat): expected known lists, found another value");
    EXPECT_EQ(refusal_of("Concat", std::vector<std::string>(86, "list"), {int_attribute("axis", 0)}),
              "(Concat): expected a short list, found a long one");
    EXPECT_EQ(refusal_of("Reshape", {"r", "reals"}),
              "(Reshape): input 1: expected known whole numbers, found another value");
}

TEST(ImportRefusals, OfConvolutionsAndNorms) {
    EXPECT_EQ(refusal_of("Conv", {"r", "kernel", "reals"}), "(Conv): bias: expected 4 values, found 2");
    EXPECT_EQ(refusal_of("Conv", {"r", "kernel"}, {ints_attribute("kernel_shape", {3, 3})}),
              "(Conv): attribute kernel_shape: expected 1x1 as its weights, found 3x3");
    EXPECT_EQ(refusal_of("Conv", {"r", "narrow"}), "(Conv): weights: expected 3 input channels, found 2");
    EXPECT_EQ(refusal_of("Conv", {"r", "list"}),
              "(Conv): input 1: expected known weights of 4 dimensions, found another value");
    EXPECT_EQ(refusal_of("Conv", {"r", "empty"}),
              "(Conv): tensor \"empty\": expected dimensions from 1 to 16777216, found others");
    EXPECT_EQ(refusal_of("Gemm", {"r", "matrix"}),
              "(Gemm): expected one tensor, flattened to [batch, elements], found another input");
    EXPECT_EQ(refusal_of("Gemm", {"f", "matrix"}, {float_attribute("alpha", 2)}),
              "(Gemm): expected alpha 1, beta 1 and transA 0, found 2, 1 and 0");
    EXPECT_EQ(refusal_of("MatMul", {"f", "matrix"}), "(MatMul): weights: expected 12 inputs, found 2");
    const std::string norm = "BatchNormalization";
    EXPECT_EQ(
        refusal_of(norm, {"r", "three", "three", "three", "three"}, {int_attribute("training_mode", 1)}),
        "(BatchNormalization): attribute training_mode: expected 0, found another number");
    EXPECT_EQ(refusal_of(norm, {"r", "three", "reals", "three", "three"}),
              "(BatchNormalization): input 2: expected 3 values, found 2");
    EXPECT_EQ(refusal_of(norm, {"r", "three", "three", "three", "below"}),
              "(BatchNormalization): variance: expected values from 0 on, found one below");
}

// 257 convolutions of 8 channels.
TEST(ImportRefusals, OfManyGroups) {
    Parts parts;
    parts.input = {1, 8, 1, 1};
    parts.initializers = {tensor("w", {2056, 8, 1, 1}, std::vector<float>(2056 * 8, 1))};
    parts.nodes = {node("Concat", std::vector<std::string>(257, "x"), {"c"}, {int_attribute("axis", 1)}),
                   node("Conv", {"c", "w"}, {"y"}, {int_attribute("group", 257)})};
    EXPECT_EQ(import_error(parts),
              "folder/net-1.onnx: node \"at_y\" (Conv): attribute group: expected at most 256 convolutions "
              "of whole eights of channels, found 257");
}

TEST(ImportRefusals, OfSumsAndProducts) {
    EXPECT_EQ(refusal_of("Mul", {"rc", "cr"}),
              "(Mul): expected concatenations of the same channels, found different ones");
    EXPECT_EQ(refusal_of("Add", {"r", "p"}),
              "(Add): expected two images of one shape, or one of 1x1 with as many channels or of one "
              "channel, found others");
    EXPECT_EQ(refusal_of("Add", {"t", "real"}), "(Add): expected images, found rows of pixels");
    EXPECT_EQ(refusal_of("Add", {"f", "real"}),
              "(Add): expected an image or its channels, found an image as a list");
    EXPECT_EQ(refusal_of("Add", {"kernel", "kernel"}), "(Add): expected an image, found known tensors alone");
    EXPECT_EQ(refusal_of("Expand", {"r", "list"}),
              "(Expand): expected one pixel's channels to an image of as many, found another expansion");
    EXPECT_EQ(refusal_of("Expand", {"g", "wider"}),
              "(Expand): expected an image of at most 65536 rows and columns, found another expansion");
}

TEST(ImportRefusals, OfWindowsAndResizing) {
    EXPECT_EQ(refusal_of("MaxPool", {"f"}, {ints_attribute("kernel_shape", {1, 1})}),
              "(MaxPool): input \"f\": expected an image [batch, channels, height, width], found another "
              "value");
    EXPECT_EQ(refusal_of("MaxPool", {"r"}, {ints_attribute("kernel_shape", {0, 1})}),
              "(MaxPool): attribute kernel_shape: expected 2 numbers from 1 to 4096, found [0, 1]");
    const Message pixel = ints_attribute("kernel_shape", {1, 1});
    EXPECT_EQ(refusal_of("MaxPool", {"r"}, {pixel, int_attribute("storage_order", 1)}),
              "(MaxPool): attribute storage_order: expected 0, found another number");
    EXPECT_EQ(refusal_of("MaxPool", {"r"}, {pixel, text_attribute("auto_pad", "SAME")}),
              "(MaxPool): attribute auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, found "
              "\"SAME\"");
    EXPECT_EQ(refusal_of("Pad", {"r", "list", "reals"}),
              "(Pad): expected a known value, found another input");
    EXPECT_EQ(refusal_of({node("MaxPool", {"r"}, {"n"}, {ints_attribute("kernel_shape", {1, 2})}),
                          node("Resize", {"n", "", "", "wide"}, {"y"},
                               {text_attribute("mode", "linear"), ints_attribute("axes", {2, 3}),
                                text_attribute("keep_aspect_ratio_policy", "not_smaller")})}),
              "(Resize): expected a height and width up to 65536, found 131072");
    Parts parts;
    parts.opset = 9;
    parts.initializers = {tensor("scales", {4}, {1, 1, 2, 2})};
    parts.nodes = {node("Upsample", {"x", "scales"}, {"y"}, {text_attribute("mode", "cubic")})};
    EXPECT_EQ(import_error(parts),
              "folder/net-1.onnx: node \"at_y\" (Upsample): attribute mode: expected linear or nearest, "
              "found \"cubic\"");
}

TEST(ImportRefusals, OfViews) {
    const Message axis = int_attribute("axis", 2);
    EXPECT_EQ(refusal_of("Slice", {"r", "pair", "pair", "one"}),
              "(Slice): expected a range of axis 1 in steps of 1, found another");
    EXPECT_EQ(refusal_of("Slice", {"r", "two", "one", "one"}),
              "(Slice): expected a range of one element at least, found none");
    EXPECT_EQ(refusal_of("Split", {"r"}, {axis}), "(Split): attribute axis: expected 1, found 2");
    EXPECT_EQ(refusal_of("Split", {"r", "list"}, {int_attribute("axis", 1)}),
              "(Split): expected 1 sizes, found 3");
    EXPECT_EQ(refusal_of("Concat", {"r", "r"}, {axis}), "(Concat): attribute axis: expected 1, found 2");
    EXPECT_EQ(refusal_of("Concat", {"r", "g"}, {int_attribute("axis", 1)}),
              "(Concat): expected images of one extent, found 2x2 and 1x1");
    EXPECT_EQ(refusal_of("Flatten", {"r"}, {axis}), "(Flatten): expected an image and axis 1, found axis 2");
    EXPECT_EQ(refusal_of("Concat", {"t", "t"}, {int_attribute("axis", 1)}),
              "(Concat): expected rows and axis 1, found axis 1");
    EXPECT_EQ(refusal_of("Concat", {"q", "r"}, {int_attribute("axis", 1)}),
              "(Concat): expected rows of 3 each, found another value");
}

TEST(ImportRefusals, OfMoreThanItsLimits) {
    const std::string parts = "(Concat): expected a concatenation of at most 1024 tensors, found more";
    EXPECT_EQ(refusal_of(doubled("r", 11)), parts);
    EXPECT_EQ(refusal_of(doubled("q", 11)), parts);
    EXPECT_EQ(refusal_of({node("Resize", {"r", "", "", "largest"}, {"l"}, {text_attribute("mode", "linear")}),
                          node("Transpose", {"l"}, {"lt"}, {ints_attribute("perm", {0, 2, 3, 1})}),
                          node("Reshape", {"lt", "rows"}, {"lq"}),
                          node("Concat", {"lq", "lq"}, {"y"}, {int_attribute("axis", 1)})}),
              "(Concat): expected rows of at most 2147483647 numbers in all, found more");
    std::vector<Message> layers = doubled("r", 10);  // 1024 in each
    layers.back() = node("Concat", {"r8", "r8"}, {"many"}, {int_attribute("axis", 1)});
    for (int i = 0; i < 16; i++)
        layers.push_back(node("Relu", {i ? "n" + std::to_string(i) : "many"},
                              {i == 15 ? "y" : "n" + std::to_string(i + 1)}));
    EXPECT_EQ(refusal_of(layers),
              "(Relu): expected at most 16384 layers that read 1048576 tensors, found more");
}

TEST(ImportRefusals, OfMoreWeightsThanItsLimit) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
    add_conv(parts, "a", "y", 2, {1, 0, 0, 1}, {0, 0});
    parts.options.limits.weights = 14;
    EXPECT_EQ(import_error(parts), "imported");
    parts.options.limits.weights = 13;
    EXPECT_EQ(import_error(parts),
              "folder/net-1.onnx: node \"at_y\" (Conv): expected at most 13 weights in all, found more");
}

// 1024 parts, with a table for each: a small file that would ask for much memory.
TEST(ImportRefusals, OfMoreTablesThanItsLimit) {
    std::vector<Message> nodes = doubled("r", 10);
    nodes.back() = node("Concat", {"r8", "r8"}, {"many"}, {int_attribute("axis", 1)});
    nodes.push_back(node("Constant", {}, {"high"}, {ints_attribute("value_ints", {5000, 1})}));
    nodes.push_back(node("Resize", {"many", "", "", "high"}, {"y"},
                         {text_attribute("mode", "cubic"), ints_attribute("axes", {2, 3})}));
    EXPECT_EQ(refusal_of(nodes),
              "(Resize): expected tables of rows and columns of at most 16777216 numbers in all, found more");
}

TEST(ImportRefusals, OfNamesOfOutputs) {
    EXPECT_EQ(refusal_of({node("Split", {"r"}, {"y", ""}, {int_attribute("axis", 1)})}),
              "(Split): expected a name of its output, found none");
    EXPECT_EQ(refusal_of(std::vector<Message>{}),
              "folder/net-1.onnx: output \"y\": expected an image or its channels, found another value");
    EXPECT_EQ(refusal_of({node("Add", {"r", "r"}, {"y"}), node("Relu", {"r"}, {"y"})}),
              "(Relu): output \"y\": expected a new name, found one of another value");
    EXPECT_EQ(refusal_of({Message().text(1, "r").text(4, "Relu")}),
              "folder/net-1.onnx: node \"\" (\"Relu\"): expected outputs, found none");
}

}  // namespace
}  // namespace hardnet::testing
