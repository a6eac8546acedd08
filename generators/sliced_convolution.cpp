#include "generators/sliced_convolution.h"

#include "generators/epilogue.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

SlicedConvolution::SlicedConvolution(const ConvolutionSpec &of)
    : spec(of),
      slices(of.tile.slices),
      U(Float(32), 4, "U"),
      bias(Float(32), 1, "bias"),
      R(Float(32), 3, "R") {
    const Window &w = spec.window;
    acc(c, x, y, s) = 0.0f;
    int first = 0;   // of the source's channels in U
    int chunks = 0;  // of the sources before; a slice has every so many-th of all chunks
    const auto add_terms = [&](const Halide::ImageParam &in, int first_channel, int channels, int count) {
        Terms t;
        const std::string n = std::to_string(terms.size());
        const bool plain = w.taps() == 1;
        const int most = (count + slices - 1) / slices;
        Halide::Region region{{0, channels}, {0, most}};
        if (!plain) region.insert(region.end(), {{0, w.x.kernel}, {0, w.y.kernel}});
        Halide::RDom r(region, "r" + n);
        t.channels = channels;
        t.k = r[0];
        t.j = r[1];
        for (int d = 2; d < r.dimensions(); d++) t.taps.push_back(r[d]);
        const Expr rx = plain ? Expr(0) : Expr(r[2]), ry = plain ? Expr(0) : Expr(r[3]);
        const int ahead = (slices - chunks % slices) % slices;
        const auto chunk = [&](const Expr &turn) {  // of the slice
            return slices == 1 ? turn : (s + ahead) % slices + slices * turn;
        };
        if (count % slices) r.where(chunk(r[1]) < count);
        t.pixels = Halide::Func("pixels" + n);
        t.weights = Halide::Func("weights" + n);
        t.pixels(k, x, y, j, kx, ky, s) =
            in(first_channel + 4 * chunk(j) + k, w.x.stride * x + w.x.dilation * kx - w.x.before,
               w.y.stride * y + w.y.dilation * ky - w.y.before);
        t.weights(c, k, j, kx, ky, s) =
            U(c, first + first_channel + 4 * chunk(j) + k, ky * w.x.kernel + kx, 0);
        acc(c, x, y, s) += t.pixels(r[0], x, y, r[1], rx, ry, s) * t.weights(c, r[0], r[1], rx, ry, s);
        chunks += count;
        terms.push_back(t);
    };
    for (size_t i = 0; i < spec.sources.size(); i++) {
        const int channels = spec.sources[i].channels, whole = channels / 4;
        X.emplace_back(Float(32), 3, "X" + std::to_string(i));
        if (whole) add_terms(X[i], 0, 4, whole);
        if (channels % 4) add_terms(X[i], 4 * whole, channels % 4, 1);
        first += channels;
    }
    part(c, x, y, s) = acc(c, x, y, s);
    Expr sum = bias(c);
    for (int i = 0; i < slices; i++) sum += slices == 1 ? acc(c, x, y, 0) : part(c, x, y, i);
    if (spec.residual) sum += R(c, x, y);
    Y(c, x, y) = activate(sum, spec.activation);
}

std::vector<Halide::ImageParam> SlicedConvolution::inputs() {
    std::vector<Halide::ImageParam> inputs(X.begin(), X.end());
    inputs.push_back(U);
    inputs.push_back(bias);
    if (spec.residual) inputs.push_back(R);
    return inputs;
}

}  // namespace hardnet
