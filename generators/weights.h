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

// What weights are multiplied as; their dimensions.
inline Halide::Type weight_type(Precision products) {
    return products == Precision::kFloat32 ? Halide::Float(32) : Halide::Int(32 / channels_in_step(products));
}
inline int weight_rank(Precision products) { return products == Precision::kFloat32 ? 4 : 5; }

// Of U, scale and offset, of which a kernel may take the first alone or the first two.
inline void set_weight_layout(const std::vector<Halide::ImageParam *> &params,
                              const std::vector<KernelParameter> &weights) {
    for (size_t i = 0; i < weights.size(); i++) set_layout(*params[i], weights[i]);
    params[0]->set_host_alignment(64);
}

}  // namespace hardnet
