// What works on each element alone, row by row.
#pragma once
#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

inline Combination combination_of(OpKind op) {
    switch (op) {
        case OpKind::kMultiply:
        case OpKind::kScale:
            return Combination::kProduct;
        case OpKind::kAdd:
        case OpKind::kShift:
            return Combination::kSum;
        case OpKind::kSubtract:
            return Combination::kDifference;
        case OpKind::kDivide:
            return Combination::kQuotient;
        case OpKind::kSlope:
            return Combination::kSlope;
        default:
            return Combination::kNone;
    }
}

// The second argument: a tensor, its one pixel or one channel, or a known value per channel.
inline hardnet_argument combined_operand(Planning &p, int layer, CombineSpec &spec) {
    const Layer &l = p.layer(layer);
    const int c8 = p.tensor(layer).c8;
    if (l.operand() == kNoLayer) {
        const int64_t known = p.builder.pack_vector(layer, 0, 0, l.out.channels, c8);
        return whole(p.builder.view(Place::weights(known), {{0, c8, 1}}));
    }
    const Tensor &operand = p.tensor(l.operand());
    spec.per_pixel = operand.shape.channels == 1 && l.out.channels > 1;
    if (operand.shape.height * operand.shape.width == 1 && !spec.per_pixel)
        return whole(p.builder.view(operand.place(0, 0), {{0, c8, 1}}));
    spec.operand_pixel_stride = operand.pixel_stride;
    spec.operand_row_stride = operand.row_stride();
    return whole(p.view(operand, 0, spec.per_pixel ? 1 : c8, false));
}

inline void plan_combine(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    CombineSpec spec;
    spec.combination = combination_of(l.op);
    spec.width = l.out.width;
    spec.activation = l.activation;
    if (l.op == OpKind::kDivide) spec.channels = l.out.channels;
    p.set_planes(spec, in, out);
    p.builder.begin_step(HARDNET_STEP_ELEMENTWISE, layer);
    p.builder.begin_part(l.out.height, 0, 1);
    std::vector<hardnet_argument> arguments = {whole(p.view(in, 0, in.c8, false))};
    if (spec.combination != Combination::kNone) arguments.push_back(combined_operand(p, layer, spec));
    arguments.push_back(crop(p.view(out, 0, out.c8, false, true), 2, 1));
    p.builder.call(spec, arguments);
    p.finish(layer);
}

}  // namespace hardnet::cpu
