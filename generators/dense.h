// The two ends of a classifier: the normalisation of 8-bit images in front, the fully connected layer behind.
#pragma once
#include <string>
#include <vector>

#include "Halide.h"
#include "kernels/dense.h"

namespace hardnet {

struct FullyConnected {
    explicit FullyConnected(const FullyConnectedSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X, U, bias}; }

    FullyConnectedSpec spec;
    Halide::Var o{"o"}, oi{"oi"}, ob{"ob"};
    Halide::ImageParam X;     // (i)
    Halide::ImageParam U;     // (o in block, i, block)
    Halide::ImageParam bias;  // (o), whole blocks
    Halide::RDom r;
    Halide::Func acc{"acc"}, Y{"Y"};
};
inline FullyConnected generator_of(const FullyConnectedSpec &spec) { return FullyConnected(spec); }

struct Normalize {
    explicit Normalize(const NormalizeSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X}; }

    NormalizeSpec spec;
    Halide::Var x{"x"}, y{"y"}, c{"c"};
    Halide::ImageParam X;
    Halide::Func Y{"Y"};
};
inline Normalize generator_of(const NormalizeSpec &spec) { return Normalize(spec); }

}  // namespace hardnet
