// Schedules for x86: vectors over channels, register blocks of channels x tiles (or pixels), nothing
// parallel, no allocation. A kernel's caller splits the work by cropping the output.
#pragma once
#include "generators/convolution.h"
#include "generators/dense.h"
#include "generators/elementwise.h"
#include "generators/pooling.h"
#include "generators/winograd.h"

namespace hardnet::x86 {

void schedule(InputTransform &transform);
void schedule(Product &product);
void schedule(OutputTransform &transform);
void schedule(Convolution &convolution);
void schedule(Stem &stem);
void schedule(Depthwise &depthwise);
void schedule(Pool &pool);
void schedule(GlobalPool &pool);
void schedule(Norm &norm);
void schedule(Resize &resize);
void schedule(Planar &planar);
void schedule(Rows &rows);
void schedule(L2Norm &norm);
void schedule(SpatialNorm &norm);
void schedule(FullyConnected &layer);
void schedule(Normalize &normalize);

}  // namespace hardnet::x86
