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

size_t index_of(const Network &network, const std::string &layer) {
    size_t i = 0;
    while (network.layers.at(i).name != layer) i++;
    return i;
}

TEST(Fold, ANormInFrontBecomesAScaleAndAShiftOfTheInput) {
    const Network network = tiny_front_network("hardnet_s");
    const Checkpoint checkpoint = seeded_checkpoint(network, 1);
    const auto folded = fold(network, checkpoint);
    ASSERT_TRUE(folded) << folded.error().what;
    for (const auto &[layer, norm] :
         {std::pair{"base.2.layers.1", "base.2.layers.1.norm"}, std::pair{"base.3", "base.3.norm"},
          std::pair{"base.5.2", "base.5.0"}}) {  // of the global pool
        SCOPED_TRACE(layer);
        const size_t i = index_of(network, layer);
        const FoldedLayer &found = folded->layers[i];
        const auto values = [&, norm = std::string(norm)](const char *field) {
            return checkpoint.tensors.at(norm + field).values;
        };
        EXPECT_THAT(found.front_scale.shape, ElementsAre(network.layers[i].in.channels));
        ASSERT_EQ(found.front_shift.values.size(), values(".bias").size());
        for (size_t c = 0; c < found.front_shift.values.size(); c++) {
            const double scale = values(".weight")[c] / std::sqrt(values(".running_var")[c] + 1e-5);
            EXPECT_EQ(found.front_scale.values[c], static_cast<float>(scale));
            EXPECT_EQ(found.front_shift.values[c],
                      static_cast<float>(values(".bias")[c] - values(".running_mean")[c] * scale));
        }
    }
    // The convolution behind it keeps its weight, and a bias of zeros where it has none.
    const FoldedLayer &conv = folded->layers[index_of(network, "base.3")];
    EXPECT_EQ(conv.weight.values, checkpoint.tensors.at("base.3.conv.weight").values);
    for (float bias : conv.bias.values) EXPECT_EQ(bias, 0);
}

TEST(Fold, TransposedWeightsHaveTheirOutputsFirst) {
    const Network network = tiny_front_network("fchardnet_camvid");
    const Checkpoint checkpoint = seeded_checkpoint(network, 1);
    const auto folded = fold(network, checkpoint);
    ASSERT_TRUE(folded) << folded.error().what;
    const std::string name = "transUpBlocks.0.convTrans";
    const FloatTensor &before = checkpoint.tensors.at(name + ".weight");
    const FoldedLayer &found = folded->layers[index_of(network, name)];
    const auto channels = static_cast<size_t>(before.shape[0]);
    EXPECT_THAT(found.weight.shape, ElementsAre(channels, channels, 3, 3));
    for (size_t in = 0; in < channels; in++)
        for (size_t out = 0; out < channels; out++)
            for (size_t tap = 0; tap < 9; tap++)
                ASSERT_EQ(found.weight.values[(out * channels + in) * 9 + tap],
                          before.values[(in * channels + out) * 9 + tap]);
    EXPECT_EQ(found.bias.values, checkpoint.tensors.at(name + ".bias").values);
}

TEST(Fold, TheL2NormKeepsItsWeightAndHasNoBias) {
    ModelRecord record = tiny_record(false);
    record.architecture = "ssd_hardnet";
    const Network network = *build_network(record, {512, 512});
    const Checkpoint checkpoint = seeded_checkpoint(network, 1);
    const auto folded = fold(network, checkpoint);
    ASSERT_TRUE(folded) << folded.error().what;
    const size_t i = index_of(network, "L2Norm");
    EXPECT_EQ(folded->layers[i].weight.values, checkpoint.tensors.at("L2Norm.weight").values);
    EXPECT_TRUE(folded->layers[i].bias.values.empty());
    EXPECT_EQ(folded->layers[i].tensors(network.layers[i]).size(), 1u);
}

TEST(Fold, ZeroVarianceIsFinite) {
    const Network network = tiny_network();
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    for (float &variance : checkpoint.tensors["base.1.norm.running_var"].values) variance = 0;
    EXPECT_TRUE(fold(network, checkpoint));
}

TEST(Fold, FoldedWeightsComeBackFromAFileUnchanged) {
    const TemporaryFolder folder;
    for (const ModelRecord &record : {tiny_record(false), tiny_record(true), tiny_front_record("hardnet_s"),
                                      tiny_front_record("fchardnet_camvid")}) {
        SCOPED_TRACE(record.architecture);
        const Network network = *build_network(record, record.input);
        const auto folded = fold(network, seeded_checkpoint(network, 1));
        ASSERT_TRUE(folded);
        const std::string path = folder.file("folded.safetensors");
        ASSERT_TRUE(write_folded(path, network, *folded, {{"model", "tiny \"quoted\" \xc3\xa9"}}));

        auto read = read_checkpoint(path);
        ASSERT_TRUE(read) << read.error().what;
        EXPECT_EQ(read->metadata.at("model"), "tiny \"quoted\" \xc3\xa9");
        EXPECT_EQ(classes_in(record, *read)->classes, 5);
        auto named = with_author_keys(network, std::move(*read));
        ASSERT_TRUE(named) << named.error().what;
        EXPECT_TRUE(named->folded);
        const auto again = fold(network, *named);
        ASSERT_TRUE(again) << again.error().what;
        for (size_t i = 0; i < network.layers.size(); i++) {
            EXPECT_EQ(again->layers[i].weight.values, folded->layers[i].weight.values)
                << network.layers[i].name;
            EXPECT_EQ(again->layers[i].bias.values, folded->layers[i].bias.values) << network.layers[i].name;
            EXPECT_EQ(again->layers[i].front_scale.values, folded->layers[i].front_scale.values)
                << network.layers[i].name;
            EXPECT_EQ(again->layers[i].front_shift.values, folded->layers[i].front_shift.values)
                << network.layers[i].name;
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
