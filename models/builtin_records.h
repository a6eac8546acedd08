// The records that the program has, by task.
#pragma once
#include <vector>

#include "models/records.h"

namespace hardnet {

std::vector<ModelRecord> hardnet_records();       // classifiers
std::vector<ModelRecord> segmentation_records();  // the paper's rivals among them
std::vector<ModelRecord> detection_records();     // SSD-VGG among them
std::vector<ModelRecord> rival_records();         // the classifiers that the paper compares with

// Backbones of the detectors.
ModelRecord hardnet68();
ModelRecord hardnet85();

}  // namespace hardnet
