#include "autotune/trial.h"

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

// Relative RMS of an output: blocks change the order of work, not of a sum.
constexpr double kOutputBound = 3e-6;

// A package with its first image's input filled, and the times of its steps.
class Subject {
public:
    static Result<std::unique_ptr<Subject>> open(const std::string &folder, const TrialOptions &options) {
        auto loaded = LoadedPackage::load(folder, {options.threads, options.level});
        if (!loaded) return loaded.error();
        return std::unique_ptr<Subject>(new Subject(std::move(*loaded)));
    }

    Result<std::vector<std::vector<float>>> outputs() {
        if (Status s = loaded_->run(); !s) return s.error();
        std::vector<std::vector<float>> values;
        for (size_t i = 0; i < loaded_->outputs().size(); i++) values.push_back(loaded_->output_values(i, 0));
        return values;
    }
    // Runs one image step by step and keeps each step's least time. Returns the sum.
    double time_steps() {
        using Clock = std::chrono::steady_clock;
        double sum = 0;
        for (size_t i = 0; i < least_ms_.size(); i++) {
            const auto begin = Clock::now();
            hardnet_run_step(loaded_->context(), int32_t(i), 0);
            const double ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
            least_ms_[i] = std::min(least_ms_[i], ms);
            sum += ms;
        }
        return sum;
    }
    // Of the steps that a layer's blocks have a part in.
    std::vector<double> layer_ms() const {
        std::vector<double> ms(loaded_->network().layer_count);
        for (size_t i = 0; i < least_ms_.size(); i++) {
            const hardnet_step *step = hardnet_step_at(loaded_->context(), int32_t(i));
            if (step->kind != HARDNET_STEP_INPUT_TRANSFORM) ms[size_t(step->layer)] += least_ms_[i];
        }
        return ms;
    }

private:
    explicit Subject(std::unique_ptr<LoadedPackage> loaded)
        : loaded_(std::move(loaded)),
          least_ms_(size_t(hardnet_step_count(loaded_->context())), std::numeric_limits<double>::max()) {
        const std::vector<float> image = seeded_input(int64_t(loaded_->input_elems()), 1);
        std::copy(image.begin(), image.end(), loaded_->input(0));
    }

    std::unique_ptr<LoadedPackage> loaded_;
    std::vector<double> least_ms_;  // per step
};

// Alternately, each going first in every other round; the count follows from the fastest run, since a process
// that is stopped for a while would take a clock's word for having measured.
void time_in_turns(Subject &model, Subject &trial, double seconds) {
    double fastest_ms = std::numeric_limits<double>::max();
    for (int warmup = 0; warmup < 3; warmup++)
        fastest_ms = std::min(fastest_ms, model.time_steps() + trial.time_steps());
    const double rounds = std::clamp(seconds * 1000 / fastest_ms, double(kLeastRounds), double(kMostRounds));
    for (int round = 0; round < int(rounds); round++) {
        Subject &first = round % 2 ? trial : model, &second = round % 2 ? model : trial;
        first.time_steps();
        second.time_steps();
    }
}

Result<json> measure(const CompileRequest &request, const std::string &model_folder,
                     const TrialOptions &options) {
    if (auto compiled = compile_package(request); !compiled) return compiled.error();
    auto model = Subject::open(model_folder, options);
    if (!model) return model.error();
    auto trial = Subject::open(request.folder, options);
    if (!trial) return trial.error();
    auto expected = (*model)->outputs(), found = (*trial)->outputs();
    if (!expected) return expected.error();
    if (!found) return found.error();
    for (size_t i = 0; i < expected->size(); i++) {
        const std::vector<double> wanted((*expected)[i].begin(), (*expected)[i].end());
        const double error = compare((*found)[i], wanted).relative_rms;
        if (error <= kOutputBound) continue;
        char text[32];
        std::snprintf(text, sizeof text, "%.1e", error);
        return bad_input(std::string("output: expected a relative error of 3e-6, found ") + text);
    }
    time_in_turns(**model, **trial, options.seconds);
    return json{{"model_ms", (*model)->layer_ms()}, {"trial_ms", (*trial)->layer_ms()}};
}

}  // namespace

Status compile_in_child(const CompileRequest &request) {
    auto done = in_child([&]() -> Result<json> {
        if (auto compiled = compile_package(request); !compiled) return compiled.error();
        return json(true);
    });
    return done ? ok() : Status(done.error());
}

Result<LayerTimes> run_trial(const CompileRequest &request, const std::string &model,
                             const TrialOptions &options) {
    auto measured = in_child([&] { return measure(request, model, options); });
    if (!measured) return measured.error();
    return LayerTimes{(*measured)["model_ms"], (*measured)["trial_ms"]};
}

}  // namespace hardnet
