#include "autotune/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "autotune/child.h"
#include "package/loaded_package.h"
#include "reference/compare.h"
#include "runtime/inspect.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct LayerTimes {
    std::vector<double> layers;      // but for
    std::vector<double> transforms;  // V of their tensors, as steps of their own
    double of(const LayerGroup &group) const {
        double sum = 0;
        for (size_t l : group.layers) sum += layers[l];
        for (size_t l : group.transformed) sum += transforms[l];
        return sum;
    }
};

// A package with its first image's input filled, and the times of its layers.
class Subject {
public:
    static Result<std::unique_ptr<Subject>> open(const std::string &folder, const TrialOptions &options) {
        auto loaded = LoadedPackage::load(folder, {options.threads, options.level});
        if (!loaded) return loaded.error();
        return std::unique_ptr<Subject>(new Subject(std::move(*loaded)));
    }

    Result<std::vector<std::vector<float>>> outputs() {
        if (Status s = loaded_->run(); !s) return s.error();
        return loaded_->output_values(0);
    }
    // Runs one image step by step: milliseconds per layer.
    LayerTimes time_layers() {
        const size_t layers = loaded_->network().layer_count;
        LayerTimes ms{std::vector<double>(layers), std::vector<double>(layers)};
        const int32_t steps = hardnet_step_count(loaded_->context());
        for (int32_t i = 0; i < steps; i++) {
            const hardnet_step *step = hardnet_step_at(loaded_->context(), i);
            const auto begin = Clock::now();
            hardnet_run_step(loaded_->context(), i, 0);
            const double taken = seconds_since(begin) * 1000;
            const bool transform = step->kind == HARDNET_STEP_INPUT_TRANSFORM;
            (transform ? ms.transforms : ms.layers)[size_t(step->layer)] += taken;
        }
        return ms;
    }

private:
    explicit Subject(std::unique_ptr<LoadedPackage> loaded) : loaded_(std::move(loaded)) {
        const std::vector<float> image = seeded_input(int64_t(loaded_->input_elems()), 1);
        std::copy(image.begin(), image.end(), loaded_->input(0));
    }

    std::unique_ptr<LoadedPackage> loaded_;
};

// Alternately, each going first in every other round; the count follows from the fastest run, since a process
// that is stopped for a while would take a clock's word for having measured.
std::vector<RoundTimes> time_in_turns(Subject &model, Subject &trial, const std::vector<LayerGroup> &groups,
                                      double seconds) {
    double fastest = std::numeric_limits<double>::max();
    for (int warmup = 0; warmup < 3; warmup++) {
        const auto begin = Clock::now();
        model.time_layers(), trial.time_layers();
        fastest = std::min(fastest, seconds_since(begin));
    }
    const double rounds = std::clamp(seconds / fastest, double(kLeastRounds), double(kMostRounds));
    std::vector<RoundTimes> times(groups.size());
    for (int round = 0; round < int(rounds); round++) {
        LayerTimes model_ms, trial_ms;
        if (round % 2) trial_ms = trial.time_layers();
        model_ms = model.time_layers();
        if (round % 2 == 0) trial_ms = trial.time_layers();
        for (size_t g = 0; g < groups.size(); g++) {
            times[g].model_ms.push_back(model_ms.of(groups[g]));
            times[g].trial_ms.push_back(trial_ms.of(groups[g]));
        }
    }
    return times;
}

Status compare_outputs(Subject &model, Subject &trial, double most_error) {
    auto expected = model.outputs(), found = trial.outputs();
    if (!expected) return expected.error();
    if (!found) return found.error();
    for (size_t i = 0; i < expected->size(); i++) {
        const std::vector<double> wanted((*expected)[i].begin(), (*expected)[i].end());
        const double error = compare((*found)[i], wanted).relative_rms;
        if (!(error <= most_error))  // nor is it where it is no number
            return bad_input(
                fmt::format("output: expected a relative error of {:.0e}, found {:.1e}", most_error, error));
    }
    return ok();
}

Result<json> measure(const std::string &folder, const std::string &model_folder,
                     const std::vector<LayerGroup> &groups, const TrialOptions &options) {
    auto model = Subject::open(model_folder, options);
    if (!model) return model.error();
    auto trial = Subject::open(folder, options);
    if (!trial) return trial.error();
    if (Status right = compare_outputs(**model, **trial, options.most_error); !right) return right.error();
    json all = json::array();
    for (const RoundTimes &times : time_in_turns(**model, **trial, groups, options.seconds))
        all.push_back({times.model_ms, times.trial_ms});
    return all;
}

}  // namespace

Status compile_in_child(const CompileRequest &request) {
    auto done = in_child([&]() -> Result<json> {
        if (auto compiled = compile_package(request); !compiled) return compiled.error();
        return json(true);
    });
    return done ? ok() : Status(done.error());
}

Result<std::vector<RoundTimes>> run_trial(const std::string &folder, const std::string &model,
                                          const std::vector<LayerGroup> &groups,
                                          const TrialOptions &options) {
    auto measured = in_child([&] { return measure(folder, model, groups, options); },
                             {options.wall_seconds, options.wall_seconds});
    if (!measured) return measured.error();
    std::vector<RoundTimes> times;
    for (const json &group : *measured) times.push_back({group[0], group[1]});
    return times;
}

}  // namespace hardnet
