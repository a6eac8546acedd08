// Specifications of what changes values or places and sums over nothing, or over one axis: norms, resizing, and outputs
// in the order that a caller wants. Channels-last tensors are (c, x, y).
#pragma once
#include <string>
#include <vector>

#include "graph/sampling.h"
#include "kernels/parameter.h"

namespace hardnet {

// Y = max(0, X * scale + shift) within the image, zero in a border around it: what a convolution with a norm in
// front reads, some rows at a time. Calls cover a range of rows and of channels (multiples of `lanes`).
struct NormSpec {
    int height = 0, width = 0, border = 0;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    int lanes = 16;
    Storage storage{};  // of Y
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// Of another size, linear or by nearest pixels. Calls cover a range of rows and of channels (multiples of `lanes`).
struct ResizeSpec {
    int in_height = 0, in_width = 0, height = 0, width = 0;
    Sampling sampling;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    Storage in_storage{}, storage{};             // of X, of Y
    int lanes = 16;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// As Resize, but planar: Y(x, y, c). Where the extents agree, a copy. Calls cover a range of rows.
struct PlanarSpec {
    ResizeSpec resize;  // whose strides of Y are not used
    int channels = 0;
    bool argmax = false;  // one channel instead: the number of the greatest, the first of equals
    float threshold = 0;  // argmax of one channel: 1 where it is above, 0 elsewhere
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// A copy without padding: Y(c, x, y) with a pixel's channels right behind the last one's. Calls cover a range of
// rows.
struct RowsSpec {
    int channels = 0, width = 0;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// Y = X * weight / (sqrt(sum over the channels of X^2) + 1e-10). Calls cover a range of rows.
struct L2NormSpec {
    int channels = 0, width = 0;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    int lanes = 16;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// Y = X / (0.1 + sum over the image of X), per channel. Calls cover a range of channels (multiples of `lanes`).
struct SpatialNormSpec {
    int height = 0, width = 0;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    int lanes = 16;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

}  // namespace hardnet
