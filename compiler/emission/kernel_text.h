// A kernel as text, for who wants to see what became of it.
#pragma once
#include <string>

#include "base/result.h"
#include "kernels/gpu_kernel.h"
#include "kernels/kernel.h"
#include "schedules/machine.h"

namespace hardnet {

enum class KernelText {
    kLoopNest,   // the schedule as nested loops
    kStatement,  // Halide's lowered statement beside the assembly, as a page of HTML
    kAssembly,   // of the machine's target; of a GPU its PTX or OpenCL C
};

// Made in a child, as kernels are, so that it is what a package holds.
Result<std::string> kernel_text(const KernelSpec &spec, const Machine &machine, KernelText what);
Result<std::string> kernel_text(const GpuKernel &kernel, const Machine &machine, KernelText what);

}  // namespace hardnet
