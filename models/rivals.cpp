// The classifiers that the paper compares with, under torchvision's parameter names.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "models/architectures.h"

namespace hardnet {
namespace {

std::vector<Output> logits(const LayerList &list) { return {{"logits", {list.last()}}}; }

// ---- ResNet (He et al., 2015). v1.5 strides in a bottleneck's 3x3, v1 in its first 1x1.

struct ResNet {
    std::array<int, 4> depths;
    bool bottleneck = true;
    bool v1 = false;
};

LayerNames resnet_names(const std::string &prefix, int number) {
    const std::string conv = fmt::format("{}conv{}", prefix, number);
    return {conv, conv, fmt::format("{}bn{}", prefix, number)};
}

void residual_block(LayerList &list, const std::string &prefix, const ResNet &net, int width, int stride) {
    const int input = list.last(), channels = net.bottleneck ? 4 * width : width;
    int residual = input;
    if (stride != 1 || list.shape(input).channels != channels) {
        const std::string name = prefix + "downsample.0";
        residual = list.conv({name, name, prefix + "downsample.1"}, {input}, {channels, 1, stride});
    }
    const auto conv = [&](int number, int source, int out, int kernel, int step, int added) {
        ConvSpec spec{out, kernel, step, Activation::kRelu};
        spec.residual = added;
        return list.conv(resnet_names(prefix, number), {source}, spec);
    };
    if (net.bottleneck) {
        int last = conv(1, input, width, 1, net.v1 ? stride : 1, kNoLayer);
        last = conv(2, last, width, 3, net.v1 ? 1 : stride, kNoLayer);
        conv(3, last, channels, 1, 1, residual);
    } else {
        const int first = conv(1, input, width, 3, stride, kNoLayer);
        conv(2, first, width, 3, 1, residual);
    }
}

std::vector<Output> build_resnet(const ModelRecord &record, LayerList &list, const ResNet &net) {
    list.conv(resnet_names("", 1), {kNetworkInput}, {64, 7, 2, Activation::kRelu});
    list.max_pool("maxpool", list.last(), 3, 2, 1);
    for (int stage = 0; stage < 4; stage++) {
        for (int b = 0; b < net.depths[stage]; b++) {
            const std::string prefix = fmt::format("layer{}.{}.", stage + 1, b);
            residual_block(list, prefix, net, 64 << stage, stage > 0 && b == 0 ? 2 : 1);
        }
    }
    list.global_average_pool("avgpool", {list.last()});
    list.fully_connected("fc", list.last(), record.classes, Activation::kNone);
    return logits(list);
}

// ---- MobileNetV2 (Sandler et al., 2018): inverted residuals, the last 1x1 of each without activation

int rounded_to_8(double channels) {
    const int rounded = std::max(8, int(channels + 4) / 8 * 8);
    return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

std::vector<Output> build_mobilenetv2(const ModelRecord &record, LayerList &list, double width) {
    struct Stage {
        int expansion, channels, blocks, stride;
    };
    const auto norm_behind = [](const std::string &prefix, int number) -> LayerNames {
        const std::string conv = fmt::format("{}{}", prefix, number);
        return {conv, conv, fmt::format("{}{}", prefix, number + 1)};
    };
    list.conv(norm_behind("features.0.", 0), {kNetworkInput},
              {rounded_to_8(32 * width), 3, 2, Activation::kRelu6});
    int index = 1;
    for (const Stage &stage : {Stage{1, 16, 1, 1}, Stage{6, 24, 2, 2}, Stage{6, 32, 3, 2}, Stage{6, 64, 4, 2},
                               Stage{6, 96, 3, 1}, Stage{6, 160, 3, 2}, Stage{6, 320, 1, 1}}) {
        for (int b = 0; b < stage.blocks; b++) {
            const std::string prefix = fmt::format("features.{}.conv.", index++);
            const int input = list.last(), in = list.shape(input).channels,
                      stride = b == 0 ? stage.stride : 1;
            int last = input, number = 0;
            if (stage.expansion != 1) {
                last = list.conv(norm_behind(fmt::format("{}{}.", prefix, number++), 0), {input},
                                 {in * stage.expansion, 1, 1, Activation::kRelu6});
            }
            last = list.depthwise(norm_behind(fmt::format("{}{}.", prefix, number++), 0), last, 3, stride,
                                  Activation::kRelu6);
            ConvSpec project{rounded_to_8(stage.channels * width)};
            if (stride == 1 && in == project.channels) project.residual = input;
            list.conv(norm_behind(prefix, number), {last}, project);
        }
    }
    list.conv(norm_behind("features.18.", 0), {list.last()},
              {rounded_to_8(1280 * std::max(1.0, width)), 1, 1, Activation::kRelu6});
    list.global_average_pool("avgpool", {list.last()});
    list.fully_connected("classifier.1", list.last(), record.classes, Activation::kNone);
    return logits(list);
}

// ---- DenseNet (Huang et al., 2016), growth rate 32: batch norm and ReLU in front of every convolution

std::vector<Output> build_densenet(const ModelRecord &record, LayerList &list,
                                   const std::array<int, 4> &depths) {
    constexpr int kGrowthRate = 32;
    list.conv({"features.conv0", "features.conv0", "features.norm0"}, {kNetworkInput},
              {2 * kGrowthRate, 7, 2, Activation::kRelu});
    list.max_pool("features.pool0", list.last(), 3, 2, 1);
    std::vector<int> stack{list.last()};
    for (size_t b = 0; b < depths.size(); b++) {
        for (int l = 1; l <= depths[b]; l++) {
            const std::string prefix = fmt::format("features.denseblock{}.denselayer{}.", b + 1, l);
            ConvSpec bottleneck{4 * kGrowthRate, 1, 1, Activation::kRelu};
            bottleneck.front_norm = prefix + "norm1";
            const int narrow =
                list.conv({prefix + "conv1", prefix + "conv1", prefix + "norm2"}, stack, bottleneck);
            stack.push_back(list.conv({prefix + "conv2", prefix + "conv2", ""}, {narrow}, {kGrowthRate, 3}));
        }
        if (b + 1 == depths.size()) break;
        const std::string prefix = fmt::format("features.transition{}.", b + 1);
        ConvSpec transition{list.channels(stack) / 2};
        transition.front_norm = prefix + "norm";
        list.conv({prefix + "conv", prefix + "conv", ""}, stack, transition);
        stack = {list.average_pool(prefix + "pool", list.last(), 2, 2, 0)};
    }
    list.global_average_pool("avgpool", stack, "features.norm5");
    list.fully_connected("classifier", list.last(), record.classes, Activation::kNone);
    return logits(list);
}

// ---- VGG-16 without batch norm (Simonyan and Zisserman, 2014)

std::vector<Output> build_vgg16(const ModelRecord &record, LayerList &list) {
    int index = 0, source = kNetworkInput;
    for (const auto &[channels, convolutions] :
         {std::pair{64, 2}, std::pair{128, 2}, std::pair{256, 3}, std::pair{512, 3}, std::pair{512, 3}}) {
        for (int i = 0; i < convolutions; i++, index += 2) {
            const std::string name = fmt::format("features.{}", index);
            source = list.biased_conv(name, {source}, {channels, 3, 1, Activation::kRelu});
        }
        source = list.max_pool(fmt::format("features.{}", index++), source, 2, 2, 0);
    }
    if (list.shape(source).height != 7 || list.shape(source).width != 7)
        list.refuse("expected an input of 224 to 255 pixels each way");
    list.fully_connected("classifier.0", source, 4096, Activation::kRelu);
    list.fully_connected("classifier.3", list.last(), 4096, Activation::kRelu);
    list.fully_connected("classifier.6", list.last(), record.classes, Activation::kNone);
    return logits(list);
}

constexpr std::array<int, 4> k50{3, 4, 6, 3}, k101{3, 4, 23, 3}, k152{3, 8, 36, 3};

}  // namespace

std::vector<Architecture> rival_architectures() {
    using R = const ModelRecord &;
    using L = LayerList &;
    return {
        {"resnet18", 0,
         [](R r, L l) {
             return build_resnet(r, l, {{2, 2, 2, 2}, false});
         }},
        {"resnet50", 0, [](R r, L l) { return build_resnet(r, l, {k50}); }},
        {"resnet50_v1", 0,
         [](R r, L l) {
             return build_resnet(r, l, {k50, true, true});
         }},
        {"resnet101", 0, [](R r, L l) { return build_resnet(r, l, {k101}); }},
        {"resnet101_v1", 0,
         [](R r, L l) {
             return build_resnet(r, l, {k101, true, true});
         }},
        {"resnet152", 0, [](R r, L l) { return build_resnet(r, l, {k152}); }},
        {"resnet152_v1", 0,
         [](R r, L l) {
             return build_resnet(r, l, {k152, true, true});
         }},
        {"mobilenetv2", 0, [](R r, L l) { return build_mobilenetv2(r, l, 1.0); }},
        {"mobilenetv2_14", 0, [](R r, L l) { return build_mobilenetv2(r, l, 1.4); }},
        {"densenet121", 0,
         [](R r, L l) {
             return build_densenet(r, l, {6, 12, 24, 16});
         }},
        {"densenet201", 0,
         [](R r, L l) {
             return build_densenet(r, l, {6, 12, 48, 32});
         }},
        {"densenet264", 0,
         [](R r, L l) {
             return build_densenet(r, l, {6, 12, 64, 48});
         }},
        {"vgg16", 0, build_vgg16},
    };
}

}  // namespace hardnet
