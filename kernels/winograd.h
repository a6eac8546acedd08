// 3x3 stride-1 convolution by Winograd's minimal filtering, in three operators that share one layout:
//
//     V(c, tile, position)      input transform of a tensor, computed once and read by every consumer
//     M(c, tile in item, item)  sum over the sources' V times the packed weights U; items as in ItemMap
//     Y(c, x, y)                output transform of M, bias, activation
//
// V and U may be integers, two or four input channels side by side in U, and sums int32: see VRounding.
// Tensors are channels-last, c innermost, with a halo of zeros around them; all strides are in elements.
#pragma once
#include <string>
#include <vector>

#include "kernels/epilogue.h"
#include "kernels/parameter.h"
#include "kernels/tiling.h"

namespace hardnet {

// V as integers: a position's values as multiples of its unit, rounded to the nearest, held to +-most, and as uint8 stored as
// shift() more than that. `most` is 0 where V is float32. Sums stay within int32 since the packing scales each output channel's
// weights to it (plan.h).
struct VRounding {
    int most = 0;
    std::vector<float> units;  // per position of the tiling
    IntegerType type = IntegerType::kInt16;
    explicit operator bool() const { return most != 0; }
    int shift() const { return type == IntegerType::kUint8 ? kUint8Shift : 0; }
    int element_bytes() const { return Storage{most, 0, type}.element_bytes(); }
};

// Transforms the tiles of one quadrant. Calls may cover any range of c and ty. With a norm in front what enters is
// max(0, Y * scale + shift) within the image, and zero around it.
struct InputTransformSpec {
    Tiling tiling;
    Quadrant quadrant;
    int pixel_stride = 0, row_stride = 0;      // of Y
    int tile_stride = 0, position_stride = 0;  // of V
    int lanes = 16;                            // every range of c is a multiple
    int norm_width = 0, norm_height = 0;       // of the image, where there is a norm in front
    Storage storage{};                         // of Y
    VRounding rounding;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// M = sum over sources s and their channels r of V_s(r, tile, position) * U(c, r, position). Calls cover a
// range of items. Of integers some channels are multiplied in a step, and M is the sum times scale(c, position).
struct ProductSource {
    int channels = 0, tile_stride = 0, position_stride = 0;
};

// Some steps of a product's sum, all of one source.
struct SumPiece {
    int source = 0;
    int first = 0, steps = 0;  // of the source's
    int weights = 0;           // the first of all sources' steps
};

struct ProductSpec {
    Tiling tiling;
    std::vector<ProductSource> sources;
    int out = 0;    // output channels, whole blocks
    int block = 0;  // output channels per register block: U and M are laid out by it
    int tiles = 0;  // tiles per register block
    int lanes = 16;
    Precision products = Precision::kFloat32;
    bool shifted = false;  // V of int8 is uint8, kUint8Shift more, and sums begin at offset(c, position)
    int round = 4;         // steps of a sum between requests for what comes next, or 0
    // Where it is not 0: a position's items take about so many steps of their sums, whose weights stay in L1, one behind
    // the other before they take the next ones, and all blocks of channels one position before the next.
    int cut = 0;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
    int steps(const ProductSource &source) const { return steps_of(source.channels, products); }
    int steps() const;
    // The sums that are added to M, one behind the other; of steps alike in number.
    std::vector<std::vector<SumPiece>> partial_sums() const;
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
    Storage storage{};  // of Y
    int lanes = 16;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

}  // namespace hardnet
