// A convolution for GPUs, of float32. Its sums are cut into slices of their terms, which threads of one block compute side
// by side; they are added up in one order. Input channels are taken in chunks of four, several in
// one iteration where that is little (kernels/gpu_loop.h).
#pragma once
#include <vector>

#include "Halide.h"
#include "kernels/convolution.h"

namespace hardnet {

struct SlicedConvolution {
    explicit SlicedConvolution(const ConvolutionSpec &spec);
    std::vector<Halide::ImageParam> inputs();
    // Whether each pixel of a tile is written by a thread of its own, of which slices leave enough.
    bool pixels_are_threads() const { return slices > 1 && spec.tile.pixels <= slices; }

    // Some of a source's terms: so many turns, in each of which a slice takes a chunk.
    struct Terms {
        int channels, at_once;  // of a chunk; turns
        Halide::RVar k, j;      // channel in the chunk, turn
        std::vector<Halide::RVar> taps;
        Halide::Func pixels;   // (k, x, y, j, s) of the source
        Halide::Func weights;  // (c, k, j, kx, ky, s)
    };

    ConvolutionSpec spec;
    int slices;  // the tile's
    // What writes Y: pixel of a thread's tile, tile of a block, block of a row. Tiles that would reach beyond the row end with it
    // instead, and write no pixel of the tile before.
    Halide::RVar pixel, tile, block;
    Halide::Var c{"c"}, x{"x"}, y{"y"}, i{"i"}, q{"q"}, s{"s"}, k{"k"}, j{"j"}, kx{"kx"}, ky{"ky"};
    std::vector<Halide::ImageParam> X;  // per source (c, x, y)
    Halide::ImageParam U;               // (c, channel over all sources, tap, 0)
    Halide::ImageParam bias;            // (c)
    Halide::ImageParam R;               // (c, x, y), where there is a residual
    std::vector<Terms> terms;           // in the order of acc's updates
    Halide::Func acc{"acc"};            // (c, i, q, y, s): pixel i of a row's tile q
    Halide::Func part{"part"};          // the same, of several slices where all threads see it
    Halide::Func Y{"Y"};                // its update writes each element once

private:
    struct Chunks;  // of a source, of as many channels
    void add_chunks(const Chunks &chunks);
    void add_terms(const Chunks &chunks, int first_turn, int turns, int at_once);
    void write_tiles();
    Halide::Expr column_of(const Halide::Expr &pixel_of_tile, const Halide::Expr &tile_of_row) const;
};

}  // namespace hardnet
