// Files to structs: what is read of each message, and what is refused of it.
#include "onnx/read_model.h"

#include <gmock/gmock.h>

#include "onnx/tensor_data.h"
#include "tests/onnx/files.h"
#include "tests/onnx/writer.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const std::string &file) {
    const Result<OnnxModel> read = decode_onnx(view_of(file), "x.onnx");
    return read ? "read" : read.error().what;
}

std::string node_error(const Message &bad) { return error_of(model(graph({{bad}, {}, {}, {}}))); }
// Of a node that is read all the same.
std::string refusal_of(const Message &of) {
    const std::string file = model(graph({{of}, {}, {}, {}}));
    const Result<OnnxModel> read = decode_onnx(view_of(file), "x.onnx");
    return read ? read->graph.nodes[0].refusal : read.error().what;
}
std::string tensor_error(const Message &bad) { return error_of(model(graph({{}, {bad}, {}, {}}))); }

TEST(ReadOnnx, GivesWhatAFileSays) {
    const Message dims_and_value = tensor("w", {2, 1, 1, 1}, {0.5f, -2});
    const std::string file = model(graph({
        {node("Conv", {"x", "w", ""}, {"y"},
              {ints_attribute("kernel_shape", {1, 1}), int_attribute("group", 1),
               text_attribute("auto_pad", "NOTSET"), float_attribute("alpha", 0.25f),
               tensor_attribute("value", int_tensor("", {2}, {3, -4}))})},
        {dims_and_value},
        {value_info("x", {-1, 1, 4, 5})},
        {value_info("y", {-1, 2, 4, 5})},
    }));
    const Result<OnnxModel> read = decode_onnx(view_of(file), "x.onnx");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->ir_version, 9);
    EXPECT_EQ(read->opset, 20);
    ASSERT_EQ(read->graph.nodes.size(), 1u);
    const OnnxNode &conv = read->graph.nodes[0];
    EXPECT_EQ(conv.name, "at_y");
    EXPECT_EQ(conv.op_type, "Conv");
    EXPECT_THAT(conv.inputs, ElementsAre("x", "w", ""));
    EXPECT_THAT(conv.outputs, ElementsAre("y"));
    EXPECT_THAT(find_attribute(conv, "kernel_shape")->ints, ElementsAre(1, 1));
    EXPECT_EQ(find_attribute(conv, "group")->i, 1);
    EXPECT_EQ(find_attribute(conv, "auto_pad")->s, "NOTSET");
    EXPECT_EQ(find_attribute(conv, "alpha")->f, 0.25f);
    EXPECT_EQ(find_attribute(conv, "pads"), nullptr);
    EXPECT_THAT(*integer_values(*read, find_attribute(conv, "value")->tensor, ""), ElementsAre(3, -4));
    ASSERT_EQ(read->graph.initializers.size(), 1u);
    EXPECT_THAT(read->graph.initializers[0].dims, ElementsAre(2, 1, 1, 1));
    EXPECT_THAT(*float_values(*read, read->graph.initializers[0], ""), ElementsAre(0.5f, -2));
    ASSERT_EQ(read->graph.inputs.size(), 1u);
    EXPECT_EQ(read->graph.inputs[0].type, OnnxType::kFloat);
    EXPECT_EQ(read->graph.inputs[0].dims[0].symbol, "N");
    EXPECT_EQ(read->graph.inputs[0].dims[0].value, std::nullopt);
    EXPECT_EQ(read->graph.inputs[0].dims[3].value, 5);
}

TEST(ReadOnnx, TakesListsPackedOrNotAndTypedElements) {
    const Message packed_dims = Message().text(1, varint(1) + varint(3)).number(2, kInt64).text(8, "i");
    Message packed = packed_dims, single = packed_dims;
    packed.text(7, varint(300) + varint(0) + varint(~uint64_t{0}));
    single.numbers(7, {300, 0, -1});
    const Message floats = Message()
                               .number(1, 2)
                               .number(2, kFloat32)
                               .text(8, "f")
                               .text(4, little_endian(std::vector<float>{1, 8}));
    const std::string file = model(graph({{}, {packed, single, floats}, {}, {}}));
    const Result<OnnxModel> read = decode_onnx(view_of(file), "x.onnx");
    ASSERT_TRUE(read) << read.error().what;
    for (size_t i : {size_t{0}, size_t{1}})
        EXPECT_THAT(*integer_values(*read, read->graph.initializers[i], ""), ElementsAre(300, 0, -1));
    EXPECT_THAT(*float_values(*read, read->graph.initializers[2], ""), ElementsAre(1, 8));
    EXPECT_EQ(float_values(*read, read->graph.initializers[0], "").error().what,
              "x.onnx: tensor \"i\": expected float32 or float64, found int64");
}

TEST(ReadOnnx, NamesWhatANetworkCannotHave) {
    const Message empty = graph({});
    EXPECT_EQ(error_of(model(empty, 3)), "x.onnx: expected an ONNX file of IR version from 4 to 11, found 3");
    EXPECT_EQ(error_of(model(empty, 12)),
              "x.onnx: expected an ONNX file of IR version from 4 to 11, found 12");
    EXPECT_EQ(error_of(model(empty, 9, 8)),
              "x.onnx: expected the default domain's opset from 9 to 22, found 8");
    EXPECT_EQ(error_of(model(empty, 9, 23)),
              "x.onnx: expected the default domain's opset from 9 to 22, found 23");
    EXPECT_EQ(error_of(model(empty, 11, 22)), "read");
    EXPECT_EQ(error_of(model(empty, 4, 9)), "read");
    EXPECT_EQ(error_of(Message().number(1, 9).message(8, Message().number(2, 20)).bytes),
              "x.onnx: expected a graph, found none");
    EXPECT_EQ(error_of(model(empty) + Message().message(7, empty).bytes),
              "x.onnx: expected one graph, found a second");
    EXPECT_THAT(error_of(model(empty) + Message().text(25, "").bytes), HasSubstr("expected no functions"));
    EXPECT_THAT(error_of(model(empty) + Message().text(20, "").bytes), HasSubstr("no training information"));
    EXPECT_THAT(error_of(model(Message().text(15, ""))), HasSubstr("expected no sparse tensors"));
    Message foreign = node("Gelu", {"x"}, {"y"});
    foreign.text(7, "com.microsoft");
    EXPECT_EQ(refusal_of(foreign),
              "expected an operator of the default domain, found one of \"com.microsoft\"");
    EXPECT_EQ(refusal_of(node("If", {"x"}, {"y"}, {Message().text(1, "then").text(6, "").number(20, 5)})),
              "attribute \"then\": expected no subgraph, found one");
    EXPECT_EQ(refusal_of(node("Conv", {"x"}, {"y"}, {Message().text(1, "a").number(20, 8)})),
              "attribute \"a\": expected a float, int, string, tensor, floats or ints, found type 8");
    EXPECT_EQ(refusal_of(node("Conv", {"x"}, {"y"}, {int_attribute("a", 1)})), "");
    EXPECT_THAT(node_error(node("C", {}, {"y"}, {int_attribute("a", 1), int_attribute("a", 1)})),
                HasSubstr("expected attributes of different names, found two \"a\""));
}

TEST(ReadOnnx, HoldsTensorsToTheirBytes) {
    const std::string w = "x.onnx: tensor \"w\": ";
    EXPECT_EQ(tensor_error(tensor("w", {3}, {1, 2})), w + "expected 12 bytes of elements, found 8");
    EXPECT_EQ(tensor_error(tensor("w", {-1}, {})), w + "expected dimensions from 0 to 2147483647, found -1");
    EXPECT_EQ(tensor_error(tensor("w", {65536, 65536}, {})),
              w + "expected at most 2147483647 elements, found more");
    EXPECT_EQ(tensor_error(tensor("w", {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1})),
              w + "expected at most 8 dimensions, found 9");
    EXPECT_EQ(tensor_error(Message().number(2, 10).text(8, "w").text(9, "12")),
              w + "expected an element type of float32, float64, int32, int64 or bool, found float16");
    EXPECT_EQ(tensor_error(Message().number(2, 10000).text(8, "w")),
              w + "expected an element type of float32, float64, int32, int64 or bool, found type 10000");
    EXPECT_EQ(tensor_error(Message().number(1, 2).number(2, kInt64).text(8, "w").number(7, 1)),
              w + "expected 2 elements, found 1");
    EXPECT_EQ(tensor_error(tensor("w", {1}, {1}).text(4, "1234")),
              w + "expected its elements in one place, found them in 2");
    EXPECT_EQ(tensor_error(tensor("w", {0}, {})), "read");
    EXPECT_EQ(tensor_error(external_tensor("w", {2}, {"location", "d", "length", "9"})),
              w + "external data: expected a length of 8, found 9");
    EXPECT_EQ(tensor_error(external_tensor("w", {2}, {"location", "d", "offset", "-4"})),
              w + "external data: expected its offset as up to 18 digits, found \"-4\"");
    EXPECT_EQ(tensor_error(external_tensor("w", {2}, {"offset", "18446744073709551615"})),
              w + "external data: expected its offset as up to 18 digits, found \"18446744073709551615\"");
}

TEST(ReadOnnx, RefusesMoreThanItsLimits) {
    const std::string long_name(kOnnxMostNameBytes + 1, 'n');
    EXPECT_THAT(node_error(node("Conv", {long_name}, {"y"})),
                HasSubstr("expected names of at most 1024 bytes, found 1025"));
    const std::vector<Message> nodes(OnnxLimits{}.nodes + 1);
    EXPECT_THAT(error_of(model(graph({nodes, {}, {}, {}}))), HasSubstr("expected at most 65536 nodes"));
    const std::vector<Message> attributes(kOnnxMostAttributes + 1, int_attribute("a", 1));
    EXPECT_THAT(node_error(node("Conv", {}, {"y"}, attributes)), HasSubstr("expected at most 32 attributes"));
    const Message numbers = Message().text(8, std::string(OnnxLimits{}.numbers + 1, '\1')).number(20, 7);
    EXPECT_THAT(node_error(node("Conv", {}, {"y"}, {numbers})),
                HasSubstr("expected at most 4194304 numbers, found more"));
}

TEST(ReadOnnx, RefusesFieldsThatNoNetworkHas) {
    const Message one = Message().text(1, "a");
    EXPECT_EQ(refusal_of(node("Conv", {"x"}, {"y"}, {Message(one).text(21, "b").number(20, 2)})),
              "attribute \"a\": expected a value, found a reference to a function's attribute");
    EXPECT_EQ(refusal_of(node("Conv", {"x"}, {"y"}, {Message(one).text(22, "").number(20, 11)})),
              "attribute \"a\": expected no sparse tensor, found one");
    EXPECT_EQ(refusal_of(node("Conv", {"x"}, {"y"}, {Message(one).text(23, "").number(20, 12)})),
              "attribute \"a\": expected no sparse tensor, found one");
    EXPECT_EQ(refusal_of(node("Conv", {"x"}, {"y"}, {Message(one).real(7, 2).number(20, 6)})), "");
    EXPECT_EQ(node_error(Message().number(3, 1)), "x.onnx: expected field 3 as bytes, found a varint");
    EXPECT_EQ(error_of(model(Message().text(14, ""))),
              "x.onnx: expected no quantization annotations, found one");
    const std::string empty = model(graph({}));
    EXPECT_EQ(error_of(empty + Message().message(8, Message().number(2, 20)).bytes),
              "x.onnx: expected one opset of the default domain, found a second");
    const std::vector<Message> domains(kOnnxMostAttributes + 1, Message().text(1, "other").number(2, 1));
    EXPECT_EQ(error_of(empty + Message().messages(8, domains).bytes),
              "x.onnx: expected at most 32 domains, found more");
    const auto value_error = [](const Message &type) {
        return error_of(model(graph({{}, {}, {Message().text(1, "v").message(2, type)}, {}})));
    };
    for (uint32_t other : {4, 5, 8, 9})  // a sequence, a map, a sparse tensor, an optional
        EXPECT_EQ(value_error(Message().text(other, "")),
                  "x.onnx: value \"v\": expected a tensor, found a sequence, a map, or another type");
    const auto shape_error = [&](const Message &shape) {
        return value_error(
            Message().message(1, Message().number(1, kFloat32).message(2, shape).text(3, "")).text(6, ""));
    };
    EXPECT_EQ(shape_error(Message().messages(1, std::vector<Message>(9))),
              "x.onnx: value \"v\": expected at most 8 dimensions, found more");
    EXPECT_EQ(shape_error(Message().message(1, Message().number(1, 3).text(3, "batch")).text(2, "")), "read");
}

TEST(ReadOnnx, RefusesTensorsThatAreNoWholeOnes) {
    const std::string w = "x.onnx: tensor \"w\": ";
    EXPECT_EQ(tensor_error(tensor("w", {1}, {1}).text(3, "")),
              w + "expected a whole tensor, found a segment");
    EXPECT_EQ(tensor_error(tensor("w", {1}, {1}).number(14, 2)),
              w + "expected data_location 0 or 1, found 2");
    EXPECT_EQ(tensor_error(Message().number(1, 1).number(2, kFloat32).text(8, "w").number(7, 1)),
              w + "expected real numbers, found integers");
    EXPECT_EQ(tensor_error(Message().number(1, 1).number(2, 6).text(8, "w").text(5, varint(7))), "read");
    EXPECT_EQ(
        tensor_error(Message().number(1, 1).number(2, 11).text(8, "w").text(10, little_endian(double{2}))),
        "read");
}

// Whatever is cut off or changed: an error or a model, never a fault of memory (the sanitizers' build sees to that).
TEST(ReadOnnx, EndsAtEveryCut) {
    const std::string file = model(graph({{node("Conv", {"x"}, {"y"}, {ints_attribute("pads", {1, 300})})},
                                          {tensor("w", {2}, {1, 2})},
                                          {value_info("x", {1, 2})},
                                          {}}));
    for (size_t size = 0; size < file.size(); size++) {
        const std::string cut = file.substr(0, size);
        EXPECT_THAT(error_of(cut), HasSubstr("expected")) << size;
    }
}

}  // namespace
}  // namespace hardnet::testing
