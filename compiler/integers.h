// Which products and which tensors of a network are of integers.
#pragma once
#include "compiler/analysis.h"

namespace hardnet {

// Decides it for every layer, where algorithms are chosen. A convolution that reads tensors as they lie in memory wants all
// of them of its products' type; a Winograd layer wants its V rounded, whatever its sources are.
void choose_integers(Analysis &analysis, const PlanOptions &options);

// Whether Winograd's products may be of int8: V of F(2x2) loses twice what a tensor of 8 bits does, of others six times.
inline bool multiplies_int8(const Tiling &tiling) { return tiling.m() == 2; }

}  // namespace hardnet
