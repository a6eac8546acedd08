// How long a package's runs and steps take.
#pragma once
#include <string>
#include <vector>

#include "package/loaded_package.h"

namespace hardnet {

struct TimingOptions {
    int iterations = 0;  // 0: as many as fit into `seconds`, at least 5
    double seconds = 2;
    int warmup = 3;  // runs before the first that counts: caches, page tables, clock frequency
};

struct Timing {
    double min_ms = 0, median_ms = 0, p99_ms = 0;
    int iterations = 0;
};

struct StepTiming {
    std::string layer, kind;
    double ms = 0;     // median of one image; on a GPU of the batch
    double share = 0;  // of the sum over the steps
    int32_t step = 0;  // as the context counts them
};

Timing timing_of(std::vector<double> milliseconds);  // of at least one run; p99 is the nearest rank

// Whole runs of the package's batch, on a seeded input.
Result<Timing> time_runs(LoadedPackage &loaded, const TimingOptions &options);
// The same on a GPU whose memory holds input and outputs: nothing is copied.
Result<Timing> time_runs_on_device(LoadedPackage &loaded, const TimingOptions &options);

// Every step of one image, with all threads; the steps' barriers count, so the sum is a little above a run. On a GPU of
// the batch, by its own clock.
Result<std::vector<StepTiming>> time_steps(LoadedPackage &loaded, const TimingOptions &options);

}  // namespace hardnet
