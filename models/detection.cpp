// Detection: SSD's heads on several resolutions (Liu et al., 2016) and CenterNet's on one (Zhou et al., 2019).
#include <fmt/core.h>

#include <algorithm>

#include "models/architectures.h"
#include "models/backbone.h"

namespace hardnet {
namespace {

// ---- SSD512

// Behind the backbone's two sources up to five more, each at half the resolution; every second layer is one.
void add_extras(LayerList &list, std::vector<int> &sources, int wanted) {
    const int narrow[] = {256, 128, 128, 128, 128}, wide[] = {512, 256, 256, 256, 256};
    for (int i = 0; i + 2 < wanted; i++) {
        int last = list.biased_conv(fmt::format("extras.{}", 2 * i), {sources.back()},
                                    {narrow[i], 1, 1, Activation::kRelu});
        ConvSpec spec{wide[i], 3, 2, Activation::kRelu};
        if (i == 4) spec.kernel = 4, spec.stride = 1, spec.padding = 1;
        sources.push_back(list.biased_conv(fmt::format("extras.{}", 2 * i + 1), {last}, spec));
    }
}

// Per pixel of a source four or six boxes, each with 4 offsets and a logit per class.
std::vector<Output> add_heads(LayerList &list, const std::vector<int> &sources, int classes) {
    Output locations{"loc", {}, 4, true}, confidences{"conf", {}, classes};
    for (size_t i = 0; i < sources.size(); i++) {
        const int boxes = i < 5 ? 6 : 4;
        locations.layers.push_back(list.biased_conv(fmt::format("loc.{}", i), {sources[i]}, {boxes * 4, 3}));
        confidences.layers.push_back(
            list.biased_conv(fmt::format("conf.{}", i), {sources[i]}, {boxes * classes, 3}));
    }
    return {locations, confidences};
}

// The authors' bridge of 68, which is the paper's (section 4.3): a dilated convolution in place of the last
// downsampling. That of 85 is wider and not dilated.
int add_bridge(LayerList &list, const ModelRecord &record, const std::string &prefix) {
    const int in = list.shape(list.last()).channels;
    const bool dilated = record.bridge == 0;
    const std::string name = dilated ? prefix : "bridge";
    list.max_pool(name + ".0", list.last(), 3, 1, 1);
    if (dilated) {
        ConvSpec spec{in, 3, 1, record.activation};
        spec.dilation = spec.padding = 4;
        list.conv({name + ".1", name + ".1", name + ".2"}, {list.last()}, spec);
        return list.conv(conv_names(name + ".4"), {list.last()}, {in, 1, 1, record.activation});
    }
    list.conv(conv_names(name + ".1"), {list.last()}, {record.bridge, 3, 1, record.activation});
    return list.conv(conv_names(name + ".2"), {list.last()}, {in, 1, 1, record.activation});
}

std::vector<Output> build_ssd_hardnet(const ModelRecord &record, LayerList &list) {
    int index = 0;  // in the authors' module list `base`
    const auto next = [&] { return fmt::format("base.{}", index++); };
    list.conv(conv_names(next()), {kNetworkInput}, {record.stem[0], 3, 2, record.activation});
    list.conv(conv_names(next()), {list.last()}, {record.stem[1], record.stem_kernel, 1, record.activation});
    downsample_by(list, record, next(),
                  [&](const std::string &name) { list.max_pool(name, list.last(), 3, 2, 1); });
    int pools = 0, tap = list.last();  // what the last downsampling reads
    for (const BlockRecord &b : record.blocks) {
        const std::vector<int> outputs = hardnet_block(list, next(), record, b);
        list.conv(conv_names(next()), outputs, {b.transition, 1, 1, record.activation});
        if (!b.downsample) continue;
        tap = list.last();
        downsample_by(list, record, next(),
                      [&](const std::string &name) { list.max_pool(name, tap, 2, 2, 0, pools++ == 0); });
    }
    const int bridge = add_bridge(list, record, next());
    std::vector<int> sources{list.l2_norm("L2Norm", tap), bridge};
    add_extras(list, sources, record.sources);
    return add_heads(list, sources, record.classes);
}

std::vector<Output> build_ssd_vgg16(const ModelRecord &record, LayerList &list) {
    int index = 0, source = kNetworkInput, tap = 0, pools = 0;
    const auto next = [&] { return fmt::format("base.{}", index++); };
    const auto conv = [&](const ConvSpec &spec) {
        source = list.biased_conv(next(), {source}, spec);
        index++;  // the activation
    };
    for (const auto &[channels, convolutions] :
         {std::pair{64, 2}, std::pair{128, 2}, std::pair{256, 3}, std::pair{512, 3}, std::pair{512, 3}}) {
        for (int i = 0; i < convolutions; i++) conv({channels, 3, 1, Activation::kRelu});
        if (++pools == 4) tap = source;
        source = pools == 5 ? list.max_pool(next(), source, 3, 1, 1)
                            : list.max_pool(next(), source, 2, 2, 0, pools == 3);
    }
    ConvSpec dilated{1024, 3, 1, Activation::kRelu};
    dilated.dilation = dilated.padding = 6;
    conv(dilated);
    conv({1024, 1, 1, Activation::kRelu});
    std::vector<int> sources{list.l2_norm("L2Norm", tap), source};
    add_extras(list, sources, record.sources);
    return add_heads(list, sources, record.classes);
}

// ---- CenterNet

// A tensor, its local mean and its share of the image's sum, one behind another.
std::vector<int> three_ways(LayerList &list, const std::string &name, const std::vector<int> &input) {
    std::vector<int> all = input;
    list.append(all, list.for_each(name + ".mean", input, [&](const std::string &part, int source) {
        return list.average_pool(part, source, 9, 1, 4);
    }));
    list.append(all, list.for_each(name + ".share", input, [&](const std::string &part, int source) {
        return list.spatial_norm(part, source);
    }));
    return all;
}

struct UpStage {
    int channels, growth_rate, layers;
};

std::vector<Output> build_centernet_hardnet(const ModelRecord &record, LayerList &list) {
    const Activation activation = record.activation;
    int index = 0;  // in the authors' module list `base`
    const auto next = [&] { return fmt::format("base.{}", index++); };
    const auto conv1x1 = [&](const std::string &name, const std::vector<int> &sources, int channels) {
        return list.conv(conv_names(name), sources, {channels, 1, 1, activation});
    };
    list.conv(conv_names(next()), {kNetworkInput}, {record.stem[0], 3, 2, activation});
    list.conv(conv_names(next()), {list.last()}, {record.stem[1], record.stem_kernel, 1, activation});
    downsample_by(list, record, next(),
                  [&](const std::string &name) { list.average_pool(name, list.last(), 3, 2, 1); });
    int pools = 0;
    std::vector<int> outputs;
    std::vector<std::vector<int>> skips;  // block outputs in front of a downsampling, and the last
    for (size_t b = 0; b < record.blocks.size(); b++) {
        const BlockRecord &r = record.blocks[b];
        outputs = hardnet_block(list, next(), record, r);
        const bool last = b + 1 == record.blocks.size();
        if (r.downsample || last) skips.push_back(outputs);
        if (last) break;
        conv1x1(next(), outputs, r.transition);
        if (!r.downsample) continue;
        downsample_by(list, record, next(), [&](const std::string &name) {
            list.average_pool(name, list.last(), 2, 2, 0, pools++ == 0);
        });
    }
    conv1x1("last_proj", outputs, 256);
    list.average_pool("last_pool", list.last(), 2, 2, 0);
    std::vector<int> x = list.conv_block("last_blk", three_ways(list, "last", {list.last()}),
                                         {80, 8, record.multiplier}, activation);

    constexpr int kShortcut = 32;  // channels of an upsampling that go past its block, to the heads
    const UpStage stages[] = {{256, 64, 8}, {192, 48, 8}, {96, 28, 4}};
    std::vector<int> shortcuts;
    for (size_t i = 0; i < skips.size(); i++) {
        const std::vector<int> &skip = skips[skips.size() - 1 - i];
        const std::string name = fmt::format("conv1x1_up.{}", i);
        std::vector<int> sources =
            list.resize_each(fmt::format("transUpBlocks.{}", i), x, list.shape(skip[0]));
        list.append(sources, skip);
        const UpStage &stage = stages[std::min<size_t>(i, 2)];
        int projected = conv1x1(name, sources, stage.channels);
        if (i + 1 < skips.size()) {
            const int kept = stage.channels - kShortcut;
            shortcuts.push_back(list.slice(name + ".shortcut", projected, kept, kShortcut));
            projected = list.slice(name + ".kept", projected, 0, kept);
        }
        x = list.conv_block(fmt::format("denseBlocksUp.{}", i), three_ways(list, name, {projected}),
                            {stage.growth_rate, stage.layers, record.multiplier}, activation);
    }
    std::vector<int> features;
    for (size_t i = shortcuts.size(); i-- > 0;)
        features.push_back(list.resize(fmt::format("shortcuts.{}", i), shortcuts[i], list.shape(x[0]), true));
    list.append(features, x);
    const auto head = [&](const std::string &name, int channels) -> Output {
        ConvSpec hidden{std::max(128, 4 * channels), 3, 1, Activation::kRelu}, out{channels};
        const int last = list.biased_conv(name + ".0", features, hidden);
        return {name, {list.biased_conv(name + ".2", {last}, out)}};
    };
    Output heat = head("hm", record.classes), extents = head("wh", 4);
    extents.boxes = true;
    return {heat, extents};
}

}  // namespace

std::vector<Architecture> detection_architectures() {
    return {{"ssd_hardnet", 2, build_ssd_hardnet},
            {"ssd_vgg16", 0, build_ssd_vgg16},
            {"centernet_hardnet", 2, build_centernet_hardnet}};
}

}  // namespace hardnet
