// A MODEL that is an ONNX file, as the verbs that take one read it.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "onnx/import.h"

namespace hardnet {

bool is_onnx_path(const std::string &model);  // by its ending

// What is told beside the file; a verb that takes ONNX files has these flags.
struct OnnxFlags {
    std::string external_data;  // the file of all tensors that lie beside it; empty: the one that it names
    std::vector<std::string> cuts;  // tensors that are the outputs; none: the file's own
};
void add_onnx_flags(CLI::App &verb, OnnxFlags &flags);
// A usage error that names the first flag that was given, since `model` is no ONNX file.
Status expect_no_onnx_flags(const std::string &verb, const std::string &model, const OnnxFlags &flags);

// What ONNX files do not say, and a package does; of `compile`.
struct OnnxMeaning {
    std::string task = "tensor", preprocessing, class_names, priors;
    bool stated = false;  // one of the flags was given
};
void add_onnx_meaning(CLI::App &verb, OnnxMeaning &meaning);
// The network's task, classes and preprocessing, by these; returns its class names, or none.
Result<std::vector<std::string>> take_meaning(const OnnxMeaning &meaning, Network &network);

// Of detect-ssd: a row per box of the network; nothing for other tasks.
Result<FloatTensor> read_priors(const OnnxMeaning &meaning, const Network &network);

// `input`: HEIGHTxWIDTH where the file leaves them open; empty: as the file has them.
Result<OnnxNetwork> open_onnx_model(const std::string &path, const std::string &input,
                                    const OnnxFlags &flags);

}  // namespace hardnet
