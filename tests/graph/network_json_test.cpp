// A graph's two directions, and every way in which a graph from a file can be wrong.
#include "graph/network_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/check_network.h"
#include "models/records.h"

namespace hardnet::testing {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

struct Reading {
    Network network;
    std::optional<Error> error;
};

Reading read(const std::string &text) {
    Reading reading;
    const Result<JsonText> json = parse_json(R"({"graph":)" + text + "}", "g.json");
    if (json)
        reading.network = read_graph(*json, "/graph", reading.error);
    else
        reading.error = json.error();
    return reading;
}

// A convolution, one beside it, their product, and a pool.
Json example() {
    return Json::parse(R"({
        "name": "small", "input": [3, 8, 9],
        "layers": [
            {"name": "a", "op": "conv", "sources": [-1], "out": [8, 4, 5], "kernel": [3, 3], "stride": [2, 2],
             "padding": [1, 1, 1, 1], "module": "a.conv", "norm": "a.norm", "activation": "relu"},
            {"name": "b", "op": "conv", "sources": [0], "operand": 0, "out": [8, 4, 5], "module": "b", "bias": true},
            {"name": "c", "op": "multiply", "sources": [0], "operand": 1, "out": [8, 4, 5]},
            {"name": "d", "op": "max_pool", "sources": [2, 1], "out": [16, 2, 3], "kernel": [2, 2],
             "stride": [2, 2], "ceil_mode": true}],
        "outputs": [{"name": "out", "layers": [3]}, {"name": "rows", "layers": [2, 1], "row": 4, "boxes": true},
                    {"name": "list", "layers": [3], "flat": true}]})");
}

// The error of reading `example()` after `change`.
template <typename Change>
std::string error_after(Change change) {
    Json json = example();
    change(json);
    const Reading reading = read(json.dump());
    EXPECT_TRUE(reading.error) << json;
    return reading.error ? reading.error->what : "";
}

TEST(NetworkJson, KeepsTheThresholdOfAMask) {
    Network network;
    network.name = "one";
    network.input = {1, 2, 2};
    Layer mask;
    mask.name = "mask";
    mask.op = OpKind::kArgmax;
    mask.reads = {{kNetworkInput, Role::kSource}};
    mask.in = mask.out = network.input;
    mask.threshold = -0.7f;
    network.layers = {mask};
    network.outputs = {{"mask", {0}}};
    const Reading reading = read(graph_json(network).dump());
    ASSERT_FALSE(reading.error) << reading.error->what;
    EXPECT_EQ(reading.network.layers[0].threshold, -0.7f);
}

TEST(NetworkJson, KeepsTheNumbersOfActivations) {
    Json json = example();
    json["layers"][1]["activation"] = "clip";
    json["layers"][1]["activation_first"] = -0.25;
    json["layers"][1]["activation_second"] = 6.5;
    const Reading reading = read(json.dump());
    ASSERT_FALSE(reading.error) << reading.error->what;
    EXPECT_EQ(reading.network.layers[1].activation, (Activation{Activation::kClip, -0.25f, 6.5f}));
    EXPECT_EQ(graph_json(reading.network)["layers"][1]["activation_second"], 6.5);
}

// A value per channel is an operand of what is element by element, not of a convolution.
TEST(NetworkJson, TakesOnePixelAsAnOperand) {
    Json json = example();
    json["layers"].insert(json["layers"].begin() + 2, Json::parse(R"(
        {"name": "mean", "op": "global_average_pool", "sources": [0], "out": [8, 1, 1]})"));
    json["layers"][3]["operand"] = 2;
    json["layers"][4]["sources"] = {3, 1};
    json["outputs"] = Json::parse(R"([{"name": "out", "layers": [4]}])");
    EXPECT_FALSE(read(json.dump()).error);
    json["layers"][3]["op"] = "conv";
    json["layers"][3]["module"] = "c";
    const Reading reading = read(json.dump());
    ASSERT_TRUE(reading.error);
    EXPECT_THAT(reading.error->what, HasSubstr("c: expected an operand of 8x4x5, found 8x1x1"));
}

TEST(NetworkJson, ReadsWhatItWrites) {
    const Reading reading = read(example().dump());
    ASSERT_FALSE(reading.error) << reading.error->what;
    EXPECT_EQ(graph_json(reading.network), example());
    EXPECT_EQ(reading.network.layers[3].in, (Shape{16, 4, 5}));
    EXPECT_EQ(reading.network.layers[2].operand(), 1);
    EXPECT_EQ(reading.network.layers[2].sources(), std::vector<int>{0});
}

TEST(NetworkJson, AGraphThatIsTheWholeFileIsReadAsOneUnderAKey) {
    const auto error_of = [](const Json &json) {
        std::optional<Error> error;
        read_graph(*parse_json(json.dump(), "g.json"), "", error);
        return error ? error->what : "";
    };
    Json json = example();
    EXPECT_EQ(error_of(json), "");
    json["outputs"][0]["layers"] = {9};
    EXPECT_THAT(error_of(json), HasSubstr("g.json: output out: expected"));
}

TEST(NetworkJson, EveryBuiltInNetworkHoldsAndComesBack) {
    int networks = 0;
    for (const ModelRecord &record : builtin_records()) {
        const Result<Network> network = build_network(record, record.input);
        ASSERT_TRUE(network) << record.name;
        const Status holds = check_network(*network);
        EXPECT_TRUE(holds) << record.name << ": " << holds.error().what;
        const std::string text = graph_json(*network).dump();
        const Reading reading = read(text);
        ASSERT_FALSE(reading.error) << reading.error->what;
        EXPECT_EQ(graph_json(reading.network).dump(), text) << record.name;
        for (size_t l = 0; l < network->layers.size(); l++) {
            ASSERT_EQ(reading.network.layers[l].in, network->layers[l].in);
            ASSERT_EQ(describe(reading.network.layers[l]), describe(network->layers[l]));
        }
        networks++;
    }
    EXPECT_EQ(networks, 32);
}

TEST(NetworkJson, NamesTheLineOfWhatIsNoGraph) {
    EXPECT_THAT(error_after([](Json &j) { j["layers"][1]["op"] = "cnov"; }),
                HasSubstr("graph/layers/1/op: expected an operator, found \"cnov\", did you mean conv?"));
    EXPECT_THAT(error_after([](Json &j) { j["layers"][0]["kernel"] = {3}; }),
                HasSubstr("graph/layers/0/kernel: expected 2 integers, found 1"));
    EXPECT_THAT(error_after([](Json &j) { j["layers"][0]["activation"] = "gelu"; }),
                HasSubstr("layers/0/activation: expected an activation, found \"gelu\""));
    EXPECT_THAT(error_after([](Json &j) { j["layers"][0]["bais"] = true; }), HasSubstr("did you mean bias?"));
    EXPECT_THAT(error_after([](Json &j) { j.erase("outputs"); }), HasSubstr("expected the key outputs"));
    EXPECT_THAT(error_after([](Json &j) { j["layers"][0]["out"][1] = int64_t{1} << 40; }),
                HasSubstr("expected a 32-bit integer"));
}

TEST(NetworkJson, RefusesNumbersThatDoNotFitTogether) {
    struct Fault {
        void (*make)(Json &);
        const char *says;
    };
    const Fault faults[] = {
        {[](Json &j) { j["layers"][1]["sources"] = {1}; },
         "b: expected to read layers in front of layer 1, found 1"},
        {[](Json &j) { j["layers"][1]["sources"] = {-2}; }, "found -2"},
        {[](Json &j) { j["layers"][1]["sources"] = Json::array(); }, "b: expected sources, found none"},
        {[](Json &j) { j["layers"][1]["operand"] = 7; }, "found 7"},
        {[](Json &j) { j["layers"][1]["operand"] = -1; }, "b: expected an operand of 8x4x5, found 3x8x9"},
        {[](Json &j) { j["layers"][2].erase("operand"); }, "c: expected an operand, found none"},
        {[](Json &j) { j["layers"][3]["operand"] = 2; }, "d: expected no operand, found one"},
        {[](Json &j) {
             j["layers"][3]["sources"] = {2, -1};
         },
         "d: expected sources of one extent"},
        {[](Json &j) {
             j["layers"][0]["out"] = {8, 5, 5};
         },
         "a: expected an output of 0x4x5 (0: any), found 8x5x5"},
        {[](Json &j) {
             j["layers"][0]["out"] = {0, 4, 5};
         },
         "a: expected an output of at most"},
        {[](Json &j) {
             Json &a = j["layers"][0];
             a["out"] = {1 << 24, 4, 5}, a["kernel"] = {15, 15}, a["padding"] = {7, 7, 7, 7};
         },
         "a: expected at most 2147483647 weights, found more"},
        {[](Json &j) {
             j["layers"][0]["stride"] = {0, 1};
         },
         "a: expected a window's numbers from 1"},
        {[](Json &j) {
             j["layers"][0]["kernel"] = {1 << 16, 1 << 16};
         },
         "a: expected an output"},
        {[](Json &j) {
             j["layers"][0]["dilation"] = {1 << 16, 1 << 16};
         },
         "a: expected a window's numbers"},
        {[](Json &j) {
             j["layers"][0]["padding"] = {-1, 0, 0, 0};
         },
         "a: expected a window's numbers"},
        {[](Json &j) {
             j["layers"][3]["padding"] = {2, 0, 0, 0};
             j["layers"][3]["out"] = {16, 3, 3};
         },
         "d: expected windows that reach the image, found one in the padding alone"},
        {[](Json &j) { j["layers"][3]["places"] = "asymmetric"; }, "d: expected no places and neighbours"},
        {[](Json &j) { j["layers"][3]["excludes_padding"] = true; }, "d: expected no excludes_padding"},
        {[](Json &j) {
             j["layers"][3]["kernel"] = {9, 9};
         },
         "d: expected an output of"},
        {[](Json &j) {
             j["layers"][2]["kernel"] = {3, 3};
         },
         "c: expected no window, found one"},
        {[](Json &j) { j["layers"][2]["threshold"] = 1; }, "c: expected no threshold, found 1"},
        {[](Json &j) { j["layers"][2]["first_channel"] = 1; }, "c: expected channels of the 8 that it reads"},
        {[](Json &j) { j["layers"][0]["activation"] = "leaky_relu"; }, "activation_first"},
        {[](Json &j) {
             j["layers"][0]["activation"] = "leaky_relu";
             j["layers"][0]["activation_first"] = 1e300;
         },
         "expected a float32, found 1e+300"},
        {[](Json &j) { j["layers"][2]["norm"] = "x"; }, "c: expected no bias and no norm, found one"},
        {[](Json &j) { j["layers"][1].erase("module"); }, "b: expected a module"},
        {[](Json &j) { j["layers"][1]["name"] = "a"; }, "layer 1: expected a name of its own, found \"a\""},
        {[](Json &j) { j["layers"] = Json::array(); }, "small: expected 1 to 16384 layers, found 0"},
        {[](Json &j) {
             j["input"] = {3, 1 << 16, 1 << 16};
         },
         "small: expected an input of at most"},
        {[](Json &j) { j["outputs"] = Json::array(); }, "small: expected outputs, found none"},
        {[](Json &j) { j["outputs"][0]["layers"] = {4}; },
         "output out: expected layers from 0 to 3, found 4"},
        {[](Json &j) {
             j["outputs"][0]["layers"] = {2, 3};
         },
         "output out: expected rows or layers of one extent, found "},
        {[](Json &j) { j["outputs"][1]["row"] = 3; }, "output rows: expected whole rows, found 320 elements"},
    };
    for (const Fault &fault : faults) {
        const std::string error = error_after(fault.make);
        EXPECT_THAT(error, HasSubstr("g.json:1:"));
        EXPECT_THAT(error, HasSubstr(fault.says));
    }
}

}  // namespace
}  // namespace hardnet::testing
