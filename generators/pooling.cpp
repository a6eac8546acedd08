#include "generators/pooling.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

Pool::Pool(const PoolSpec &s) : spec(s), X(Float(32), 3, "X") {
    const bool max = spec.kind == PoolKind::kMax;
    const auto inside = [&](Expr at, int out, int extent) {
        const bool beyond = spec.padding || (out - 1) * spec.stride + spec.kernel > extent;
        return max && beyond ? Halide::clamp(at, 0, extent - 1) : at;
    };
    const auto combined = [&](const Expr &all, const Expr &value) {
        return !all.defined() ? value : max ? Halide::max(all, value) : all + value;
    };
    Expr down, across;
    for (int k = 0; k < spec.kernel; k++)
        down = combined(down, X(c, inside(x, spec.width, spec.in_width),
                                inside(spec.stride * y + k - spec.padding, spec.height, spec.in_height)));
    column(c, x, y) = down;
    for (int k = 0; k < spec.kernel; k++)
        across = combined(across, column(c, spec.stride * x + k - spec.padding, y));
    // A window's elements along one axis, where the last one may reach beyond the padded image.
    const auto counted = [&](const Expr &at, int out, int extent) -> Expr {
        const int padded = extent + 2 * spec.padding;
        if ((out - 1) * spec.stride + spec.kernel <= padded) return spec.kernel;
        return Halide::min(at * spec.stride + spec.kernel, padded) - at * spec.stride;
    };
    const Expr elements = counted(x, spec.width, spec.in_width) * counted(y, spec.height, spec.in_height);
    Y(c, x, y) = max ? across : across * (1.0f / Halide::cast<float>(elements));

    if (max) X.dim(1).set_min(0);
    X.dim(1).set_stride(spec.in_pixel_stride);
    X.dim(2).set_stride(spec.in_row_stride);
    Y.bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

GlobalPool::GlobalPool(const GlobalPoolSpec &s)
    : spec(s),
      X(Float(32), 3, "X"),
      scale(Float(32), 1, "scale"),
      shift(Float(32), 1, "shift"),
      r(0, s.width, 0, s.height, "r") {
    Expr value = X(c, r.x, r.y);
    if (spec.norm) value = Halide::max(value * scale(c) + shift(c), 0.0f);
    sum(c) = 0.0f;
    sum(c) += value;
    Y(c) = sum(c) * Expr(float(1.0 / (double(spec.width) * spec.height)));
    X.dim(1).set_min(0).set_stride(spec.pixel_stride);
    X.dim(2).set_min(0).set_stride(spec.row_stride);
}

std::vector<Halide::Argument> GlobalPool::arguments() {
    if (!spec.norm) return {X};
    return {X, scale, shift};
}

}  // namespace hardnet
