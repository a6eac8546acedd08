// The key sets of the known sources, renamed to the authors'.
#include "weights/keys.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "models/records.h"
#include "tests/weights/checksum.h"
#include "tests/weights/tiny.h"
#include "weights/mismatch.h"

namespace hardnet::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> keys_of(const std::vector<Parameter> &parameters) {
    std::vector<std::string> keys;
    for (const Parameter &parameter : parameters) keys.push_back(parameter.key);
    return keys;
}

// The seeded checkpoint under the keys of another source.
Checkpoint renamed(const Network &network, KeySet keys, const std::string &prefix = "") {
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    const std::vector<Parameter> ours = parameters_of(network, KeySet::kAuthors);
    const std::vector<Parameter> theirs = parameters_of(network, keys);
    std::map<std::string, FloatTensor> tensors;
    for (size_t i = 0; i < ours.size(); i++)
        tensors[prefix + theirs[i].key] = checkpoint.tensors.at(ours[i].key);
    checkpoint.tensors = std::move(tensors);
    return checkpoint;
}

void expect_same_tensors(const Checkpoint &found, const Checkpoint &expected) {
    ASSERT_EQ(found.tensors.size(), expected.tensors.size());
    for (const auto &[key, tensor] : expected.tensors) {
        ASSERT_TRUE(found.tensors.count(key)) << key;
        EXPECT_EQ(found.tensors.at(key).values, tensor.values) << key;
    }
}

TEST(Keys, CountTheAuthorsEntries) {
    // The authors' state_dicts without the num_batches_tracked: 4 per norm, 1 per convolution, 2 for the
    // classifier.
    const std::vector<std::pair<std::string, size_t>> counts{
        {"hardnet39ds", 372}, {"hardnet68ds", 657}, {"hardnet68", 337}, {"hardnet85", 422}};
    for (const auto &[name, count] : counts) {
        const auto record = find_record(name);
        EXPECT_EQ(parameters_of(*build_network(*record, record->input), KeySet::kAuthors).size(), count)
            << name;
    }
}

// tests/golden/keys.json, from the oracle's modules.
TEST(Keys, NamesAndShapesOfEveryNetworkAreTheOracles) {
    std::ifstream file(HARDNET_GOLDEN_FOLDER "/keys.json");
    ASSERT_TRUE(file);
    const auto golden = nlohmann::json::parse(file);
    EXPECT_EQ(golden.size(), builtin_records().size());
    for (const ModelRecord &record : builtin_records()) {
        SCOPED_TRACE(record.name);
        std::vector<std::string> lines;
        for (const Parameter &p : parameters_of(*build_network(record, record.input), KeySet::kAuthors)) {
            std::string line = p.key;
            for (size_t i = 0; i < p.shape.size(); i++)
                line += (i == 0 ? " " : "x") + std::to_string(p.shape[i]);
            lines.push_back(line + "\n");
        }
        std::sort(lines.begin(), lines.end());
        std::string text;
        for (const std::string &line : lines) text += line;
        ASSERT_TRUE(golden.contains(record.name));
        EXPECT_EQ(lines.size(), golden[record.name]["tensors"].get<size_t>());
        EXPECT_EQ(crc32(text), golden[record.name]["crc32"].get<uint32_t>());
    }
}

TEST(Keys, PytorchcvNamesOfHardnet68) {
    const auto record = find_record("hardnet68");
    const auto keys = keys_of(parameters_of(*build_network(*record, record->input), KeySet::kPytorchcv));
    for (const char *key :
         {"features.init_block.conv1.conv.weight", "features.init_block.conv2.bn.running_var",
          "features.stage1.unit1.blocks.block1.conv.weight", "features.stage1.unit1.conv.bn.weight",
          "features.stage2.unit1.blocks.block16.bn.bias", "features.stage2.unit2.conv.conv.weight",
          "features.stage3.unit1.blocks.block16.conv.weight", "features.stage4.unit1.conv.conv.weight",
          "output.fc.weight", "output.fc.bias"}) {
        EXPECT_THAT(keys, Contains(key));
    }
    EXPECT_EQ(keys.size(), 337u);
}

TEST(Keys, PytorchcvNamesOfADepthwiseNetwork) {
    const auto record = find_record("hardnet39ds");
    const auto keys = keys_of(parameters_of(*build_network(*record, record->input), KeySet::kPytorchcv));
    for (const char *key :
         {"features.init_block.downsample.conv.weight",
          "features.stage1.unit1.blocks.block4.pw_conv.conv.weight",
          "features.stage1.unit1.blocks.block4.dw_conv.bn.bias",
          "features.stage1.unit1.downsample.conv.weight", "features.stage3.unit1.downsample.bn.running_mean",
          "features.stage4.unit1.conv.conv.weight"}) {
        EXPECT_THAT(keys, Contains(key));
    }
    EXPECT_EQ(keys.size(), 372u);
}

TEST(Keys, RenamesPytorchcvsWithANote) {
    for (bool depthwise : {false, true}) {
        const Network network = tiny_network(depthwise);
        const auto found = with_author_keys(network, renamed(network, KeySet::kPytorchcv));
        ASSERT_TRUE(found) << found.error().what;
        expect_same_tensors(*found, seeded_checkpoint(network, 1));
        EXPECT_THAT(found->notes, Contains(HasSubstr("pytorchcv")));
        EXPECT_EQ(found->notes.size(), 1u);
    }
}

TEST(Keys, StripsDataParallelsPrefix) {
    const Network network = tiny_network();
    for (KeySet keys : {KeySet::kAuthors, KeySet::kPytorchcv}) {
        const auto found = with_author_keys(network, renamed(network, keys, "module."));
        ASSERT_TRUE(found) << found.error().what;
        expect_same_tensors(*found, seeded_checkpoint(network, 1));
        EXPECT_THAT(found->notes[0], HasSubstr("'module.'"));
    }
}

TEST(Keys, LeavesTheAuthorsAlone) {
    const Network network = tiny_network();
    const auto found = with_author_keys(network, seeded_checkpoint(network, 1));
    ASSERT_TRUE(found);
    expect_same_tensors(*found, seeded_checkpoint(network, 1));
    EXPECT_THAT(found->notes, ElementsAre());
    EXPECT_FALSE(found->folded);
}

TEST(Keys, ANetworkWithoutNormsIsNotTakenForFolded) {
    ModelRecord record = *find_record("ssd512_vgg16");  // has "base.0.weight" and no ".norm."
    const Network network = *build_network(record, record.input);
    Checkpoint checkpoint;
    for (const Parameter &p : parameters_of(network, KeySet::kAuthors))
        checkpoint.tensors[p.key].shape = p.shape;
    const auto found = with_author_keys(network, checkpoint);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_FALSE(found->folded);
    EXPECT_THAT(found->notes, ElementsAre());
}

TEST(Keys, ClassCountUnderEveryKeySet) {
    const Network network = tiny_network();
    for (KeySet keys : {KeySet::kAuthors, KeySet::kPytorchcv}) {
        EXPECT_EQ(classes_in(tiny_record(false), renamed(network, keys, "module."))->classes, 5);
    }
    Checkpoint folded;
    folded.tensors["base.14.3.weight"] = {{7, 2}, std::vector<float>(14)};
    EXPECT_EQ(classes_in(tiny_record(false), folded)->classes, 7);
    folded.tensors["other.weight"] = {{7, 2}, std::vector<float>(14)};
    EXPECT_THAT(classes_in(tiny_record(false), folded).error().what, HasSubstr("expected one matrix"));
    EXPECT_THAT(classes_in(tiny_record(false), Checkpoint{}).error().what, HasSubstr("found 0"));
}

TEST(Keys, ClassCountOfEveryArchitecture) {
    for (const ModelRecord &stated : builtin_records()) {
        for (KeySet keys : {KeySet::kAuthors, KeySet::kFolded}) {
            ModelRecord record = stated;
            set_classes(record, 7);
            Checkpoint checkpoint;
            for (const Parameter &p : parameters_of(*build_network(record, record.input), keys))
                checkpoint.tensors[p.key].shape = p.shape;
            const auto found = classes_in(stated, checkpoint);
            ASSERT_TRUE(found) << stated.name << ": " << found.error().what;
            EXPECT_EQ(found->classes, 7) << stated.name << " by " << found->tensor;
            set_classes(record, 4);  // as many as a box has numbers
            EXPECT_EQ(classes_in(record, checkpoint)->classes, 7) << stated.name;
        }
    }
}

}  // namespace
}  // namespace hardnet::testing
