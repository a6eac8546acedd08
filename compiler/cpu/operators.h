// The CPU's operators: who plans the steps of each kind of layer. A new operator is a file beside these and a line in
// operators.cpp.
#pragma once
#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

struct Operator {
    OpKind kind;
    const char *algorithm;  // as `inspect` shows it; empty: the planner says
    void (*plan)(Planning &p, int layer);
    bool concatenates = false;  // reads any number of sources
};

const Operator &operator_of(OpKind kind);

// A layer that no CPU kernel can compute, with what was expected in its place.
Status check_supported(const Analysis &analysis, const Layout &layout);

void plan_convolution(Planning &p, int layer);  // of any algorithm
void plan_depthwise(Planning &p, int layer);
void plan_transposed_convolution(Planning &p, int layer);
void plan_pool(Planning &p, int layer);
void plan_global_pool(Planning &p, int layer);
void plan_resize(Planning &p, int layer);
void plan_slice(Planning &p, int layer);
void plan_l2_norm(Planning &p, int layer);
void plan_spatial_norm(Planning &p, int layer);
void plan_argmax(Planning &p, int layer);
void plan_fully_connected(Planning &p, int layer);

// The forms of a convolution.
void plan_normalize(Planning &p, int layer);  // 8-bit images, in front of the stem
void plan_stem(Planning &p, int layer);
void plan_direct(Planning &p, int layer);
void plan_winograd(Planning &p, int layer);
void plan_winograd_bands(Planning &p, int layer);

// What no layer has written to its place yet: planar outputs and outputs in rows, a layer behind another.
void plan_outputs(Planning &p);

}  // namespace hardnet::cpu
