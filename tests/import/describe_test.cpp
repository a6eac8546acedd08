// What a checkpoint says about its network, against what the record says.
#include "weights/describe.h"

#include <gmock/gmock.h>

#include "tests/weights/tiny.h"
#include "weights/keys.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Checkpoint checkpoint_with(std::map<std::string, std::string> metadata, bool pytorchcv = false,
                           bool depthwise = false) {
    const Network network = tiny_network(depthwise);
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    checkpoint.source = "net.pth";
    checkpoint.metadata = std::move(metadata);
    if (!pytorchcv) return checkpoint;
    std::map<std::string, FloatTensor> theirs;
    const auto ours = parameters_of(network, KeySet::kAuthors),
               names = parameters_of(network, KeySet::kPytorchcv);
    for (size_t i = 0; i < ours.size(); i++)
        theirs["module." + names[i].key] = checkpoint.tensors.at(ours[i].key);
    checkpoint.tensors = std::move(theirs);
    return checkpoint;
}

// A record as its author wrote it, activations and all.
ModelRecord stating(const std::string &activations) {
    std::string text = to_json(tiny_record(false));
    const std::string line = "  \"activation\": \"relu6\",\n";
    text.replace(text.find(line), line.size(), activations);
    return *record_from_json(text, "tiny.json");
}

std::string error_of(const ModelRecord &record, Checkpoint checkpoint) {
    const auto described = described_record(record, checkpoint);
    EXPECT_FALSE(described);
    return described ? "" : described.error().what;
}

TEST(Described, PytorchcvRunsReluInsideBlocksWithoutDepthwiseLayers) {
    Checkpoint theirs = checkpoint_with({}, true);
    const auto described = described_record(tiny_record(false), theirs);
    ASSERT_TRUE(described) << described.error().what;
    const Network network = *build_network(*described, described->input);
    for (const Layer &layer : network.layers) {
        if (layer.op != OpKind::kConv) continue;
        const bool in_block = layer.name.find(".layers.") != std::string::npos;
        EXPECT_EQ(layer.activation, in_block ? Activation::kRelu : Activation::kRelu6) << layer.name;
    }
    EXPECT_THAT(theirs.notes,
                ElementsAre("activation: relu inside blocks and relu6 outside, as the checkpoint "
                            "says, not tiny's relu6"));

    Checkpoint depthwise = checkpoint_with({}, true, true);
    EXPECT_FALSE(described_record(tiny_record(true), depthwise)->block_activation);
    EXPECT_THAT(depthwise.notes, IsEmpty());
}

TEST(Described, MetadataGoesBeforeTheKeys) {
    Checkpoint theirs = checkpoint_with({{"activation", "relu"}}, true);
    const auto described = described_record(tiny_record(false), theirs);
    EXPECT_EQ(described->activation, Activation::kRelu);
    EXPECT_FALSE(described->block_activation);
}

TEST(Described, ARecordThatContradictsIsAnErrorUnlessItDecides) {
    EXPECT_EQ(
        error_of(stating("\"activation\": \"relu6\",\n"), checkpoint_with({}, true)),
        "net.pth: expected the activation relu6 that the record of tiny states, found a checkpoint of relu "
        "inside blocks and relu6 outside (take \"activation\" out of the record to follow the checkpoint, or "
        "add \"block_activation\" to decide in the record)");

    Checkpoint theirs = checkpoint_with({}, true);
    const auto decided =
        described_record(stating("\"activation\": \"relu6\", \"block_activation\": \"relu6\",\n"), theirs);
    ASSERT_TRUE(decided) << decided.error().what;
    EXPECT_EQ(decided->block_activation, Activation::kRelu6);
    EXPECT_THAT(theirs.notes,
                ElementsAre("activation: relu6, as the record of tiny decides, not the checkpoint's "
                            "relu inside blocks and relu6 outside"));

    for (const char *agreeing : {"", "\"activation\": \"relu6\", \"block_activation\": \"relu\",\n"}) {
        Checkpoint again = checkpoint_with({}, true);
        EXPECT_EQ(described_record(stating(agreeing), again)->block_activation, Activation::kRelu);
    }
}

TEST(Described, TakesClassNamesAndPreprocessing) {
    Checkpoint told = checkpoint_with(
        {{"class_names", R"(["a","b","c","d","\u00e9"])"},
         {"preprocessing", R"({"resize_short": 40, "mean": [0, 0.5, 1], "deviation": [1, 2, 3]})"}});
    const auto described = described_record(tiny_record(false), told);
    ASSERT_TRUE(described) << described.error().what;
    EXPECT_THAT(described->class_names, ElementsAre("a", "b", "c", "d", "\xc3\xa9"));
    EXPECT_EQ(described->preprocessing.resize_short, 40);
    EXPECT_THAT(described->preprocessing.mean, ElementsAre(0, 0.5, 1));
    EXPECT_THAT(described->preprocessing.deviation, ElementsAre(1, 2, 3));
    EXPECT_THAT(told.notes, ElementsAre("preprocessing: as the checkpoint says, not tiny's"));
}

TEST(Described, TakesTheClassCountOfTheHead) {
    ModelRecord record = tiny_record(false);
    record.classes = 2;
    record.class_names = {"yes", "no"};
    Checkpoint checkpoint = checkpoint_with({});
    const auto described = described_record(record, checkpoint);
    EXPECT_EQ(described->classes, 5);
    EXPECT_THAT(described->class_names, IsEmpty());
    EXPECT_THAT(checkpoint.notes, ElementsAre("classes: 5 as the head says, not tiny's 2"));
}

TEST(Described, RefusesMetadataThatIsWrong) {
    const ModelRecord record = tiny_record(false);
    EXPECT_EQ(error_of(record, checkpoint_with({{"activation", "gelu"}})),
              "net.pth: __metadata__: activation: expected none, relu or relu6, found \"gelu\"");
    EXPECT_EQ(error_of(record, checkpoint_with({{"activation", "relu"}, {"block_activation", ""}})),
              "net.pth: __metadata__: block_activation: expected none, relu or relu6, found \"\"");
    EXPECT_EQ(error_of(record, checkpoint_with({{"class_names", R"(["a"])"}})),
              "net.pth: __metadata__: class_names: expected 5 names, one per class, or none, found 1");
    EXPECT_THAT(error_of(record, checkpoint_with({{"class_names", "7"}})),
                HasSubstr("net.pth: __metadata__:1:2: class_names: expected an array"));
    EXPECT_THAT(error_of(record, checkpoint_with({{"class_names", R"([], "x": 1)"}})), HasSubstr("\"x\""));
    EXPECT_THAT(error_of(record, checkpoint_with({{"preprocessing", "{"}})),
                HasSubstr("net.pth: __metadata__: preprocessing:1:"));
    EXPECT_THAT(error_of(record, checkpoint_with({{"preprocessing", R"({"deviation": [0, 1, 1]})"}})),
                HasSubstr("preprocessing/deviation: expected"));
}

}  // namespace
}  // namespace hardnet::testing
