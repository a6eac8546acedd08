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

#include "Halide.h"
#include "kernels/winograd.h"

namespace hardnet {

struct InputTransform {
    explicit InputTransform(const InputTransformSpec &spec);
    std::vector<Halide::ImageParam> inputs();

    InputTransformSpec spec;
    Halide::Var c{"c"}, tx{"tx"}, ty{"ty"}, p{"p"}, k{"k"};
    Halide::ImageParam Y;             // (c, x, y), x and y from -1: the halo
    Halide::ImageParam scale, shift;  // (c), of a norm in front
    Halide::Func rows{"rows"};  // (c, k, tx, ty) -> tuple over row points: B^T down column k of the tile
    Halide::Func V{"V"};        // (c, tx, ty, p), p from the quadrant's first position
};
inline InputTransform generator_of(const InputTransformSpec &spec) { return InputTransform(spec); }

struct Product {
    explicit Product(const ProductSpec &spec);
    std::vector<Halide::ImageParam> inputs();

    ProductSpec spec;
    Halide::Var c{"c"}, ti{"ti"}, q{"q"}, cb{"cb"}, ci{"ci"}, rc{"rc"};
    std::vector<Halide::ImageParam> V;  // per source (r, tile, position)
    std::vector<SumPiece> pieces;       // of all partial sums
    std::vector<Halide::RDom>
        r;  // per piece, over its channels; of integers: over those of a step (x), steps (y)
    std::vector<Halide::Func>
        tiles;  // per source (r, tile in item, item): an item's part of V, inlined unless scheduled
    Halide::Expr position, first_tile;  // of item q
    Halide::Expr pass;                  // how many items of that position come before q
    Halide::ImageParam
        U;  // (c in block, r over all sources, position, block); of integers: (channel in step, ...)
    Halide::ImageParam scale, offset;  // of integers: (c in block, position, block)
    std::vector<Halide::Func> acc;     // per partial sum (c in block, block, tile in item, item)
    Halide::Func M{"M"};  // (c, tile in item, item); an update adds each partial sum behind the first
    std::vector<Halide::Stage> sums;  // per piece, the update of its partial sum
};
inline Product generator_of(const ProductSpec &spec) { return Product(spec); }

struct OutputTransform {
    explicit OutputTransform(const OutputTransformSpec &spec);
    std::vector<Halide::ImageParam> inputs();

    OutputTransformSpec spec;
    Halide::Var c{"c"}, xi{"xi"}, tx{"tx"}, yi{"yi"}, ty{"ty"}, k{"k"};
    Halide::ImageParam M;             // (c, flat index)
    Halide::ImageParam bias;          // (c)
    Halide::ImageParam R;             // as Y, where there is a residual
    Halide::Func columns{"columns"};  // (c, k, tx, ty) -> tuple over output rows: A^T down column point k
    Halide::Func Y{"Y"};              // (c, xi, tx, yi, ty): a view of the quadrant, tile by tile
};
inline OutputTransform generator_of(const OutputTransformSpec &spec) { return OutputTransform(spec); }

}  // namespace hardnet
