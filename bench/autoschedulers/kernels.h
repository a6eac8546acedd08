// Kernels of a plan as libraries, each made by our schedule or by one of Halide's autoschedulers.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "compiler/plan.h"
#include "models/architectures.h"

namespace hardnet {

// One kernel of a network's plan, with what its first call is given.
struct PlannedKernel {
    KernelSpec spec;
    std::vector<std::vector<hardnet_dim>>
        buffers;  // of its arguments, innermost dimension first, the output last
};

struct Choice {
    std::string model, layer, op;  // the layer's first call of that operator: "winograd_product"
    AlgorithmChoice algorithm;
    InputSize size;
};

Result<PlannedKernel> planned_kernel(const Choice &choice, const Machine &machine);

enum class Maths {
    kGenerator,  // the Funcs of generators/
    kUnblocked,  // the same sums indexed by channel instead of block and channel in block; weights (channel, ...)
};

// `scheduler`: an autoscheduler of Halide's by its name, which schedules for one thread; "": schedules/; "none": as the
// Funcs are defined. The library's function `kernel_argv` takes the addresses of the arguments' halide_buffer_t. An error
// is Halide's.
Status make_library(const PlannedKernel &kernel, const Machine &machine, const std::string &scheduler,
                    Maths maths, const std::string &path);

// What the arguments are then: the weights of kUnblocked have three dimensions for four.
std::vector<std::vector<hardnet_dim>> buffers_of(const PlannedKernel &kernel, Maths maths);

// Whether a kernel's sums are indexed by blocks, so that the two kinds of maths differ.
bool blocked(const KernelSpec &spec);

}  // namespace hardnet
