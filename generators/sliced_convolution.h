// A convolution for GPUs, of float32. Its sums are cut into slices of their terms, which threads of one block compute side
// by side; they are added up in one order. Input channels are taken in chunks of four.
#pragma once
#include <vector>

#include "Halide.h"
#include "kernels/convolution.h"

namespace hardnet {

struct SlicedConvolution {
    explicit SlicedConvolution(const ConvolutionSpec &spec);
    std::vector<Halide::ImageParam> inputs();

    // Terms of a source: those of its whole chunks, or of the channels behind them.
    struct Terms {
        int channels = 4;      // of a chunk
        Halide::RVar k, j;     // channel in the chunk, which of a slice's chunks
        Halide::Func pixels;   // (k, x, y, j, kx, ky, s)
        Halide::Func weights;  // (c, k, j, kx, ky, s)
        std::vector<Halide::RVar> taps;
    };

    ConvolutionSpec spec;
    int slices;  // the tile's
    Halide::Var c{"c"}, x{"x"}, y{"y"}, s{"s"}, k{"k"}, j{"j"}, kx{"kx"}, ky{"ky"};
    std::vector<Halide::ImageParam> X;  // per source (c, x, y)
    Halide::ImageParam U;               // (c, channel over all sources, tap, 0)
    Halide::ImageParam bias;            // (c)
    Halide::ImageParam R;               // (c, x, y), where there is a residual
    std::vector<Terms> terms;           // in the order of acc's updates
    Halide::Func acc{"acc"};            // (c, x, y, s)
    Halide::Func part{"part"};          // the same, of several slices where all threads see it
    Halide::Func Y{"Y"};
};

}  // namespace hardnet
