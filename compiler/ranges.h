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

// The greatest magnitude of V of a tensor at each position that pictures have shown; where none have, that V of values in the
// interval can have (a V is a sum of a tile's values, each times the product of two elements of B^T).
std::vector<double> greatest_v(const Tiling &tiling, const TensorRange &range);

// How V is rounded with which no such V is beyond `most`. To int16 by powers of two. To int8 so that all integers are used;
// where the machine multiplies uint8, 128 more than they are.
VRounding int16_rounding(const Tiling &tiling, const TensorRange &range, int most);
VRounding int8_rounding(const Tiling &tiling, const TensorRange &range, IntegerType dot_factor);

}  // namespace hardnet
