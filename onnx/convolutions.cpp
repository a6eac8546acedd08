// Convolutions and fully connected layers, and the batch norms that go into them.
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

// What a Conv is, whatever it becomes.
struct ConvNode {
    OnnxValue image;
    Window window;
    int64_t groups = 1;
    FloatTensor weight, bias;

    int inputs() const { return int(weight.shape[1]); }            // of a group
    int outputs() const { return int(weight.shape[0] / groups); }  // of a group
};

bool read_conv(OnnxImport &import, const OnnxNode &node, ConvNode &conv) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image || !import.need_weights(node, 1, 4, conv.weight)) return false;
    conv.image = *image;
    const int channels = image->shape.channels;
    const std::vector<int64_t> &dims = conv.weight.shape;
    NodeAttributes attributes(node);
    conv.groups = attributes.integer("group", 1);
    if (!read_window(import, attributes, image->shape, {dims[2], dims[3]}, conv.window)) return false;
    if (!import.accept(attributes)) return false;
    const WindowAxis &y = conv.window.y, &x = conv.window.x;
    if (y.kernel != dims[2] || x.kernel != dims[3])
        return import.fail(fmt::format("attribute kernel_shape: expected {}x{} as its weights, found {}x{}",
                                       dims[2], dims[3], y.kernel, x.kernel));
    if (conv.groups < 1 || channels % conv.groups || dims[0] % conv.groups)
        return import.fail(
            fmt::format("attribute group: expected a divisor of {} inputs and {} outputs, found {}", channels,
                        dims[0], conv.groups));
    if (dims[1] != channels / conv.groups)
        return import.fail(
            fmt::format("weights: expected {} input channels, found {}", channels / conv.groups, dims[1]));
    return read_bias(import, node, 2, int(dims[0]), conv.bias);
}

Layer *add_conv(OnnxImport &import, const OnnxNode &node, const ConvNode &conv, OpKind op,
                const std::vector<int> &sources, int outputs, const std::string &suffix = "") {
    Layer *layer = import.add_layer(node, op, sources, suffix);
    if (!layer) return nullptr;
    layer->module = layer->name;
    layer->bias = true;
    layer->window = conv.window;
    layer->out = {outputs, conv.window.y.outputs(layer->in.height), conv.window.x.outputs(layer->in.width)};
    return layer;
}

// Channels that lie in memory alone: neighbouring groups, as many as it takes, become one convolution with zeros where a
// group's output does not read another one's input.
int64_t groups_together(const ConvNode &conv) {
    constexpr int64_t kWhole = 8;
    for (int64_t together = 1; together < conv.groups; together++) {
        if (conv.groups % together == 0 && together * conv.inputs() % kWhole == 0 &&
            together * conv.outputs() % kWhole == 0)
            return together;
    }
    return conv.groups;
}

FoldedLayer weights_together(const ConvNode &conv, int64_t first_group, int64_t groups) {
    const int64_t taps = conv.window.taps(), of_group = conv.inputs() * taps, outputs = conv.outputs();
    FoldedLayer folded;
    folded.weight = {{groups * outputs, groups * conv.inputs(), conv.weight.shape[2], conv.weight.shape[3]},
                     std::vector<float>(size_t(groups * outputs * groups * of_group))};
    const int64_t first = first_group * outputs;
    for (int64_t o = 0; o < groups * outputs; o++) {
        const auto from = conv.weight.values.begin() + (first + o) * of_group;
        std::copy(from, from + of_group,
                  folded.weight.values.begin() + (o * groups + o / outputs) * of_group);
    }
    const auto bias = conv.bias.values.begin() + first;
    folded.bias = {{groups * outputs}, std::vector<float>(bias, bias + groups * outputs)};
    return folded;
}

bool add_grouped_conv(OnnxImport &import, const OnnxNode &node, const ConvNode &conv) {
    const int64_t most = int64_t(import.limits().convolutions);
    const int64_t together = groups_together(conv);
    if (conv.groups / together > most)
        return import.fail(fmt::format(
            "attribute group: expected at most {} convolutions of whole eights of channels, found {}", most,
            conv.groups / together));
    OnnxValue all{{}, conv.image.shape, false};
    for (int64_t group = 0; group < conv.groups; group += together) {
        const std::string suffix = together == conv.groups ? "" : "." + std::to_string(group / together);
        const auto sources = channels_of(import, node, conv.image, group * conv.inputs(),
                                         (group + together) * conv.inputs(), suffix + ".in");
        if (!sources) return false;
        Layer *layer =
            add_conv(import, node, conv, OpKind::kConv, *sources, int(together) * conv.outputs(), suffix);
        if (!layer) return false;
        import.weights_of(*layer) = weights_together(conv, group, together);
        all.parts.push_back(import.index_of(*layer));
        all.shape = layer->out;
    }
    all.shape.channels = int(conv.weight.shape[0]);
    return import.give(node, all);
}

bool is_depthwise(const ConvNode &conv) {
    return conv.groups > 1 && conv.inputs() == 1 && conv.outputs() == 1;
}

// A channel's window reads no other channel: of a concatenation each part has a convolution of its own.
bool add_depthwise_conv(OnnxImport &import, const OnnxNode &node, const ConvNode &conv) {
    OnnxValue all{{}, conv.image.shape, false};
    const int64_t taps = conv.window.taps();
    int first = 0;
    for (size_t i = 0; i < conv.image.parts.size(); i++) {
        const int channels = import.shape_of(conv.image.parts[i]).channels;
        Layer *layer = add_conv(import, node, conv, OpKind::kDepthwiseConv, {conv.image.parts[i]}, channels,
                                part_suffix(conv.image, i));
        if (!layer) return false;
        const auto weight = conv.weight.values.begin() + first * taps,
                   bias = conv.bias.values.begin() + first;
        import.weights_of(*layer) = {
            {weight_shape(*layer), std::vector<float>(weight, weight + channels * taps)},
            { {channels},
              std::vector<float>(bias, bias + channels) }};
        first += channels;
        all.parts.push_back(import.index_of(*layer));
        all.shape.height = layer->out.height;
        all.shape.width = layer->out.width;
    }
    return import.give(node, all);
}

}  // namespace

bool translate_conv(OnnxImport &import, const OnnxNode &node) {
    ConvNode conv;
    if (!read_conv(import, node, conv)) return false;
    if (is_depthwise(conv)) return add_depthwise_conv(import, node, conv);
    if (conv.groups > 1) return add_grouped_conv(import, node, conv);
    Layer *layer = add_conv(import, node, conv, OpKind::kConv, conv.image.parts, conv.outputs());
    if (!layer) return false;
    import.weights_of(*layer) = {std::move(conv.weight), std::move(conv.bias)};
    import.take_norm(conv.image, *layer);
    return import.give(node, {{import.index_of(*layer)}, layer->out, false});
}

// MatMul is a Gemm without attributes and bias.
bool translate_gemm(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *input = import.value(node, 0);
    if (!input || !input->flat || input->parts.size() != 1)
        return import.fail("expected one tensor, flattened to [batch, elements], found another input");
    NodeAttributes attributes(node);
    const bool plain = node.op_type == "MatMul";
    const float alpha = plain ? 1 : attributes.real("alpha", 1),
                beta = plain ? 1 : attributes.real("beta", 1);
    const int64_t flipped_input = plain ? 0 : attributes.integer("transA", 0),
                  flipped = plain ? 0 : attributes.integer("transB", 0);
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

namespace {

// A batch norm in front of a ReLU in front of a layer that takes both in, where nothing else reads either.
bool is_in_front(const OnnxImport &import, const OnnxNode &node) {
    const OnnxNode *relu = import.only_reader(node.outputs[0]);
    const OnnxNode *layer = relu && relu->op_type == "Relu" ? import.only_reader(relu->outputs[0]) : nullptr;
    if (!layer) return false;
    if (layer->op_type == "Conv") return NodeAttributes(*layer).integer("group", 1) == 1;
    return layer->op_type == "GlobalAveragePool" || layer->op_type == "ReduceMean";
}

// Of its own: a window of one pixel per channel.
bool add_norm_layer(OnnxImport &import, const OnnxNode &node, const OnnxValue &image, const FrontNorm &norm) {
    ConvNode conv{image, {}, image.shape.channels, norm.scale, norm.shift};
    conv.weight.shape = {image.shape.channels, 1, 1, 1};
    return add_depthwise_conv(import, node, conv);
}

}  // namespace

bool translate_batch_norm(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const float epsilon = attributes.real("epsilon", 1e-5f);
    const int64_t training = attributes.integer("training_mode", 0);
    attributes.real("momentum", 0);
    if (!import.accept(attributes)) return false;
    if (training != 0) return import.fail("attribute training_mode: expected 0, found another number");
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    const int channels = image->shape.channels;
    FloatTensor fields[4];  // scale, bias, mean, variance
    for (size_t i = 0; i < 4; i++) {
        if (!import.need_weights(node, i + 1, 1, fields[i])) return false;
        if (fields[i].values.size() != size_t(channels))
            return import.fail(fmt::format("input {}: expected {} values, found {}", i + 1, channels,
                                           fields[i].values.size()));
    }
    const std::vector<float> &scale = fields[0].values, &shift = fields[1].values, &mean = fields[2].values,
                             &variance = fields[3].values;
    if (!std::all_of(variance.begin(), variance.end(), [&](float v) { return double{v} + epsilon > 0; }))
        return import.fail("variance: expected values from 0 on, found one below");
    const Norm norm = make_norm(scale, shift, mean, variance, epsilon);
    Layer *layer = import.own_layer(node, 0);
    const bool conv = layer && (layer->op == OpKind::kConv || layer->op == OpKind::kDepthwiseConv);
    if (conv && layer->activation == Activation::kNone && layer->operand() == kNoLayer) {
        fold_norm(norm, import.weights_of(*layer));
        return import.give_own(node, 0);
    }
    FrontNorm front;
    front.scale = {{channels}, std::vector<float>(norm.scale.begin(), norm.scale.end())};
    front.shift = {{channels}, std::vector<float>(norm.shift.begin(), norm.shift.end())};
    OnnxValue value = *image;
    const bool of_planes = value.parts.size() == 1 && value.parts[0] == kNetworkInput;
    if (of_planes || !is_in_front(import, node)) return add_norm_layer(import, node, value, front);
    value.norm = std::make_shared<FrontNorm>(std::move(front));
    return import.give(node, value);
}

}  // namespace hardnet
