// What changes values or places and sums over nothing, or over one axis: norms, resizing, and outputs in the order
// that a caller wants. Channels-last tensors are (c, x, y).
#pragma once
#include <string>
#include <vector>

#include "Halide.h"
#include "kernels/elementwise.h"

namespace hardnet {

struct Norm {
    explicit Norm(const NormSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X, scale, shift}; }

    NormSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X, scale, shift;  // (c, x, y), (c), (c)
    Halide::Func Y{"Y"};                 // x and y from -border
};
inline Norm generator_of(const NormSpec &spec) { return Norm(spec); }

struct Resize {
    explicit Resize(const ResizeSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X}; }

    ResizeSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X;
    Halide::Func Y{"Y"};
};
inline Resize generator_of(const ResizeSpec &spec) { return Resize(spec); }

struct Planar {
    explicit Planar(const PlanarSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X}; }

    PlanarSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X;
    Halide::RDom r;                     // argmax: the channels behind the first
    Halide::Func value{"value"};        // (c, x, y)
    Halide::Func greatest{"greatest"};  // argmax: (x, y), the value and its channel
    Halide::Func Y{"Y"};                // (x, y, c)
};
inline Planar generator_of(const PlanarSpec &spec) { return Planar(spec); }

struct Rows {
    explicit Rows(const RowsSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X}; }

    RowsSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X;
    Halide::Func Y{"Y"};
};
inline Rows generator_of(const RowsSpec &spec) { return Rows(spec); }

struct L2Norm {
    explicit L2Norm(const L2NormSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X, weight}; }

    L2NormSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"}, lane{"lane"};
    Halide::ImageParam X, weight;     // (c, x, y), (c); the channels' padding is zero
    Halide::RDom r;                   // a pixel's vectors
    Halide::Func squares{"squares"};  // (lane, x, y)
    Halide::Func factor{"factor"};    // (x, y)
    Halide::Func Y{"Y"};
};
inline L2Norm generator_of(const L2NormSpec &spec) { return L2Norm(spec); }

struct SpatialNorm {
    explicit SpatialNorm(const SpatialNormSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X}; }

    SpatialNormSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X;
    Halide::RDom r;                           // x, y
    Halide::Func sum{"sum"}, share{"share"};  // (c)
    Halide::Func Y{"Y"};
};
inline SpatialNorm generator_of(const SpatialNormSpec &spec) { return SpatialNorm(spec); }

}  // namespace hardnet
