// What networks are for, as their outputs tell, and what their classes are called.
#include "graph/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "models/class_names.h"
#include "tests/models/networks.h"

namespace hardnet {
namespace {

TEST(Task, OfTheBuiltinNetworks) {
    const std::map<std::string, Task> by_start = {
        {"fc", Task::kSegmentation}, {"ssd512_", Task::kSsd}, {"centernet_", Task::kCenterNet}};
    for (const ModelRecord &record : builtin_records()) {
        const Result<Task> task = task_of(testing::network(record.name, record.input));
        ASSERT_TRUE(task) << task.error().what;
        Task expected = Task::kClassification;
        for (const auto &[start, other] : by_start)
            if (record.name.rfind(start, 0) == 0) expected = other;
        EXPECT_EQ(*task, expected) << record.name;
    }
}

TEST(Task, OfOtherOutputsIsAnError) {
    Network network = testing::network("centernet_hardnet85", {64, 64});
    EXPECT_TRUE(task_of(network));
    network.outputs[1].name = "size";
    const Result<Task> renamed = task_of(network);
    ASSERT_FALSE(renamed);
    EXPECT_EQ(
        renamed.error().what,
        "centernet_hardnet85: expected outputs of a classifier, of segmentation, loc and conf, or hm and "
        "wh, found hm [80, 16, 16] and size [4, 16, 16]");
    network.outputs = {network.outputs[0], network.outputs[0]};
    network.outputs[1].name = "wh";  // of 80 channels
    EXPECT_FALSE(task_of(network));
    network.outputs.clear();
    EXPECT_FALSE(task_of(network));
}

// Outputs of any names, of a network that has some convolutions.
Network stated(const std::vector<std::pair<std::string, Shape>> &outputs) {
    Network network;
    network.name = "n";
    network.input = {3, 16, 32};
    for (const auto &[name, shape] : outputs) {
        Layer layer;
        layer.name = name;
        layer.out = shape;
        network.outputs.push_back({name, {int(network.layers.size())}});
        network.layers.push_back(layer);
    }
    return network;
}

TEST(Task, IsStatedWhereTheShapesFit) {
    Network map = stated({{"y", {5, 16, 32}}});
    ASSERT_TRUE(set_task(map, Task::kSegmentation));
    EXPECT_EQ(*task_of(map), Task::kSegmentation);
    EXPECT_EQ(map.classes, 5);
    EXPECT_EQ(set_task(map, Task::kClassification).error().what,
              "n: task classify: expected one output [classes], found y [5, 16, 32]");
    ASSERT_TRUE(set_task(map, Task::kTensor));
    EXPECT_EQ(*task_of(map), Task::kTensor);

    for (const bool softmax : {false, true}) {
        Network shares = stated({{"y", {5, 16, 32}}});
        if (softmax)
            shares.layers[0].op = OpKind::kSoftmax;
        else
            shares.layers[0].activation = Activation::kSigmoid;
        EXPECT_EQ(
            set_task(shares, Task::kSegmentation).error().what,
            "n: task segment: expected logits, found probabilities in y (cut the network in front of their "
            "Softmax or Sigmoid)");
        EXPECT_TRUE(set_task(shares, Task::kTensor));
    }

    Network pooled = stated({{"y", {7, 1, 1}}});
    ASSERT_TRUE(set_task(pooled, Task::kClassification));
    EXPECT_EQ(pooled.classes, 7);

    for (const bool boxes_first : {false, true}) {
        Network centers = boxes_first ? stated({{"a", {4, 4, 8}}, {"b", {2, 4, 8}}})
                                      : stated({{"b", {2, 4, 8}}, {"a", {4, 4, 8}}});
        ASSERT_TRUE(set_task(centers, Task::kCenterNet));
        EXPECT_EQ(centers.classes, 2);
        EXPECT_EQ(boxes_output(centers, Task::kCenterNet), boxes_first ? 0u : 1u);
        Network boxes = centers;
        for (Output &output : boxes.outputs) output.row = output.name == "a" ? 4 : 2;
        ASSERT_TRUE(set_task(boxes, Task::kSsd));
        EXPECT_EQ(boxes.classes, 2);
        EXPECT_EQ(boxes_output(boxes, Task::kSsd), boxes_first ? 0u : 1u);
    }
    Network four = stated({{"hm", {4, 4, 8}}, {"wh", {4, 4, 8}}});
    EXPECT_EQ(boxes_output(four, Task::kCenterNet), 1u) << "as the authors have them";
    Network large = stated({{"hm", {2, 8, 16}}, {"wh", {4, 8, 16}}});
    EXPECT_EQ(set_task(large, Task::kCenterNet).error().what,
              "n: task detect-centernet: expected two outputs [classes, 4, 8] and [4, 4, 8], found hm [2, 8, "
              "16] and wh "
              "[4, 8, 16]");
    for (const std::string &word : task_words()) EXPECT_EQ(word_of(*task_from_word(word)), word);
    EXPECT_FALSE(task_from_word("detection"));
}

TEST(ClassNames, AreOnePerClassAndDistinct) {
    const std::vector<std::string> coco = coco_classes(), background = coco_classes_and_background();
    EXPECT_EQ(cityscapes_classes().size(), 19u);
    EXPECT_EQ(coco.size(), 80u);
    EXPECT_EQ(background.size(), 81u);
    for (const auto &names : {cityscapes_classes(), coco, background, imagenet_classes()})
        EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    EXPECT_EQ(cityscapes_classes()[13], "car");
    EXPECT_EQ(coco[0], "person");
    EXPECT_EQ(coco[39], "bottle");
    EXPECT_EQ(coco[79], "toothbrush");
    EXPECT_EQ(background[0], "background");
    EXPECT_EQ(background[1], "person");
    EXPECT_EQ(testing::record("fchardnet70").class_names, cityscapes_classes());
    EXPECT_EQ(testing::record("ssd512_vgg16").class_names, background);
    EXPECT_EQ(testing::record("ssd512_hardnet85").class_names, background);
    EXPECT_EQ(testing::record("centernet_hardnet85").class_names, coco);
    EXPECT_THAT(testing::record("fcdensenet103").class_names, ::testing::IsEmpty());
    ModelRecord record = testing::record("fchardnet70");
    set_classes(record, 19);
    EXPECT_EQ(record.class_names.size(), 19u);
    set_classes(record, 11);
    EXPECT_THAT(record.class_names, ::testing::IsEmpty());
    EXPECT_EQ(record.classes, 11);
}

TEST(ClassNames, OfImageNetComeWithItsClassifiers) {
    const std::vector<std::string> names = imagenet_classes();
    ASSERT_EQ(names.size(), 1000u);
    EXPECT_EQ(names[0], "tench");
    EXPECT_EQ(names[281], "tabby");
    EXPECT_EQ(names[999], "toilet tissue");
    for (const ModelRecord &record : builtin_records())
        EXPECT_EQ(record.class_names == names, record.classes == 1000) << record.name;
    ModelRecord record = testing::record("hardnet68");
    set_classes(record, 10);
    EXPECT_THAT(record.class_names, ::testing::IsEmpty());
    const auto own = record_from_json(
        R"({"name": "own", "stem": [32, 64], "blocks": [{"growth_rate": 14, "layers": 8, "transition": 128}]})",
        "own.json");
    ASSERT_TRUE(own) << own.error().what;
    EXPECT_EQ(own->classes, 1000);
    EXPECT_THAT(own->class_names, ::testing::IsEmpty());
}

}  // namespace
}  // namespace hardnet
