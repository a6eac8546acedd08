#include "generators/pooling.h"

#include "generators/key.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

std::string MaxPoolSpec::key() const {
    Key k("max_pool");
    k.add("window", {kernel, stride, padding})
        .add("in", {in_height, in_width, in_pixel_stride, in_row_stride});
    return k.add("out", {width, pixel_stride, row_stride}).add("lanes", {lanes}).text;
}

MaxPool::MaxPool(const MaxPoolSpec &s) : spec(s), X(Float(32), 3, "X") {
    auto inside = [&](Expr at, int extent) { return spec.padding ? Halide::clamp(at, 0, extent - 1) : at; };
    Expr down, across;
    for (int k = 0; k < spec.kernel; k++) {
        Expr value =
            X(c, inside(x, spec.in_width), inside(spec.stride * y + k - spec.padding, spec.in_height));
        down = down.defined() ? Halide::max(down, value) : value;
    }
    column(c, x, y) = down;
    for (int k = 0; k < spec.kernel; k++) {
        Expr value = column(c, spec.stride * x + k - spec.padding, y);
        across = across.defined() ? Halide::max(across, value) : value;
    }
    Y(c, x, y) = across;

    X.dim(1).set_min(0).set_stride(spec.in_pixel_stride);
    X.dim(2).set_stride(spec.in_row_stride);
    Y.bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

std::string GlobalPoolSpec::key() const {
    Key k("global_pool");
    return k.add("in", {height, width, pixel_stride, row_stride}).add("lanes", {lanes}).text;
}

GlobalPool::GlobalPool(const GlobalPoolSpec &s)
    : spec(s), X(Float(32), 3, "X"), r(0, s.width, 0, s.height, "r") {
    sum(c) = 0.0f;
    sum(c) += X(c, r.x, r.y);
    Y(c) = sum(c) * Expr(float(1.0 / (double(spec.width) * spec.height)));
    X.dim(1).set_min(0).set_stride(spec.pixel_stride);
    X.dim(2).set_min(0).set_stride(spec.row_stride);
}

}  // namespace hardnet
