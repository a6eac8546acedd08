// Convolutions without a fast algorithm: 1x1 and direct 3x3 over a list of channels-last sources, the stem on
// planar input, and depthwise. Channels-last tensors are (c, x, y), c innermost; strides are in elements.
#pragma once
#include <string>
#include <vector>

#include "Halide.h"
#include "kernels/convolution.h"

namespace hardnet {

struct Convolution {
    explicit Convolution(const ConvolutionSpec &spec);
    std::vector<Halide::ImageParam> inputs();

    ConvolutionSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"}, ci{"ci"}, cb{"cb"};
    std::vector<Halide::ImageParam> X;  // per source (c, x, y)
    std::vector<Halide::RDom> r;  // per source: step, kx, ky; of integers in front of it channel in step
    Halide::ImageParam U;         // (c in block, step over all sources, tap, block); integers: (channel, ...)
    Halide::ImageParam scale;     // integers: (c in block, tap, block), the same for all taps
    Halide::ImageParam offset;    // shifted: (c in block, block)
    Halide::ImageParam bias;      // (c), whole blocks
    Halide::ImageParam R;         // (c, x, y), where there is a residual
    Halide::Func acc{"acc"};      // (c in block, block, x, y)
    Halide::Func Y{"Y"};
};
inline Convolution generator_of(const ConvolutionSpec &spec) { return Convolution(spec); }

struct Stem {
    explicit Stem(const StemSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X, U, bias}; }

    StemSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"}, z{"z"};
    Halide::ImageParam X;           // (x, y, plane)
    Halide::ImageParam U;           // (c, plane, tap)
    Halide::ImageParam bias;        // (c)
    Halide::RDom r;                 // kx, ky, plane
    Halide::Func padded{"padded"};  // (x, y, plane), zero outside the image
    Halide::Func acc{"acc"}, Y{"Y"};
};
inline Stem generator_of(const StemSpec &spec) { return Stem(spec); }

struct Depthwise {
    explicit Depthwise(const DepthwiseSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X, U, bias}; }

    DepthwiseSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X;     // (c, x, y)
    Halide::ImageParam U;     // (c, tap)
    Halide::ImageParam bias;  // (c)
    Halide::Func acc{"acc"}, Y{"Y"};
};
inline Depthwise generator_of(const DepthwiseSpec &spec) { return Depthwise(spec); }

}  // namespace hardnet
