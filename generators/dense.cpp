#include "generators/dense.h"

#include <cstdio>

#include "generators/epilogue.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

FullyConnected::FullyConnected(const FullyConnectedSpec &s)
    : spec(s), X(Float(32), 1, "X"), U(Float(32), 3, "U"), bias(Float(32), 1, "bias"), r(0, s.in, "r") {
    acc(oi, ob) = bias(ob * spec.block + oi);
    acc(oi, ob) += X(r) * U(oi, r, ob);
    Y(o) = activate(acc(o % spec.block, o / spec.block), spec.activation);
    X.dim(0).set_bounds(0, spec.in);
    U.dim(0).set_bounds(0, spec.block);
    U.dim(1).set_bounds(0, spec.in).set_stride(spec.block);
    U.dim(2).set_min(0).set_stride(spec.block * spec.in);
    U.set_host_alignment(64);
    bias.dim(0).set_min(0);
    auto out = Y.output_buffer();
    if (spec.tail)
        Y.bound(o, 0, spec.tail);
    else
        out.dim(0).set_min(out.dim(0).min() / spec.block * spec.block);  // whole blocks
}

Normalize::Normalize(const NormalizeSpec &s) : spec(s), X(Halide::UInt(8), 3, "X") {
    const int planes = spec.planes();
    std::vector<Expr> scale, shift;
    for (int i = 0; i < planes; i++) {
        scale.push_back(Expr(float(1.0 / (255.0 * spec.deviation[i]))));
        shift.push_back(Expr(float(-double(spec.mean[i]) / spec.deviation[i])));
    }
    const Expr from = spec.bgr ? planes - 1 - c : Expr(c);
    Y(x, y, c) = Halide::cast<float>(X(from, x, y)) * Halide::mux(c, scale) + Halide::mux(c, shift);
    X.dim(0).set_bounds(0, planes).set_stride(1);
    X.dim(1).set_bounds(0, spec.width).set_stride(planes);
    X.dim(2).set_bounds(0, spec.height).set_stride(planes * spec.width);
    Y.bound(x, 0, spec.width).bound(c, 0, planes);
    auto out = Y.output_buffer();
    out.dim(0).set_bounds(0, spec.width);
    out.dim(1).set_stride(spec.width);
    out.dim(2).set_bounds(0, planes).set_stride(spec.width * spec.height);
}

}  // namespace hardnet
