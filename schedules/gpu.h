// Schedules for GPUs: a grid of blocks of threads, z of the grid left to the images. Channels-last tensors are read four
// channels at a time; a thread of a convolution keeps a tile of sums in registers.
#pragma once
#include "generators/generators.h"
#include "generators/sliced_convolution.h"

namespace hardnet::gpu {

// What is written, as the plan's view of it has it: its extents along (c, x, y).
struct Written {
    int channels = 1, width = 1, height = 1;
};

void schedule(SlicedConvolution &convolution);
void schedule(Stem &stem, const Written &out);
void schedule(GlobalPool &pool, const Written &out);
void schedule(Planar &planar, const Written &out);
void schedule(L2Norm &norm, const Written &out);
void schedule(SpatialNorm &norm, const Written &out);
void schedule(Softmax &softmax, const Written &out);
void schedule(Normalize &normalize, const Written &out);

// Threads for the channels' fours (or for channels) of the pixels of a row.
void schedule_by_elements(Halide::Func Y, const Halide::Var &c, const Halide::Var &x, const Halide::Var &y,
                          const Written &out);

// A generator without a schedule of its own computes each element alone.
template <typename Generator>
void schedule(Generator &v, const Written &out) {
    schedule_by_elements(v.Y, v.c, v.x, v.y, out);
}

}  // namespace hardnet::gpu
