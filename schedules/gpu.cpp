#include "schedules/gpu.h"

#include <algorithm>

#include "kernels/gpu_loop.h"

namespace hardnet::gpu {

using Halide::Func;
using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

namespace {

constexpr int kVector = 4;     // elements of the widest load
constexpr int kThreads = 128;  // of a block whose threads are alike

// Threads beyond the border write nothing, so that each element is written once.
constexpr TailStrategy kGuarded = TailStrategy::GuardWithIf;

// A thread's sums.
void schedule_sums(SlicedConvolution &v, const Halide::LoopLevel &thread) {
    const int columns = gpu_loop(v.spec.tile, v.spec.window).columns;
    v.acc.compute_at(thread).store_in(MemoryType::Register).bound(v.i, 0, v.spec.tile.pixels);
    Var co("co"), ci("ci");
    v.acc.split(v.c, co, ci, kVector).vectorize(ci).unroll(co).unroll(v.i);
    for (size_t n = 0; n < v.terms.size(); n++) {
        SlicedConvolution::Terms &terms = v.terms[n];
        Halide::Stage update = v.acc.update(int(n));
        RVar step("step"), turn("turn");
        update.split(v.c, co, ci, kVector).split(terms.j, step, turn, terms.at_once);
        std::vector<Halide::VarOrRVar> order = {ci, co, v.i, terms.k};
        std::vector<RVar> taps = terms.taps;
        if (columns > 1) {
            order.push_back(taps.front());
            update.unroll(taps.front());
            taps.erase(taps.begin());
        }
        order.insert(order.end(), {turn, step});
        order.insert(order.end(), taps.begin(), taps.end());
        update.reorder(order).vectorize(ci).unroll(co).unroll(v.i).unroll(terms.k).unroll(turn);
        terms.pixels.compute_at(v.acc, turn).store_in(MemoryType::Register).unroll(v.x);
        if (terms.channels % 2 == 0)
            terms.pixels.vectorize(v.k, terms.channels);
        else
            terms.pixels.unroll(v.k);
        terms.weights.compute_at(v.acc, terms.k).store_in(MemoryType::Register);
        terms.weights.split(v.c, co, ci, kVector).vectorize(ci).unroll(co);
    }
}

// Where all threads of a block see it.
void schedule_part(SlicedConvolution &v, const RVar &block) {
    const GpuTile &t = v.spec.tile;
    Var co("co"), ci("ci"), ct("ct"), qt("qt"), yt("yt"), cb("cb"), qb("qb"), yb("yb"), p("p");
    v.part.compute_at(v.Y, block).store_in(MemoryType::GPUShared).bound(v.i, 0, t.pixels);
    v.part.bound_storage(v.c, t.across * t.channels).bound_storage(v.q, t.along).bound_storage(v.y, t.down);
    v.part.split(v.c, ct, ci, t.channels).split(ci, co, ci, kVector).vectorize(ci).unroll(co).unroll(v.i);
    v.part.split(ct, cb, ct, t.across, kGuarded)
        .split(v.q, qb, qt, t.along, kGuarded)
        .split(v.y, yb, yt, t.down, kGuarded);
    v.part.reorder(ci, co, v.i, ct, qt, yt, v.s, cb, qb, yb).fuse(qt, yt, p).gpu_threads(ct, p, v.s);
    schedule_sums(v, Halide::LoopLevel(v.part, ct));
}

}  // namespace

void schedule(SlicedConvolution &v) {
    const GpuTile &t = v.spec.tile;
    Var cq("cq"), ci("ci"), co("co"), cb("cb"), ct("ct"), yb("yb"), yt("yt");
    RVar bx("bx"), p("p");
    Halide::Stage Y = v.Y.update();
    Y.allow_race_conditions();  // which there are none: each element is written once
    Y.split(v.c, cq, ci, t.channels).split(ci, co, ci, kVector).vectorize(ci).unroll(co);
    Y.split(cq, cb, ct, t.across, kGuarded).split(v.y, yb, yt, t.down, kGuarded);
    if (v.slices == 1) {
        Y.reorder({ci, co, v.pixel, ct, v.tile, yt, cb, v.block, yb}).unroll(v.pixel);
        Y.fuse(cb, v.block, bx).gpu_blocks(bx, yb).gpu_threads(ct, v.tile, yt);
        schedule_sums(v, Halide::LoopLevel(v.Y, ct));
    } else {
        if (v.pixels_are_threads())
            Y.reorder({ci, co, ct, v.tile, yt, v.pixel, cb, v.block, yb});
        else
            Y.reorder({ci, co, v.pixel, ct, v.tile, yt, cb, v.block, yb});
        Y.fuse(cb, v.block, bx).fuse(v.tile, yt, p).gpu_blocks(bx, yb).gpu_threads(ct, p);
        if (v.pixels_are_threads()) Y.gpu_threads(v.pixel);
        schedule_part(v, bx);
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

// Eight channels of two pixels where the width is even: neighbouring threads read neighbouring columns.
void schedule(Stem &v, const Written &out) {
    Var co("co"), ci("ci"), xo("xo"), xi("xi"), xb("xb"), xt("xt"), b("b");
    const int channels = 8, pixels = out.width % 2 ? 1 : 2, threads = std::min(64, out.width / pixels);
    v.Y.split(v.c, co, ci, channels).split(v.x, xo, xi, pixels).split(xo, xb, xt, threads, kGuarded);
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
