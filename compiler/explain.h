// Why a layer of a package is as it is, found by planning the package's network once more.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/machine_record.h"
#include "compiler/plan.h"
#include "package/manifest.h"

namespace hardnet {

struct LayerKernel {
    KernelSpec spec;
    std::optional<GpuKernel> gpu;  // of a GPU's level, on its views
    std::string symbol, step;      // "product"
    int calls = 0;                 // in the layer's steps
};

struct LayerExplanation {
    int layer = 0;
    const Machine *machine = nullptr;
    std::string options;  // of `hardnet compile`, which give this plan
    LayerChoice choice;
    std::vector<AlgorithmCost>
        algorithms;  // that the layer's had to beat, itself among them; none: it has no choice
    std::optional<TuningRecord> algorithm_record;  // that decided the algorithm
    std::optional<TuningRecord> record;            // that decided the parameters
    std::vector<Blocks> blocks;  // the cost model's best, cheapest first; none: they are no choice
    std::vector<LayerKernel>
        kernels;  // in the order of their first calls; none: another layer's step computes it
};

// `blocks`: a file of records that the package was compiled with, or ""; `records` and `measured`: those of
// CompileOptions, if any.
// Refuses a layer that the network lacks, a level
// that the package lacks, and a package whose kernels are not those that this program would make.
Result<LayerExplanation> explain_layer(const Package &package, const std::string &layer,
                                       const std::string &level, const std::string &blocks,
                                       const std::vector<TuningRecord> &records = {},
                                       const MachineRecord *measured = nullptr);

}  // namespace hardnet
