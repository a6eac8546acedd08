#include "generators/convolution.h"

#include "generators/epilogue.h"
#include "generators/weights.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

// ---- convolution

namespace {

// An element of int8 or uint8, as weights of int8 are multiplied with it.
Expr multiplied(const Expr &element, bool shifted) {
    if (!shifted || element.type().is_uint()) return element;
    return Halide::reinterpret<uint8_t>(element) ^ Halide::cast<uint8_t>(kUint8Shift);
}

}  // namespace

Convolution::Convolution(const ConvolutionSpec &s)
    : spec(s),
      U(weight_type(s.products), weight_rank(s.products), "U"),
      scale(Float(32), 3, "scale"),
      offset(Halide::Int(32), 3, "offset"),
      bias(Float(32), 1, "bias"),
      R(element_type(s.residual.storage), 3, "R") {
    const Window &w = spec.window;
    const bool integers = spec.products != Precision::kFloat32;
    const int in_step = channels_in_step(spec.products);
    acc(ci, cb, x, y) = !integers      ? Expr(bias(cb * spec.block + ci))
                        : spec.shifted ? Expr(offset(ci, 0, cb))
                                       : Expr(0);
    int k0 = 0;  // the weights' steps follow the order of the sources
    for (size_t i = 0; i < spec.sources.size(); i++) {
        const SourcePlane &source = spec.sources[i];
        const std::string n = std::to_string(i);
        X.emplace_back(integers ? element_type(source.type) : Float(32), 3, "X" + n);
        Halide::Region region;
        if (integers) region.emplace_back(0, in_step);
        region.emplace_back(0, spec.steps(source));
        if (w.taps() > 1) region.insert(region.end(), {{0, w.x.kernel}, {0, w.y.kernel}});
        r.emplace_back(region, "r" + n);
        const int first = integers ? 1 : 0;  // dimension of the steps
        const Expr step = r[i][first];
        const Expr kx = w.taps() == 1 ? Expr(0) : Expr(r[i][first + 1]),
                   ky = w.taps() == 1 ? Expr(0) : Expr(r[i][first + 2]);
        const Expr in_x = w.x.stride * x + w.x.dilation * kx - w.x.before,
                   in_y = w.y.stride * y + w.y.dilation * ky - w.y.before, tap = ky * w.x.kernel + kx;
        if (integers)
            acc(ci, cb, x, y) +=
                Halide::cast<int>(multiplied(X[i](in_step * step + r[i][0], in_x, in_y), spec.shifted)) *
                Halide::cast<int>(U(r[i][0], ci, k0 + step, tap, cb));
        else
            acc(ci, cb, x, y) += X[i](step, in_x, in_y) * U(ci, k0 + step, tap, cb);
        k0 += spec.steps(source);
        X[i].dim(0).set_bounds(0, in_step * spec.steps(source));
        X[i].dim(1).set_stride(source.pixel_stride);
        X[i].dim(2).set_stride(source.row_stride);
    }
    const Expr lane = c % spec.block, block = c / spec.block;
    Expr sum = acc(lane, block, x, y);
    if (integers) sum = Halide::cast<float>(sum) * scale(lane, 0, block) + bias(c);
    if (spec.residual) {
        sum += loaded(R(c, x, y), spec.residual.storage);
        R.dim(1).set_stride(spec.residual.pixel_stride);
        R.dim(2).set_stride(spec.residual.row_stride);
    }
    Y(c, x, y) = stored(activate(sum, spec.activation), spec.storage);

    set_weight_layout({&U, &scale, &offset},
                      weight_parameters(spec.block, k0, w.taps(), spec.products, spec.shifted));
    bias.dim(0).set_min(0);
    Y.bound(x, 0, spec.width);
    auto out = Y.output_buffer();
    out.dim(0).set_min(out.dim(0).min() / spec.block * spec.block);  // whole blocks
    out.dim(1).set_bounds(0, spec.width).set_stride(spec.pixel_stride);
    out.dim(2).set_stride(spec.row_stride);
}

std::vector<Halide::ImageParam> Convolution::inputs() {
    std::vector<Halide::ImageParam> inputs(X.begin(), X.end());
    inputs.push_back(U);
    if (spec.products != Precision::kFloat32) inputs.push_back(scale);
    if (spec.shifted) inputs.push_back(offset);
    inputs.push_back(bias);
    if (spec.residual) inputs.push_back(R);
    return inputs;
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
    Y(c, x, y) = stored(activate(acc(c, x, y), spec.activation), spec.storage);

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
    : spec(s), X(element_type(s.in_storage), 3, "X"), U(Float(32), 2, "U"), bias(Float(32), 1, "bias") {
    Expr sum = bias(c);
    const WindowAxis &wx = spec.window.x, &wy = spec.window.y;
    for (int ky = 0; ky < wy.kernel; ky++) {
        for (int kx = 0; kx < wx.kernel; kx++) {
            const Expr value = X(c, wx.stride * x + (wx.dilation * kx - wx.before),
                                 wy.stride * y + (wy.dilation * ky - wy.before));
            sum += loaded(value, spec.in_storage) * U(c, ky * wx.kernel + kx);
        }
    }
    acc(c, x, y) = sum;
    Y(c, x, y) = stored(activate(acc(c, x, y), spec.activation), spec.storage);

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
