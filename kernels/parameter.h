// What a kernel takes as one of its arguments. The compiler holds every view to it, since nothing checks at run time.
#pragma once
#include <string>
#include <vector>

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

// Of a channels-last tensor (c, x, y).
inline KernelParameter plane(const std::string &name, int pixel_stride, int row_stride, int columns = 0,
                             bool written = false) {
    return {name, {{1, 0}, {pixel_stride, columns}, {row_stride, 0}}, written};
}
// (c)
inline KernelParameter vector_of(const std::string &name, int extent = 0, bool written = false) {
    return {name, {{1, extent}}, written};
}

}  // namespace hardnet
