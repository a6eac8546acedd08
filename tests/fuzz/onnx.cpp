// ONNX models: what is read lies within the file, tensors have as many values as their dimensions say, and what becomes of
// a model is a network that holds, with the weights that it needs.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "graph/check_network.h"
#include "onnx/import.h"
#include "onnx/read_model.h"
#include "onnx/tensor_data.h"
#include "tests/fuzz/fuzz.h"

namespace hardnet {
namespace {

void check_tensor(const OnnxModel &model, const OnnxTensor &tensor, ByteView file) {
    require(tensor.dims.size() <= kOnnxMostRank && tensor.elements() >= 0);
    if (tensor.external) return;  // no file of the disk is opened here
    if (!tensor.bytes.empty())
        require(tensor.bytes.begin() >= file.begin() && tensor.bytes.end() <= file.end());
    const size_t elements = size_t(tensor.elements());
    if (const auto floats = float_values(model, tensor, "")) require(floats->size() == elements);
    if (const auto integers = integer_values(model, tensor, "")) require(integers->size() == elements);
}

// That small files reach: numbers of things, and elements of weights.
OnnxLimits few_things() {
    OnnxLimits few;
    few.nodes = few.tensors = few.layers = 6;
    few.names = few.reads = 16;
    few.numbers = 48;
    few.convolutions = 1;
    return few;
}

OnnxLimits few_elements() {
    OnnxLimits few;
    few.weights = few.tables = 48;
    return few;
}

// A size where the model leaves height or width open.
std::optional<InputSize> size_of(const OnnxModel &model) {
    for (const OnnxValueInfo &input : model.graph.inputs)
        for (size_t axis = 2; axis < input.dims.size(); axis++)
            if (!input.dims[axis].value) return InputSize{4, 4};
    return std::nullopt;
}

void check_import(const OnnxModel &model, const std::optional<InputSize> &size,
                  const std::vector<std::string> &cuts, const OnnxLimits &limits = {}) {
    OnnxOptions options;
    options.input = size;
    options.cuts = cuts;
    options.limits = limits;
    const Result<OnnxNetwork> imported = import_onnx(model, options);
    if (!imported) return require_error(imported.error());
    const Network &network = imported->network;
    require(bool(check_network(network)) && imported->weights.layers.size() == network.layers.size());
    for (size_t i = 0; i < network.layers.size(); i++) {
        const std::vector<FoldedTensor> wanted = folded_tensors(network.layers[i]);
        const std::vector<const FloatTensor *> found = imported->weights.layers[i].tensors(network.layers[i]);
        require(wanted.size() == found.size());
        for (size_t t = 0; t < wanted.size(); t++) {
            int64_t elements = 1;
            for (int64_t extent : wanted[t].shape) elements *= extent;
            require(found[t]->shape == wanted[t].shape && int64_t(found[t]->values.size()) == elements);
        }
    }
}

}  // namespace
}  // namespace hardnet

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    const ByteView file(data, size);
    if (const Result<OnnxModel> small = decode_onnx(file, "x", few_things()); !small)
        require_error(small.error());
    const Result<OnnxModel> model = decode_onnx(file, "x");
    if (!model) return require_error(model.error()), 0;
    require(model->ir_version >= kOnnxOldestIr && model->ir_version <= kOnnxNewestIr);
    require(model->opset >= kOnnxOldestOpset && model->opset <= kOnnxNewestOpset);
    for (const OnnxTensor &tensor : model->graph.initializers) check_tensor(*model, tensor, file);
    for (const OnnxNode &node : model->graph.nodes)
        for (const OnnxAttribute &attribute : node.attributes) check_tensor(*model, attribute.tensor, file);
    const auto is_external = [](const OnnxTensor &tensor) { return tensor.external.has_value(); };
    const std::vector<OnnxTensor> &tensors = model->graph.initializers;
    if (std::any_of(tensors.begin(), tensors.end(), is_external)) return 0;
    const std::optional<InputSize> open = size_of(*model);
    check_import(*model, open, {});
    // One of what a caller may ask for beside: a size, or none, against the model; tensors in its place, some of names that
    // it does not have; other limits.
    std::vector<std::string> cuts;  // a tensor in the middle, and the last
    const std::vector<OnnxNode> &nodes = model->graph.nodes;
    for (size_t i : {nodes.size() / 2, nodes.size() - 1})
        if (i < nodes.size() && !nodes[i].outputs.empty()) cuts.push_back(nodes[i].outputs[0]);
    const std::string last = cuts.empty() ? "" : cuts.back();
    switch (size % 6) {
        case 0:
            return check_import(*model, open ? std::nullopt : std::optional(InputSize{4, 5}), {}), 0;
        case 1:
            return check_import(*model, open, {}, few_things()), 0;
        case 2:
            return check_import(*model, open, {}, few_elements()), 0;
        case 3:
            return check_import(*model, open, {last + "0"}), 0;
        case 4:
            return check_import(*model, open, std::vector<std::string>(65, last)), 0;
        default:
            return check_import(*model, open, cuts), 0;
    }
}
