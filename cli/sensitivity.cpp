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

Result<Errors> errors_of(LoadedPackage &rounded, LoadedPackage &float32, const Inputs &inputs) {
    std::vector<Squares> layers(float32.model().layers.size());
    Squares outputs;
    for (size_t i = 0; i < std::min(inputs.size(), kMostInputs); i++) {
        std::vector<std::vector<float>> wanted(layers.size());
        if (const Status put = inputs[i].put(float32); !put) return put.error();
        std::copy_n(float32.input(0), float32.input_elems(), rounded.input(0));
        const auto keep = [&](size_t l, std::vector<float> values) {
            wanted[l] = std::move(values);
            return ok();
        };
        if (const Status run = run_by_layers(float32, keep); !run) return run.error();
        const auto add = [&](size_t l, const std::vector<float> &values) {
            if (!wanted[l].empty()) layers[l].add(values, wanted[l]);
            return ok();
        };
        if (const Status run = run_by_layers(rounded, add); !run) return run.error();
        for (size_t o = 0; o < float32.outputs().size(); o++)
            outputs.add(rounded.output_values(o, 0), float32.output_values(o, 0));
    }
    Errors errors;
    for (const Squares &layer : layers) errors.layers.push_back(layer.error());
    errors.outputs = outputs.error().value_or(0);
    return errors;
}

// A layer whose products are of integers, and the square of what it adds to what its sources are off by.
struct Lossy {
    double added = 0;
    std::string layer;
    bool int8 = false;
};

// Those first that add most.
std::vector<Lossy> by_added_error(const LoadedPackage &rounded,
                                  const std::vector<std::optional<double>> &errors) {
    std::vector<Lossy> all;
    const std::vector<Layer> &layers = rounded.model().layers;
    for (size_t l = 0; l < layers.size(); l++) {
        const LayerInfo *info = rounded.manifest().chosen(layers[l].name, rounded.level());
        if (!info || info->products == Precision::kFloat32) continue;
        double before = 0;
        for (const int source : layers[l].sources())
            if (source >= 0) before = std::max(before, errors[size_t(source)].value_or(0));
        const double here = errors[l].value_or(0);
        all.push_back({here * here - before * before, layers[l].name, info->products == Precision::kInt8});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Lossy &a, const Lossy &b) { return a.added > b.added; });
    return all;
}

// Keeps a layer in the next finer precision.
void keep_finer(const Lossy &lossy, Calibration &calibration) {
    (lossy.int8 ? calibration.keep_int16 : calibration.keep).insert(lossy.layer);
}

// Relative RMS of outputs with which int8 is good enough where nobody says what is.
constexpr double kMostOfInt8 = 4e-2;

}  // namespace

Result<Calibration> with_errors(const Model &model, CompileOptions trial, LoadedPackage &float32,
                                const Inputs &inputs, std::optional<double> most_error,
                                Calibration calibration) {
    trial.name = "trial";
    trial.batch = 1;
    trial.prepack.clear();
    trial.calibrate = [&](const Model &, const auto &) -> Result<Calibration> { return calibration; };
    for (size_t more = 1;;) {
        if (const auto compiled = compile_model(model, trial); !compiled) return compiled.error();
        auto rounded = LoadedPackage::load(trial.folder, {});
        if (!rounded && !most_error) return calibration;
        if (!rounded) return rounded.error();
        Result<Errors> errors = errors_of(**rounded, float32, inputs);
        if (!errors) return errors.error();
        calibration.errors = std::move(errors->layers);
        std::vector<Lossy> all = by_added_error(**rounded, calibration.errors);
        const bool int8 = std::any_of(all.begin(), all.end(), [](const Lossy &l) { return l.int8; });
        if (!most_error && !int8) return calibration;
        if (errors->outputs <= most_error.value_or(kMostOfInt8)) return calibration;
        if (all.size() <= more && !int8)
            return bad_input(
                fmt::format("{}: --most-error: expected integer layers that lose at most {:.1e}, found "
                            "{:.1e} with the least of them",
                            model.network.name, *most_error, errors->outputs));
        if (!most_error)  // int16 is good enough
            all.erase(std::remove_if(all.begin(), all.end(), [](const Lossy &l) { return !l.int8; }),
                      all.end());
        for (size_t i = 0; i < std::min(more, all.size()); i++) keep_finer(all[i], calibration);
        more *= 2;
    }
}

}  // namespace hardnet
