#include "generators/pooling.h"

#include <limits>

#include "generators/epilogue.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

Pool::Pool(const PoolSpec &s) : spec(s), X(element_type(s.in_storage), 3, "X") {
    const bool max = spec.kind == PoolKind::kMax;
    const bool as_it_is = max && spec.in_storage == spec.storage;  // the greatest is one of the elements
    const WindowAxis &wx = spec.window.x, &wy = spec.window.y;
    const auto beyond = [](const WindowAxis &axis, int out, int extent) {
        return axis.before > 0 || axis.last(out - 1) >= extent;
    };
    const bool beyond_x = max && beyond(wx, spec.width, spec.in_width),
               beyond_y = max && beyond(wy, spec.height, spec.in_height);
    // The edge in the place of what lies behind it never changes a maximum where the window reads the edge, too: not
    // where it leaves out pixels.
    const auto value = [&](const Expr &sx, const Expr &sy) {
        const Expr cx = beyond_x ? Halide::clamp(sx, 0, spec.in_width - 1) : sx,
                   cy = beyond_y ? Halide::clamp(sy, 0, spec.in_height - 1) : sy;
        Expr inside = Halide::cast<bool>(true);
        if (beyond_x && wx.dilation > 1) inside = sx >= 0 && sx < spec.in_width;
        if (beyond_y && wy.dilation > 1) inside = inside && sy >= 0 && sy < spec.in_height;
        const Expr element = X(c, cx, cy), value = as_it_is ? element : loaded(element, spec.in_storage);
        const Expr least =
            value.type().is_float() ? Expr(-std::numeric_limits<float>::infinity()) : value.type().min();
        return Halide::select(inside, value, least);
    };
    const auto combined = [&](const Expr &all, const Expr &value) {
        return !all.defined() ? value : max ? Halide::max(all, value) : all + value;
    };
    Expr down, across;
    for (int k = 0; k < wy.kernel; k++)
        down = combined(down, value(x, wy.stride * y + (wy.dilation * k - wy.before)));
    column(c, x, y) = down;
    for (int k = 0; k < wx.kernel; k++)
        across = combined(across, column(c, wx.stride * x + (wx.dilation * k - wx.before), y));
    // A window's elements along one axis that count.
    const auto counted = [&](const Expr &at, const WindowAxis &axis, int out, int extent) -> Expr {
        const int first = spec.excludes_padding ? 0 : -axis.before,
                  end = spec.excludes_padding ? extent : extent + axis.after;
        if (axis.first(0) >= first && axis.last(out - 1) < end) return axis.kernel;
        Expr count = 0;
        for (int k = 0; k < axis.kernel; k++) {
            const Expr place = axis.stride * at + (axis.dilation * k - axis.before);
            count += Halide::cast<int>(place >= first && place < end);
        }
        return count;
    };
    const Expr elements =
        counted(x, wx, spec.width, spec.in_width) * counted(y, wy, spec.height, spec.in_height);
    const Expr result = max ? across : across * (1.0f / Halide::cast<float>(elements));
    Y(c, x, y) = as_it_is ? result : stored(result, spec.storage);

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
      X(element_type(s.in_storage), 3, "X"),
      scale(Float(32), 1, "scale"),
      shift(Float(32), 1, "shift"),
      r(0, s.width, 0, s.height, "r") {
    Expr value = loaded(X(c, r.x, r.y), spec.in_storage);
    if (spec.norm) value = Halide::max(value * scale(c) + shift(c), 0.0f);
    sum(c) = 0.0f;
    sum(c) += value;
    Y(c) = spec.sum ? sum(c) : sum(c) * Expr(float(1.0 / (double(spec.width) * spec.height)));
    X.dim(1).set_min(0).set_stride(spec.pixel_stride);
    X.dim(2).set_min(0).set_stride(spec.row_stride);
}

std::vector<Halide::ImageParam> GlobalPool::inputs() {
    if (!spec.norm) return {X};
    return {X, scale, shift};
}

}  // namespace hardnet
