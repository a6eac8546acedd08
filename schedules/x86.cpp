#include "schedules/x86.h"

#include <algorithm>

#include "schedules/blocking.h"

namespace hardnet::x86 {

using Halide::MemoryType;
using Halide::TailStrategy;
using Halide::Var;

namespace {

// Blocks of a row: exact where they fit, else the last one is shifted inwards and computes some pixels twice.
TailStrategy row_tail(int width, int pixels) {
    return width % pixels ? TailStrategy::ShiftInwards : TailStrategy::RoundUp;
}

// A step of a register block: `vectors` vectors of channels `c` by `extent` tiles or pixels `at`, all unrolled. The fewer of
// the two stay in registers while the others pass through one: with all channels loaded at once, 6x2 spills on CPUs of 16
// registers. Products of integers and the sum over their `channel` are an instruction: it is innermost, too.
void multiply(Halide::Stage &update, const Var &c, const Var &at, const Halide::RVar *channel, int vectors,
              int extent, int lanes) {
    Var vector("vector");
    update.split(c, c, vector, lanes);
    if (vectors > extent)
        update.reorder(vector, at, c);
    else
        update.reorder(vector, c, at);
    if (channel) update.reorder(*channel, vector).atomic().vectorize(*channel);
    update.vectorize(vector).unroll(c).unroll(at);
}

}  // namespace

// Per tile and channel vector: all points of the tile's columns in registers or L1, then position by
// position.
void schedule(InputTransform &t) {
    Var co("co"), ci("ci");
    t.V.split(t.c, co, ci, t.spec.lanes, TailStrategy::RoundUp)
        .reorder(ci, t.p, co, t.tx, t.ty)
        .vectorize(ci)
        .unroll(t.p);
    t.rows.compute_at(t.V, co).vectorize(t.c, t.spec.lanes).unroll(t.k);
}

// The accumulators of block / lanes vectors x `tiles` stay in registers over all sources; a step of the inner
// loop is block / lanes aligned loads of U, `tiles` broadcasts of V and their products.
void schedule(Product &p) {
    Var co("co"), cii("cii");
    const int lanes = p.spec.lanes;
    for (size_t i = 0; i < p.acc.size(); i++) {
        Var vector("vector");
        Halide::Stage adds = i ? p.M.update(int(i) - 1) : Halide::Stage(p.M);
        adds.split(p.c, co, cii, p.spec.block).split(cii, cii, vector, lanes);
        adds.reorder(vector, cii, p.ti, p.q, co).vectorize(vector).unroll(cii).unroll(p.ti);
        p.acc[i].compute_at(p.M, p.q);
        p.acc[i].vectorize(p.ci, lanes).unroll(p.ci).unroll(p.ti).unroll(p.cb).unroll(p.q);
    }
    for (size_t s = 0; s < p.sums.size(); s++) {
        const bool integers = p.spec.products != Precision::kFloat32;
        Halide::Stage &update = p.sums[s];
        const Halide::RVar first = p.r[s][0];
        update.reorder(p.ci, p.ti, p.cb, p.q, p.r[s][integers ? 1 : 0]).unroll(p.cb).unroll(p.q);
        multiply(update, p.ci, p.ti, integers ? &first : nullptr, p.spec.block / lanes, p.spec.tiles, lanes);
    }
}

void schedule(OutputTransform &t) {
    Var co("co"), ci("ci");
    t.Y.split(t.c, co, ci, t.spec.lanes, TailStrategy::RoundUp).reorder(ci, t.xi, t.yi, co, t.tx, t.ty);
    t.Y.vectorize(ci).unroll(t.xi).unroll(t.yi);
    t.columns.compute_at(t.Y, co).vectorize(t.c, t.spec.lanes).unroll(t.k);
}

// As the product: a block of channels x pixels stays in registers over sources and taps.
void schedule(Convolution &v) {
    Var co("co"), cii("cii"), xo("xo"), xi("xi");
    const ConvolutionSpec &s = v.spec;
    const bool integers = s.products != Precision::kFloat32;
    v.Y.split(v.c, co, cii, s.block, TailStrategy::RoundUp)
        .split(v.x, xo, xi, s.pixels, row_tail(s.width, s.pixels));
    if (s.channels_outer) {
        v.Y.reorder(cii, xi, xo, v.y, co);
    } else if (s.rows > 1) {
        Var yo("yo"), yi("yi");
        v.Y.split(v.y, yo, yi, s.rows, TailStrategy::GuardWithIf).reorder(cii, xi, xo, yi, co, yo);
    } else {
        v.Y.reorder(cii, xi, xo, co, v.y);
    }
    v.Y.vectorize(cii, s.lanes).unroll(cii).unroll(xi);
    v.acc.compute_at(v.Y, xo).vectorize(v.ci, s.lanes).unroll(v.ci).unroll(v.cb).unroll(v.x);
    for (size_t i = 0; i < v.r.size(); i++) {
        auto update = v.acc.update(i);
        const Halide::RVar first = v.r[i][0];
        std::vector<Halide::VarOrRVar> order = {v.ci, v.x, v.cb, v.y};
        for (int d = integers ? 1 : 0; d < v.r[i].dimensions(); d++) order.push_back(v.r[i][d]);
        update.reorder(order).unroll(v.cb);
        multiply(update, v.ci, v.x, integers ? &first : nullptr, s.block / s.lanes, s.pixels, s.lanes);
    }
}

// Rows of the padded image slide through a ring of four (of more for higher windows) on the stack.
void schedule(Stem &v) {
    Var co("co"), ci("ci"), xo("xo"), xi("xi"), strip("strip");
    const StemSpec &s = v.spec;
    const WindowAxis &wx = s.window.x, &wy = s.window.y;
    const int ring = stem_ring_rows(s.window);
    const int columns = kStemRingBytes / (ring * s.in_planes * 4) / s.lanes * s.lanes;
    const int all = (s.width + s.pixels - 1) / s.pixels,  // blocks
        beyond = wx.reach() - wx.stride,
              blocks = std::clamp((columns - beyond) / wx.stride / s.pixels, 1, all);
    v.Y.split(v.c, co, ci, s.block).split(v.x, xo, xi, s.pixels, row_tail(s.width, s.pixels));
    v.Y.split(xo, strip, xo, blocks, TailStrategy::GuardWithIf);
    v.Y.reorder(ci, xi, xo, co, v.y, strip).vectorize(ci, s.lanes).unroll(ci).unroll(xi);
    v.acc.compute_at(v.Y, xo).vectorize(v.c, s.lanes).unroll(v.c).unroll(v.x);
    v.acc.update().reorder(v.c, v.x, v.y, v.r.x, v.r.y, v.r.z).vectorize(v.c, s.lanes);
    v.acc.update().unroll(v.c).unroll(v.x).unroll(v.r.x);
    if (wy.kernel <= 4) v.acc.update().unroll(v.r.y);
    v.padded.store_at(v.Y, strip).compute_at(v.Y, v.y).fold_storage(v.y, ring).store_in(MemoryType::Stack);
    v.padded.vectorize(v.x, s.lanes, TailStrategy::RoundUp);
    // Halide's own bound of a strip is the row's where the last block of a row is shifted.
    if (blocks < all) v.padded.bound_extent(v.x, round_up(wx.stride * blocks * s.pixels + beyond, s.lanes));
}

void schedule(Depthwise &v) {
    Var co("co"), ci("ci"), xo("xo"), xi("xi");
    const DepthwiseSpec &s = v.spec;
    v.Y.split(v.c, co, ci, s.lanes, TailStrategy::RoundUp)
        .split(v.x, xo, xi, s.pixels, row_tail(s.width, s.pixels));
    v.Y.reorder(ci, xi, xo, co, v.y).vectorize(ci).unroll(xi);
    v.acc.compute_at(v.Y, xo).vectorize(v.c, s.lanes).unroll(v.x);
}

void schedule(Pool &v) {
    Var co("co"), ci("ci");
    v.Y.split(v.c, co, ci, v.spec.lanes, TailStrategy::RoundUp).reorder(ci, v.x, co, v.y).vectorize(ci);
}

void schedule(GlobalPool &v) {
    Var co("co"), ci("ci");
    const TailStrategy tail = v.spec.exact ? TailStrategy::GuardWithIf : TailStrategy::RoundUp;
    v.Y.split(v.c, co, ci, v.spec.lanes, tail).vectorize(ci);
    v.sum.compute_at(v.Y, co).bound_extent(v.c, v.spec.lanes).vectorize(v.c, v.spec.lanes);
    v.sum.update().reorder(v.c, v.r.x, v.r.y).vectorize(v.c, v.spec.lanes);
}

// Some pixels' channels, then transposed on their way out, or compared, pixels side by side.
void schedule(Planar &v) {
    Var co("co"), ci("ci"), xo("xo"), xi("xi");
    const int lanes = v.spec.resize.lanes;
    constexpr int kStackBytes = 8 << 10, kMostChannels = 4096;
    const int pixels = std::clamp(kStackBytes / 4 / round_up(v.spec.channels, lanes), 1, lanes);
    v.Y.split(v.x, xo, xi, pixels, TailStrategy::GuardWithIf).reorder(xi, v.c, xo, v.y);
    if (pixels > 1) v.Y.vectorize(xi);
    Var at = xo;
    int channels = round_up(v.spec.channels, lanes);
    if (channels > kMostChannels && !v.greatest.defined()) {  // some of them after the others
        v.Y.split(v.c, co, ci, kMostChannels, TailStrategy::ShiftInwards).reorder(xi, ci, co, xo, v.y);
        at = co;
        channels = kMostChannels;
    }
    if (channels <= kMostChannels) {
        v.value.compute_at(v.Y, at).store_in(MemoryType::Stack).vectorize(v.c, lanes, TailStrategy::RoundUp);
        v.value.bound_extent(v.c, channels).bound_extent(v.x, pixels);
    }
    if (!v.greatest.defined()) return;
    v.greatest.compute_at(v.Y, xo).store_in(MemoryType::Stack).vectorize(v.x).bound_extent(v.x, pixels);
    v.greatest.update().reorder(v.x, v.r).vectorize(v.x);
}

void schedule(Rows &v) {
    Var co("co"), ci("ci");
    int lanes = 16;
    while (lanes > v.spec.channels) lanes /= 2;
    v.Y.split(v.c, co, ci, lanes, TailStrategy::ShiftInwards).vectorize(ci);
}

void schedule(L2Norm &v) {
    Var co("co"), ci("ci");
    const int lanes = v.spec.lanes;
    v.Y.split(v.c, co, ci, lanes).reorder(ci, co, v.x, v.y).vectorize(ci);
    v.factor.compute_at(v.Y, v.x);
    v.squares.compute_at(v.factor, v.x).vectorize(v.lane, lanes);
    v.squares.update().reorder(v.lane, v.r).vectorize(v.lane, lanes);
}

void schedule(SpatialNorm &v) {
    Var co("co"), ci("ci");
    const int lanes = v.spec.lanes;
    v.Y.split(v.c, co, ci, lanes, TailStrategy::RoundUp).reorder(ci, v.x, v.y, co).vectorize(ci);
    v.sum.compute_at(v.Y, co).vectorize(v.c, lanes);
    v.sum.update().reorder(v.c, v.r.x, v.r.y).vectorize(v.c, lanes);
    v.share.compute_at(v.Y, co).vectorize(v.c, lanes);
}

void schedule(Softmax &v) {
    Var co("co"), ci("ci");
    const int lanes = v.spec.lanes;
    v.Y.split(v.c, co, ci, lanes).reorder(ci, co, v.x, v.y).vectorize(ci);
    v.greatest.compute_at(v.Y, v.x);
    v.factor.compute_at(v.Y, v.x);
    v.vectors.compute_at(v.greatest, v.x).vectorize(v.lane, lanes);
    v.vectors.update().reorder(v.lane, v.r).vectorize(v.lane, lanes);
    v.sums.compute_at(v.factor, v.x).vectorize(v.lane, lanes);
    v.sums.update().reorder(v.lane, v.r).vectorize(v.lane, lanes);
}

void schedule(FullyConnected &v) {
    Var bo("bo"), bi("bi");
    const FullyConnectedSpec &s = v.spec;
    if (s.tail) {
        v.Y.split(v.o, bo, bi, s.lanes, TailStrategy::GuardWithIf).vectorize(bi).unroll(bo);
        v.acc.compute_root().bound(v.oi, 0, s.block).bound(v.ob, 0, 1);
    } else {
        v.Y.split(v.o, bo, bi, s.block, TailStrategy::RoundUp).vectorize(bi, s.lanes).unroll(bi);
        v.acc.compute_at(v.Y, bo);
    }
    v.acc.vectorize(v.oi, s.lanes).unroll(v.oi).unroll(v.ob);
    v.acc.update().reorder(v.oi, v.ob, v.r.x).vectorize(v.oi, s.lanes).unroll(v.oi).unroll(v.ob);
}

void schedule(Normalize &v) {
    const int lanes = v.spec.width < 8 ? 1 : 8;
    v.Y.reorder(v.x, v.c, v.y).unroll(v.c);
    if (lanes > 1) v.Y.vectorize(v.x, lanes, TailStrategy::ShiftInwards);
}

}  // namespace hardnet::x86
