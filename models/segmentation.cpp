// Segmentation: an encoder, a decoder that reads the encoder's blocks again, logits at the input's size.
#include <fmt/core.h>

#include <array>

#include "models/architectures.h"

namespace hardnet {
namespace {

void append(std::vector<int> &to, const std::vector<int> &from) {
    to.insert(to.end(), from.begin(), from.end());
}

// ---- FC-HarDNet-70, as the authors released it

LayerNames conv_names(const std::string &layer) { return {layer, layer + ".conv", layer + ".norm"}; }

std::vector<int> block(LayerList &list, const std::string &prefix, const ModelRecord &record,
                       const BlockRecord &block) {
    const BlockSpec spec{block.growth_rate, block.layers, record.multiplier};
    return list.block({list.last()}, spec, [&](int number, const std::vector<int> &sources, int channels) {
        return list.conv(conv_names(fmt::format("{}.layers.{}", prefix, number)), sources,
                         {channels, 3, 1, record.activation});
    });
}

std::vector<Output> build_fchardnet(const ModelRecord &record, LayerList &list) {
    int index = 0;  // in the authors' module list `base`
    const auto next = [&] { return fmt::format("base.{}", index++); };

    int source = kNetworkInput;
    for (size_t i = 0; i < record.stem.size(); i++)
        source =
            list.conv(conv_names(next()), {source}, {record.stem[i], 3, i % 2 ? 1 : 2, record.activation});
    std::vector<std::vector<int>> skips;
    for (size_t b = 0; b < record.blocks.size(); b++) {
        const std::vector<int> outputs = block(list, next(), record, record.blocks[b]);
        list.conv(conv_names(next()), outputs, {record.blocks[b].transition, 1, 1, record.activation});
        if (b + 1 == record.blocks.size()) break;
        skips.push_back(outputs);
        list.average_pool(next(), list.last(), 2, 2, 0);
    }

    std::vector<int> outputs{list.last()};
    for (size_t j = 0; j < skips.size(); j++) {
        const std::vector<int> &skip = skips[skips.size() - 1 - j];
        std::vector<int> sources = list.for_each(
            fmt::format("transUpBlocks.{}", j), outputs, [&](const std::string &name, int source) {
                return list.resize(name, source, list.shape(skip[0]), true);
            });
        append(sources, skip);
        list.conv(conv_names(fmt::format("conv1x1_up.{}", j)), sources,
                  {list.channels(sources) / 2, 1, 1, record.activation});
        outputs = block(list, fmt::format("denseBlocksUp.{}", j), record,
                        record.blocks[record.blocks.size() - 2 - j]);
    }
    ConvSpec classifier{record.classes};
    classifier.bias = true;
    list.conv({"finalConv", "finalConv", ""}, outputs, classifier);
    return {{"logits", {list.resize("logits", list.last(), list.shape(kNetworkInput), true)}}};
}

// ---- FC-DenseNet (Jegou et al., 2017), under the names of its PyTorch port

// Returns the block's new layers; `stack` grows by them.
std::vector<int> dense_block(LayerList &list, const std::string &prefix, int layers, int growth_rate,
                             std::vector<int> &stack) {
    std::vector<int> added;
    for (int l = 0; l < layers; l++) {
        const std::string name = fmt::format("{}.layers.{}", prefix, l);
        ConvSpec spec{growth_rate, 3};
        spec.bias = true;
        spec.front_norm = name + ".norm";
        added.push_back(list.conv({name, name + ".conv", ""}, stack, spec));
        stack.push_back(added.back());
    }
    return added;
}

std::vector<Output> build_fcdensenet(const ModelRecord &record, LayerList &list, int growth_rate,
                                     const std::array<int, 5> &depths, int bottleneck) {
    ConvSpec first{48, 3};
    first.bias = true;
    std::vector<int> stack{list.conv({"firstconv", "firstconv", ""}, {kNetworkInput}, first)};
    std::vector<std::vector<int>> skips;
    for (size_t b = 0; b < depths.size(); b++) {
        dense_block(list, fmt::format("denseBlocksDown.{}", b), depths[b], growth_rate, stack);
        skips.push_back(stack);
        const std::string name = fmt::format("transDownBlocks.{}", b);
        ConvSpec down{list.channels(stack)};
        down.bias = true;
        down.front_norm = name + ".norm";
        list.conv({name, name + ".conv", ""}, stack, down);
        stack = {list.max_pool(name + ".maxpool", list.last(), 2, 2, 0)};
    }
    std::vector<int> added = dense_block(list, "bottleneck.bottleneck", bottleneck, growth_rate, stack);
    for (size_t j = 0; j < depths.size(); j++) {
        const std::vector<int> &skip = skips[skips.size() - 1 - j];
        stack = {list.transposed_conv(fmt::format("transUpBlocks.{}.convTrans", j), added,
                                      list.channels(added), skip[0])};
        append(stack, skip);
        added = dense_block(list, fmt::format("denseBlocksUp.{}", j), depths[depths.size() - 1 - j],
                            growth_rate, stack);
    }
    ConvSpec classifier{record.classes};
    classifier.bias = true;
    list.conv({"finalConv", "finalConv", ""}, stack, classifier);
    return {{"logits", {list.last()}}};
}

}  // namespace

std::vector<Architecture> segmentation_architectures() {
    using R = const ModelRecord &;
    using L = LayerList &;
    return {
        {"fchardnet", 4, build_fchardnet},
        {"fcdensenet56", 0,
         [](R r, L l) {
             return build_fcdensenet(r, l, 12, {4, 4, 4, 4, 4}, 4);
         }},
        {"fcdensenet67", 0,
         [](R r, L l) {
             return build_fcdensenet(r, l, 16, {5, 5, 5, 5, 5}, 5);
         }},
        {"fcdensenet103", 0,
         [](R r, L l) {
             return build_fcdensenet(r, l, 16, {4, 5, 7, 10, 12}, 15);
         }},
    };
}

}  // namespace hardnet
