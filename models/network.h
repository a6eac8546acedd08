// A network as data: layers in the order they run, each naming its sources. There is no concatenation: a
// layer reads a list of sources, in the order in which the paper concatenates them (nearest link first), and
// its weights' input channels follow that order.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/result.h"

namespace hardnet {

enum class Activation { kNone, kRelu, kRelu6 };
enum class OpKind { kConv, kDepthwiseConv, kMaxPool, kGlobalAveragePool, kFullyConnected };

struct Shape {
    int channels = 0, height = 0, width = 0;
    int64_t elements() const { return int64_t{1} * channels * height * width; }
    bool operator==(const Shape &o) const {
        return channels == o.channels && height == o.height && width == o.width;
    }
};

constexpr int kNetworkInput = -1;  // as a source: the image

struct Layer {
    std::string name;  // prefix of its parameters in the authors' checkpoints: "base.3.layers.0"
    OpKind op = OpKind::kConv;
    std::vector<int> sources;  // indices of the layers read, concatenated in this order, or kNetworkInput
    Shape in, out;             // `in.channels` is the sum over the sources
    int kernel = 1, stride = 1, padding = 0;  // square windows; padding on all four sides
    bool batch_norm = false;                  // parameters norm.{weight,bias,running_mean,running_var}
    bool bias = false;                        // a bias of its own (the classifier)
    Activation activation = Activation::kNone;

    bool has_weights() const {
        return op == OpKind::kConv || op == OpKind::kDepthwiseConv || op == OpKind::kFullyConnected;
    }
};

// How an image becomes the network's input: resized (bilinear, antialiased) so that the short side is
// `resize_short`, cropped in the centre to the input size, scaled to [0, 1], then (value - mean) / deviation
// per channel, RGB.
struct Preprocessing {
    int resize_short = 256;
    std::array<float, 3> mean{0.485f, 0.456f, 0.406f};
    std::array<float, 3> deviation{0.229f, 0.224f, 0.225f};
    bool operator==(const Preprocessing &o) const {
        return resize_short == o.resize_short && mean == o.mean && deviation == o.deviation;
    }
};

struct Network {
    std::string name;           // "hardnet68"
    Shape input;                // 3 x height x width
    std::vector<Layer> layers;  // in running order; the last one is the output
    Preprocessing preprocessing;
    int classes() const { return layers.back().out.channels; }
};

struct InputSize {
    int height = 0, width = 0;
};

// The authors' names of a layer's parameters; the layer has such a parameter.
std::string weight_key(
    const Layer &layer);  // "base.3.layers.0.conv.weight", "base.2.dwconv.weight", "base.16.3.weight"
std::string bias_key(const Layer &layer);                            // "base.16.3.bias"
std::string norm_key(const Layer &layer, const std::string &field);  // "base.2.norm.running_mean"

// The weight's shape, outermost first: OIHW, C1HW depthwise, OI fully connected.
std::vector<int64_t> weight_shape(const Layer &layer);

const char *name_of(Activation activation);  // "none", "relu", "relu6"
std::optional<Activation> activation_from_name(const std::string &name);
std::string describe(
    const Layer &layer);  // "conv 3x3/2", "depthwise 3x3", "max pool 2x2/2", "fully connected"

}  // namespace hardnet
