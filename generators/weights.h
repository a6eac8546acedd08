// Packed weights as kernels/parameter.h has them.
#pragma once
#include "Halide.h"
#include "kernels/parameter.h"

namespace hardnet {

inline void set_layout(Halide::ImageParam &param, const KernelParameter &parameter) {
    for (size_t d = 0; d < parameter.dims.size(); d++) {
        const auto &[stride, extent] = parameter.dims[d];
        auto dim = param.dim(int(d));
        if (extent)
            dim.set_bounds(0, extent);
        else
            dim.set_min(0);
        dim.set_stride(stride);
    }
}

inline void set_weight_layout(Halide::ImageParam &U, Halide::ImageParam &scale, int block, int steps,
                              int positions, bool int16) {
    const std::vector<KernelParameter> weights = weight_parameters(block, steps, positions, int16);
    set_layout(U, weights[0]);
    if (int16) set_layout(scale, weights[1]);
    U.set_host_alignment(64);
}

}  // namespace hardnet
