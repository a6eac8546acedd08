// Activations: part of the layer in front where nothing else reads its result, else layers of their own.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "onnx/translate.h"

namespace hardnet {
namespace {

constexpr float kMostFloat = std::numeric_limits<float>::max();  // as a bound: none

// Alone on each part of the input, which stays as it is; a slope per channel is the layers' weight.
bool add_activation_layers(OnnxImport &import, const OnnxNode &node, OpKind op, Activation activation,
                           const std::vector<float> &slopes) {
    const OnnxValue *input = import.value(node, 0);
    if (!input || input->row) return import.fail("expected an image or its channels, found another input");
    OnnxValue result = *input;
    size_t first = 0;
    const auto finish = [&](Layer &layer, size_t) {
        layer.activation = activation;
        if (op == OpKind::kSlope) import.set_channel_weights(layer, &slopes[first]);
        first += size_t(layer.out.channels);
    };
    return import.add_to_each(node, op, result, finish) && import.give(node, result);
}

bool apply_activation(OnnxImport &import, const OnnxNode &node, Activation activation) {
    const std::vector<Layer *> layers = import.own_layers(node, 0);
    const bool taken = !layers.empty() && std::all_of(layers.begin(), layers.end(), [](const Layer *layer) {
        return takes_activation(*layer);
    });
    if (!taken) return add_activation_layers(import, node, OpKind::kActivate, activation, {});
    for (Layer *layer : layers) layer->activation = activation;
    return import.give_own(node, 0);
}

}  // namespace

bool takes_activation(const Layer &layer) {
    const Operand operand = traits_of(layer.op).operand;
    const bool combines =
        operand != Operand::kNone || layer.op == OpKind::kScale || layer.op == OpKind::kShift;
    return (layer.has_bias() || combines) && layer.activation == Activation::kNone;
}

bool translate_relu(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    // Behind a norm that the next layer takes in, it is that norm's.
    if (const OnnxValue *image = import.value(node, 0); image && image->norm)
        return import.give(node, OnnxValue(*image));
    return apply_activation(import, node, Activation::kRelu);
}

bool translate_sigmoid(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    return apply_activation(import, node, Activation::kSigmoid);
}

bool translate_hard_sigmoid(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const Activation activation{Activation::kHardSigmoid, attributes.real("alpha", 0.2f),
                                attributes.real("beta", 0.5f)};
    if (!import.accept(attributes)) return false;
    if (!std::isfinite(activation.first) || !std::isfinite(activation.second))
        return import.fail("expected finite alpha and beta, found others");
    return apply_activation(import, node, activation);
}

bool translate_hard_swish(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    return apply_activation(import, node, Activation::kHardSwish);
}

bool translate_leaky_relu(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const float slope = attributes.real("alpha", 0.01f);
    if (!import.accept(attributes)) return false;
    if (!std::isfinite(slope)) return import.fail("attribute alpha: expected a finite number, found another");
    return apply_activation(import, node, {Activation::kLeakyRelu, slope});
}

bool translate_prelu(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    const OnnxValue *input = import.value(node, 0);
    std::vector<float> slopes;
    if (!input) return import.fail("expected an image or its channels, found another input");
    if (!import.read_per_channel(node, 1, *input, slopes)) return false;
    const bool one = std::all_of(slopes.begin(), slopes.end(), [&](float s) { return s == slopes[0]; });
    return one ? apply_activation(import, node, {Activation::kLeakyRelu, slopes[0]})
               : add_activation_layers(import, node, OpKind::kSlope, Activation::kNone, slopes);
}

bool translate_clip(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    double bounds[2] = {attributes.real("min", -kMostFloat), attributes.real("max", kMostFloat)};
    if (!import.accept(attributes)) return false;
    for (size_t i : {size_t{0}, size_t{1}}) {
        if (!import.has_input(node, i + 1)) continue;
        const OnnxConstant *bound = import.constant(node, i + 1);
        if (!bound || bound->values.size() != 1)
            return import.fail("expected known bounds, found another input");
        bounds[i] = bound->values[0];
    }
    if (!(bounds[0] <= bounds[1]))
        return import.fail(fmt::format("expected bounds in order, found {} and {}", bounds[0], bounds[1]));
    const double most{kMostFloat};
    Activation activation{Activation::kClip, float(std::clamp(bounds[0], -most, most)),
                          float(std::clamp(bounds[1], -most, most))};
    if (activation.first == 0 && activation.second == 6) activation = Activation::kRelu6;
    if (activation.first == 0 && activation.second == kMostFloat) activation = Activation::kRelu;
    return apply_activation(import, node, activation);
}

}  // namespace hardnet
