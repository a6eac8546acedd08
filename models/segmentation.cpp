// Segmentation: an encoder, a decoder that reads the encoder's blocks again, logits at the input's size.
#include <fmt/core.h>

#include <array>
#include <functional>

#include "models/architectures.h"

namespace hardnet {
namespace {

// ---- FC-HarDNet-70, as the authors released it

std::vector<Output> build_fchardnet(const ModelRecord &record, LayerList &list) {
    int index = 0;  // in the authors' module list `base`
    const auto next = [&] { return fmt::format("base.{}", index++); };

    int source = kNetworkInput;
    for (size_t i = 0; i < record.stem.size(); i++)
        source =
            list.conv(conv_names(next()), {source}, {record.stem[i], 3, i % 2 ? 1 : 2, record.activation});
    const auto block = [&](const std::string &name, const BlockRecord &b) {
        return list.conv_block(name, {list.last()}, {b.growth_rate, b.layers, record.multiplier},
                               record.activation);
    };
    std::vector<std::vector<int>> skips;
    for (size_t b = 0; b < record.blocks.size(); b++) {
        const std::vector<int> outputs = block(next(), record.blocks[b]);
        list.conv(conv_names(next()), outputs, {record.blocks[b].transition, 1, 1, record.activation});
        if (b + 1 == record.blocks.size()) break;
        skips.push_back(outputs);
        list.average_pool(next(), list.last(), 2, 2, 0);
    }

    std::vector<int> outputs{list.last()};
    for (size_t j = 0; j < skips.size(); j++) {
        const std::vector<int> &skip = skips[skips.size() - 1 - j];
        std::vector<int> sources =
            list.resize_each(fmt::format("transUpBlocks.{}", j), outputs, list.shape(skip[0]));
        list.append(sources, skip);
        list.conv(conv_names(fmt::format("conv1x1_up.{}", j)), sources,
                  {list.channels(sources) / 2, 1, 1, record.activation});
        outputs = block(fmt::format("denseBlocksUp.{}", j), record.blocks[record.blocks.size() - 2 - j]);
    }
    list.biased_conv("finalConv", outputs, {record.classes});
    return {{"logits", {list.resize("logits", list.last(), list.shape(kNetworkInput), true)}}};
}

// ---- FC-DenseNet's arrangement (Jegou et al., 2017), under the names of its PyTorch port

enum class Place { kDown, kUp, kTop };  // the bottleneck is the deepest on the way up, the top the last

// Adds the block of a level, 0 at the input's size, and returns the parts of its output.
using AddBlock = std::function<std::vector<int>(size_t level, Place place, const std::string &prefix,
                                                const std::vector<int> &input)>;

// `bias`: of the convolutions outside blocks.
std::vector<Output> build_tiramisu(const ModelRecord &record, LayerList &list, int first, bool bias,
                                   size_t levels, const AddBlock &block) {
    ConvSpec spec{first, 3};
    spec.bias = bias;
    std::vector<int> stack{list.conv({"firstconv", "firstconv", ""}, {kNetworkInput}, spec)};
    std::vector<std::vector<int>> skips;
    for (size_t level = 0; level < levels; level++) {
        stack = block(level, Place::kDown, fmt::format("denseBlocksDown.{}", level), stack);
        skips.push_back(stack);
        const std::string name = fmt::format("transDownBlocks.{}", level);
        list.norm_conv(name, stack, list.channels(stack), 1, bias);
        stack = {list.max_pool(name + ".maxpool", list.last(), 2, 2, 0)};
    }
    stack = block(levels, Place::kUp, "bottleneck.bottleneck", stack);
    for (size_t j = 0; j < levels; j++) {
        const size_t level = levels - 1 - j;
        stack = {list.transposed_conv(fmt::format("transUpBlocks.{}.convTrans", j), stack,
                                      list.channels(stack), skips[level][0])};
        list.append(stack, skips[level]);
        stack = block(level, level > 0 ? Place::kUp : Place::kTop, fmt::format("denseBlocksUp.{}", j), stack);
    }
    return {{"logits", {list.biased_conv("finalConv", stack, {record.classes})}}};
}

// A dense block's layers read the input and all layers before them. It gives them all on the way down and at the top,
// its own alone elsewhere.
std::vector<Output> build_fcdensenet(const ModelRecord &record, LayerList &list, int growth_rate,
                                     const std::array<int, 6> &depths) {
    const AddBlock block = [&](size_t level, Place place, const std::string &prefix, std::vector<int> stack) {
        const size_t inputs = stack.size();
        for (int l = 0; l < depths[level]; l++)
            stack.push_back(
                list.norm_conv(fmt::format("{}.layers.{}", prefix, l), stack, growth_rate, 3, true));
        if (place == Place::kUp)
            stack.erase(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(inputs));
        return stack;
    };
    return build_tiramisu(record, list, 48, true, depths.size() - 1, block);
}

// The FC-HarDNets that the paper measures on CamVid and nobody has published. Reconstruction: table 3's numbers in this
// arrangement, which gives the parameters, MACs and CIO of table 2. Blocks give their input as well on the way down.
std::vector<Output> build_fchardnet_camvid(const ModelRecord &record, LayerList &list) {
    const AddBlock block = [&](size_t level, Place place, const std::string &prefix,
                               const std::vector<int> &input) {
        const BlockRecord &r = record.blocks[level];
        const BlockSpec spec{r.growth_rate, r.layers, record.multiplier, place == Place::kDown};
        return list.block(input, spec, [&](int number, const std::vector<int> &sources, int channels) {
            return list.norm_conv(fmt::format("{}.layers.{}", prefix, number), sources, channels, 3);
        });
    };
    return build_tiramisu(record, list, record.stem[0], false, record.blocks.size() - 1, block);
}

}  // namespace

std::vector<Architecture> segmentation_architectures() {
    using R = const ModelRecord &;
    using L = LayerList &;
    return {
        {"fchardnet", 4, build_fchardnet},
        {"fchardnet_camvid", 1, build_fchardnet_camvid, false},
        {"fcdensenet56", 0,
         [](R r, L l) {
             return build_fcdensenet(r, l, 12, {4, 4, 4, 4, 4, 4});
         }},
        {"fcdensenet67", 0,
         [](R r, L l) {
             return build_fcdensenet(r, l, 16, {5, 5, 5, 5, 5, 5});
         }},
        {"fcdensenet103", 0,
         [](R r, L l) {
             return build_fcdensenet(r, l, 16, {4, 5, 7, 10, 12, 15});
         }},
    };
}

}  // namespace hardnet
