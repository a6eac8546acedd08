// Convolutions and fully connected layers, and what goes into them: batch norms and activations.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "onnx/translate.h"
#include "weights/norm.h"

namespace hardnet {
namespace {

// Input `input` as a bias, zeros where there is none.
bool read_bias(OnnxImport &import, const OnnxNode &node, size_t input, int channels, FloatTensor &bias) {
    bias = {{channels}, std::vector<float>(size_t(channels), 0.0f)};
    if (!import.has_input(node, input)) return true;
    const OnnxTensor *tensor = import.tensor(node, input);
    if (!import.need_weights(node, input, tensor && tensor->dims.size() == 2 ? 2 : 1, bias)) return false;
    bias.shape = {channels};
    return bias.values.size() == size_t(channels) ||
           import.fail(fmt::format("bias: expected {} values, found {}", channels, bias.values.size()));
}

bool set_activation(OnnxImport &import, const OnnxNode &node, Activation activation) {
    Layer *layer = import.own_layer(node, 0);
    if (!layer || !layer->has_bias() || layer->activation != Activation::kNone)
        return import.fail(
            "expected to follow a convolution or a fully connected layer that nothing else "
            "reads, found another input");
    layer->activation = activation;
    return import.give_own(node, 0);
}

}  // namespace

bool translate_conv(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.need_image(node, 0);
    FloatTensor weight;
    if (!image || !import.need_weights(node, 1, 4, weight)) return false;
    const Shape in = image->shape;
    const std::vector<int64_t> &dims = weight.shape;
    NodeAttributes attributes(node);
    Window window;
    const int64_t group = attributes.integer("group", 1);
    if (!read_window(import, attributes, in, {dims[2], dims[3]}, window)) return false;
    if (!import.accept(attributes)) return false;
    if (window.y.kernel != dims[2] || window.x.kernel != dims[3])
        return import.fail(fmt::format("attribute kernel_shape: expected {}x{} as its weights, found {}x{}",
                                       dims[2], dims[3], window.y.kernel, window.x.kernel));
    const bool depthwise = group != 1;
    if (depthwise && (group != in.channels || dims[0] != group))
        return import.fail(
            fmt::format("attribute group: expected 1, or {} with as many outputs, found {} with {}",
                        in.channels, group, dims[0]));
    if (dims[1] != (depthwise ? 1 : in.channels))
        return import.fail(fmt::format("weights: expected {} input channels, found {}",
                                       depthwise ? 1 : in.channels, dims[1]));
    if (depthwise && image->parts.size() != 1)
        return import.fail("expected one tensor in front of a depthwise convolution, found a concatenation");
    FloatTensor bias;
    if (!read_bias(import, node, 2, int(dims[0]), bias)) return false;
    Layer *layer = import.add_layer(node, depthwise ? OpKind::kDepthwiseConv : OpKind::kConv, image->parts);
    if (!layer) return false;
    layer->module = layer->name;
    layer->bias = true;
    layer->window = window;
    layer->out = {int(dims[0]), window.y.outputs(in.height), window.x.outputs(in.width)};
    const Shape out = layer->out;
    import.weights_of(*layer) = {std::move(weight), std::move(bias)};
    return import.give(node, {{import.index_of(*layer)}, out, false});
}

bool translate_gemm(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *input = import.value(node, 0);
    if (!input || !input->flat || input->parts.size() != 1)
        return import.fail("expected one tensor, flattened to [batch, elements], found another input");
    NodeAttributes attributes(node);
    const float alpha = attributes.real("alpha", 1), beta = attributes.real("beta", 1);
    const int64_t flipped_input = attributes.integer("transA", 0), flipped = attributes.integer("transB", 0);
    if (!import.accept(attributes)) return false;
    if (alpha != 1 || beta != 1 || flipped_input != 0)
        return import.fail(fmt::format("expected alpha 1, beta 1 and transA 0, found {}, {} and {}", alpha,
                                       beta, flipped_input));
    FloatTensor weight, bias;
    if (!import.need_weights(node, 1, 2, weight)) return false;
    const size_t rows = size_t(weight.shape[0]), columns = size_t(weight.shape[1]);
    const size_t outputs = flipped ? rows : columns, inputs = flipped ? columns : rows;
    if (int64_t(inputs) != input->shape.elements())
        return import.fail(
            fmt::format("weights: expected {} inputs, found {}", input->shape.elements(), inputs));
    if (!flipped) {
        std::vector<float> turned(weight.values.size());
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++) turned[c * rows + r] = weight.values[r * columns + c];
        weight = {{int64_t(outputs), int64_t(inputs)}, std::move(turned)};
    }
    if (!read_bias(import, node, 2, int(outputs), bias)) return false;
    Layer *layer = import.add_layer(node, OpKind::kFullyConnected, input->parts);
    if (!layer) return false;
    layer->module = layer->name;
    layer->bias = true;
    layer->out = {int(outputs), 1, 1};
    weight.shape = folded_tensors(*layer)[0].shape;
    const Shape out = layer->out;
    import.weights_of(*layer) = {std::move(weight), std::move(bias)};
    return import.give(node, {{import.index_of(*layer)}, out, true});
}

bool translate_batch_norm(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const float epsilon = attributes.real("epsilon", 1e-5f);
    const int64_t training = attributes.integer("training_mode", 0);
    attributes.real("momentum", 0);
    if (!import.accept(attributes)) return false;
    if (training != 0) return import.fail("attribute training_mode: expected 0, found another number");
    Layer *layer = import.own_layer(node, 0);
    const bool conv = layer && (layer->op == OpKind::kConv || layer->op == OpKind::kDepthwiseConv);
    if (!conv || layer->activation != Activation::kNone || layer->operand() != kNoLayer)
        return import.fail("expected to follow a convolution that nothing else reads, found another input");
    FloatTensor fields[4];  // scale, bias, mean, variance
    for (size_t i = 0; i < 4; i++) {
        if (!import.need_weights(node, i + 1, 1, fields[i])) return false;
        if (fields[i].values.size() != size_t(layer->out.channels))
            return import.fail(fmt::format("input {}: expected {} values, found {}", i + 1,
                                           layer->out.channels, fields[i].values.size()));
    }
    const std::vector<float> &scale = fields[0].values, &shift = fields[1].values, &mean = fields[2].values,
                             &variance = fields[3].values;
    if (!std::all_of(variance.begin(), variance.end(), [&](float v) { return double{v} + epsilon > 0; }))
        return import.fail("variance: expected values from 0 on, found one below");
    fold_norm(make_norm(scale, shift, mean, variance, epsilon), import.weights_of(*layer));
    return import.give_own(node, 0);
}

bool translate_relu(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    return set_activation(import, node, Activation::kRelu);
}

bool translate_clip(OnnxImport &import, const OnnxNode &node) {
    constexpr float kMost = 3.4028234e38f;  // what stands for no bound in opsets whose bounds are attributes
    NodeAttributes attributes(node);
    double bounds[2] = {attributes.real("min", -kMost), attributes.real("max", kMost)};
    if (!import.accept(attributes)) return false;
    for (size_t i : {size_t{0}, size_t{1}}) {
        if (!import.has_input(node, i + 1)) continue;
        const OnnxConstant *bound = import.constant(node, i + 1);
        if (!bound || bound->values.size() != 1)
            return import.fail("expected known bounds, found another input");
        bounds[i] = bound->values[0];
    }
    const bool six = bounds[1] == 6;
    if (bounds[0] != 0 || (!six && bounds[1] < kMost))
        return import.fail(
            fmt::format("expected bounds of 0 and 6, or 0 and none, found {} and {}", bounds[0], bounds[1]));
    return set_activation(import, node, six ? Activation::kRelu6 : Activation::kRelu);
}

}  // namespace hardnet
