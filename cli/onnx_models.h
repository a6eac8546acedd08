// A MODEL that is an ONNX file, as the verbs that take one read it.
#pragma once
#include <string>

#include "base/result.h"
#include "onnx/import.h"

namespace hardnet {

bool is_onnx_path(const std::string &model);  // by its ending

// `input`: HEIGHTxWIDTH where the file leaves them open; empty: as the file has them. `external_file`: of all tensors that lie
// beside the file; empty: the one that it names.
Result<OnnxNetwork> open_onnx_model(const std::string &path, const std::string &input,
                                    const std::string &external_file);

}  // namespace hardnet
