// Batch norm folding, and folded weights through a file and back.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/weights/files.h"
#include "tests/weights/tiny.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Fold, ScalesAFilterAndShiftsItsChannel) {
    const Network network = tiny_network();
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    const std::string key = "base.0.norm.";
    checkpoint.tensors[key + "weight"].values[1] = 3;
    checkpoint.tensors[key + "running_var"].values[1] = 4;
    checkpoint.tensors[key + "running_mean"].values[1] = 0.5;
    checkpoint.tensors[key + "bias"].values[1] = -1;
    const auto folded = fold(network, checkpoint);
    ASSERT_TRUE(folded) << folded.error().what;

    const double scale = 3 / std::sqrt(4 + 1e-5);
    const std::vector<float> &before = checkpoint.tensors["base.0.conv.weight"].values;
    const FoldedLayer &layer = folded->layers[0];
    EXPECT_THAT(layer.weight.shape, ElementsAre(4, 3, 3, 3));
    for (int i = 27; i < 54; i++) EXPECT_EQ(layer.weight.values[i], static_cast<float>(before[i] * scale));
    EXPECT_EQ(layer.bias.values[1], static_cast<float>(-1 - 0.5 * scale));
}

TEST(Fold, LeavesTheClassifierAndPoolsAlone) {
    const Network network = tiny_network();
    const Checkpoint checkpoint = seeded_checkpoint(network, 1);
    const auto folded = fold(network, checkpoint);
    ASSERT_TRUE(folded);
    const Layer &head = network.layers.back();
    EXPECT_EQ(folded->layers.back().weight.values, checkpoint.tensors.at(weight_key(head)).values);
    EXPECT_EQ(folded->layers.back().bias.values, checkpoint.tensors.at(bias_key(head)).values);
    EXPECT_EQ(network.layers[2].op, OpKind::kMaxPool);
    EXPECT_TRUE(folded->layers[2].weight.values.empty());
}

TEST(Fold, ZeroVarianceIsFinite) {
    const Network network = tiny_network();
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    for (float &variance : checkpoint.tensors["base.1.norm.running_var"].values) variance = 0;
    EXPECT_TRUE(fold(network, checkpoint));
}

TEST(Fold, FoldedWeightsComeBackFromAFileUnchanged) {
    const TemporaryFolder folder;
    for (bool depthwise : {false, true}) {
        const Network network = tiny_network(depthwise);
        const auto folded = fold(network, seeded_checkpoint(network, 1));
        ASSERT_TRUE(folded);
        const std::string path = folder.file("folded.safetensors");
        ASSERT_TRUE(write_folded(path, network, *folded, {{"model", "tiny \"quoted\" \xc3\xa9"}}));

        auto read = read_checkpoint(path);
        ASSERT_TRUE(read) << read.error().what;
        EXPECT_EQ(read->metadata.at("model"), "tiny \"quoted\" \xc3\xa9");
        EXPECT_EQ(classes_in(tiny_record(depthwise), *read)->classes, 5);
        auto named = with_author_keys(network, std::move(*read));
        ASSERT_TRUE(named) << named.error().what;
        EXPECT_TRUE(named->folded);
        const auto again = fold(network, *named);
        ASSERT_TRUE(again) << again.error().what;
        for (size_t i = 0; i < network.layers.size(); i++) {
            EXPECT_EQ(again->layers[i].weight.values, folded->layers[i].weight.values)
                << network.layers[i].name;
            EXPECT_EQ(again->layers[i].bias.values, folded->layers[i].bias.values) << network.layers[i].name;
        }
    }
}

TEST(Fold, NamesAMisshapenFoldedTensor) {
    const Network network = tiny_network();
    Checkpoint checkpoint;
    checkpoint.folded = true;
    checkpoint.source = "x";
    checkpoint.tensors["base.0.weight"] = {{4, 3, 3, 1}, std::vector<float>(36)};
    const auto folded = fold(network, checkpoint);
    ASSERT_FALSE(folded);
    EXPECT_EQ(folded.error().detail[0], "base.0.weight: expected [4, 3, 3, 3], found [4, 3, 3, 1]");
}

}  // namespace
}  // namespace hardnet::testing
