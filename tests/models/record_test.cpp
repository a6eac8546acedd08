// Records: found by name, written as JSON and read back the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "tests/models/networks.h"

namespace hardnet {
namespace {

using ::testing::ElementsAre;

TEST(Records, BuiltinNames) {
    std::vector<std::string> names;
    for (const ModelRecord &record : builtin_records()) names.push_back(record.name);
    EXPECT_THAT(names, ElementsAre("hardnet39ds", "hardnet68ds", "hardnet68", "hardnet85", "hardnet96s",
                                   "hardnet117s", "hardnet138s", "fchardnet70", "fchardnet68", "fchardnet76",
                                   "fchardnet84", "fchardnet_ref100", "fcdensenet56", "fcdensenet67",
                                   "fcdensenet103", "ssd512_hardnet68", "ssd512_hardnet85", "ssd512_vgg16",
                                   "centernet_hardnet85", "resnet18", "resnet50", "resnet50_v1", "resnet101",
                                   "resnet101_v1", "resnet152", "resnet152_v1", "mobilenetv2",
                                   "mobilenetv2_14", "densenet121", "densenet201", "densenet264", "vgg16"));
    for (const std::string &name : names) EXPECT_EQ(testing::record(name).name, name);
}

TEST(Records, UnknownNameListsTheNames) {
    const Result<ModelRecord> found = find_record("hardnet86");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ExitCode::kUsage);
    std::string names;
    for (const ModelRecord &record : builtin_records()) names += (names.empty() ? "" : ", ") + record.name;
    EXPECT_EQ(found.error().what,
              "model: expected " + names +
                  " or a record's path ending in .json, found \"hardnet86\", did you mean "
                  "hardnet85?");
}

TEST(Records, JsonReadsBackTheSame) {
    for (ModelRecord record : builtin_records()) {
        record.classes = 2;
        record.class_names = {"a \"quoted\" cat\\", "h\xc3\xa9risson"};
        record.multiplier = 1.0 + 0.1 * 7;  // a double whose shortest form is not 1.7
        record.preprocessing.mean = {0.1f, 1.0f / 3, 0};
        record.input = {321, 45};
        record.activation = Activation::kRelu;
        record.block_activation = Activation::kNone;
        record.sources = 4;
        const std::string text = to_json(record);
        EXPECT_EQ(text.back(), '\n');
        const Result<ModelRecord> read = record_from_json(text, "round.json");
        ASSERT_TRUE(read) << read.error().what;
        EXPECT_EQ(to_json(*read), text);
        EXPECT_EQ(read->name, record.name);
        EXPECT_EQ(read->architecture, record.architecture);
        EXPECT_EQ(read->stem, record.stem);
        EXPECT_EQ(read->bridge, record.bridge);
        EXPECT_EQ(read->sources, 4);
        EXPECT_EQ(read->preprocessing, record.preprocessing);
        EXPECT_EQ(read->dropout_behind_last_block, record.dropout_behind_last_block);
        ASSERT_EQ(read->blocks.size(), record.blocks.size());
        if (!record.blocks.empty()) {
            EXPECT_EQ(read->stem_kernel, record.stem_kernel);
            EXPECT_EQ(read->multiplier, record.multiplier);
            EXPECT_EQ(read->depthwise, record.depthwise);
            EXPECT_EQ(read->blocks[1].transition, record.blocks[1].transition);
            EXPECT_EQ(read->blocks[1].downsample, record.blocks[1].downsample);
        }
        EXPECT_EQ(read->activation, Activation::kRelu);
        EXPECT_EQ(read->block_activation, Activation::kNone);
        EXPECT_TRUE(read->states_activation);
        EXPECT_EQ(read->input.height, 321);
        EXPECT_TRUE(read->preprocessing == record.preprocessing);
        EXPECT_EQ(read->class_names, record.class_names);
    }
}

TEST(Records, MissingKeysDefault) {
    const Result<ModelRecord> read = record_from_json(
        R"({"name": "tiny", "stem": [4, 8], "blocks": [{"growth_rate": 4, "layers": 2, "transition": 16}]})",
        "tiny.json");
    ASSERT_TRUE(read) << read.error().what;
    const ModelRecord defaults;
    EXPECT_EQ(read->classes, 1000);
    EXPECT_EQ(read->multiplier, 1.7);
    EXPECT_EQ(read->activation, Activation::kRelu6);
    EXPECT_FALSE(read->block_activation);
    EXPECT_FALSE(read->states_activation);
    EXPECT_EQ(read->input.height, 224);
    EXPECT_FALSE(read->depthwise);
    EXPECT_FALSE(read->blocks[0].downsample);
    EXPECT_TRUE(read->preprocessing == defaults.preprocessing);
}

TEST(Records, OfOtherInputPlanesHaveUsualPreprocessingAndReadBackTheSame) {
    for (const auto &[planes, mean, deviation] :
         {std::tuple(1, 0.449f, 0.226f), {2, 0.0f, 1.0f}, {4, 0.0f, 1.0f}, {64, 0.0f, 1.0f}}) {
        const Result<ModelRecord> read =
            record_from_json(R"({"name": "tiny", "stem": [4, 8], "input_planes": )" + std::to_string(planes) +
                                 R"(, "blocks": [{"growth_rate": 4, "layers": 2, "transition": 16}]})",
                             "tiny.json");
        ASSERT_TRUE(read) << read.error().what;
        EXPECT_EQ(read->preprocessing.mean, std::vector<float>(size_t(planes), mean));
        EXPECT_EQ(read->preprocessing.deviation, std::vector<float>(size_t(planes), deviation));
        const Result<Network> network = build_network(*read, {33, 40});
        ASSERT_TRUE(network) << network.error().what;
        EXPECT_EQ(network->input, (Shape{planes, 33, 40}));
        EXPECT_EQ(weight_shape(network->layers[0]), (std::vector<int64_t>{4, planes, 3, 3}));
        const Result<ModelRecord> again = record_from_json(to_json(*read), "again.json");
        ASSERT_TRUE(again) << again.error().what;
        EXPECT_EQ(again->input_planes, planes);
        EXPECT_TRUE(again->preprocessing == read->preprocessing);
    }
    EXPECT_EQ(to_json(builtin_records().front()).find("input_planes"), std::string::npos);
}

TEST(Records, TransitionsAreLeftOutWhereTheArchitectureGivesThem) {
    const std::string block = R"({"growth_rate": 4, "layers": 4)";
    const auto text = [&](const std::string &architecture, const std::string &members) {
        return R"({"name": "tiny", "architecture": ")" + architecture + R"(", "stem": [8], "blocks": [)" +
               block + members + "}, " + block + members + "}]}";
    };
    const Result<ModelRecord> read = record_from_json(text("hardnet_s", ""), "tiny.json");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->blocks[0].transition, 0);
    EXPECT_EQ(to_json(*read).find("transition"), std::string::npos);
    EXPECT_TRUE(build_network(*read, {32, 32}));
    EXPECT_TRUE(build_network(*record_from_json(text("fchardnet_camvid", ""), "tiny.json"), {32, 32}));

    const Result<ModelRecord> stated =
        record_from_json(text("hardnet_s", R"(, "transition": 9)"), "tiny.json");
    ASSERT_FALSE(stated);
    EXPECT_EQ(stated.error().what, "tiny.json: blocks/0/transition: expected 0 to 0, found 9");
    ModelRecord missing = testing::record("hardnet68");
    missing.blocks[1].transition = 0;
    EXPECT_EQ(check_record(missing).error().what, "blocks/1/transition: expected 1 to 16384, found 0");
}

TEST(Records, BoxedFilesAreCanonicalAndBuild) {
    for (const char *name : {"digits", "shapes_segmenter", "shapes_detector"}) {
        const std::string path = std::string(HARDNET_RECORDS) + "/" + name + ".json";
        const ModelRecord record = testing::record(path);
        std::ifstream file(path);
        EXPECT_EQ(to_json(record), std::string(std::istreambuf_iterator<char>(file), {}));
        EXPECT_TRUE(build_network(record, record.input)) << name;
    }
}

TEST(Records, DigitsKeepSomeResolution) {
    const ModelRecord record = testing::record(HARDNET_RECORDS "/digits.json");
    EXPECT_EQ(record.name, "hardnet_digits");
    const Result<Network> network = build_network(record, record.input);
    ASSERT_TRUE(network) << network.error().what;
    EXPECT_EQ(network->classes, 10);
    EXPECT_TRUE((network->layers.back().in == Shape{96, 1, 1}));
    for (const Layer &layer : network->layers) {
        if (layer.op != OpKind::kConv) continue;
        EXPECT_GE(layer.out.height, 4) << layer.name;
    }
}

TEST(Records, FewerSourcesOfAnSsdLeaveExtraLayersOut) {
    for (ModelRecord record : {testing::record("ssd512_hardnet68"), testing::record("ssd512_vgg16")}) {
        const Network all = *build_network(record, {512, 512});
        for (record.sources = 2; record.sources <= 7; record.sources++) {
            const Network network = *build_network(record, {512, 512});
            const size_t wanted = size_t(record.sources);
            size_t extras = 0;
            for (const Layer &layer : network.layers) extras += layer.name.rfind("extras.", 0) == 0;
            EXPECT_EQ(extras, 2 * (wanted - 2));
            ASSERT_EQ(network.outputs.size(), 2u);
            for (size_t output = 0; output < 2; output++) {
                ASSERT_EQ(network.outputs[output].layers.size(), wanted);
                for (size_t i = 0; i < wanted; i++)
                    EXPECT_TRUE(network.layers[size_t(network.outputs[output].layers[i])].out ==
                                all.layers[size_t(all.outputs[output].layers[i])].out);
            }
        }
    }
    EXPECT_FALSE(build_network(testing::record("ssd512_hardnet68"), {128, 128}));
    ModelRecord record = testing::record("ssd512_hardnet68");
    record.sources = 2;
    EXPECT_TRUE(build_network(record, {128, 128})) << "no extra layer is left without an extent";
}

TEST(Text, ShownFitsOneLine) {
    EXPECT_EQ(shown("plain"), "\"plain\"");
    EXPECT_EQ(shown(std::string("a\0\n\x1b\xff", 5)), "\"a\\x00\\x0a\\x1b\\xff\"");
    EXPECT_EQ(shown(std::string(81, 'x')), "\"" + std::string(80, 'x') + "...\"");
}

TEST(Text, NearestOnlyForSlips) {
    const std::vector<std::string> names = {"stem", "blocks", "classes"};
    EXPECT_EQ(nearest("stern", names), "stem");
    EXPECT_EQ(nearest("class", names), "classes");
    EXPECT_EQ(nearest("preprocessing", names), "");
    EXPECT_EQ(nearest(std::string(100000, 'x'), names), "");
}

}  // namespace
}  // namespace hardnet
