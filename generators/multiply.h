// The product of two tensors of one shape, element by element.
#pragma once
#include <vector>

#include "Halide.h"
#include "generators/epilogue.h"
#include "kernels/multiply.h"

namespace hardnet {

struct Multiply {
    explicit Multiply(const MultiplySpec &s)
        : spec(s), X(Halide::Float(32), 3, "X"), F(Halide::Float(32), 3, "F") {
        Y(c, x, y) = activate(X(c, x, y) * F(c, x, y), spec.activation);
        X.dim(1).set_stride(spec.in_pixel_stride);
        X.dim(2).set_stride(spec.in_row_stride);
        F.dim(1).set_stride(spec.factor_pixel_stride);
        F.dim(2).set_stride(spec.factor_row_stride);
        Y.bound(x, 0, spec.width);
        auto out = Y.output_buffer();
        out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
        out.dim(2).set_stride(spec.row_stride);
    }
    std::vector<Halide::Argument> arguments() { return {X, F}; }

    MultiplySpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X, F;  // (c, x, y)
    Halide::Func Y{"Y"};
};
inline Multiply generator_of(const MultiplySpec &spec) { return Multiply(spec); }

}  // namespace hardnet
