#include "reference/run_network.h"

#include <algorithm>
#include <functional>
#include <thread>

#include "reference/operators.h"

namespace hardnet {
namespace {

// The sources' channels one behind another: [sum of channels, height, width].
template <typename Real>
std::vector<Real> gathered(const Layer &layer, const std::vector<std::vector<Real>> &outputs,
                           const std::vector<Real> &image) {
    std::vector<Real> input;
    input.reserve(static_cast<size_t>(layer.in.elements()));
    for (int source : layer.sources()) {
        const std::vector<Real> &from = source == kNetworkInput ? image : outputs[source];
        input.insert(input.end(), from.begin(), from.end());
    }
    return input;
}

template <typename Real>
std::vector<Real> run_layer(const Layer &layer, const FoldedLayer &folded, const std::vector<Real> &input,
                            int threads) {
    const std::vector<float> &weight = folded.weight.values;
    const std::vector<float> &bias = folded.bias.values;
    const Window &window = layer.window;
    switch (layer.op) {
        case OpKind::kConv:
            return reference::convolution(input, layer.in, weight, bias, window, threads);
        case OpKind::kDepthwiseConv:
            return reference::depthwise_convolution(input, layer.in, weight, bias, window, threads);
        case OpKind::kTransposedConv:
            return reference::transposed_convolution(input, layer.in, layer.out, weight, bias, threads);
        case OpKind::kMaxPool:
            return reference::max_pool(input, layer.in, layer.out, window);
        case OpKind::kAveragePool:
            return reference::average_pool(input, layer.in, layer.out, window, layer.excludes_padding);
        case OpKind::kGlobalAveragePool:
            return reference::global_average_pool(input, layer.in);
        case OpKind::kGlobalSum:
            return reference::global_sum(input, layer.in);
        case OpKind::kResize:
            return reference::resize(input, layer.in, layer.out, layer.sampling);
        case OpKind::kResample:
            return reference::resample(input, layer.in, layer.out, window, weight);
        case OpKind::kSlice:
            return reference::slice(input, layer.in, layer.first_channel, layer.out.channels);
        case OpKind::kL2Norm:
            return reference::l2_norm(input, layer.in, weight);
        case OpKind::kSpatialNorm:
            return reference::spatial_norm(input, layer.in);
        case OpKind::kSoftmax:
            return reference::softmax(input, layer.in);
        case OpKind::kArgmax:
            return reference::argmax<Real>(input, layer.in, layer.threshold);
        case OpKind::kFullyConnected:
            return reference::fully_connected(input, weight, bias);
        case OpKind::kScale:
        case OpKind::kShift:
        case OpKind::kSlope:
            return reference::per_channel(input, layer.in, layer.op, weight);
        case OpKind::kMultiply:
        case OpKind::kAdd:
        case OpKind::kSubtract:
        case OpKind::kDivide:
            return input;  // combined with the operand, as other layers' results are
        case OpKind::kActivate:
            return input;  // activated as other layers' results are
    }
    return {};
}

// With what is added to the layer's result, or multiplied by it.
template <typename Real>
void combine(const Network &network, const Layer &layer, const std::vector<std::vector<Real>> &outputs,
             std::vector<Real> &result) {
    if (layer.operand() == kNoLayer) return;
    const std::vector<Real> &operand = outputs[static_cast<size_t>(layer.operand())];
    const Operand use = traits_of(layer.op).operand;
    const Shape &shape = network.layers[static_cast<size_t>(layer.operand())].out;
    const bool per_pixel = shape == Shape{1, layer.out.height, layer.out.width};
    const size_t share = result.size() / operand.size();  // elements that one of the operand's is for
    for (size_t i = 0; i < result.size(); i++) {
        Real &value = result[i];
        const Real other = operand[per_pixel ? i % operand.size() : i / share];
        value = use == Operand::kMultiplied   ? value * other
                : use == Operand::kSubtracted ? value - other
                : use == Operand::kDivided    ? value / other
                                              : value + other;
    }
}

Error size_error(const std::string &what, size_t expected, size_t found) {
    return bad_input(what + ": expected " + std::to_string(expected) + " values, found " +
                     std::to_string(found));
}

Status check_weights(const Network &network, const FoldedWeights &weights) {
    if (weights.layers.size() != network.layers.size()) {
        return bad_input(network.name + ": expected weights of " + std::to_string(network.layers.size()) +
                         " layers, found " + std::to_string(weights.layers.size()));
    }
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        const std::vector<FoldedTensor> names = folded_tensors(layer);
        const std::vector<const FloatTensor *> values = weights.layers[i].tensors(layer);
        for (size_t t = 0; t < names.size(); t++) {
            size_t elements = 1;
            for (int64_t extent : names[t].shape) elements *= static_cast<size_t>(extent);
            if (values[t]->values.size() != elements)
                return size_error(names[t].name, elements, values[t]->values.size());
        }
    }
    return ok();
}

}  // namespace

template <typename Real>
Result<std::vector<std::vector<Real>>> run_network(const Network &network, const FoldedWeights &weights,
                                                   const std::vector<float> &input,
                                                   const ReferenceOptions &options) {
    const auto pixels = static_cast<size_t>(network.input.elements());
    if (input.size() != pixels) return size_error("input of " + network.name, pixels, input.size());
    if (Status status = check_weights(network, weights); !status) return status.error();

    const int machine = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    const int threads = options.threads > 0 ? options.threads : machine;
    const std::vector<Real> image(input.begin(), input.end());
    std::vector<std::vector<Real>> outputs;
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        const FoldedLayer &folded = weights.layers[i];
        std::vector<Real> gathered_input = gathered(layer, outputs, image);
        if (!layer.front_norm.empty()) {
            reference::scale(gathered_input, layer.in, folded.front_scale.values, folded.front_shift.values);
            reference::activate(gathered_input, Activation::kRelu);
        }
        std::vector<Real> output = run_layer(layer, folded, gathered_input, threads);
        combine(network, layer, outputs, output);
        reference::activate(output, layer.activation);
        outputs.push_back(std::move(output));
        if (options.progress) {
            options.progress(static_cast<int>(i) + 1, static_cast<int>(network.layers.size()), layer.name);
        }
    }
    return outputs;
}

template Result<std::vector<std::vector<double>>> run_network(const Network &, const FoldedWeights &,
                                                              const std::vector<float> &,
                                                              const ReferenceOptions &);
template Result<std::vector<std::vector<float>>> run_network(const Network &, const FoldedWeights &,
                                                             const std::vector<float> &,
                                                             const ReferenceOptions &);

template <typename Real>
std::vector<Real> output_values(const Network &network, const Output &output,
                                const std::vector<std::vector<Real>> &layers) {
    std::vector<Real> values;
    for (int index : output.layers) {
        const std::vector<Real> &planes = layers[static_cast<size_t>(index)];
        if (output.row == 0) {
            values.insert(values.end(), planes.begin(), planes.end());
            continue;
        }
        const Shape &shape = network.layers[static_cast<size_t>(index)].out;
        const size_t plane = size_t(shape.height) * size_t(shape.width);
        for (size_t pixel = 0; pixel < plane; pixel++)
            for (size_t c = 0; c < size_t(shape.channels); c++) values.push_back(planes[c * plane + pixel]);
    }
    return values;
}

template std::vector<double> output_values(const Network &, const Output &,
                                           const std::vector<std::vector<double>> &);
template std::vector<float> output_values(const Network &, const Output &,
                                          const std::vector<std::vector<float>> &);

}  // namespace hardnet
