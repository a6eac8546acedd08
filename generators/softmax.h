// Softmax over a pixel's channels, a vector of them at a time.
#pragma once
#include <limits>
#include <vector>

#include "Halide.h"
#include "generators/epilogue.h"
#include "kernels/softmax.h"

namespace hardnet {

struct Softmax {
    explicit Softmax(const SoftmaxSpec &s)
        : spec(s), X(Halide::Float(32), 3, "X"), r(0, s.padded() / s.lanes, "r") {
        using Halide::Expr;
        const Expr at = r * spec.lanes + lane, none = -std::numeric_limits<float>::max();
        vectors(lane, x, y) = none;
        vectors(lane, x, y) = Halide::max(vectors(lane, x, y), only(at, X(at, x, y), none));
        greatest(x, y) = folded(vectors, [](const Expr &a, const Expr &b) { return Halide::max(a, b); });
        sums(lane, x, y) = 0.0f;
        sums(lane, x, y) += only(at, power(at), 0.0f);
        factor(x, y) = 1.0f / folded(sums, [](const Expr &a, const Expr &b) { return a + b; });
        Y(c, x, y) = only(c, power(c) * factor(x, y), 0.0f);
        X.dim(0).set_bounds(0, spec.padded());
        X.dim(1).set_min(0).set_stride(spec.in_pixel_stride);
        X.dim(2).set_stride(spec.in_row_stride);
        Y.bound(c, 0, spec.padded()).bound(x, 0, spec.width);
        auto out = Y.output_buffer();
        out.dim(0).set_bounds(0, spec.padded());
        out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
        out.dim(2).set_stride(spec.row_stride);
    }
    std::vector<Halide::ImageParam> inputs() { return {X}; }

    SoftmaxSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"}, lane{"lane"};
    Halide::ImageParam X;                                 // (c, x, y)
    Halide::RDom r;                                       // a pixel's vectors
    Halide::Func vectors{"vectors"}, sums{"sums"};        // (lane, x, y)
    Halide::Func greatest{"greatest"}, factor{"factor"};  // (x, y)
    Halide::Func Y{"Y"};

private:
    // Of the greatest e^0, so that none is too great for a float.
    Halide::Expr power(const Halide::Expr &at) { return exponential(X(at, x, y) - greatest(x, y)); }
    // Padding takes no part.
    Halide::Expr only(const Halide::Expr &at, const Halide::Expr &value, const Halide::Expr &other) const {
        return spec.channels == spec.padded() ? value : Halide::select(at < spec.channels, value, other);
    }
    template <typename Operation>
    Halide::Expr folded(const Halide::Func &of, const Operation &operation) const {
        Halide::Expr all = of(0, x, y);
        for (int l = 1; l < spec.lanes; l++) all = operation(all, of(l, x, y));
        return all;
    }
};
inline Softmax generator_of(const SoftmaxSpec &spec) { return Softmax(spec); }

}  // namespace hardnet
