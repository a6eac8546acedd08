// What a single layer is called and looks like: parameter names, weight shape, a few words.
#include <fmt/core.h>

#include "models/network.h"

namespace hardnet {

std::string weight_key(const Layer &layer) {
    switch (layer.op) {
        case OpKind::kConv:
            return layer.name + ".conv.weight";
        case OpKind::kDepthwiseConv:
            return layer.name + ".dwconv.weight";
        default:
            return layer.name + ".weight";
    }
}

std::string bias_key(const Layer &layer) { return layer.name + ".bias"; }

std::string norm_key(const Layer &layer, const std::string &field) { return layer.name + ".norm." + field; }

std::vector<int64_t> weight_shape(const Layer &layer) {
    switch (layer.op) {
        case OpKind::kConv:
            return {layer.out.channels, layer.in.channels, layer.kernel, layer.kernel};
        case OpKind::kDepthwiseConv:
            return {layer.out.channels, 1, layer.kernel, layer.kernel};
        case OpKind::kFullyConnected:
            return {layer.out.channels, layer.in.channels};
        default:
            return {};
    }
}

const char *name_of(Activation activation) {
    switch (activation) {
        case Activation::kRelu:
            return "relu";
        case Activation::kRelu6:
            return "relu6";
        default:
            return "none";
    }
}

std::optional<Activation> activation_from_name(const std::string &name) {
    for (Activation activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6})
        if (name == name_of(activation)) return activation;
    return std::nullopt;
}

std::string describe(const Layer &layer) {
    const std::string window = fmt::format("{0}x{0}", layer.kernel);
    const std::string stride = layer.stride == 1 ? "" : fmt::format("/{}", layer.stride);
    switch (layer.op) {
        case OpKind::kConv:
            return "conv " + window + stride;
        case OpKind::kDepthwiseConv:
            return "depthwise " + window + stride;
        case OpKind::kMaxPool:
            return "max pool " + window + stride;
        case OpKind::kGlobalAveragePool:
            return "average pool";
        default:
            return "fully connected";
    }
}

}  // namespace hardnet
