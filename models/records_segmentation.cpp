// Segmentation: 19 classes of Cityscapes, 11 of CamVid.
#include "models/builtin_records.h"
#include "models/class_names.h"

namespace hardnet {
namespace {

ModelRecord segmentation(const char *name, const char *architecture, int classes, InputSize input) {
    ModelRecord record;
    record.name = name;
    record.architecture = architecture;
    record.activation = Activation::kRelu;
    record.classes = classes;
    record.input = input;
    record.preprocessing.resize_short = 0;
    return record;
}

ModelRecord fchardnet70() {
    ModelRecord record = segmentation("fchardnet70", "fchardnet", 19, {1024, 2048});
    record.stem = {16, 24, 32, 48};
    record.blocks = {
        {10, 4, 64, true}, {16, 4, 96, true}, {18, 8, 160, true}, {24, 8, 224, true}, {32, 8, 320, false},
    };
    record.class_names = cityscapes_classes();
    record.preprocessing.bgr = true;
    record.preprocessing.mean = {0.406f, 0.456f, 0.485f};
    record.preprocessing.deviation = {0.225f, 0.224f, 0.229f};
    return record;
}

ModelRecord camvid(const char *name) { return segmentation(name, name, 11, {352, 480}); }

// The last block is the bottleneck.
ModelRecord fchardnet_camvid(const char *name, int stem, double multiplier,
                             const std::vector<std::pair<int, int>> &growth_rates_and_layers) {
    ModelRecord record = camvid(name);
    record.architecture = "fchardnet_camvid";
    record.stem = {stem};
    record.multiplier = multiplier;
    for (const auto &[growth_rate, layers] : growth_rates_and_layers)
        record.blocks.push_back({growth_rate, layers, 0, true});
    record.blocks.back().downsample = false;
    return record;
}

}  // namespace

std::vector<ModelRecord> segmentation_records() {
    return {
        fchardnet70(),
        fchardnet_camvid("fchardnet68", 8, 1.7, {{4, 4}, {6, 4}, {8, 4}, {8, 4}, {10, 8}, {10, 8}}),
        fchardnet_camvid("fchardnet76", 24, 1.7, {{8, 4}, {10, 4}, {12, 4}, {12, 8}, {12, 8}, {14, 8}}),
        fchardnet_camvid("fchardnet84", 32, 1.7, {{10, 4}, {12, 4}, {14, 8}, {16, 8}, {20, 8}, {22, 8}}),
        fchardnet_camvid("fchardnet_ref100", 48, 1.54,
                         {{10, 8}, {10, 8}, {10, 8}, {10, 8}, {10, 8}, {10, 8}}),
        camvid("fcdensenet56"),
        camvid("fcdensenet67"),
        camvid("fcdensenet103"),
    };
}

}  // namespace hardnet
