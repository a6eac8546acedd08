// What a network is for, told by what it returns.
#pragma once
#include "graph/network.h"

namespace hardnet {

enum class Task {
    kClassification,  // one output [classes]
    kSegmentation,    // one output [classes, height, width]
    kSsd,             // "loc" [boxes, 4] and "conf" [boxes, classes]
    kCenterNet,       // "hm" [classes, height, width] and "wh" [4, height, width]
};

Result<Task> task_of(const Network &network);

const char *name_of(Task task);  // "classification", "segmentation", "detection"

}  // namespace hardnet
