// What of an input a layer's output needs.
#pragma once
#include "graph/network.h"

namespace hardnet {

struct Range {
    int first = 0, last = 0;  // both inclusive
};

// Rows and columns of what a layer reads, outside the image too: there lie a window's padding and what its last
// position reaches beyond it.
struct Footprint {
    Range rows, columns;
};

Footprint footprint(const Layer &layer, Role role);

// How far the footprint reaches beyond an image of these extents, at the side where it reaches farthest.
int reach_beyond(const Footprint &footprint, int height, int width);

}  // namespace hardnet
