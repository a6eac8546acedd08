// Norms in front of a layer: scale, shift and ReLU on its concatenated input.
#pragma once
#include <vector>

#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

// Views of scale and shift, for the layer's input channels from `first` on, which are those of `source`.
std::vector<hardnet_argument> front_norm(Planning &p, int layer, int first, const Tensor &source);

// A step that writes what the norm in front of a direct 3x3 makes of the sources, in memory of its own: small images,
// which Winograd's tiles do not suit.
std::vector<Tensor> plan_norm(Planning &p, int layer);

}  // namespace hardnet::cpu
