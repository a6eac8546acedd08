// 3x3 stride-1 convolution by Winograd's minimal filtering, in three operators that share one layout:
//
//     V(c, tile, position)      input transform of a tensor, computed once and read by every consumer
//     M(c, tile in item, item)  sum over the sources' V times the packed weights U; items as in ItemMap
//     Y(c, x, y)                output transform of M, bias, activation
//
// Tensors are channels-last, c innermost, with a halo of zeros around them; all strides are in elements.
#pragma once
#include <string>
#include <vector>

#include "kernels/epilogue.h"
#include "kernels/parameter.h"
#include "kernels/tiling.h"

namespace hardnet {

// Transforms the tiles of one quadrant. Calls may cover any range of c and ty. With a norm in front what enters is
// max(0, Y * scale + shift) within the image, and zero around it.
struct InputTransformSpec {
    Tiling tiling;
    Quadrant quadrant;
    int pixel_stride = 0, row_stride = 0;      // of Y
    int tile_stride = 0, position_stride = 0;  // of V
    int lanes = 16;                            // every range of c is a multiple
    int norm_width = 0, norm_height = 0;       // of the image, where there is a norm in front
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// M = sum over sources s and their channels r of V_s(r, tile, position) * U(c, r, position). Calls cover a
// range of items.
struct ProductSource {
    int channels = 0, tile_stride = 0, position_stride = 0;
};

struct ProductSpec {
    Tiling tiling;
    std::vector<ProductSource> sources;
    int out = 0;    // output channels, whole blocks
    int block = 0;  // output channels per register block: U and M are laid out by it
    int tiles = 0;  // tiles per register block
    int lanes = 16;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
    int in() const;
};

// Transforms M back for one quadrant. Calls may cover any range of c and ty.
struct OutputTransformSpec {
    Tiling tiling;
    Quadrant quadrant;
    int tiles = 0;                          // per item of M
    int m_stride = 0;                       // of a tile in M
    int pixel_stride = 0, row_stride = 0;   // of Y
    int valid_rows = 0, valid_columns = 0;  // of the quadrant's outputs; those beyond are written as zero
    Residual residual;
    Activation activation = Activation::kNone;
    int lanes = 16;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

}  // namespace hardnet
