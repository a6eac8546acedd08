// The values of a model's tensors, wherever they lie.
#pragma once
#include <vector>

#include "base/result.h"
#include "onnx/model.h"

namespace hardnet {

// `external_file` stands for the file that a tensor of external data names; empty: the named one.
Result<std::vector<float>> float_values(const OnnxModel &model, const OnnxTensor &tensor,
                                        const std::string &external_file);  // float32, or float64 rounded
Result<std::vector<int64_t>> integer_values(const OnnxModel &model, const OnnxTensor &tensor,
                                            const std::string &external_file);  // int32, int64, bool

}  // namespace hardnet
