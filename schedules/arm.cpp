#include "schedules/arm.h"

namespace hardnet::arm {

using Halide::Func;
using Halide::MemoryType;
using Halide::RVar;
using Halide::Stage;
using Halide::TailStrategy;
using Halide::Var;

namespace {

// Cuts a sum over channels into groups of four steps and loads their inputs, a vector per tile or pixel, in
// front of each group. Four divides every channel stride, so the last group's load stays inside its tensor;
// the steps beyond are skipped.
void by_lanes(Func &acc, Stage sum, RVar channel, Func inputs) {
    constexpr int kLanes = 4;
    RVar group("group"), step("step");
    sum.split(channel, group, step, kLanes, TailStrategy::GuardWithIf).unroll(step);
    inputs.compute_at(acc, group).store_in(MemoryType::Stack);
    const std::vector<Var> loops = inputs.args();
    inputs.vectorize(loops[0], kLanes, TailStrategy::RoundUp).unroll(loops[1]).unroll(loops[2]);
}

}  // namespace

// A step of 12 channels x 7 tiles: 84 products on 19 loaded vectors, where broadcasts would load 40.
void schedule(Product &p) {
    x86::schedule(p);
    if (p.spec.products != Precision::kFloat32) return;  // as a convolution's
    for (size_t s = 0; s < p.r.size(); s++) by_lanes(p.acc[0], p.sums[s], p.r[s].x, p.tiles[s]);
}

// Of int8, sdot multiplies a vector of weights by four channels that one load brings to all lanes.
void schedule(Convolution &v) {
    x86::schedule(v);
    if (v.spec.products != Precision::kFloat32) return;
    for (size_t i = 0; i < v.r.size(); i++) by_lanes(v.acc, v.acc.update(i), v.r[i].x, v.X[i].in(v.acc));
}

}  // namespace hardnet::arm
