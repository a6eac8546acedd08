// Detection: the 80 classes of COCO and, for SSD, the background.
#include "models/builtin_records.h"
#include "models/class_names.h"

namespace hardnet {
namespace {

constexpr float kByte = 255;

ModelRecord ssd512(ModelRecord record, const char *name, const char *architecture) {
    record.name = name;
    record.architecture = architecture;
    record.activation = Activation::kRelu;
    record.dropout_behind_last_block = false;
    record.classes = 81;
    record.class_names = coco_classes_and_background();
    record.input = {512, 512};
    if (!record.blocks.empty()) record.blocks.pop_back();
    record.preprocessing.resize_short = 0;
    record.preprocessing.bgr = true;
    record.preprocessing.mean = {104 / kByte, 117 / kByte, 123 / kByte};
    record.preprocessing.deviation = {1 / kByte, 1 / kByte, 1 / kByte};
    return record;
}

ModelRecord ssd512_hardnet68() {
    ModelRecord record = ssd512(hardnet68(), "ssd512_hardnet68", "ssd_hardnet");
    record.blocks.back().downsample = false;
    return record;
}

ModelRecord ssd512_hardnet85() {
    ModelRecord record = ssd512(hardnet85(), "ssd512_hardnet85", "ssd_hardnet");
    record.blocks.back().downsample = false;
    record.bridge = 960;
    return record;
}

ModelRecord centernet_hardnet85() {
    ModelRecord record = ssd512_hardnet85();
    record.name = "centernet_hardnet85";
    record.architecture = "centernet_hardnet";
    record.bridge = 0;
    record.classes = 80;
    record.class_names = coco_classes();
    record.preprocessing.mean = {0.40789654f, 0.44719302f, 0.47026115f};
    record.preprocessing.deviation = {0.28863828f, 0.27408164f, 0.27809835f};
    return record;
}

}  // namespace

std::vector<ModelRecord> detection_records() {
    return {ssd512_hardnet68(), ssd512_hardnet85(), ssd512(ModelRecord(), "ssd512_vgg16", "ssd_vgg16"),
            centernet_hardnet85()};
}

}  // namespace hardnet
