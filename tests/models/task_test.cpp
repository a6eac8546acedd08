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

TEST(ClassNames, AreOnePerClassAndDistinct) {
    const std::vector<std::string> coco = coco_classes(), background = coco_classes_and_background();
    EXPECT_EQ(cityscapes_classes().size(), 19u);
    EXPECT_EQ(coco.size(), 80u);
    EXPECT_EQ(background.size(), 81u);
    for (const auto &names : {cityscapes_classes(), coco, background})
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

}  // namespace
}  // namespace hardnet
