// Where a network begins and ends, what others still read, and what is refused; the table of operators.
#include <gmock/gmock.h>

#include <algorithm>

#include "onnx/operators.h"
#include "tests/onnx/imported.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
    EXPECT_EQ(error_of_node(node("Tile", {"x"}, {"y"})),
              at + "(Tile): expected an operator of those below, found \"Tile\"");
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
    EXPECT_EQ(error_of_node(node("Resize", {"x", "", "s"}, {"y"}, {text_attribute("mode", "area")}),
                            {tensor("s", {4}, {1, 1, 2, 2})}),
              at + "(Resize): attribute mode: expected linear, nearest or cubic, found \"area\"");
    EXPECT_THAT(
        error_of_node(node("AveragePool", {"x"}, {"y"},
                           {ints_attribute("kernel_shape", {2, 2}), ints_attribute("pads", {2, 2, 0, 0})})),
        HasSubstr("expected windows that reach the image, found one in the padding alone"));
    EXPECT_THAT(error_of_node(node("Shape", {"x"}, {"y"})),
                HasSubstr("expected one input that the outputs need, found 0"));
}

TEST(ImportOnnx, RefusesOutputsThatCannotBeShown) {
    Parts parts;
    add_conv(parts, "x", "a\tb", 3, {1, 0, 0}, {0});
    parts.outputs = {"a\tb"};
    EXPECT_EQ(import_error(parts), "folder/net-1.onnx: output: expected a name, found \"a\\x09b\"");
}

TEST(ImportOnnx, TakesTheBatchThatAFileFixes) {
    Parts parts;
    parts.input = {2, 3, 4, 4};
    parts.nodes = {node("Resize", {"x", "", "", "sizes"}, {"r"}, {text_attribute("mode", "linear")}),
                   node("Shape", {"r"}, {"s"}, {int_attribute("end", 1)}),
                   node("Concat", {"s", "rest"}, {"flat"}, {int_attribute("axis", 0)}),
                   node("Reshape", {"r", "flat"}, {"y"})};
    parts.initializers = {int_tensor("sizes", {4}, {2, 3, 1, 1}), int_tensor("rest", {1}, {-1})};
    const auto net = imported(parts);
    ASSERT_TRUE(net) << net.error().what;
    EXPECT_EQ(net->batch, 2);
    EXPECT_THAT(output_shape(net->network, net->network.outputs[0]), ElementsAre(3));
    parts.initializers[0] = int_tensor("sizes", {4}, {1, 3, 1, 1});
    EXPECT_THAT(import_error(parts), HasSubstr("expected a resize of height and width alone"));
    parts.initializers[0] = int_tensor("sizes", {4}, {2, 3, 1, 1});
    parts.initializers[1] = int_tensor("rest", {1}, {6});  // both images' elements in one
    EXPECT_THAT(import_error(parts), HasSubstr("expected a shape of [2, 3], found [2, 6]"));
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
             {{1025, 3, 4, 4}, "expected a batch of at most 1024, found 1025"},
             {{1, 65, 4, 4}, "expected 1 to 64 channels, found 65"},
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
    while (std::getline(page, line) && line != "## Operators") {
    }
    while (std::getline(page, line) && line.rfind("## ", 0) != 0)
        if (line.rfind("| ", 0) == 0 && line.rfind("| operator", 0) != 0) documented += line + "\n";
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
