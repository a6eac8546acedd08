// A network's kernels for GPUs, run by the interpreter behind the runtime and the stand-in for a driver, and compared layer by
// layer with the reference operators as `hardnet verify` does.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/networks/package.h"

namespace hardnet::testing {

struct GpuKernelRow {  // of the step that first launches a kernel
    std::string layer, step, kernel;
    unsigned grid[3], block[3], shared_bytes;
    double error = 0, bound = 0;  // of the layer, relative RMS
    uint64_t instructions = 0, fma = 0, bytes_written = 0;
};

struct GpuNetwork {
    std::vector<std::string> faults;  // empty: everything is as it should be
    std::vector<GpuKernelRow> kernels;
    size_t layers = 0, launches = 0;
};

// The network of the request, whose target is a GPU.
GpuNetwork check_on_gpu(const PackageRequest &request);

}  // namespace hardnet::testing
