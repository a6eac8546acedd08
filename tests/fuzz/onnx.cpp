// ONNX models: what is read lies within the file, and tensors have as many values as their dimensions say.
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

}  // namespace
}  // namespace hardnet

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    const ByteView file(data, size);
    const Result<OnnxModel> model = decode_onnx(file, "x");
    if (!model) return require_error(model.error()), 0;
    require(model->ir_version >= kOnnxOldestIr && model->ir_version <= kOnnxNewestIr);
    require(model->opset >= kOnnxOldestOpset && model->opset <= kOnnxNewestOpset);
    for (const OnnxTensor &tensor : model->graph.initializers) check_tensor(*model, tensor, file);
    for (const OnnxNode &node : model->graph.nodes)
        for (const OnnxAttribute &attribute : node.attributes) check_tensor(*model, attribute.tensor, file);
    return 0;
}
