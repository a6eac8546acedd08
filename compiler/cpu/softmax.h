// Softmax over a pixel's channels, row by row.
#pragma once
#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

inline void plan_softmax(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    SoftmaxSpec spec;
    spec.channels = l.out.channels;
    spec.width = l.out.width;
    p.set_planes(spec, in, out);
    p.builder.begin_step(HARDNET_STEP_ELEMENTWISE, layer);
    p.builder.begin_part(l.out.height, 0, 1);
    const uint32_t x = p.view(in, 0, in.c8, false), y = p.view(out, 0, out.c8, false, true);
    p.builder.call(spec, {whole(x), crop(y, 2, 1)});
    p.finish(layer);
}

}  // namespace hardnet::cpu
