// Which products and which tensors of a network are of integers.
#pragma once
#include "compiler/analysis.h"

namespace hardnet {

// Decides it for every layer, where algorithms are chosen. A convolution that reads tensors as they lie in memory wants all
// of them of its products' type; a Winograd layer wants its V rounded, whatever its sources are, and is never of int8.
void choose_integers(Analysis &analysis, const PlanOptions &options);

}  // namespace hardnet
