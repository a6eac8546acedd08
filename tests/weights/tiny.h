// Networks of a few layers that have every kind of parameter.
#pragma once
#include "models/records.h"
#include "weights/weights.h"

namespace hardnet::testing {

inline ModelRecord tiny_record(bool depthwise) {
    ModelRecord record;
    record.name = depthwise ? "tiny_ds" : "tiny";
    record.stem = {4, 6};
    record.stem_kernel = depthwise ? 1 : 3;
    record.depthwise = depthwise;
    record.blocks = {{4, 4, 8, false}, {4, 2, 10, true}, {4, 2, 12, false}};
    record.classes = 5;
    record.input = {32, 32};
    return record;
}

inline Network tiny_network(bool depthwise = false) {
    const ModelRecord record = tiny_record(depthwise);
    return *build_network(record, record.input);
}

}  // namespace hardnet::testing
