// The product of a source and an operand, row by row.
#pragma once
#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

inline void plan_multiply(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &factor = p.tensor(l.operand()), &out = p.tensor(layer);
    MultiplySpec spec;
    spec.width = l.out.width;
    spec.activation = l.activation;
    p.set_planes(spec, in, out);
    spec.factor_pixel_stride = factor.pixel_stride;
    spec.factor_row_stride = factor.row_stride();
    p.builder.begin_step(HARDNET_STEP_ELEMENTWISE, layer);
    p.builder.begin_part(l.out.height, 0, 1);
    const uint32_t x = p.view(in, 0, in.c8, false), f = p.view(factor, 0, factor.c8, false);
    p.builder.call(spec, {whole(x), whole(f), crop(p.view(out, 0, out.c8, false, true), 2, 1)});
    p.finish(layer);
}

}  // namespace hardnet::cpu
