// The machines that kernels are generated for: one record per CPU level, best first within a platform.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/precision.h"
#include "hardnet/plan.h"
#include "kernels/epilogue.h"

namespace hardnet {

// How a step of a register block multiplies a vector of weights by one input value.
enum class ScheduleFamily {
    kX86,  // schedules/x86.cpp: the value is broadcast as it is loaded
    kArm,  // schedules/arm.cpp: four values are loaded as a vector, each product names one of its lanes
    kGpu,  // schedules/gpu.cpp: threads of a GPU
};

struct Machine {
    std::string level;      // "avx512": the name at run time
    std::string platform;   // "x86_64-linux": the package's folder under lib/
    std::string target;     // Halide target, features spelled out
    uint32_t features = 0;  // HARDNET_CPU_* bits that a CPU must have
    int lanes = 0;          // float32 per widest vector
    int narrow_lanes = 0;  // the next narrower one, for channel tails; equal to lanes where that does not pay
    int accumulators = 0;  // vectors that a register block may hold
    double flops_per_cycle = 0;  // fp32, one core; an FMA is two
    double bytes_per_cycle = 0;  // one core's share of streaming reads from memory
    ScheduleFamily family = ScheduleFamily::kX86;
    bool int16 = false;          // multiplies pairs of int16 as fast as float32 or faster
    int64_t l2_bytes = 1 << 20;  // of one core: what a thread's part of a layer should stay in
    // Of a GPU:
    int multiprocessors = 0;
    int most_threads = 0, most_shared_bytes = 0;  // of a block
    hardnet_device_kind device = HARDNET_DEVICE_CPU;
    // Of a CPU: what it multiplies int8 by, four products in an instruction.
    std::optional<IntegerType> dot_factor{};
    std::string float32_level{};  // whose code for float32 this one's is, where that is another's

    bool gpu() const { return device != HARDNET_DEVICE_CPU; }

    // The widest vectors that divide a range of channels, itself a multiple of 8.
    int lanes_for(int channels) const { return channels % lanes == 0 ? lanes : narrow_lanes; }

    // Whether a block of `vectors` x `extent` accumulators stays in registers. The ARM family needs a vector
    // of inputs per tile or pixel beside them, and LLVM loads a step's weights all at once: of what this
    // admits nothing spills, of what it does not (2x10, 4x6, 6x4) everything does.
    bool fits(int vectors, int extent) const {
        const int beside = family == ScheduleFamily::kArm ? vectors + extent : 0;
        return vectors * extent + beside <= accumulators;
    }
};

// For float32, or for a precision that further levels exist for.
const std::vector<Machine> &machines(Precision precision = Precision::kFloat32);

// GPUs: a level each, of any platform.
const std::vector<Machine> &gpu_machines();

// The machines behind --target values, each once, in the order of machines(), GPUs behind them: "host" (the levels that this
// CPU runs; sse41 only where it is the best), "x86-64" (all levels), "x86-64-v4", "x86-64-v3",
// "x86-64-v2", "arm64", "cuda", "opencl", a level's name or its Halide target.
Result<std::vector<Machine>> machines_for(const std::vector<std::string> &targets,
                                          Precision precision = Precision::kFloat32);

}  // namespace hardnet
