// The HarDBlock rule (paper, section 3.1): which layers a layer reads and how many channels it has.
//
// Layers are numbered 1..n; layer 0 is the block's input.
#pragma once
#include <vector>

namespace hardnet {

// The layers that layer `layer` >= 1 reads, nearest first: layer - 2^i for every 2^i that divides it. This is
// the order of the concatenation, and so of the weights' input channels.
std::vector<int> block_links(int layer);

// Output channels of layer `layer` >= 1: the growth rate times the multiplier once per factor 2 of the
// layer's number, rounded to even.
int block_channels(int layer, int growth_rate, double multiplier);

// The layers that make up the block's output, ascending: the odd ones and the last.
std::vector<int> block_outputs(int layers);

}  // namespace hardnet
