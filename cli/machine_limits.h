// What a machine can do at most: the two rates that bound every layer.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/machine_record.h"

namespace hardnet {

struct MachineLimits {
    double gflops = 0;        // multiply-adds of the level's vectors in registers; one is two operations
    double weights_gb_s = 0;  // reading as many bytes as the packed weights have
    double activations_gb_s =
        0;  // copying within as many bytes as the arena has; read and written bytes count
    int64_t weight_bytes = 0, activation_bytes = 0;  // those sizes
};

// With `threads` threads at once. `level` is one that this CPU runs.
MachineLimits measure_limits(const std::string &level, int threads, int64_t weight_bytes,
                             int64_t activation_bytes);

// All that `hardnet doctor --measure` records, but for version and date; with as many threads as the process may use.
// `levels` are those that this CPU runs. Takes some seconds.
MachineRecord measure_machine(const std::vector<std::string> &levels, int threads);

}  // namespace hardnet
