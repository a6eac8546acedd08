// GPU kernels by content: a specification on its views gives a symbol, and the PTX or OpenCL C with that name is made once.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "compiler/emission/kernel.h"
#include "kernels/gpu_kernel.h"
#include "schedules/machine.h"

namespace hardnet::gpu {

// As the plan has it (hardnet/plan.h).
struct Launch {
    std::string name;
    unsigned grid[3] = {1, 1, 1}, block[3] = {1, 1, 1};
    unsigned shared_bytes = 0;
    std::vector<int> order;  // of the parameters
};

// "hardnet_" and 32 hexadecimal digits, as symbol() of CPU kernels: also the kernel's name in its code.
std::string symbol(const GpuKernel &kernel, const Machine &machine);

// Compiles one kernel in this process, which is a child of emission: its code in the machine's language, whose first line
// is the launch.
Status compile_kernel(const GpuKernel &kernel, const Machine &machine, const std::string &path);

// Of what compile_kernel wrote.
struct Compiled {
    Launch launch;
    std::string code;  // without that line
};
Result<Compiled> read_kernel(const std::string &path, const std::string &name);

}  // namespace hardnet::gpu
