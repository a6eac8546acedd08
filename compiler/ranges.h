// What bounds tensors, and how they are rounded.
#pragma once
#include "graph/network.h"
#include "graph/ranges.h"
#include "kernels/winograd.h"
#include "weights/weights.h"

namespace hardnet {

// Activations bound, operators that only choose or average pass it on, and a depthwise convolution of what is bounded is
// bounded by its weights.
Ranges ranges_of(const Network &network, const FoldedWeights &weights);

// What pictures have shown, where that is narrower than what bounds the tensor.
Ranges narrowed(const Ranges &bounds, const Ranges &seen);

// How V of a tensor is rounded: per position the largest power of two with which no V that pictures have shown is beyond
// `most`; where none have, no V of values in the interval (a V is a sum of a tile's values, each times the product of
// two elements of B^T).
VRounding rounding_of(const Tiling &tiling, const TensorRange &range, int most);

}  // namespace hardnet
