// A trial: the same network with other blocks, checked against the package with the cost model's and timed in
// turns with it, layer by layer, inside the running network.
#pragma once
#include <string>
#include <vector>

#include "compiler/compile.h"

namespace hardnet {

struct TrialOptions {
    std::string level;
    int threads = 1;
    double seconds = 4;  // of timing; at least kLeastRounds rounds
};
constexpr int kLeastRounds = 20, kMostRounds = 400;

struct LayerTimes {
    std::vector<double> model_ms, trial_ms;  // per layer: its steps' minima
};

// Compiles a package in a process of its own.
Status compile_in_child(const CompileRequest &request);

// Compiles `request` and compares it with the package in `model`, in a process of its own. Output that
// differs by more than rounding is an error and is not timed.
Result<LayerTimes> run_trial(const CompileRequest &request, const std::string &model,
                             const TrialOptions &options);

}  // namespace hardnet
