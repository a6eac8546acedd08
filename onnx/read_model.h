// An ONNX file to onnx/model.h's structs. The file is hostile: every count, length and number is held to bounds, and what a
// network's graph cannot be (functions, sparse tensors, training) is refused by name, and what its nodes cannot be (subgraphs,
// another domain's operators) is told of each. Of tensors only their
// places are read: onnx/tensor_data.h gives the values.
//
//     auto model = read_onnx("hardnet68.onnx");
//     auto weight = float_values(*model, model->graph.initializers[0], "");
#pragma once
#include "base/result.h"
#include "onnx/model.h"

namespace hardnet {

constexpr int64_t kOnnxOldestIr = 4, kOnnxNewestIr = 11;
constexpr int64_t kOnnxOldestOpset = 9, kOnnxNewestOpset = 22;

// The file is read into memory once, never mapped: one that changes meanwhile is an error, not a signal.
Result<OnnxModel> read_onnx(const std::string &path);

// The same of a file in memory, which the model then points into; `path` is for errors and external data.
Result<OnnxModel> decode_onnx(ByteView file, const std::string &path, const OnnxLimits &limits = {});

}  // namespace hardnet
