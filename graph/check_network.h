// Whether a network's numbers fit together.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "graph/network.h"

namespace hardnet {

constexpr int64_t kMostElements = INT32_MAX;                   // of a tensor, or of a layer's weights
constexpr int kMostChannels = 1 << 24, kMostExtent = 1 << 16;  // products of four of them fit 64 bits
constexpr size_t kMostLayers = 1 << 14;

// True of every network that build_network gives; what comes from a file is held to it before anything computes with it.
// Every source and operand comes before its reader, extents follow from each operator's window and sources, and no
// tensor or layer's weights have more than 2^31 - 1 elements. The error names the layer.
Status check_network(const Network &network);

}  // namespace hardnet
