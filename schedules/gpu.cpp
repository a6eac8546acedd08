#include "schedules/gpu.h"

#include <algorithm>

namespace hardnet::gpu {

using Halide::Func;
using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

namespace {

constexpr int kVector = 4;     // elements of the widest load
constexpr int kThreads = 128;  // of a block whose threads are alike

// At the border threads have nothing to do, or, where a block's threads share a region whose extents are to be constant,
// are shifted inwards: they compute some elements twice, the same way, and nothing beyond.
constexpr TailStrategy kGuarded = TailStrategy::GuardWithIf, kInwards = TailStrategy::ShiftInwards;

}  // namespace

void schedule(SlicedConvolution &v) {
    const GpuTile &t = v.spec.tile;
    Var cq("cq"), ci("ci"), co("co"), cb("cb"), ct("ct");                              // channels
    Var xq("xq"), xi("xi"), xb("xb"), xt("xt"), yb("yb"), yt("yt"), bx("bx"), p("p");  // pixels
    // A thread's tile, then the block's.
    v.Y.split(v.c, cq, ci, t.channels, kInwards).split(v.x, xq, xi, t.pixels, kInwards);
    const TailStrategy blocks = v.slices == 1 ? kGuarded : kInwards;
    v.Y.split(cq, cb, ct, t.across, blocks)
        .split(xq, xb, xt, t.along, blocks)
        .split(v.y, yb, yt, t.down, blocks);
    v.Y.split(ci, co, ci, kVector).vectorize(ci).unroll(co);
    Func &sums = v.slices == 1 ? v.Y : v.part;
    if (v.slices == 1) {
        v.Y.reorder(ci, co, xi, ct, xt, yt, cb, xb, yb).unroll(xi);
        v.Y.fuse(cb, xb, bx).gpu_blocks(bx, yb).gpu_threads(ct, xt, yt);
    } else {
        v.Y.reorder(ci, co, ct, xt, yt, xi, cb, xb, yb);
        v.Y.fuse(cb, xb, bx).fuse(xt, yt, p).gpu_blocks(bx, yb);
        if (t.pixels <= t.slices)
            v.Y.gpu_threads(ct, p, xi);
        else
            v.Y.reorder(ci, co, xi, ct, p).gpu_threads(ct, p);
        Var po("po");
        v.part.compute_at(v.Y, bx).store_in(MemoryType::GPUShared);
        v.part.split(v.c, ct, ci, t.channels).split(v.x, xt, xi, t.pixels);
        v.part.reorder(ci, xi, ct, xt, v.y, v.s).fuse(xt, v.y, po);
        v.part.split(ci, co, ci, kVector).vectorize(ci).unroll(co).unroll(xi);
        v.part.gpu_threads(ct, po, v.s);
    }
    v.acc.compute_at(sums, ct).store_in(MemoryType::Register);
    v.acc.split(v.c, co, ci, kVector).vectorize(ci).unroll(co).unroll(v.x);
    for (size_t i = 0; i < v.terms.size(); i++) {
        SlicedConvolution::Terms &terms = v.terms[i];
        Halide::Stage update = v.acc.update(int(i));
        update.split(v.c, co, ci, kVector);
        std::vector<Halide::VarOrRVar> order = {ci, co, v.x, terms.k, terms.j};
        order.insert(order.end(), terms.taps.begin(), terms.taps.end());
        update.reorder(order).vectorize(ci).unroll(co).unroll(v.x).unroll(terms.k);
        terms.pixels.compute_at(v.acc, terms.j).store_in(MemoryType::Register).unroll(v.x);
        if (terms.channels % 2 == 0)
            terms.pixels.vectorize(v.k, terms.channels);
        else
            terms.pixels.unroll(v.k);
        terms.weights.compute_at(v.acc, terms.k).store_in(MemoryType::Register);
        terms.weights.split(v.c, co, ci, kVector).vectorize(ci).unroll(co);
    }
}

void schedule_by_elements(Func Y, const Var &c, const Var &x, const Var &y, const Written &out) {
    Var co("co"), ci("ci"), f("f"), fb("fb"), ft("ft");
    int across = out.channels;
    if (out.channels % kVector == 0) {
        Y.split(c, co, ci, kVector).vectorize(ci);
        across /= kVector;
    } else {
        Y.split(c, co, ci, 1);
    }
    const int threads = std::min(kThreads, across * out.width);
    Y.reorder(ci, co, x, y).fuse(co, x, f).split(f, fb, ft, threads, kGuarded);
    Y.gpu_blocks(fb, y).gpu_threads(ft);
}

// Eight channels of two pixels: neighbouring threads read neighbouring columns.
void schedule(Stem &v, const Written &out) {
    Var co("co"), ci("ci"), xo("xo"), xi("xi"), xb("xb"), xt("xt"), b("b");
    const int channels = 8, pixels = std::min(2, out.width), threads = std::min(64, out.width / pixels);
    v.Y.split(v.c, co, ci, channels)
        .split(v.x, xo, xi, pixels, kInwards)
        .split(xo, xb, xt, threads, kGuarded);
    Var cv("cv");
    v.Y.split(ci, ci, cv, kVector).reorder(cv, ci, xi, xt, co, xb, v.y).vectorize(cv).unroll(ci).unroll(xi);
    v.Y.fuse(co, xb, b).gpu_blocks(b, v.y).gpu_threads(xt);
    v.acc.compute_at(v.Y, xt).store_in(MemoryType::Register);
    v.acc.split(v.c, ci, cv, kVector).vectorize(cv).unroll(ci).unroll(v.x);
    v.acc.update().split(v.c, ci, cv, kVector).reorder(cv, ci, v.x, v.r.x, v.r.y, v.r.z);
    v.acc.update().vectorize(cv).unroll(ci).unroll(v.x).unroll(v.r.x).unroll(v.r.y);
}

void schedule(GlobalPool &v, const Written &out) {
    Var co("co"), ci("ci");
    const int threads = std::min(32, out.channels);
    v.Y.split(v.c, co, ci, threads, kGuarded).gpu_blocks(co).gpu_threads(ci);
    v.sum.compute_at(v.Y, ci).store_in(MemoryType::Register);
}

void schedule(Planar &v, const Written &out) {
    Var f("f"), fb("fb"), ft("ft");
    const int threads = std::min(kThreads, out.width * out.height);
    v.Y.fuse(v.x, v.y, f).split(f, fb, ft, threads, kGuarded).reorder(ft, fb, v.c);
    v.Y.gpu_blocks(fb, v.c).gpu_threads(ft);
    if (v.greatest.defined()) v.greatest.compute_at(v.Y, ft).store_in(MemoryType::Register);
}

// A thread has a pixel's channels.
namespace {
void schedule_by_pixels(Func Y, const Var &c, const Var &x, const Var &y, const Written &out,
                        const Var &thread) {
    Var xb("xb");
    Y.split(x, xb, thread, std::min(32, out.width), kGuarded).reorder(c, thread, xb, y);
    Y.gpu_blocks(xb, y).gpu_threads(thread);
}
}  // namespace

void schedule(L2Norm &v, const Written &out) {
    Var xt("xt");
    schedule_by_pixels(v.Y, v.c, v.x, v.y, out, xt);
    v.Y.vectorize(v.c, kVector);
    v.factor.compute_at(v.Y, xt).store_in(MemoryType::Register);
    v.squares.compute_at(v.Y, xt).store_in(MemoryType::Register).vectorize(v.lane);
    v.squares.update().reorder(v.lane, v.r).vectorize(v.lane);
}

void schedule(Softmax &v, const Written &out) {
    Var xt("xt");
    schedule_by_pixels(v.Y, v.c, v.x, v.y, out, xt);
    v.Y.vectorize(v.c, kVector);
    for (Func f : {v.greatest, v.factor}) f.compute_at(v.Y, xt).store_in(MemoryType::Register);
    for (Func f : {v.vectors, v.sums}) {
        f.compute_at(v.Y, xt).store_in(MemoryType::Register).vectorize(v.lane);
        f.update().reorder(v.lane, v.r).vectorize(v.lane);
    }
}

void schedule(SpatialNorm &v, const Written &out) {
    Var co("co"), ci("ci");
    v.Y.split(v.c, co, ci, std::min(32, out.channels), kGuarded).reorder(v.x, v.y, ci, co);
    v.Y.gpu_blocks(co).gpu_threads(ci);
    for (Func f : {v.sum, v.share}) f.compute_at(v.Y, ci).store_in(MemoryType::Register);
}

void schedule(Normalize &v, const Written &out) {
    Var xb("xb"), xt("xt");
    v.Y.split(v.x, xb, xt, std::min(kThreads, out.width), kGuarded).reorder(v.c, xt, xb, v.y);
    v.Y.gpu_blocks(xb, v.y).gpu_threads(xt);
}

}  // namespace hardnet::gpu
