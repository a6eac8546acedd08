// A kernel of a GPU: a specification on views whose extents are known, for all images of a batch.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernel.h"

namespace hardnet {

struct GpuView {
    struct Dim {
        int min = 0, extent = 1, stride = 1;
    };
    std::vector<Dim> dims;     // innermost first
    bool aligned = false;      // to 16 bytes, as are its outer strides
    int64_t image_stride = 0;  // elements from an image's view to the next one's; 0: all have the same
};

struct GpuKernel {
    KernelSpec spec;
    std::vector<GpuView> views;  // as parameters(spec)
    int images = 1;
    std::string key() const;
};

}  // namespace hardnet
