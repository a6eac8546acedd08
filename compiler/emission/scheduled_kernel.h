// A kernel as Halide has it before it compiles it, for the compiler and for who asks Halide what a kernel reads.
#pragma once
#include <memory>
#include <vector>

#include "Halide.h"
#include "kernels/gpu_kernel.h"
#include "kernels/kernel.h"
#include "schedules/machine.h"

namespace hardnet {

struct ScheduledKernel {
    Halide::Pipeline pipeline;                // with the lowering passes of its schedule
    std::vector<Halide::Argument> arguments;  // in the order of parameters(), without the output
    std::shared_ptr<void> generator;          // to which the passes refer
};

// What kernels are compiled for: nothing is called, checked or asked for.
Halide::Target bare_target(const Machine &machine);

// The specification's generator with the schedule of the machine's family applied.
ScheduledKernel scheduled_kernel(const KernelSpec &spec, const Machine &machine);

// Of a GPU: its views' extents and strides known. Refuses a specification that GPUs do not have.
Result<ScheduledKernel> scheduled_kernel(const GpuKernel &kernel, const Machine &machine);

}  // namespace hardnet
