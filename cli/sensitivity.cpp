#include "cli/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/layer_values.h"

namespace hardnet {
namespace {

constexpr size_t kMostInputs = 8;

// Sums over inputs of squares of differences and of what is expected.
struct Squares {
    double off = 0, expected = 0;
    void add(const std::vector<float> &found, const std::vector<float> &wanted) {
        for (size_t i = 0; i < wanted.size(); i++) {
            const double d = double{found[i]} - wanted[i];
            off += d * d;
            expected += double{wanted[i]} * wanted[i];
        }
    }
    // Relative RMS; none where nothing was added.
    std::optional<double> error() const {
        if (expected == 0 && off == 0) return std::nullopt;
        return std::sqrt(off / std::max(expected, std::numeric_limits<double>::min()));
    }
};

struct Errors {
    std::vector<std::optional<double>> layers;
    double outputs = 0;
};

Result<Errors> errors_of(LoadedPackage &int16, LoadedPackage &float32, const Inputs &inputs) {
    std::vector<Squares> layers(float32.model().layers.size());
    Squares outputs;
    for (size_t i = 0; i < std::min(inputs.size(), kMostInputs); i++) {
        std::vector<std::vector<float>> wanted(layers.size());
        if (const Status put = inputs[i].put(float32); !put) return put.error();
        std::copy_n(float32.input(0), float32.input_elems(), int16.input(0));
        const auto keep = [&](size_t l, std::vector<float> values) {
            wanted[l] = std::move(values);
            return ok();
        };
        if (const Status run = run_by_layers(float32, keep); !run) return run.error();
        const auto add = [&](size_t l, const std::vector<float> &values) {
            if (!wanted[l].empty()) layers[l].add(values, wanted[l]);
            return ok();
        };
        if (const Status run = run_by_layers(int16, add); !run) return run.error();
        for (size_t o = 0; o < float32.outputs().size(); o++)
            outputs.add(int16.output_values(o, 0), float32.output_values(o, 0));
    }
    Errors errors;
    for (const Squares &layer : layers) errors.layers.push_back(layer.error());
    errors.outputs = outputs.error().value_or(0);
    return errors;
}

// Numbers of the layers whose products are int16, those first that add most to what their sources are off by.
std::vector<size_t> by_added_error(const LoadedPackage &int16,
                                   const std::vector<std::optional<double>> &errors) {
    std::vector<std::pair<double, size_t>> added;
    const std::vector<Layer> &layers = int16.model().layers;
    for (size_t l = 0; l < layers.size(); l++) {
        const LayerInfo *info = int16.manifest().chosen(layers[l].name, int16.level());
        if (!info || info->algorithm.find("int16") == std::string::npos) continue;
        double before = 0;
        for (const int source : layers[l].sources())
            if (source >= 0) before = std::max(before, errors[size_t(source)].value_or(0));
        const double here = errors[l].value_or(0);
        added.emplace_back(here * here - before * before, l);
    }
    std::sort(added.rbegin(), added.rend());
    std::vector<size_t> numbers;
    for (const auto &[error, l] : added) numbers.push_back(l);
    return numbers;
}

}  // namespace

Result<Calibration> with_errors(const Model &model, CompileOptions trial, LoadedPackage &float32,
                                const Inputs &inputs, std::optional<double> most_error,
                                Calibration calibration) {
    trial.name = "trial";
    trial.batch = 1;
    trial.prepack.clear();
    trial.calibrate = [&](const Model &, const auto &) -> Result<Calibration> { return calibration; };
    for (size_t more = 1;; more *= 2) {
        if (const auto compiled = compile_model(model, trial); !compiled) return compiled.error();
        auto int16 = LoadedPackage::load(trial.folder, {});
        if (!int16 && !most_error) return calibration;
        if (!int16) return int16.error();
        Result<Errors> errors = errors_of(**int16, float32, inputs);
        if (!errors) return errors.error();
        calibration.errors = std::move(errors->layers);
        if (!most_error || errors->outputs <= *most_error) return calibration;
        const std::vector<size_t> numbers = by_added_error(**int16, calibration.errors);
        for (size_t i = 0; i < std::min(more, numbers.size()); i++)
            calibration.keep.insert(model.network.layers[numbers[i]].name);
        if (numbers.size() <= more)
            return bad_input(
                fmt::format("{}: --most-error: expected int16 layers that lose at most {:.1e}, found "
                            "{:.1e} with the least of them",
                            model.network.name, *most_error, errors->outputs));
    }
}

}  // namespace hardnet
