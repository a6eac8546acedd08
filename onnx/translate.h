// How each operator becomes layers, or numbers: what the table in operators.cpp points to.
#pragma once
#include <functional>

#include "onnx/import_state.h"

namespace hardnet {

// constants.cpp
bool translate_constant(OnnxImport &import, const OnnxNode &node);
bool translate_shape(OnnxImport &import, const OnnxNode &node);
bool translate_arithmetic(OnnxImport &import, const OnnxNode &node);  // of images, too
bool translate_cast(OnnxImport &import, const OnnxNode &node);
bool translate_gather(OnnxImport &import, const OnnxNode &node);
bool translate_unsqueeze(OnnxImport &import, const OnnxNode &node);
bool translate_unchanged(OnnxImport &import, const OnnxNode &node);

// convolutions.cpp
bool translate_conv(OnnxImport &import, const OnnxNode &node);
bool translate_gemm(OnnxImport &import, const OnnxNode &node);  // MatMul, too
bool translate_batch_norm(OnnxImport &import, const OnnxNode &node);

// activations.cpp
bool translate_relu(OnnxImport &import, const OnnxNode &node);
bool translate_clip(OnnxImport &import, const OnnxNode &node);
bool translate_sigmoid(OnnxImport &import, const OnnxNode &node);
bool translate_hard_sigmoid(OnnxImport &import, const OnnxNode &node);
bool translate_hard_swish(OnnxImport &import, const OnnxNode &node);
bool translate_leaky_relu(OnnxImport &import, const OnnxNode &node);
bool translate_prelu(OnnxImport &import, const OnnxNode &node);
bool takes_activation(const Layer &layer);  // whose kernel ends in one, and has none yet

// pools.cpp
bool translate_pool(OnnxImport &import, const OnnxNode &node);
bool translate_global_pool(OnnxImport &import, const OnnxNode &node);  // GlobalMaxPool, too
bool add_global_pool(OnnxImport &import, const OnnxNode &node, OpKind op, bool flat);
// finish(layer) on a layer per part of the node's image.
bool add_for_each(OnnxImport &import, const OnnxNode &node, OpKind op,
                  const std::function<void(Layer &layer)> &finish);

// reductions.cpp
bool translate_reduction(OnnxImport &import, const OnnxNode &node);
bool translate_softmax(OnnxImport &import, const OnnxNode &node);
// Whether these are the axes of height and width; makes them count from the front, in order.
bool are_height_and_width(std::vector<int64_t> &axes);

// resize.cpp
bool translate_resize(OnnxImport &import, const OnnxNode &node);
bool translate_upsample(OnnxImport &import, const OnnxNode &node);

// pads.cpp
bool translate_pad(OnnxImport &import, const OnnxNode &node);

// views.cpp
bool translate_concat(OnnxImport &import, const OnnxNode &node);
bool translate_slice(OnnxImport &import, const OnnxNode &node);
bool translate_split(OnnxImport &import, const OnnxNode &node);
bool translate_flatten(OnnxImport &import, const OnnxNode &node);
bool translate_reshape(OnnxImport &import, const OnnxNode &node);

// rows.cpp
bool translate_transpose(OnnxImport &import, const OnnxNode &node);
bool reshape_rows(OnnxImport &import, const OnnxNode &node, const std::vector<int64_t> &wanted,
                  bool zero_is_zero);
bool concat_rows(OnnxImport &import, const OnnxNode &node, int64_t axis);
std::vector<int64_t> row_dims(const OnnxImport &import, const OnnxValue &rows);  // in the model

// views.cpp: the parts of some channels of an image; of one that is cut a slice is a layer. None: too many.
std::optional<std::vector<int>> channels_of(OnnxImport &import, const OnnxNode &node, const OnnxValue &image,
                                            int64_t first, int64_t end, const std::string &suffix = "");

// elementwise.cpp
bool translate_elementwise(OnnxImport &import, const OnnxNode &node);
bool translate_expand(OnnxImport &import, const OnnxNode &node);

// window.cpp: of convolutions and pools; asks for auto_pad, dilations, kernel_shape, pads and strides.
bool read_window(OnnxImport &import, NodeAttributes &attributes, const Shape &in,
                 const std::vector<int64_t> &kernel_default, Window &window);

}  // namespace hardnet
