#include "generators/sliced_convolution.h"

#include <algorithm>

#include "generators/epilogue.h"
#include "kernels/gpu_loop.h"

namespace hardnet {

using Halide::Expr;
using Halide::Float;

namespace {

// So many of `all` in one iteration, at most `most` and more than half of that, that the fewest are left over.
int in_iteration(int all, int most) {
    most = std::min(all, most);
    int best = most;
    for (int n = most - 1; n > most / 2; n--) {
        if (all % n < all % best) best = n;
    }
    return best;
}

}  // namespace

struct SlicedConvolution::Chunks {
    int source, channels, count;  // of so many channels each
    int first;                    // channel of the source
    int first_in_weights;         // channel in U
    int first_number;             // among the chunks of all sources
};

SlicedConvolution::SlicedConvolution(const ConvolutionSpec &of)
    : spec(of),
      slices(of.tile.slices),
      U(Float(32), 4, "U"),
      bias(Float(32), 1, "bias"),
      R(Float(32), 3, "R") {
    acc(c, i, q, y, s) = 0.0f;
    int channel = 0, number = 0;
    for (int n = 0; n < int(spec.sources.size()); n++) {
        X.emplace_back(Float(32), 3, "X" + std::to_string(n));
        const int channels = spec.sources[size_t(n)].channels, whole = channels / 4;
        add_chunks({n, 4, whole, 0, channel, number});
        if (channels % 4) add_chunks({n, channels % 4, 1, 4 * whole, channel + 4 * whole, number + whole});
        channel += channels;
        number += (channels + 3) / 4;
    }
    part(c, i, q, y, s) = acc(c, i, q, y, s);
    write_tiles();
}

// Halide does not reorder the loops of what writes, so they come as the schedule nests them.
void SlicedConvolution::write_tiles() {
    const GpuTile &t = spec.tile;
    const int of_block = t.pixels * t.along, blocks = (spec.width + of_block - 1) / of_block;
    const Halide::Range pixels(0, t.pixels), along(0, t.along);
    Halide::RDom r = pixels_are_threads() ? Halide::RDom({along, pixels, {0, blocks}}, "tiles")
                                          : Halide::RDom({pixels, along, {0, blocks}}, "tiles");
    pixel = r[pixels_are_threads() ? 1 : 0];
    tile = r[pixels_are_threads() ? 0 : 1];
    block = r[2];
    const Expr of_row = t.along * block + tile, column = column_of(pixel, of_row);
    if (spec.width % of_block) r.where(column >= t.pixels * of_row);
    Expr sum = bias(c);
    for (int n = 0; n < slices; n++)
        sum += slices == 1 ? acc(c, pixel, of_row, y, 0) : part(c, pixel, of_row, y, n);
    if (spec.residual) sum += R(c, column, y);
    Y(c, x, y) = Halide::undef<float>();
    Y(c, column, y) = activate(sum, spec.activation);
}

Expr SlicedConvolution::column_of(const Expr &pixel_of_tile, const Expr &tile_of_row) const {
    const int pixels = spec.tile.pixels;
    const Expr first = pixels * tile_of_row;
    const bool whole = spec.width % (pixels * spec.tile.along) == 0;
    return (whole ? first : Halide::min(first, spec.width - pixels)) + pixel_of_tile;
}

void SlicedConvolution::add_chunks(const Chunks &chunks) {
    const int turns = (chunks.count + slices - 1) / slices, full = chunks.count / slices;
    const int most = gpu_loop(spec.tile, spec.window).chunks, at_once = in_iteration(full, most);
    if (most == 1) return add_terms(chunks, 0, turns, 1);
    // Those that do not fill an iteration are one more, in whose last turn not every slice has a chunk.
    const int iterated = full - full % std::max(1, at_once), left = turns - iterated;
    if (iterated) add_terms(chunks, 0, iterated, at_once);
    if (left) add_terms(chunks, iterated, left, left);
}

void SlicedConvolution::add_terms(const Chunks &chunks, int first_turn, int turns, int at_once) {
    const Window &w = spec.window;
    const std::string n = std::to_string(terms.size());
    const bool plain = w.taps() == 1;
    Halide::Region region{{0, chunks.channels}, {first_turn, turns}};
    if (!plain) region.insert(region.end(), {{0, w.x.kernel}, {0, w.y.kernel}});
    Halide::RDom r(region, "r" + n);
    const Expr rx = plain ? Expr(0) : Expr(r[2]), ry = plain ? Expr(0) : Expr(r[3]);
    const int ahead = (slices - chunks.first_number % slices) % slices;
    const auto chunk = [&](const Expr &turn) {  // of the slice
        return slices == 1 ? turn : (s + ahead) % slices + slices * turn;
    };
    if ((first_turn + turns) * slices > chunks.count) r.where(chunk(r[1]) < chunks.count);

    Terms t{
        chunks.channels, at_once, r[0], r[1], {}, Halide::Func("pixels" + n), Halide::Func("weights" + n)};
    for (int d = 2; d < r.dimensions(); d++) t.taps.push_back(r[d]);
    t.pixels(k, x, y, j, s) = X[size_t(chunks.source)](chunks.first + 4 * chunk(j) + k, x, y);
    t.weights(c, k, j, kx, ky, s) = U(c, chunks.first_in_weights + 4 * chunk(j) + k, ky * w.x.kernel + kx, 0);
    const Expr column = w.x.stride * column_of(i, q) + w.x.dilation * rx - w.x.before,
               row = w.y.stride * y + w.y.dilation * ry - w.y.before;
    acc(c, i, q, y, s) += t.pixels(r[0], column, row, r[1], s) * t.weights(c, r[0], r[1], rx, ry, s);
    terms.push_back(t);
}

std::vector<Halide::ImageParam> SlicedConvolution::inputs() {
    std::vector<Halide::ImageParam> inputs(X.begin(), X.end());
    inputs.push_back(U);
    inputs.push_back(bias);
    if (spec.residual) inputs.push_back(R);
    return inputs;
}

}  // namespace hardnet
