// What bounds tensors, and how they are rounded.
#pragma once
#include "graph/interval.h"
#include "graph/network.h"
#include "kernels/winograd.h"
#include "weights/weights.h"

namespace hardnet {

// Activations bound, operators that only choose or average pass it on, and a depthwise convolution of what is bounded is
// bounded by its weights.
Ranges ranges_of(const Network &network, const FoldedWeights &weights);

// How V of a tensor is rounded: per position the largest power of two with which no V of values in the range is
// beyond `most` (a V is a sum of a tile's values, each times the product of two elements of B^T).
VRounding rounding_of(const Tiling &tiling, const Interval &range, int most);

}  // namespace hardnet
