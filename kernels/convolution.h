// Specifications of convolutions without a fast algorithm: 1x1 and direct windows over a list of channels-last sources,
// the stem on planar input, and depthwise. Channels-last tensors are (c, x, y), c innermost; strides are in elements.
#pragma once
#include <string>
#include <vector>

#include "graph/window.h"
#include "kernels/epilogue.h"
#include "kernels/gpu_tile.h"
#include "kernels/parameter.h"

namespace hardnet {

struct SourcePlane {
    int channels = 0, pixel_stride = 0, row_stride = 0;
    IntegerType type = IntegerType::kInt16;  // of its elements, where products are of integers
};

// Y = activation(bias + R + sum over sources s, taps and channels r of X_s(r, tap) * U). Reads as far beyond its
// sources as the window's padding says, so these want a halo. Calls cover a range of whole channel blocks and of
// rows.
struct ConvolutionSpec {
    std::vector<SourcePlane> sources;
    Window window;
    Residual residual;
    int width = 0;   // of Y
    int block = 0;   // output channels per register block
    int pixels = 0;  // along x per register block; the last block of a row is shifted inwards
    int lanes = 16;
    int pixel_stride = 0, row_stride = 0;  // of Y
    bool channels_outer = false;           // loop order: channel blocks outside rows
    Activation activation = Activation::kNone;
    Precision products = Precision::kFloat32;  // of the sources and U: of integers, sums are times scale(c)
    bool shifted = false;  // int8 sources are multiplied as uint8, 128 more, and sums begin at offset(c)
    Storage storage{};     // of Y
    GpuTile tile;          // of a GPU, in place of block, pixels and lanes
    int rows = 1;          // that a block of channels takes before the next does; not with channels_outer
    // With channels_outer: blocks of pixels, which share in requesting the next block's weights; 0: none do.
    int passes = 0;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
    int steps(const SourcePlane &source) const { return steps_of(source.channels, products); }
    int steps() const;
    int row_blocks() const { return (width + pixels - 1) / pixels; }
};

// The first layer: windows on a planar image (x, y, plane) that has no halo. Calls cover a range of rows.
struct StemSpec {
    Window window;
    int in_planes = 3, in_height = 0, in_width = 0;
    int out = 0, width = 0;     // of Y: channels (whole blocks) and columns
    int block = 0, pixels = 0;  // per register block: output channels, pixels along x
    int lanes = 16;
    int pixel_stride = 0, row_stride = 0;  // of Y
    Activation activation = Activation::kNone;
    Storage storage{};  // of Y
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// A window per channel, reading a halo. Calls cover a range of channels (multiples of `lanes`) and rows.
struct DepthwiseSpec {
    Window window;
    int width = 0;   // of Y
    int pixels = 0;  // along x per register block
    int lanes = 16;
    int weight_stride = 0;                       // of a tap in U
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    Activation activation = Activation::kNone;
    Storage in_storage{}, storage{};  // of X, of Y
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

}  // namespace hardnet
