// Outputs in the caller's order.
#pragma once
#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

Place output_place(const Planning &p, const Output &output);

// A step that writes layer `layer`'s output in the caller's order to `to`: `from` resized as `l` says, or copied, or
// its greatest channels.
void plan_planar(Planning &p, int layer, const Tensor &from, const Layer &l, const Place &to);

ResizeSpec resize_spec(const Layer &l);  // without lanes and strides

}  // namespace hardnet::cpu
