// A level's GPU kernels as one module: OpenCL C, or PTX and machine code for the architectures that the assembler at hand
// knows.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "compiler/gpu/kernel.h"

namespace hardnet::gpu {

struct Resources {  // of a kernel on one architecture, as the assembler counts them
    std::string kernel;
    int architecture = 0;  // 90
    int registers = 0, stack_bytes = 0, spilled_bytes = 0;
};

struct Module {
    std::vector<Launch> launches;  // of the kernels, in their order
    std::string
        bytes;  // a fat binary, or a text that ends with a zero byte: OpenCL C, PTX without machine code
    std::string assembler;           // "13.0.88"; empty: none
    std::vector<int> architectures;  // of the machine code
    std::vector<Resources> resources;
};

enum class Cubins { kAuto, kNone };
Result<Cubins> cubins_from_name(const std::string &name);

// CUDA's machine code where ptxas and fatbinary are found: on the PATH or in /usr/local/cuda/bin. Kept in the cache by
// content.
Result<Module> make_module(const std::vector<Compiled> &kernels, hardnet_device_kind device, Cubins cubins,
                           int jobs);

}  // namespace hardnet::gpu
