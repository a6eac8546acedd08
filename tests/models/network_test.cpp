// The layers of the built networks: names as in the authors' checkpoints, sources, windows, extents, sizes
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <set>
#include <string>
#include <vector>

#include "models/layer_list.h"
#include "tests/models/networks.h"

namespace hardnet {
namespace {

using ::testing::ElementsAre;
using testing::layer;

std::vector<std::string> source_names(const Network &network, const std::string &name) {
    std::vector<std::string> names;
    for (int source : layer(network, name).sources()) {
        names.push_back(source == kNetworkInput ? "input" : network.layers[source].name);
    }
    return names;
}

// The state dictionary: a convolution has its weight, four float tensors of batch norm and one int64 count.
TEST(Network, TensorsOfTheReleasedCheckpoints) {
    struct Row {
        const char *network;
        int64_t tensors, bytes;
    };
    for (const Row &row : {Row{"hardnet39ds", 446, 14020768}, Row{"hardnet68ds", 788, 16813856},
                           Row{"hardnet68", 404, 70312376}, Row{"hardnet85", 506, 146761888}}) {
        std::set<std::string> keys;
        int64_t bytes = 0;
        for (const Layer &layer : testing::network(row.network).layers) {
            if (!layer.has_weights()) continue;
            keys.insert(weight_key(layer));
            int64_t elements = 1;
            for (int64_t extent : weight_shape(layer)) elements *= extent;
            bytes += 4 * elements;
            if (!layer.norm.empty()) {
                for (const char *field :
                     {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}) {
                    keys.insert(norm_key(layer, field));
                }
                bytes += 4 * 4 * layer.out.channels + 8;
            }
            if (layer.bias) {
                keys.insert(bias_key(layer));
                bytes += 4 * layer.out.channels;
            }
        }
        EXPECT_EQ(static_cast<int64_t>(keys.size()), row.tensors) << row.network;
        EXPECT_EQ(bytes, row.bytes) << row.network;
    }
}

TEST(Network, KeysAndWeightShapes) {
    const Network plain = testing::network("hardnet68");
    EXPECT_EQ(weight_key(layer(plain, "base.3.layers.0")), "base.3.layers.0.conv.weight");
    EXPECT_EQ(norm_key(layer(plain, "base.3.layers.0"), "running_var"), "base.3.layers.0.norm.running_var");
    EXPECT_EQ(weight_key(plain.layers.back()), "base.16.3.weight");
    EXPECT_EQ(bias_key(plain.layers.back()), "base.16.3.bias");
    EXPECT_THAT(weight_shape(layer(plain, "base.14.layers.3")), ElementsAre(462, 1072, 3, 3));
    EXPECT_THAT(weight_shape(plain.layers.back()), ElementsAre(1000, 1024));
    EXPECT_TRUE(weight_shape(layer(plain, "base.2")).empty());

    const Network separable = testing::network("hardnet39ds");
    EXPECT_EQ(weight_key(layer(separable, "base.2")), "base.2.dwconv.weight");
    EXPECT_EQ(weight_key(layer(separable, "base.3.layers.0.layer1")), "base.3.layers.0.layer1.conv.weight");
    EXPECT_EQ(norm_key(layer(separable, "base.3.layers.0.layer2"), "bias"),
              "base.3.layers.0.layer2.norm.bias");
    EXPECT_THAT(weight_shape(layer(separable, "base.3.layers.3.layer2")), ElementsAre(40, 1, 3, 3));
    EXPECT_THAT(weight_shape(layer(separable, "base.3.layers.3.layer1")), ElementsAre(40, 90, 1, 1));
}

TEST(Network, SourcesOfABlock) {
    const Network network = testing::network("hardnet68");
    EXPECT_THAT(source_names(network, "base.0"), ElementsAre("input"));
    EXPECT_THAT(source_names(network, "base.14.layers.0"), ElementsAre("base.13"));
    EXPECT_THAT(source_names(network, "base.14.layers.3"),
                ElementsAre("base.14.layers.2", "base.14.layers.1", "base.13"));
    EXPECT_THAT(source_names(network, "base.15"),
                ElementsAre("base.14.layers.0", "base.14.layers.2", "base.14.layers.3"));
    EXPECT_THAT(source_names(network, "base.16.0"), ElementsAre("base.15"));
    EXPECT_THAT(source_names(network, "base.16.3"), ElementsAre("base.16.0"));
}

TEST(Network, DepthwiseLayersComeBehindTheirPointwise) {
    const Network network = testing::network("hardnet39ds");
    EXPECT_THAT(source_names(network, "base.3.layers.1.layer1"),
                ElementsAre("base.3.layers.0.layer2", "base.2"));
    EXPECT_THAT(source_names(network, "base.3.layers.1.layer2"), ElementsAre("base.3.layers.1.layer1"));
    EXPECT_EQ(layer(network, "base.3.layers.1.layer1").activation, Activation::kRelu6);
    EXPECT_EQ(layer(network, "base.3.layers.1.layer2").activation, Activation::kNone);
    EXPECT_EQ(layer(network, "base.3.layers.1.layer2").norm, "base.3.layers.1.layer2.norm");
    EXPECT_EQ(layer(network, "base.2").activation, Activation::kNone);
    EXPECT_EQ(layer(network, "base.1").window.x.kernel, 1);
}

TEST(Network, TheUnpublishedHardnetsNarrowEveryFourthLayerAndPoolTwice) {
    const Network network = testing::network("hardnet96s");
    EXPECT_THAT(source_names(network, "base.2.layers.3.layer1"),
                ElementsAre("base.2.layers.2", "base.2.layers.1", "base.1"));
    EXPECT_THAT(source_names(network, "base.2.layers.3.layer2"), ElementsAre("base.2.layers.3.layer1"));
    // 20 + 32 + 64 channels to 52: the root of 116 * 52 is 77.7.
    EXPECT_THAT(weight_shape(layer(network, "base.2.layers.3.layer1")), ElementsAre(77, 116, 1, 1));
    EXPECT_THAT(weight_shape(layer(network, "base.2.layers.3.layer2")), ElementsAre(52, 77, 3, 3));
    EXPECT_EQ(layer(network, "base.2.layers.3.layer2").front_norm, "base.2.layers.3.layer2.norm");

    // The block gives its input, then layers 1, 3, 5, 7 and 8: six parts, each pooled both ways.
    EXPECT_THAT(source_names(network, "base.3"),
                ElementsAre("base.3.max.0", "base.3.max.1", "base.3.max.2", "base.3.max.3", "base.3.max.4",
                            "base.3.max.5", "base.3.mean.0", "base.3.mean.1", "base.3.mean.2",
                            "base.3.mean.3", "base.3.mean.4", "base.3.mean.5"));
    EXPECT_THAT(source_names(network, "base.3.mean.1"), ElementsAre("base.2.layers.0"));
    EXPECT_EQ(layer(network, "base.3.mean.1").op, OpKind::kAveragePool);
    EXPECT_THAT(source_names(network, "base.3.max.0"), ElementsAre("base.1"));
    EXPECT_TRUE((layer(network, "base.3").out == Shape{192, 28, 28}));  // 85 % of 226
    EXPECT_EQ(source_names(network, "base.7")[0], "base.5");            // within a stage: no pools
}

TEST(Network, TheUnpublishedSegmentationNetworksKeepInputsOnTheWayDown) {
    const Network network = testing::network("fchardnet68", {352, 480});
    EXPECT_THAT(source_names(network, "transDownBlocks.0"),
                ElementsAre("firstconv", "denseBlocksDown.0.layers.0", "denseBlocksDown.0.layers.2",
                            "denseBlocksDown.0.layers.3"));
    EXPECT_THAT(
        source_names(network, "transUpBlocks.4.convTrans"),
        ElementsAre("denseBlocksUp.3.layers.0", "denseBlocksUp.3.layers.2", "denseBlocksUp.3.layers.3"));
    EXPECT_THAT(source_names(network, "denseBlocksUp.4.layers.0"),
                ElementsAre("transUpBlocks.4.convTrans", "firstconv", "denseBlocksDown.0.layers.0",
                            "denseBlocksDown.0.layers.2", "denseBlocksDown.0.layers.3"));
    EXPECT_THAT(
        source_names(network, "finalConv"),
        ElementsAre("denseBlocksUp.4.layers.0", "denseBlocksUp.4.layers.2", "denseBlocksUp.4.layers.3"));
    EXPECT_TRUE((testing::network("fchardnet84", {352, 480}).layers.back().in == Shape{48, 352, 480}));
}

struct ShapeRow {
    const char *network, *layer;
    Shape out;
};

TEST(Network, ShapesAt224) {
    const ShapeRow rows[] = {
        {"hardnet39ds", "base.0", {24, 112, 112}},  {"hardnet39ds", "base.2", {48, 56, 56}},
        {"hardnet39ds", "base.5", {96, 28, 28}},    {"hardnet39ds", "base.8", {320, 14, 14}},
        {"hardnet39ds", "base.11", {640, 7, 7}},    {"hardnet39ds", "base.13", {1024, 7, 7}},
        {"hardnet39ds", "base.14.3", {1000, 1, 1}}, {"hardnet68", "base.1", {64, 112, 112}},
        {"hardnet68", "base.2", {64, 56, 56}},      {"hardnet68", "base.5", {128, 28, 28}},
        {"hardnet68", "base.7", {256, 28, 28}},     {"hardnet68", "base.10", {320, 14, 14}},
        {"hardnet68", "base.13", {640, 7, 7}},      {"hardnet68", "base.15", {1024, 7, 7}},
        {"hardnet68ds", "base.10", {320, 14, 14}},  {"hardnet68ds", "base.16.3", {1000, 1, 1}},
        {"hardnet85", "base.2", {96, 56, 56}},      {"hardnet85", "base.14", {720, 14, 14}},
        {"hardnet85", "base.15", {720, 7, 7}},      {"hardnet85", "base.18", {1280, 7, 7}},
        {"hardnet85", "base.19.0", {1280, 1, 1}},   {"hardnet85", "base.19.3", {1000, 1, 1}},
    };
    for (const ShapeRow &row : rows) {
        const Shape out = layer(testing::network(row.network), row.layer).out;
        EXPECT_TRUE(out == row.out) << row.network << "/" << row.layer << ": " << out.channels << "x"
                                    << out.height << "x" << out.width;
    }
}

TEST(Network, OddExtentsRoundDownInPoolsAndUpInTheStem) {
    const Network network = testing::network("hardnet68", {201, 263});
    EXPECT_TRUE((layer(network, "base.0").out == Shape{32, 101, 132}));
    EXPECT_TRUE((layer(network, "base.2").out == Shape{64, 51, 66}));
    EXPECT_TRUE((layer(network, "base.5").out == Shape{128, 25, 33}));
    EXPECT_TRUE((layer(network, "base.10").out == Shape{320, 12, 16}));
    EXPECT_TRUE((layer(network, "base.13").out == Shape{640, 6, 8}));
}

TEST(Network, RoundingUpAddsAWindowOnlyWithinTheImageOrItsFrontPadding) {
    LayerList list({1, 3, 5});
    const auto extents = [&](int kernel, int stride, int padding, bool ceil_mode) {
        const Shape out =
            list.shape(list.max_pool("pool", kNetworkInput, kernel, stride, padding, ceil_mode));
        return std::pair{out.height, out.width};
    };
    EXPECT_EQ(extents(2, 2, 0, false), (std::pair{1, 2}));
    EXPECT_EQ(extents(2, 2, 0, true), (std::pair{2, 3}));
    EXPECT_EQ(extents(2, 2, 1, true),
              (std::pair{2, 3}));  // a third and a fourth would begin behind the image
    EXPECT_EQ(extents(3, 1, 1, true), (std::pair{3, 5}));
}

TEST(Network, EveryLayerReadsWhatCameBefore) {
    for (const ModelRecord &record : builtin_records()) {
        const Network network = testing::network(record.name, record.input);
        std::set<std::string> names;
        for (int i = 0; i < static_cast<int>(network.layers.size()); i++) {
            const Layer &layer = network.layers[i];
            int channels = 0;
            for (int source : layer.sources()) {
                ASSERT_LT(source, i) << layer.name;
                const Shape &from = source == kNetworkInput ? network.input : network.layers[source].out;
                channels += from.channels;
                EXPECT_EQ(from.height, layer.in.height) << layer.name;
                EXPECT_EQ(from.width, layer.in.width) << layer.name;
            }
            EXPECT_EQ(channels, layer.in.channels) << layer.name;
            EXPECT_GE(layer.out.height, 1) << layer.name;
            EXPECT_TRUE(names.insert(layer.name).second) << layer.name;
        }
    }
}

std::string size_error(const std::string &name, InputSize size) {
    const Result<Network> built = build_network(testing::record(name), size);
    return built ? "" : built.error().what;
}

TEST(InputSizes, SmallestIsTheFirstThatLeavesEveryLayerAnExtent) {
    EXPECT_EQ(size_error("hardnet68", {29, 29}), "");
    EXPECT_EQ(size_error("hardnet68", {28, 224}),
              "hardnet68: expected an input of at least 29x29, found 28x224");
    EXPECT_EQ(size_error("hardnet68", {224, 28}),
              "hardnet68: expected an input of at least 29x29, found 224x28");
    EXPECT_TRUE((layer(testing::network("hardnet68", {29, 29}), "base.13").out == Shape{640, 1, 1}));
    EXPECT_EQ(size_error("hardnet39ds", {1, 1}), "");
    EXPECT_EQ(size_error("hardnet39ds", {0, 1}), "hardnet39ds: expected an input of at least 1x1, found 0x1");
    EXPECT_EQ(size_error("hardnet39ds", {5, -7}),
              "hardnet39ds: expected an input of at least 1x1, found 5x-7");
}

TEST(InputSizes, TooLargeForATensor) {
    EXPECT_EQ(size_error("hardnet68", {16384, 8191}),
              "hardnet68 at 16384x8191: expected at most 2147483647 elements in a tensor, found 2147483648 "
              "(9 GB) at base.1");
    EXPECT_EQ(size_error("hardnet68", {32768, 32768}),
              "hardnet68 at 32768x32768: expected at most 2147483647 elements in the input, found 3221225472 "
              "(13 GB)");
    EXPECT_EQ(size_error("hardnet39ds", {INT_MAX, INT_MAX})
                  .rfind("hardnet39ds at 2147483647x2147483647: expected at most ", 0),
              0u);
    EXPECT_NE(size_error("hardnet39ds", {INT_MAX / 3, 1}), "");
}

}  // namespace
}  // namespace hardnet
