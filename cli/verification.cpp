#include "cli/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reference/run_network.h"
#include "runtime/inspect.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;
using LayerOutputs = std::vector<std::vector<double>>;  // CHW per layer

// The keys of a network without norms do not tell that they are a package's own.
Result<FoldedWeights> read_weights(const LoadedPackage &loaded, const Network &network) {
    Result<Checkpoint> checkpoint = read_checkpoint(loaded.package().weights_path());
    if (!checkpoint) return checkpoint.error();
    checkpoint->folded = true;
    return fold(network, *checkpoint);
}

// The step behind which each layer's output is complete: its own last one, or that of its source where the
// step that computes the source computes the layer too (a pool fused with a convolution).
std::vector<int> completing_steps(const Network &network, hardnet_context *context) {
    std::vector<int> steps(network.layers.size(), -1);
    for (int32_t step = 0; step < hardnet_step_count(context); step++)
        steps[hardnet_step_at(context, step)->layer] = step;
    for (size_t i = 0; i < steps.size(); i++) {
        const int source = network.layers[i].sources().front();
        if (steps[i] < 0 && source >= 0) steps[i] = steps[source];
    }
    return steps;
}

// A layer's output as CHW, from its view (channel, x, y).
std::vector<float> read_view(const LoadedPackage &loaded, int32_t view_index, const Shape &shape) {
    const hardnet_view &view = hardnet_context_level(loaded.context())->views[view_index];
    const auto *data = static_cast<const float *>(hardnet_view_data(loaded.context(), view_index, 0, 0));
    std::vector<float> values;
    values.reserve(size_t(shape.elements()));
    for (int c = 0; c < shape.channels; c++)
        for (int y = 0; y < shape.height; y++)
            for (int x = 0; x < shape.width; x++)
                values.push_back(data[int64_t{c} * view.dims[0].stride + int64_t{x} * view.dims[1].stride +
                                      int64_t{y} * view.dims[2].stride]);
    return values;
}

// The logits that a mask's pixels chose beside the greatest: of two that are nearly equal either is nearly right.
Difference compare_mask(const Layer &mask, const std::vector<float> &found,
                        const std::vector<double> &expected, const std::vector<double> &logits) {
    std::vector<double> chosen, greatest;
    for (size_t i = 0; i < expected.size(); i++) {
        const bool is_class = found[i] >= 0 && found[i] < float(mask.in.channels);
        chosen.push_back(is_class ? logits[size_t(found[i]) * expected.size() + i] : NAN);
        greatest.push_back(logits[size_t(expected[i]) * expected.size() + i]);
    }
    return compare(chosen, greatest);
}

Difference compare_layer(const Network &network, size_t index, const std::vector<float> &found,
                         const LayerOutputs &expected) {
    const Layer &layer = network.layers[index];
    if (layer.op != OpKind::kArgmax) return compare(found, expected[index]);
    return compare_mask(layer, found, expected[index], expected[size_t(layer.sources()[0])]);
}

const LayerInfo *chosen_for(const LoadedPackage &loaded, const std::string &layer) {
    for (const LayerInfo &info : loaded.manifest().layers)
        if (info.layer == layer && info.level == loaded.level()) return &info;
    return nullptr;
}

// Runs the first image step by step and compares each layer while its output is still in place.
Result<std::vector<LayerCheck>> check_layers(LoadedPackage &loaded, const Network &network,
                                             const LayerOutputs &expected) {
    hardnet_context *context = loaded.context();
    const int32_t *views = hardnet_context_level(context)->layer_views;
    const std::vector<int> complete = completing_steps(network, context);
    std::vector<LayerCheck> checks;
    for (int32_t step = 0; step < hardnet_step_count(context); step++) {
        const hardnet_status status = hardnet_run_step(context, step, 0);
        if (status != HARDNET_OK) return loaded.failure(status);
        for (size_t i = 0; i < network.layers.size(); i++) {
            if (complete[i] != step || views[i] < 0) continue;
            const Layer &layer = network.layers[i];
            const LayerInfo *info = chosen_for(loaded, layer.name);
            checks.push_back({layer.name, info ? info->algorithm : "",
                              compare_layer(network, i, read_view(loaded, views[i], layer.out), expected),
                              info ? info->error_bound : 0});
        }
    }
    return checks;
}

// Compares an image's outputs and keeps the largest relative RMS in `worst`.
void take_worst(const LoadedPackage &loaded, int image, const LayerOutputs &expected, LayerCheck &worst) {
    const Network &network = loaded.model();
    for (size_t i = 0; i < network.outputs.size(); i++) {
        const Output &output = network.outputs[i];
        const std::vector<float> found = loaded.output_values(i, image);
        const Difference difference = output.row == 0
                                          ? compare_layer(network, size_t(output.layers[0]), found, expected)
                                          : compare(found, output_values(network, output, expected));
        const bool first = image == 0 && i == 0;
        if (!first && !(difference.relative_rms > worst.difference.relative_rms)) continue;
        worst.difference = difference;
        if (network.outputs.size() > 1) worst.layer = "output " + network.outputs[i].name;
    }
}

Json json_of(const LayerCheck &check) {
    return {{"layer", check.layer},
            {"algorithm", check.algorithm},
            {"relative_rms", check.difference.relative_rms},
            {"max_abs", check.difference.max_abs},
            {"bound", check.bound},
            {"holds", check.holds()}};
}

}  // namespace

bool Verification::holds() const {
    return output.holds() &&
           std::all_of(layers.begin(), layers.end(), [](const LayerCheck &c) { return c.holds(); });
}

Result<Verification> verify_package(LoadedPackage &loaded, const VerifySettings &settings) {
    const Manifest &m = loaded.manifest();
    const Network &network = loaded.model();
    const Result<FoldedWeights> weights = read_weights(loaded, network);
    if (!weights) return weights.error();
    if (network.layers.size() != loaded.network().layer_count)
        return bad_input(fmt::format("{}: expected a package of {} layers, found {}", m.name,
                                     network.layers.size(), loaded.network().layer_count));

    const size_t elems = loaded.input_elems();
    const std::vector<float> input = seeded_input(int64_t(elems) * m.batch, settings.seed);
    std::copy(input.begin(), input.end(), loaded.input(0));
    if (const Status status = loaded.run(); !status) return status.error();

    Verification result;
    result.seed = settings.seed;
    result.output = {"output", "", {}, settings.output_bound};
    ReferenceOptions options;
    options.progress = settings.progress;
    for (int image = 0; image < m.batch; image += std::max(1, m.batch - 1)) {
        const std::vector<float> one(input.begin() + elems * image, input.begin() + elems * (image + 1));
        const Result<LayerOutputs> expected = run_network(network, *weights, one, options);
        if (!expected) return expected.error();
        take_worst(loaded, image, *expected, result.output);
        result.images++;
        if (image > 0 || !settings.per_layer) continue;
        Result<std::vector<LayerCheck>> layers = check_layers(loaded, network, *expected);
        if (!layers) return layers.error();
        result.layers = std::move(*layers);
    }
    return result;
}

std::string to_json(const Verification &verification, const LoadedPackage &loaded) {
    const Manifest &m = loaded.manifest();
    Json layers = Json::array();
    for (const LayerCheck &check : verification.layers) layers.push_back(json_of(check));
    const Json json = {{"model", m.name},
                       {"input", fmt::format("{}x{}", m.height(), m.width())},
                       {"batch", m.batch},
                       {"level", loaded.level()},
                       {"weights", {{"source", m.weights_source}, {"hash", m.weights_hash}}},
                       {"seed", verification.seed},
                       {"images", verification.images},
                       {"holds", verification.holds()},
                       {"output", json_of(verification.output)},
                       {"layers", layers}};
    return json.dump(2) + "\n";
}

}  // namespace hardnet
