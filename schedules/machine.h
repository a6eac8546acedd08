// The machines that kernels are generated for: one record per CPU level, best first.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "models/result.h"

namespace hardnet {

struct Machine {
    std::string level;      // "avx512": the name at run time
    std::string platform;   // "x86_64-linux": the package's folder under lib/
    std::string target;     // Halide target, features spelled out
    uint32_t features = 0;  // HARDNET_CPU_* bits that a CPU must have
    int lanes = 0;          // float32 per widest vector
    int narrow_lanes = 0;   // the next narrower one, for channel tails; equal to lanes where that does not pay
    int accumulators = 0;   // vectors that a register block may hold
    double flops_per_cycle = 0;    // fp32, one core; an FMA is two
    double bytes_per_cycle = 0;    // one core's share of streaming reads from memory

    // The widest vectors that divide a range of channels, itself a multiple of 8.
    int lanes_for(int channels) const { return channels % lanes == 0 ? lanes : narrow_lanes; }
};

const std::vector<Machine> &machines();

// The machines behind a --target value: "host", "x86-64" (all levels), "x86-64-v3", "x86-64-v4".
Result<std::vector<Machine>> machines_for(const std::string &target);

}  // namespace hardnet
