// What a kernel takes as one of its arguments. The compiler holds every view to it, since nothing checks at run time.
#pragma once
#include <string>
#include <vector>

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

// int16 is multiplied by pairs of a source's channels; weights have zeros where the last pair has one channel.
inline int pairs_of(int channels) { return (channels + 1) / 2; }

// Packed weights U (c in block, step, position, block), where a step is an input channel of the sources one behind the
// other; of int16 (channel of the pair, c in block, step, position, block), where it is a pair of them, and
// scale (c in block, position, block).
inline std::vector<KernelParameter> weight_parameters(int block, int steps, int positions, bool int16) {
    const int pair = int16 ? 2 : 1, step = block * pair, position = step * steps;
    KernelParameter u{"U", {{pair, block}, {step, steps}, {position, positions}, {position * positions, 0}}};
    if (!int16) return {u};
    u.dims.insert(u.dims.begin(), {1, 2});
    u.element_bytes = 2;
    return {u, {"scale", {{1, block}, {block, positions}, {block * positions, 0}}}};
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
