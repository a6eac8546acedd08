#include "generators/convolution.h"

#include "generators/epilogue.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

// ---- convolution

Convolution::Convolution(const ConvolutionSpec &s)
    : spec(s), U(Float(32), 4, "U"), bias(Float(32), 1, "bias"), R(Float(32), 3, "R") {
    const Window &w = spec.window;
    acc(ci, cb, x, y) = bias(cb * spec.block + ci);
    int k0 = 0;  // the weights' input channels follow the order of the sources
    for (size_t i = 0; i < spec.sources.size(); i++) {
        const SourcePlane &source = spec.sources[i];
        const std::string n = std::to_string(i);
        X.emplace_back(Float(32), 3, "X" + n);
        r.push_back(w.taps() == 1 ? Halide::RDom(0, source.channels, "r" + n)
                                  : Halide::RDom(0, source.channels, 0, w.x.kernel, 0, w.y.kernel, "r" + n));
        Expr kx = w.taps() == 1 ? Expr(0) : Expr(r[i].y), ky = w.taps() == 1 ? Expr(0) : Expr(r[i].z);
        acc(ci, cb, x, y) += X[i](r[i].x, w.x.stride * x + w.x.dilation * kx - w.x.before,
                                  w.y.stride * y + w.y.dilation * ky - w.y.before) *
                             U(ci, k0 + r[i].x, ky * w.x.kernel + kx, cb);
        k0 += source.channels;
        X[i].dim(0).set_bounds(0, source.channels);
        X[i].dim(1).set_stride(source.pixel_stride);
        X[i].dim(2).set_stride(source.row_stride);
    }
    Expr sum = acc(c % spec.block, c / spec.block, x, y);
    if (spec.residual) {
        sum += R(c, x, y);
        R.dim(1).set_stride(spec.residual.pixel_stride);
        R.dim(2).set_stride(spec.residual.row_stride);
    }
    Y(c, x, y) = activate(sum, spec.activation);

    U.dim(0).set_bounds(0, spec.block);
    U.dim(1).set_bounds(0, k0).set_stride(spec.block);
    U.dim(2).set_bounds(0, w.taps()).set_stride(spec.block * k0);
    U.dim(3).set_min(0).set_stride(spec.block * k0 * w.taps());
    U.set_host_alignment(64);
    bias.dim(0).set_min(0);
    Y.bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(0).set_min(out.dim(0).min() / spec.block * spec.block);  // whole blocks
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

std::vector<Halide::Argument> Convolution::arguments() {
    std::vector<Halide::Argument> arguments(X.begin(), X.end());
    arguments.push_back(U);
    arguments.push_back(bias);
    if (spec.residual) arguments.push_back(R);
    return arguments;
}

// ---- stem

Stem::Stem(const StemSpec &s)
    : spec(s),
      X(Float(32), 3, "X"),
      U(Float(32), 3, "U"),
      bias(Float(32), 1, "bias"),
      r(0, s.window.x.kernel, 0, s.window.y.kernel, 0, s.in_planes, "r") {
    Expr inside = x >= 0 && x < spec.in_width && y >= 0 && y < spec.in_height;
    padded(x, y, z) = Halide::select(
        inside, X(Halide::clamp(x, 0, spec.in_width - 1), Halide::clamp(y, 0, spec.in_height - 1), z), 0.0f);
    acc(c, x, y) = bias(c);
    const WindowAxis &wx = spec.window.x, &wy = spec.window.y;
    acc(c, x, y) += padded(wx.stride * x + wx.dilation * r.x - wx.before,
                           wy.stride * y + wy.dilation * r.y - wy.before, r.z) *
                    U(c, r.z, r.y * wx.kernel + r.x);
    Y(c, x, y) = activate(acc(c, x, y), spec.activation);

    X.dim(0).set_bounds(0, spec.in_width);
    X.dim(1).set_bounds(0, spec.in_height).set_stride(spec.in_width);
    X.dim(2).set_bounds(0, spec.in_planes).set_stride(spec.in_width * spec.in_height);
    U.dim(0).set_bounds(0, spec.out);
    U.dim(1).set_bounds(0, spec.in_planes).set_stride(spec.out);
    U.dim(2).set_bounds(0, spec.window.taps()).set_stride(spec.out * spec.in_planes);
    bias.dim(0).set_bounds(0, spec.out);
    Y.bound(c, 0, spec.out).bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(0).set_bounds(0, spec.out);
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

// ---- depthwise

Depthwise::Depthwise(const DepthwiseSpec &s)
    : spec(s), X(Float(32), 3, "X"), U(Float(32), 2, "U"), bias(Float(32), 1, "bias") {
    Expr sum = bias(c);
    const WindowAxis &wx = spec.window.x, &wy = spec.window.y;
    for (int ky = 0; ky < wy.kernel; ky++) {
        for (int kx = 0; kx < wx.kernel; kx++) {
            sum += X(c, wx.stride * x + (wx.dilation * kx - wx.before),
                     wy.stride * y + (wy.dilation * ky - wy.before)) *
                   U(c, ky * wx.kernel + kx);
        }
    }
    acc(c, x, y) = sum;
    Y(c, x, y) = activate(acc(c, x, y), spec.activation);

    X.dim(1).set_stride(spec.in_pixel_stride);
    X.dim(2).set_stride(spec.in_row_stride);
    U.dim(0).set_min(0);
    U.dim(1).set_bounds(0, spec.window.taps()).set_stride(spec.weight_stride);
    bias.dim(0).set_min(0);
    Y.bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

}  // namespace hardnet
