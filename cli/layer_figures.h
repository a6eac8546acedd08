// What a layer computes and moves, how long it took, and how long the machine would take at least.
#pragma once
#include <string>
#include <vector>

#include "cli/machine_limits.h"
#include "cli/timing.h"
#include "package/loaded_package.h"

namespace hardnet {

struct LayerFigures {          // of one image
    std::string layer, steps;  // "product + output transform"
    double ms = 0, share = 0;
    double macs = 0;        // of the layer by direct convolution; 0: it multiplies nothing, or is unknown
    double operations = 0;  // of what runs: Winograd's products with their surplus, else 2 x macs
    int in_step = 1;        // products of integers in place of one of float32
    double weight_bytes = 0,
           activation_bytes = 0;           // read and written, each element of a step once; no scratch
    double compute_ms = 0, memory_ms = 0;  // at the machine's limits

    double bytes() const { return weight_bytes + activation_bytes; }
    double gflops() const { return ms > 0 ? 2 * macs / ms / 1e6 : 0; }  // as if it were direct
    bool by_memory() const { return memory_ms > compute_ms; }
    double bound_ms() const { return by_memory() ? memory_ms : compute_ms; }
    double reached() const { return ms > 0 ? bound_ms() / ms : 0; }
};

// What this machine can do with the package's level, threads and memory.
MachineLimits limits_for(const LoadedPackage &loaded);

// One per layer that has steps of its own, in the order of the steps.
std::vector<LayerFigures> layer_figures(const LoadedPackage &loaded, const std::vector<StepTiming> &steps,
                                        const MachineLimits &limits);

}  // namespace hardnet
