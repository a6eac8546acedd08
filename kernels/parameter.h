// What a kernel takes as one of its arguments. The compiler holds every view to it, since nothing checks at run time.
#pragma once
#include <string>
#include <vector>

#include "graph/precision.h"
#include "kernels/epilogue.h"

namespace hardnet {

struct ParameterDim {
    int stride = 0;  // elements; 0: any
    int extent = 0;  // of the whole view; 0: any
};

struct KernelParameter {
    std::string name;                // as the generator's
    std::vector<ParameterDim> dims;  // innermost first
    bool written = false;
    int element_bytes = 4;
};

// As many of a source's channels as fill 32 bits are multiplied in a step: one of float32, a pair of int16, four of int8.
// Weights have zeros where the last step has fewer.
inline int channels_in_step(Precision products) {
    return products == Precision::kFloat32 ? 1 : products == Precision::kInt16 ? 2 : 4;
}
inline int steps_of(int channels, Precision products) {
    const int in_step = channels_in_step(products);
    return (channels + in_step - 1) / in_step;
}

// Where a machine multiplies uint8 by int8, elements of either sign are multiplied as so much more than they are.
constexpr int kUint8Shift = 128;

// Packed weights U (c in block, step, position, block) of the sources one behind the other; of integers
// (channel in step, c in block, step, position, block), and scale (c in block, position, block); where sources are shifted,
// offset, at which sums begin, likewise.
inline std::vector<KernelParameter> weight_parameters(int block, int steps, int positions, Precision products,
                                                      bool shifted) {
    const int in_step = channels_in_step(products), step = block * in_step, position = step * steps;
    KernelParameter u{"U",
                      {{in_step, block}, {step, steps}, {position, positions}, {position * positions, 0}}};
    if (products == Precision::kFloat32) return {u};
    u.dims.insert(u.dims.begin(), {1, in_step});
    u.element_bytes = 4 / in_step;
    const std::vector<ParameterDim> of_sums = {{1, block}, {block, positions}, {block * positions, 0}};
    if (!shifted) return {u, {"scale", of_sums}};
    return {u, {"scale", of_sums}, {"offset", of_sums}};
}

// Of a channels-last tensor (c, x, y).
inline KernelParameter plane(const std::string &name, int pixel_stride, int row_stride, int columns = 0,
                             bool written = false, const Storage &storage = {}) {
    return {name, {{1, 0}, {pixel_stride, columns}, {row_stride, 0}}, written, storage.element_bytes()};
}
// (c)
inline KernelParameter vector_of(const std::string &name, int extent = 0, bool written = false) {
    return {name, {{1, extent}}, written};
}

}  // namespace hardnet
