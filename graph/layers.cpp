// What a single layer is called and looks like: parameter names, weight shape, a few words.
#include <fmt/core.h>

#include "graph/network.h"
#include "graph/resampling.h"

namespace hardnet {

Preprocessing usual_preprocessing(int planes) {
    Preprocessing usual;
    if (planes == 3) return usual;
    const bool grey = planes == 1;
    usual.mean.assign(size_t(planes), grey ? 0.449f : 0.0f);
    usual.deviation.assign(size_t(planes), grey ? 0.226f : 1.0f);
    return usual;
}

std::string weight_key(const Layer &layer) { return layer.module + ".weight"; }

std::string bias_key(const Layer &layer) { return layer.module + ".bias"; }

std::string norm_key(const Layer &layer, const std::string &field) { return layer.norm + "." + field; }

std::vector<int64_t> weight_shape(const Layer &layer) {
    switch (layer.op) {
        case OpKind::kConv:
            return {layer.out.channels, layer.in.channels, layer.window.y.kernel, layer.window.x.kernel};
        case OpKind::kDepthwiseConv:
            return {layer.out.channels, 1, layer.window.y.kernel, layer.window.x.kernel};
        case OpKind::kTransposedConv:
            return {layer.in.channels, layer.out.channels, layer.window.y.kernel, layer.window.x.kernel};
        case OpKind::kFullyConnected:
            return {layer.out.channels, layer.in.elements()};
        case OpKind::kResample:
            return {resampling_elements(layer.out.height, layer.window.y.kernel) +
                    resampling_elements(layer.out.width, layer.window.x.kernel)};
        case OpKind::kL2Norm:
        case OpKind::kScale:
        case OpKind::kShift:
        case OpKind::kSlope:
            return {layer.out.channels};
        default:
            return {};
    }
}

std::vector<FoldedTensor> folded_tensors(const Layer &layer) {
    std::vector<FoldedTensor> tensors;
    std::vector<int64_t> shape = weight_shape(layer);
    if (layer.op == OpKind::kTransposedConv) std::swap(shape[0], shape[1]);
    if (layer.op == OpKind::kFullyConnected && layer.in.height * layer.in.width > 1)
        shape = {layer.out.channels, layer.in.channels, layer.in.height, layer.in.width};
    if (layer.has_weights()) tensors.push_back({layer.name + ".weight", shape});
    if (layer.has_bias()) tensors.push_back({layer.name + ".bias", {layer.out.channels}});
    if (layer.front_norm.empty()) return tensors;
    for (const char *field : {".front_scale", ".front_shift"})
        tensors.push_back({layer.name + field, {layer.in.channels}});
    return tensors;
}

std::vector<int64_t> output_shape(const Network &network, const Output &output) {
    const Shape &first = network.layers[static_cast<size_t>(output.layers[0])].out;
    int64_t elements = 0;
    bool classes = true;
    for (int layer : output.layers) {
        const Layer &part = network.layers[static_cast<size_t>(layer)];
        elements += part.out.elements();
        classes = classes && part.op == OpKind::kFullyConnected;
    }
    if (output.flat) return {elements};
    if (output.row != 0) return {elements / output.row, output.row};
    if (classes) return {elements};
    return {elements / first.height / first.width, first.height, first.width};
}

const char *name_of(Activation activation) { return traits_of(activation).name; }

namespace {

// By value, in the order of the enumerations.
constexpr const char *kPlaces[] = {"half_pixel", "align_corners", "asymmetric"};
constexpr const char *kNeighbours[] = {"linear", "floor", "ceil", "nearest_lower", "nearest_upper"};

template <typename Enumeration, size_t count>
std::optional<Enumeration> value_named(const char *const (&names)[count], const std::string &name) {
    for (size_t i = 0; i < count; i++)
        if (name == names[i]) return Enumeration(i);
    return std::nullopt;
}

}  // namespace

const char *name_of(Places places) { return kPlaces[size_t(places)]; }

const char *name_of(Neighbours neighbours) { return kNeighbours[size_t(neighbours)]; }

std::optional<Places> places_from_name(const std::string &name) { return value_named<Places>(kPlaces, name); }

std::optional<Neighbours> neighbours_from_name(const std::string &name) {
    return value_named<Neighbours>(kNeighbours, name);
}

std::optional<Activation> activation_from_name(const std::string &name) {
    for (Activation activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6})
        if (name == name_of(activation)) return activation;
    return std::nullopt;
}

std::string describe(const Layer &layer) {
    const OperatorTraits &traits = traits_of(layer.op);
    const WindowAxis &x = layer.window.x, &y = layer.window.y;
    std::string text = layer.front_norm.empty() ? traits.words : std::string("norm, ") + traits.words;
    if (traits.window) text += fmt::format(" {}x{}", x.kernel, y.kernel);
    // One number where both axes have it, else that of x and that of y.
    const auto both = [](int across, int down) {
        return across == down ? fmt::format("{}", across) : fmt::format("{}x{}", across, down);
    };
    if (traits.window && (x.stride != 1 || y.stride != 1)) text += "/" + both(x.stride, y.stride);
    if (traits.window && (x.dilation != 1 || y.dilation != 1))
        text += " dilated " + both(x.dilation, y.dilation);
    if (traits.operand == Operand::kAdded && layer.operand() != kNoLayer) text += " + residual";
    return text;
}

}  // namespace hardnet
