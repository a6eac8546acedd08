#include "generators/elementwise.h"

#include <algorithm>

#include "generators/epilogue.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

// ---- norm in front

Norm::Norm(const NormSpec &s)
    : spec(s), X(Float(32), 3, "X"), scale(Float(32), 1, "scale"), shift(Float(32), 1, "shift") {
    const Expr value = Halide::max(
        X(c, Halide::clamp(x, 0, spec.width - 1), Halide::clamp(y, 0, spec.height - 1)) * scale(c) + shift(c),
        0.0f);
    const Expr inside = x >= 0 && x < spec.width && y >= 0 && y < spec.height;
    const Expr normed = spec.border ? Halide::select(inside, value, 0.0f)
                                    : Halide::max(X(c, x, y) * scale(c) + shift(c), 0.0f);
    Y(c, x, y) = stored(normed, spec.storage);
    X.dim(1).set_stride(spec.in_pixel_stride);
    X.dim(2).set_stride(spec.in_row_stride);
    const int columns = spec.width + 2 * spec.border;
    Y.bound(x, -spec.border, columns);
    auto out = Y.output_buffer();
    out.dim(1).set_bounds(-spec.border, columns).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

// ---- resizing

namespace {

// A place among the input's pixels as a fraction of integers: in float it would cost a share's last digits in large
// images, and ties.
struct Place {
    Expr numerator;
    int denominator;
};

Place place_of(const Expr &at, int in, int out, Places places) {
    if (places == Places::kAlignCorners) return {at * (out > 1 ? in - 1 : 0), std::max(out - 1, 1)};
    if (places == Places::kAsymmetric) return {at * in, out};
    return {(2 * at + 1) * in - out, 2 * out};
}

struct Between {  // two neighbours and the second one's share
    Expr first, second, share;
};

Between between(const Expr &at, int in, int out, Places places) {
    const Place place = place_of(at, in, out, places);
    const Expr within = Halide::max(place.numerator, 0);
    const Expr first = Halide::clamp(within / place.denominator, 0, in - 1);
    return {first, Halide::min(first + 1, in - 1),
            Halide::cast<float>(within % place.denominator) * Expr(float(1.0 / place.denominator))};
}

// Division of integers rounds down, below zero as well.
Expr nearest(const Expr &at, int in, int out, const Sampling &sampling) {
    const auto [n, d] = place_of(at, in, out, sampling.places);
    Expr chosen;
    switch (sampling.neighbours) {
        case Neighbours::kCeil:
            chosen = (n + d - 1) / d;
            break;
        case Neighbours::kNearestLower:
            chosen = (2 * n + d - 1) / (2 * d);
            break;
        case Neighbours::kNearestUpper:
            chosen = (2 * n + d) / (2 * d);
            break;
        default:
            chosen = n / d;
    }
    return Halide::clamp(chosen, 0, in - 1);
}

Expr resized(const Halide::ImageParam &X, const Expr &c, const Expr &x, const Expr &y, const ResizeSpec &s) {
    const auto pixel = [&](const Expr &sx, const Expr &sy) { return loaded(X(c, sx, sy), s.in_storage); };
    // A block of pixels may be computed beyond the row's end: what lies there is not the image's.
    if (s.in_height == s.height && s.in_width == s.width) return pixel(Halide::min(x, s.width - 1), y);
    if (s.sampling.neighbours != Neighbours::kLinear)
        return pixel(nearest(x, s.in_width, s.width, s.sampling),
                     nearest(y, s.in_height, s.height, s.sampling));
    const Between column = between(x, s.in_width, s.width, s.sampling.places),
                  row = between(y, s.in_height, s.height, s.sampling.places);
    const auto at = [&](const Expr &sy) {
        const Expr first = pixel(column.first, sy);
        return first + (pixel(column.second, sy) - first) * column.share;
    };
    const Expr top = at(row.first);
    return top + (at(row.second) - top) * row.share;
}

}  // namespace

Resize::Resize(const ResizeSpec &s) : spec(s), X(element_type(s.in_storage), 3, "X") {
    Y(c, x, y) = stored(resized(X, c, x, y, spec), spec.storage);
    X.dim(1).set_min(0).set_stride(spec.in_pixel_stride);
    X.dim(2).set_min(0).set_stride(spec.in_row_stride);
    Y.bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

Planar::Planar(const PlanarSpec &s) : spec(s), X(element_type(s.resize.in_storage), 3, "X") {
    const ResizeSpec &of = spec.resize;
    value(c, x, y) = resized(X, c, x, y, of);
    if (spec.argmax && spec.channels == 1) {
        Y(x, y, c) = Halide::select(value(0, x, y) > spec.threshold, 1.0f, 0.0f);
    } else if (spec.argmax) {
        r = Halide::RDom(1, spec.channels - 1, "r");
        greatest(x, y) = Halide::Tuple(value(0, x, y), 0.0f);
        const Expr here = value(r, x, y), best = greatest(x, y)[0], number = greatest(x, y)[1];
        greatest(x, y) = Halide::Tuple(Halide::max(here, best),
                                       Halide::select(here > best, Halide::cast<float>(r), number));
        Y(x, y, c) = greatest(x, y)[1];
    } else {
        Y(x, y, c) = value(c, x, y);
    }
    const int planes = spec.argmax ? 1 : spec.channels;
    X.dim(1).set_min(0).set_stride(of.in_pixel_stride);
    X.dim(2).set_min(0).set_stride(of.in_row_stride);
    Y.bound(x, 0, of.width).bound(c, 0, planes);
    auto out = Y.output_buffer();
    out.dim(0).set_bounds(0, of.width);
    out.dim(1).set_stride(of.width);
    out.dim(2).set_bounds(0, planes).set_stride(of.width * of.height);
}

// ---- outputs in rows

Rows::Rows(const RowsSpec &s) : spec(s), X(Float(32), 3, "X") {
    Y(c, x, y) = X(c, x, y);
    X.dim(1).set_min(0).set_stride(spec.in_pixel_stride);
    X.dim(2).set_stride(spec.in_row_stride);
    Y.bound(c, 0, spec.channels).bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(0).set_bounds(0, spec.channels);
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.channels);
    out.dim(2).set_stride(spec.channels * spec.width);
}

// ---- norms over channels and over the image

L2Norm::L2Norm(const L2NormSpec &s)
    : spec(s), X(Float(32), 3, "X"), weight(Float(32), 1, "weight"), r(0, s.channels / s.lanes, "r") {
    squares(lane, x, y) = 0.0f;
    const Expr value = X(r * spec.lanes + lane, x, y);
    squares(lane, x, y) += value * value;
    Expr sum = 0.0f;
    for (int l = 0; l < spec.lanes; l++) sum += squares(l, x, y);
    factor(x, y) = 1.0f / (Halide::sqrt(sum) + 1e-10f);
    Y(c, x, y) = X(c, x, y) * factor(x, y) * weight(c);
    X.dim(0).set_bounds(0, spec.channels);
    X.dim(1).set_min(0).set_stride(spec.in_pixel_stride);
    X.dim(2).set_stride(spec.in_row_stride);
    weight.dim(0).set_bounds(0, spec.channels);
    Y.bound(c, 0, spec.channels).bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(0).set_bounds(0, spec.channels);
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

SpatialNorm::SpatialNorm(const SpatialNormSpec &s)
    : spec(s), X(Float(32), 3, "X"), r(0, s.width, 0, s.height, "r") {
    sum(c) = 0.1f;
    sum(c) += X(c, r.x, r.y);
    share(c) = 1.0f / sum(c);
    Y(c, x, y) = X(c, x, y) * share(c);
    X.dim(1).set_min(0).set_stride(spec.in_pixel_stride);
    X.dim(2).set_min(0).set_stride(spec.in_row_stride);
    Y.bound(x, 0, spec.width).bound(y, 0, spec.height);
    auto out = Y.output_buffer();
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_bounds(0, spec.height).set_stride(spec.row_stride);
}

}  // namespace hardnet
