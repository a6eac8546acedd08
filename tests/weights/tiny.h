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

// With norms in front of convolutions and, "fchardnet_camvid", transposed ones, or, "hardnet_s", a norm in front of the
// global pool.
inline ModelRecord tiny_front_record(const std::string &architecture) {
    ModelRecord record;
    record.name = "tiny_front";
    record.architecture = architecture;
    record.activation = Activation::kRelu;
    record.stem = {4};
    record.blocks = {{4, 4, 0, true}, {4, 2, 0, false}};
    record.classes = 5;
    record.input = {32, 32};
    return record;
}

inline Network tiny_front_network(const std::string &architecture) {
    const ModelRecord record = tiny_front_record(architecture);
    return *build_network(record, record.input);
}

inline Network tiny_network(bool depthwise = false) {
    const ModelRecord record = tiny_record(depthwise);
    return *build_network(record, record.input);
}

}  // namespace hardnet::testing
