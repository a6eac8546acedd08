// Batch norm folded into the layer before it, and the checks on values that go with it.
#include <fmt/core.h>

#include <cmath>
#include <optional>

#include "weights/mismatch.h"
#include "weights/safetensors_writer.h"

namespace hardnet {
namespace {

constexpr double kEpsilon = 1e-5;  // BatchNorm2d's default, which the authors keep

std::optional<Error> check_finite(const std::string &source, const std::string &key,
                                  const FloatTensor &tensor) {
    for (size_t i = 0; i < tensor.values.size(); i++) {
        if (std::isfinite(tensor.values[i])) continue;
        return bad_input(fmt::format("{}: {}: expected finite values, found {} at element {}", source, key,
                                     tensor.values[i], i));
    }
    return std::nullopt;
}

std::optional<Error> check_values(const Checkpoint &checkpoint) {
    static const std::string variance = ".running_var";
    for (const auto &[key, tensor] : checkpoint.tensors) {
        if (auto error = check_finite(checkpoint.source, key, tensor)) return error;
        if (key.size() < variance.size() ||
            key.compare(key.size() - variance.size(), variance.size(), variance) != 0)
            continue;
        for (size_t i = 0; i < tensor.values.size(); i++) {
            if (tensor.values[i] >= 0) continue;
            return bad_input(fmt::format("{}: {}: expected no variance below 0, found {} at channel {}",
                                         checkpoint.source, key, tensor.values[i], i));
        }
    }
    return std::nullopt;
}

FoldedLayer fold_layer(const Layer &layer, const Checkpoint &checkpoint) {
    const auto &tensors = checkpoint.tensors;
    FoldedLayer folded;
    folded.weight = tensors.at(weight_key(layer));
    const auto channels = static_cast<size_t>(layer.out.channels);
    folded.bias = layer.bias ? tensors.at(bias_key(layer))
                             : FloatTensor{{layer.out.channels}, std::vector<float>(channels)};
    if (!layer.batch_norm) return folded;

    const std::vector<float> &gamma = tensors.at(norm_key(layer, "weight")).values;
    const std::vector<float> &beta = tensors.at(norm_key(layer, "bias")).values;
    const std::vector<float> &mean = tensors.at(norm_key(layer, "running_mean")).values;
    const std::vector<float> &variance = tensors.at(norm_key(layer, "running_var")).values;
    const size_t filter = folded.weight.values.size() / channels;
    for (size_t o = 0; o < channels; o++) {
        const double scale = gamma[o] / std::sqrt(variance[o] + kEpsilon);
        for (size_t i = o * filter; i < (o + 1) * filter; i++) {
            folded.weight.values[i] = static_cast<float>(folded.weight.values[i] * scale);
        }
        folded.bias.values[o] =
            static_cast<float>(beta[o] + (folded.bias.values[o] - double{mean[o]}) * scale);
    }
    return folded;
}

}  // namespace

Result<FoldedWeights> fold(const Network &network, const Checkpoint &checkpoint) {
    const KeySet keys = checkpoint.folded ? KeySet::kFolded : KeySet::kAuthors;
    if (auto error = mismatch(network, checkpoint, keys)) return *error;
    if (auto error = check_values(checkpoint)) return *error;

    FoldedWeights weights;
    for (const Layer &layer : network.layers) {
        FoldedLayer folded;
        if (layer.has_weights() && checkpoint.folded) {
            folded.weight = checkpoint.tensors.at(layer.name + ".weight");
            folded.bias = checkpoint.tensors.at(layer.name + ".bias");
        } else if (layer.has_weights()) {
            folded = fold_layer(layer, checkpoint);
            // A huge gamma over a tiny variance may leave float32's range.
            if (auto error = check_finite(checkpoint.source, layer.name + " folded", folded.weight))
                return *error;
            if (auto error = check_finite(checkpoint.source, layer.name + " folded", folded.bias))
                return *error;
        }
        weights.layers.push_back(std::move(folded));
    }
    return weights;
}

Status write_folded(const std::string &path, const Network &network, const FoldedWeights &weights,
                    const std::map<std::string, std::string> &metadata) {
    std::vector<NamedTensor> tensors;
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        if (!layer.has_weights()) continue;
        tensors.push_back({layer.name + ".weight", &weights.layers[i].weight});
        tensors.push_back({layer.name + ".bias", &weights.layers[i].bias});
    }
    return write_tensors(path, tensors, metadata);
}

}  // namespace hardnet
