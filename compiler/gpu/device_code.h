// The text that Halide makes of a kernel for GPUs, as a module holds it: under a name by content, and with the size of its
// blocks, which assemblers and drivers' compilers want to know.
#pragma once
#include <string>

#include "base/result.h"
#include "compiler/gpu/kernel.h"

namespace hardnet::gpu {

// `most_registers`: of a thread, 0: as many as a block of these can have.
Result<std::string> named_ptx(const std::string &text, const Launch &launch, const std::string &name,
                              int most_registers);
Result<std::string> named_opencl(const std::string &text, const Launch &launch, const std::string &name);

// The last line of what all kernels of a module have in common.
constexpr char kPtxHeaderEnd[] = ".address_size 64\n",
               kOpenClHeaderEnd[] = "#define halide_maybe_unused(x)\n";

}  // namespace hardnet::gpu
