// Tensors and values' types, as messages.
#pragma once
#include "onnx/message.h"
#include "onnx/model.h"

namespace hardnet {

bool read_onnx_tensor(MessageReader &reader, ByteView message, OnnxTensor &tensor);
bool read_onnx_value_info(MessageReader &reader, ByteView message, OnnxValueInfo &info);

}  // namespace hardnet
