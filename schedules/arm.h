// Schedules for ARM64: x86's, and where they sum over input channels, four of those at a time. A NEON product
// may name one lane of a vector as its factor (fmla v.4s, v.4s, v.s[i]), so one load brings four input values
// and nothing is broadcast.
#pragma once
#include "schedules/x86.h"

namespace hardnet::arm {

void schedule(Product &product);
void schedule(Convolution &convolution);

// Every other operator has no reduction over channels worth it: depthwise and pools have none, the stem has
// three, and the classifier reads each weight once.
template <typename Generator>
void schedule(Generator &generator) {
    x86::schedule(generator);
}

}  // namespace hardnet::arm
