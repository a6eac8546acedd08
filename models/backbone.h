// What HarDNet is made of in front of any head: blocks, and what halves the image between them. Of 3x3 convolutions and
// pools, or all depthwise (DS) where the record says so.
#pragma once
#include <string>
#include <vector>

#include "models/layer_list.h"
#include "models/records.h"

namespace hardnet {

LayerNames depthwise_names(const std::string &layer);  // as the authors': <layer>.dwconv, <layer>.norm

// A HarDBlock on the last layer. Returns the layers whose concatenation is its output.
std::vector<int> hardnet_block(LayerList &list, const std::string &prefix, const ModelRecord &record,
                               const BlockRecord &block);

// The last layer at half its extents, rounded up; without depthwise layers as `pool(name)` does it.
template <typename Pool>
void downsample_by(LayerList &list, const ModelRecord &record, const std::string &name, const Pool &pool) {
    if (record.depthwise)
        list.depthwise(depthwise_names(name), list.last(), 3, 2, Activation::kNone);
    else
        pool(name);
}

}  // namespace hardnet
