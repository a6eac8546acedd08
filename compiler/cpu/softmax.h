// Softmax over a pixel's channels, row by row.
#pragma once
#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

inline void plan_softmax(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    SoftmaxSpec spec;
    spec.channels = l.out.channels;
    spec.width = l.out.width;
    p.set_planes(spec, p.tensor(l.sources()[0]), p.tensor(layer));
    plan_by_rows(p, HARDNET_STEP_ELEMENTWISE, layer, spec, false);
}

}  // namespace hardnet::cpu
