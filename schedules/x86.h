// Schedules for x86: vectors over channels, register blocks of channels x tiles (or pixels), nothing
// parallel, no allocation. A kernel's caller splits the work by cropping the output.
#pragma once
#include "generators/generators.h"

namespace hardnet::x86 {

void schedule(InputTransform &transform);
void schedule(Product &product);
void schedule(OutputTransform &transform);
void schedule(Convolution &convolution);
void schedule(Stem &stem);
void schedule(Depthwise &depthwise);
void schedule(Pool &pool);
void schedule(GlobalPool &pool);
void schedule(Planar &planar);
void schedule(Rows &rows);
void schedule(L2Norm &norm);
void schedule(SpatialNorm &norm);
void schedule(Softmax &softmax);
void schedule(FullyConnected &layer);
void schedule(Normalize &normalize);

// A generator without a schedule of its own is computed pixel by pixel, a vector of channels at a time.
template <typename Generator>
void schedule(Generator &v) {
    Halide::Var co("co"), ci("ci");
    v.Y.split(v.c, co, ci, v.spec.lanes, Halide::TailStrategy::RoundUp)
        .reorder(ci, co, v.x, v.y)
        .vectorize(ci);
}

}  // namespace hardnet::x86
