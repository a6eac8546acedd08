// A trial: the same network with other parameters, checked against the package with the cost model's and timed in
// turns with it, layer by layer, inside the running network.
#pragma once
#include <string>
#include <vector>

#include "autotune/estimate.h"
#include "compiler/compile.h"

namespace hardnet {

// Relative RMS of an output: register blocks change the order of work, not of a sum, and algorithms of float32 round otherwise.
constexpr double kReorderedBound = 5e-6;

struct TrialOptions {
    std::string level;
    int threads = 1;
    double seconds = 4;                   // of timing; at least kLeastRounds rounds
    int wall_seconds = 3600;              // a trial that takes longer is stopped
    double most_error = kReorderedBound;  // by which outputs may differ
};
constexpr int kLeastRounds = 20, kMostRounds = 400;

// Compiles a package in a process of its own.
Status compile_in_child(const CompileRequest &request);

// Layers that are timed together.
struct LayerGroup {
    std::vector<size_t> layers;       // but for input transforms
    std::vector<size_t> transformed;  // input transforms of their tensors
};

// Compares the package in `folder` with the one in `model` and times both, in a process of its own: per group of layers.
// Output that differs by more than `most_error` is an error and is not timed.
Result<std::vector<RoundTimes>> run_trial(const std::string &folder, const std::string &model,
                                          const std::vector<LayerGroup> &groups, const TrialOptions &options);

}  // namespace hardnet
