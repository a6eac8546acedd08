#include "cli/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/batch_run.h"
#include "cli/layer_values.h"
#include "reference/error_bound.h"
#include "reference/run_network.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

// What the first or last image should give: every layer's output, CHW, and the same in plain float32.
struct Expected {
    std::vector<std::vector<double>> layers;
    std::vector<std::vector<float>> plain;
};

// Of the level that runs: its coarsest layer's.
Precision precision_of(const LoadedPackage &loaded) {
    Precision coarsest = Precision::kFloat32;
    for (const LayerInfo &info : loaded.manifest().layers)
        if (info.level == loaded.level()) coarsest = std::max(coarsest, info.products);
    return coarsest;
}

// The logits that a mask's pixels chose beside the greatest: of two that are nearly equal either is nearly right. Where
// there is one class its logits stand against the threshold.
Difference compare_mask(const Layer &mask, const std::vector<float> &found,
                        const std::vector<double> &expected, const std::vector<double> &logits) {
    const bool one = mask.in.channels == 1;
    const int classes = one ? 2 : mask.in.channels;
    const auto logit = [&](float number, size_t pixel) {
        if (!(number >= 0 && number < float(classes))) return double{NAN};
        const size_t channel = size_t(number);
        if (one) return channel == 0 ? double{mask.threshold} : logits[pixel];
        return logits[channel * expected.size() + pixel];
    };
    std::vector<double> chosen, greatest;
    for (size_t i = 0; i < expected.size(); i++) {
        chosen.push_back(logit(found[i], i));
        greatest.push_back(logit(float(expected[i]), i));
    }
    return compare(chosen, greatest);
}

Difference compare_layer(const Network &network, size_t index, const std::vector<float> &found,
                         const Expected &expected) {
    const Layer &layer = network.layers[index];
    if (layer.op != OpKind::kArgmax) return compare(found, expected.layers[index]);
    return compare_mask(layer, found, expected.layers[index], expected.layers[size_t(layer.sources()[0])]);
}

// Of a mask, its logits': few pixels or none are so near that plain float32 chooses another class there.
double plain_error(const Network &network, size_t index, const Expected &expected) {
    const Layer &layer = network.layers[index];
    if (layer.op == OpKind::kArgmax) index = size_t(layer.sources()[0]);
    return compare(expected.plain[index], expected.layers[index]).relative_rms;
}

// Of each layer and all before it, as the manifest has them.
std::vector<double> recorded_errors(const LoadedPackage &loaded) {
    std::vector<double> errors;
    for (const Layer &layer : loaded.model().layers) {
        const LayerInfo *info = loaded.manifest().chosen(layer.name, loaded.level());
        errors.push_back((errors.empty() ? 0 : errors.back()) + (info ? info->error : 0));
    }
    return errors;
}

// Runs the first image step by step and compares each layer while its output is still in place.
Result<std::vector<LayerCheck>> check_layers(LoadedPackage &loaded, const Network &network,
                                             const Expected &expected, const std::vector<double> &recorded) {
    const Precision precision = precision_of(loaded);
    std::vector<LayerCheck> checks;
    const Status run = run_by_layers(loaded, [&](size_t i, const std::vector<float> &found) {
        const Layer &layer = network.layers[i];
        const LayerInfo *info = loaded.manifest().chosen(layer.name, loaded.level());
        const double plain = plain_error(network, i, expected);
        checks.push_back({layer.name, info ? info->algorithm : "", compare_layer(network, i, found, expected),
                          plain, error_bound(plain, recorded[i], precision)});
        return ok();
    });
    if (!run) return run.error();
    return checks;
}

LayerCheck check_output(const LoadedPackage &loaded, int image, size_t index, const Expected &expected,
                        double recorded, std::optional<double> bound) {
    const Network &network = loaded.model();
    const Output &output = network.outputs[index];
    const std::vector<float> found = loaded.output_values(index, image);
    LayerCheck check;
    check.layer = network.outputs.size() > 1 ? "output " + output.name : "output";
    if (output.row == 0 && output.layers.size() == 1) {
        check.difference = compare_layer(network, size_t(output.layers[0]), found, expected);
        check.plain = plain_error(network, size_t(output.layers[0]), expected);
    } else {
        const std::vector<double> values = output_values(network, output, expected.layers);
        check.difference = compare(found, values);
        check.plain = compare(output_values(network, output, expected.plain), values).relative_rms;
    }
    check.bound = bound.value_or(error_bound(check.plain, recorded, precision_of(loaded)));
    return check;
}

// Of two images the one that is nearer to its bound, or further beyond it.
bool is_worse(const LayerCheck &check, const LayerCheck &than) {
    return check.difference.relative_rms * than.bound > than.difference.relative_rms * check.bound;
}

Json json_of(const LayerCheck &check) {
    return {{"layer", check.layer},
            {"algorithm", check.algorithm},
            {"relative_rms", check.difference.relative_rms},
            {"max_abs", check.difference.max_abs},
            {"plain_float32", check.plain},
            {"bound", check.bound},
            {"holds", check.holds()}};
}

Result<Expected> run_references(const Network &network, const FoldedWeights &weights,
                                const std::vector<float> &image, const VerifySettings &settings) {
    ReferenceOptions options;
    const int total = int(network.layers.size()) * 2;
    int done = 0;
    options.progress = [&](int, int, const std::string &layer) {
        if (settings.progress) settings.progress(++done, total, layer);
    };
    Result<std::vector<std::vector<double>>> layers = run_network(network, weights, image, options);
    if (!layers) return layers.error();
    Result<std::vector<std::vector<float>>> plain = run_network<float>(network, weights, image, options);
    if (!plain) return plain.error();
    return Expected{std::move(*layers), std::move(*plain)};
}

// Into every place of the batch.
Status put_input(LoadedPackage &loaded, const VerifySettings &settings) {
    const int batch = loaded.batch();
    if (settings.picture.empty()) {
        const std::vector<float> input = seeded_input(int64_t(loaded.input_elems()) * batch, settings.seed);
        std::copy(input.begin(), input.end(), loaded.input(0));
        return ok();
    }
    if (const auto put = put_picture(loaded, settings.picture, 0); !put) return put.error();
    for (int slot = 1; slot < batch; slot++)
        std::copy_n(loaded.input(0), loaded.input_elems(), loaded.input(slot));
    return ok();
}

}  // namespace

Result<FoldedWeights> package_weights(const LoadedPackage &loaded) {
    Result<Checkpoint> checkpoint = read_checkpoint(loaded.package().weights_path());
    if (!checkpoint) return checkpoint.error();
    checkpoint->folded = true;  // the keys of a network without norms do not tell
    return fold(loaded.model(), *checkpoint);
}

bool Verification::holds() const {
    const auto check_holds = [](const LayerCheck &check) { return check.holds(); };
    return std::all_of(outputs.begin(), outputs.end(), check_holds) &&
           std::all_of(layers.begin(), layers.end(), check_holds);
}

Result<Verification> verify_package(LoadedPackage &loaded, const VerifySettings &settings) {
    const Manifest &m = loaded.manifest();
    const Network &network = loaded.model();
    const Result<FoldedWeights> weights = package_weights(loaded);
    if (!weights) return weights.error();
    if (network.layers.size() != loaded.network().layer_count)
        return bad_input(fmt::format("{}: expected a package of {} layers, found {}", m.name,
                                     network.layers.size(), loaded.network().layer_count));

    const size_t elems = loaded.input_elems();
    if (const Status put = put_input(loaded, settings); !put) return put.error();
    const std::vector<float> input(loaded.input(0), loaded.input(m.batch));
    if (const Status status = loaded.run(); !status) return status.error();

    const std::vector<double> recorded = recorded_errors(loaded);
    Verification result;
    result.input = settings.picture.empty() ? fmt::format("seed:{}", settings.seed) : settings.picture;
    for (int image = 0; image < m.batch; image += std::max(1, m.batch - 1)) {
        const std::vector<float> one(input.begin() + elems * image, input.begin() + elems * (image + 1));
        const Result<Expected> expected = run_references(network, *weights, one, settings);
        if (!expected) return expected.error();
        for (size_t i = 0; i < network.outputs.size(); i++) {
            const LayerCheck check =
                check_output(loaded, image, i, *expected, recorded.back(), settings.output_bound);
            if (image == 0)
                result.outputs.push_back(check);
            else if (is_worse(check, result.outputs[i]))
                result.outputs[i] = check;
        }
        result.images++;
        if (image > 0 || !settings.per_layer) continue;
        Result<std::vector<LayerCheck>> layers = check_layers(loaded, network, *expected, recorded);
        if (!layers) return layers.error();
        result.layers = std::move(*layers);
    }
    return result;
}

Json json_of(const Verification &verification, const LoadedPackage &loaded) {
    const Manifest &m = loaded.manifest();
    Json layers = Json::array(), outputs = Json::array();
    for (const LayerCheck &check : verification.layers) layers.push_back(json_of(check));
    for (const LayerCheck &check : verification.outputs) outputs.push_back(json_of(check));
    return {{"model", m.name},
            {"input", fmt::format("{}x{}", m.height(), m.width())},
            {"batch", m.batch},
            {"device", loaded.device()},
            {"level", loaded.level()},
            {"weights", {{"source", m.weights_source}, {"hash", m.weights_hash}}},
            {"input_source", verification.input},
            {"images", verification.images},
            {"holds", verification.holds()},
            {"outputs", outputs},
            {"layers", layers}};
}

}  // namespace hardnet
