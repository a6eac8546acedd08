#include "models/backbone.h"

namespace hardnet {

LayerNames depthwise_names(const std::string &layer) { return {layer, layer + ".dwconv", layer + ".norm"}; }

std::vector<int> hardnet_block(LayerList &list, const std::string &prefix, const ModelRecord &record,
                               const BlockRecord &block) {
    const Activation activation = record.block_activation.value_or(record.activation);
    const BlockSpec spec{block.growth_rate, block.layers, record.multiplier};
    if (!record.depthwise) return list.conv_block(prefix, {list.last()}, spec, activation);
    return list.block({list.last()}, spec, [&](int number, const std::vector<int> &sources, int channels) {
        const std::string name = prefix + ".layers." + std::to_string(number);
        const int pointwise = list.conv(conv_names(name + ".layer1"), sources, {channels, 1, 1, activation});
        return list.depthwise(depthwise_names(name + ".layer2"), pointwise, 3, 1, Activation::kNone);
    });
}

}  // namespace hardnet
