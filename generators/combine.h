// What works on each element alone: two tensors combined, a tensor with a value per channel, the activation.
#pragma once
#include <vector>

#include "Halide.h"
#include "generators/epilogue.h"
#include "kernels/combine.h"

namespace hardnet {

inline Halide::Expr combined(Combination combination, const Halide::Expr &a, const Halide::Expr &b) {
    switch (combination) {
        case Combination::kNone:
            return a;
        case Combination::kProduct:
            return a * b;
        case Combination::kSum:
            return a + b;
        case Combination::kDifference:
            return a - b;
        case Combination::kQuotient:
            return a / b;
        case Combination::kSlope:
            return Halide::select(a < 0.0f, a * b, a);
    }
    return a;
}

struct Combine {
    explicit Combine(const CombineSpec &s)
        : spec(s), X(Halide::Float(32), 3, "X"), F(Halide::Float(32), s.per_channel() ? 1 : 3, "F") {
        const Halide::Expr operand = spec.combination == Combination::kNone ? Halide::Expr(0.0f)
                                     : spec.per_channel()                   ? F(c)
                                     : spec.per_pixel                       ? F(0, x, y)
                                                                            : F(c, x, y);
        const Halide::Expr value = activate(combined(spec.combination, X(c, x, y), operand), spec.activation);
        // What is read by weights of 0 has to be a number.
        Y(c, x, y) = spec.channels ? Halide::select(c < spec.channels, value, 0.0f) : value;
        X.dim(1).set_stride(spec.in_pixel_stride);
        X.dim(2).set_stride(spec.in_row_stride);
        if (!spec.per_channel()) {
            F.dim(1).set_stride(spec.operand_pixel_stride);
            F.dim(2).set_stride(spec.operand_row_stride);
        }
        Y.bound(x, 0, spec.width);
        auto out = Y.output_buffer();
        out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
        out.dim(2).set_stride(spec.row_stride);
    }
    std::vector<Halide::ImageParam> inputs() {
        if (spec.combination == Combination::kNone) return {X};
        return {X, F};
    }

    CombineSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X, F;  // (c, x, y); F (c), too
    Halide::Func Y{"Y"};
};
inline Combine generator_of(const CombineSpec &spec) { return Combine(spec); }

}  // namespace hardnet
