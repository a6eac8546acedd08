// HarDNet-96s, 117s and 138s, which the paper measures and nobody has published. Reconstruction: what table 1 of the
// paper says, and of what it leaves open that which gives the parameters, MACs and CIO of its table 4.
//
// Batch norm and ReLU stand in front of each convolution but the first. Blocks give their input as well, and narrow
// what every fourth layer reads.
#include <fmt/core.h>

#include <cmath>
#include <cstdint>

#include "models/architectures.h"

namespace hardnet {
namespace {

constexpr int kKeptPercent = 85;  // of a block's channels, by the 1x1 behind it (table 1: reduction)

// The geometric mean, rounded down.
int narrowed(int inputs, int outputs) {
    return static_cast<int>(std::sqrt(static_cast<double>(inputs) * outputs));
}

std::vector<int> block(LayerList &list, const std::string &prefix, const std::vector<int> &input,
                       const BlockSpec &spec) {
    return list.block(input, spec, [&](int number, std::vector<int> sources, int channels) {
        std::string name = fmt::format("{}.layers.{}", prefix, number);
        if ((number + 1) % 4 == 0) {
            sources = {
                list.norm_conv(name + ".layer1", sources, narrowed(list.channels(sources), channels), 1)};
            name += ".layer2";
        }
        return list.norm_conv(name, sources, channels, 3);
    });
}

// The paper's inverted transition: the maximum and the mean over 2x2, then the 1x1.
std::vector<int> halved(LayerList &list, const std::string &name, const std::vector<int> &input) {
    std::vector<int> all = list.for_each(name + ".max", input, [&](const std::string &part, int source) {
        return list.max_pool(part, source, 2, 2, 0);
    });
    list.append(all, list.for_each(name + ".mean", input, [&](const std::string &part, int source) {
        return list.average_pool(part, source, 2, 2, 0);
    }));
    return all;
}

std::vector<Output> build_hardnet_s(const ModelRecord &record, LayerList &list) {
    int index = 0;  // in the module list `base`
    const auto next = [&] { return fmt::format("base.{}", index++); };

    list.conv(conv_names(next()), {kNetworkInput}, {record.stem[0], 7, 2, record.activation});
    std::vector<int> stack{list.max_pool(next(), list.last(), 3, 2, 1)};
    for (size_t b = 0; b < record.blocks.size(); b++) {
        const BlockRecord &r = record.blocks[b];
        stack = block(list, next(), stack, {r.growth_rate, r.layers, record.multiplier, true});
        if (b + 1 == record.blocks.size()) break;
        const std::string name = next();
        const auto kept = static_cast<int>(int64_t{list.channels(stack)} * kKeptPercent / 100);
        if (r.downsample) stack = halved(list, name, stack);
        stack = {list.norm_conv(name, stack, kept, 1)};
    }
    const std::string head = next();
    list.global_average_pool(head + ".2", stack, head + ".0");  // 1 is ReLU, 3 Flatten
    list.fully_connected(head + ".4", list.last(), record.classes, Activation::kNone);
    return {{"logits", {list.last()}}};
}

}  // namespace

std::vector<Architecture> hardnet_s_architectures() { return {{"hardnet_s", 1, build_hardnet_s, false}}; }

}  // namespace hardnet
