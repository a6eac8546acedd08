// Classifiers: the authors' released ImageNet models, those of the paper's table 1, and the networks that the paper
// compares with.
#include "models/architectures.h"
#include "models/builtin_records.h"
#include "models/class_names.h"

namespace hardnet {

ModelRecord hardnet68() {
    ModelRecord record;
    record.name = "hardnet68";
    record.stem = {32, 64};
    record.blocks = {
        {14, 8, 128, true},  {16, 16, 256, false},  {20, 16, 320, true},
        {40, 16, 640, true}, {160, 4, 1024, false},
    };
    return record;
}

ModelRecord hardnet85() {
    ModelRecord record;
    record.name = "hardnet85";
    record.stem = {48, 96};
    record.dropout_behind_last_block = true;
    record.blocks = {
        {24, 8, 192, true},   {24, 16, 256, false}, {28, 16, 320, true},
        {36, 16, 480, false}, {48, 16, 720, true},  {256, 4, 1280, false},
    };
    return record;
}

namespace {

ModelRecord hardnet68ds() {
    ModelRecord record = hardnet68();
    record.name = "hardnet68ds";
    record.stem_kernel = 1;
    record.depthwise = true;
    return record;
}

ModelRecord hardnet39ds() {
    ModelRecord record;
    record.name = "hardnet39ds";
    record.stem = {24, 48};
    record.stem_kernel = 1;
    record.multiplier = 1.6;
    record.depthwise = true;
    record.blocks = {
        {16, 4, 96, true},
        {20, 16, 320, true},
        {64, 8, 640, true},
        {160, 4, 1024, false},
    };
    return record;
}

// The blocks of a stage have the same stride; behind the last of each but the last stage it doubles.
ModelRecord hardnet_s(const char *name, int growth_rate, const std::vector<std::vector<int>> &stages) {
    ModelRecord record;
    record.name = name;
    record.architecture = "hardnet_s";
    record.stem = {64};
    record.multiplier = 1.6;
    record.activation = Activation::kRelu;
    for (const std::vector<int> &depths : stages) {
        for (int depth : depths) record.blocks.push_back({growth_rate, depth, 0, false});
        record.blocks.back().downsample = true;
    }
    record.blocks.back().downsample = false;
    return record;
}

ModelRecord rival(const char *name) {
    ModelRecord record;
    record.name = record.architecture = name;
    record.activation = Activation::kRelu;
    return record;
}

std::vector<ModelRecord> trained_on_imagenet(std::vector<ModelRecord> records) {
    for (ModelRecord &record : records) record.class_names = imagenet_classes();
    return records;
}

}  // namespace

std::vector<ModelRecord> hardnet_records() {
    return trained_on_imagenet({
        hardnet39ds(),
        hardnet68ds(),
        hardnet68(),
        hardnet85(),
        hardnet_s("hardnet96s", 20, {{8}, {16}, {16, 16}, {16}}),
        hardnet_s("hardnet117s", 26, {{8}, {16}, {16, 16, 16}, {16}}),
        hardnet_s("hardnet138s", 30, {{8}, {16}, {16, 16, 16}, {16, 16}}),
    });
}

std::vector<ModelRecord> rival_records() {
    std::vector<ModelRecord> records;
    for (const Architecture &architecture : rival_architectures())
        records.push_back(rival(architecture.name));
    return trained_on_imagenet(std::move(records));
}

}  // namespace hardnet
