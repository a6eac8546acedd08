// Batch norm folded into the layer before it, and the checks on values that go with it.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "weights/mismatch.h"
#include "weights/norm.h"
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

Norm norm_of(const std::string &prefix, const Checkpoint &checkpoint) {
    const auto values = [&](const char *field) -> const std::vector<float> & {
        return checkpoint.tensors.at(prefix + "." + field).values;
    };
    return make_norm(values("weight"), values("bias"), values("running_mean"), values("running_var"),
                     kEpsilon);
}

FloatTensor rounded(const std::vector<double> &values) {
    return {{static_cast<int64_t>(values.size())}, std::vector<float>(values.begin(), values.end())};
}

// IOHW to OIHW.
FloatTensor with_outputs_first(const FloatTensor &weight) {
    const auto ins = static_cast<size_t>(weight.shape[0]), outs = static_cast<size_t>(weight.shape[1]);
    const size_t taps = weight.values.size() / (ins * outs);
    FloatTensor result{{weight.shape[1], weight.shape[0], weight.shape[2], weight.shape[3]}, {}};
    result.values.resize(weight.values.size());
    for (size_t i = 0; i < ins; i++) {
        for (size_t o = 0; o < outs; o++) {
            const auto from = weight.values.begin() + static_cast<int64_t>((i * outs + o) * taps);
            std::copy_n(from, taps, result.values.begin() + static_cast<int64_t>((o * ins + i) * taps));
        }
    }
    return result;
}

FoldedLayer fold_layer(const Layer &layer, const Checkpoint &checkpoint) {
    FoldedLayer folded;
    if (!layer.front_norm.empty()) {
        const Norm norm = norm_of(layer.front_norm, checkpoint);
        folded.front_scale = rounded(norm.scale);
        folded.front_shift = rounded(norm.shift);
    }
    if (!layer.has_weights()) return folded;
    folded.weight = checkpoint.tensors.at(weight_key(layer));
    if (layer.op == OpKind::kTransposedConv) folded.weight = with_outputs_first(folded.weight);
    if (!layer.has_bias()) return folded;
    folded.weight.shape = folded_tensors(layer)[0].shape;
    folded.bias = layer.bias ? checkpoint.tensors.at(bias_key(layer))
                             : FloatTensor{{layer.out.channels},
                                           std::vector<float>(static_cast<size_t>(layer.out.channels))};
    if (!layer.norm.empty()) fold_norm(norm_of(layer.norm, checkpoint), folded);
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
        const std::vector<FoldedTensor> names = folded_tensors(layer);
        if (checkpoint.folded) {
            for (const FoldedTensor &t : names) {
                const std::string field = t.name.substr(layer.name.size() + 1);
                FloatTensor &to = field == "weight"        ? folded.weight
                                  : field == "bias"        ? folded.bias
                                  : field == "front_scale" ? folded.front_scale
                                                           : folded.front_shift;
                to = checkpoint.tensors.at(t.name);
            }
        } else {
            folded = fold_layer(layer, checkpoint);
            // A huge gamma over a tiny variance may leave float32's range.
            for (const FloatTensor *tensor : folded.tensors(layer)) {
                if (auto error = check_finite(checkpoint.source, layer.name + " folded", *tensor))
                    return *error;
            }
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
        const std::vector<FoldedTensor> names = folded_tensors(layer);
        const std::vector<const FloatTensor *> values = weights.layers[i].tensors(layer);
        for (size_t t = 0; t < names.size(); t++) tensors.push_back({names[t].name, values[t]});
    }
    return write_tensors(path, tensors, metadata);
}

}  // namespace hardnet
