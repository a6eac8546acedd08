// Resampling along rows and columns by known tables.
#pragma once
#include <vector>

#include "Halide.h"
#include "kernels/resample.h"

namespace hardnet {

struct Resample {
    explicit Resample(const ResampleSpec &s)
        : spec(s), X(Halide::Float(32), 3, "X"), R(Halide::Float(32), 2, "R"), C(Halide::Float(32), 2, "C") {
        using Halide::Expr;
        // A block of pixels may be computed beyond the row's end.
        const Expr column = Halide::min(x, spec.width - 1);
        const auto place = [](const Halide::ImageParam &table, const Expr &at, int k, int extent) {
            return Halide::clamp(Halide::cast<int>(table(0, at)) + k, 0, extent - 1);
        };
        Expr sum = 0.0f;
        for (int ky = 0; ky < spec.row_taps; ky++) {
            Expr across = 0.0f;
            for (int kx = 0; kx < spec.column_taps; kx++)
                across += X(c, place(C, column, kx, spec.in_width), place(R, y, ky, spec.in_height)) *
                          C(kResamplingHead + kx, column);
            sum += across * R(kResamplingHead + ky, y);
        }
        Y(c, x, y) = Halide::select(R(1, y) != 0.0f, R(1, y), C(1, column) != 0.0f, C(1, column), sum);
        X.dim(1).set_min(0).set_stride(spec.in_pixel_stride);
        X.dim(2).set_min(0).set_stride(spec.in_row_stride);
        R.dim(0).set_min(0);
        R.dim(1).set_min(0).set_stride(kResamplingHead + spec.row_taps);
        C.dim(0).set_min(0);
        C.dim(1).set_min(0).set_stride(kResamplingHead + spec.column_taps);
        Y.bound(x, 0, spec.width);
        auto out = Y.output_buffer();
        out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
        out.dim(2).set_stride(spec.row_stride);
    }
    std::vector<Halide::ImageParam> inputs() { return {X, R, C}; }

    ResampleSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X, R, C;
    Halide::Func Y{"Y"};
};
inline Resample generator_of(const ResampleSpec &spec) { return Resample(spec); }

}  // namespace hardnet
