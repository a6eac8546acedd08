// Whether a network's numbers fit together.
#pragma once
#include "base/result.h"
#include "graph/network.h"

namespace hardnet {

// True of every network that build_network gives; what comes from a file is held to it before anything computes with it.
// Every source and operand comes before its reader, extents follow from each operator's window and sources, and no
// tensor or layer's weights have more than 2^31 - 1 elements. The error names the layer.
Status check_network(const Network &network);

}  // namespace hardnet
