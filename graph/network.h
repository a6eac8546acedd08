// A network as data: layers in the order they run, each naming what it reads. There is no concatenation: a
// layer reads a list of sources, in the order in which the paper concatenates them (nearest link first), and
// its weights' input channels follow that order. Nor is there an addition: a layer reads the one that is
// added to it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/activation.h"
#include "graph/operators.h"
#include "graph/sampling.h"
#include "graph/window.h"

namespace hardnet {

struct Shape {
    int channels = 0, height = 0, width = 0;
    int64_t elements() const { return int64_t{1} * channels * height * width; }
    bool operator==(const Shape &o) const {
        return channels == o.channels && height == o.height && width == o.width;
    }
};

constexpr int kNetworkInput = -1;  // as a source: the image
constexpr int kNoLayer = -2;

// What a layer reads. Sources are concatenated; an operand has the output's shape and is combined with it element by
// element, as the operator says, before the activation.
enum class Role { kSource, kOperand };
struct Read {
    int layer = kNetworkInput;
    Role role = Role::kSource;
};

struct Layer {
    std::string name;        // unique: "base.3.layers.0"
    std::string module;      // prefix of its weight in checkpoints: "base.3.layers.0.conv"
    std::string norm;        // of its batch norm, behind it: "base.3.layers.0.norm"; empty: none
    std::string front_norm;  // of a batch norm with ReLU in front, on the concatenated input; empty: none
    OpKind op = OpKind::kConv;
    std::vector<Read> reads;  // sources in the order of their concatenation, then operands
    Shape in, out;            // `in.channels` is the sum over the sources
    Window window;
    int first_channel = 0;          // of a slice
    float threshold = 0;            // argmax of one channel: 1 where it is above, 0 elsewhere
    bool ceil_mode = false;         // pools: a last window that reaches beyond the padded image counts
    bool excludes_padding = false;  // average pools: padding does not count among a window's elements
    Sampling sampling;              // of resizing
    bool bias = false;              // a bias of its own
    Activation activation = Activation::kNone;

    bool has_weights() const { return traits_of(op).weights != Weights::kNone; }
    bool has_bias() const {
        return traits_of(op).weights == Weights::kWithBias;
    }  // of its own or from batch norm
    std::vector<int> sources() const { return layers_read(Role::kSource); }
    int operand() const {  // kNoLayer: none
        const std::vector<int> operands = layers_read(Role::kOperand);
        return operands.empty() ? kNoLayer : operands.front();
    }

private:
    std::vector<int> layers_read(Role role) const {
        std::vector<int> layers;
        for (const Read &r : reads) {
            if (r.role == role) layers.push_back(r.layer);
        }
        return layers;
    }
};

// What PyTorch's module returns in eval mode, before any decoding.
struct Output {
    std::string name;         // "logits"
    std::vector<int> layers;  // one behind another
    int64_t row = 0;          // 0: the layers' channels, planar: [C, H, W], [C] of a classifier. Else the
                              // layers' pixels, channels innermost, in rows of so many values: [rows, row]
    bool boxes = false;       // as many channels whatever the class count
    bool flat = false;        // the same values as one list: [C * H * W]
};

constexpr const char *kMaskOutput = "mask";  // graph/mask.h

// How an image becomes the network's input: resized (bilinear, antialiased), scaled to [0, 1], then
// (value - mean) / deviation per channel. Mean and deviation follow the input's channels.
struct InputSize {
    int height = 0, width = 0;
    bool operator==(const InputSize &o) const { return height == o.height && width == o.width; }
};

struct Preprocessing {
    int resize_short =
        256;  // the short side, then a crop in the centre to the input size; 0: both sides to it
    InputSize own{224, 224};  // that resize_short is for: of another input it is the same share
    bool bgr = false;         // the input's channels are blue, green, red; else red, green, blue
    std::vector<float> mean{0.485f, 0.456f, 0.406f};  // as many as the input has planes
    std::vector<float> deviation{0.229f, 0.224f, 0.225f};
    bool operator==(const Preprocessing &o) const {
        return resize_short == o.resize_short && own == o.own && bgr == o.bgr && mean == o.mean &&
               deviation == o.deviation;
    }
};

// As many as 3x3 windows of the first layer have room for (schedules/blocking.h).
constexpr int kMostInputPlanes = 64;

// Where nobody says otherwise: of red, green and blue ImageNet's mean and deviation, of grey the mean of these three;
// of other numbers of planes 0 and 1.
Preprocessing usual_preprocessing(int planes);

// What a network is for: how its outputs are read.
enum class Task {
    kTensor,          // as they are
    kClassification,  // one output [classes]
    kSegmentation,    // one output [classes, height, width] of the input's extents
    kSsd,             // [boxes, 4] and [boxes, classes]
    kCenterNet,       // [classes, height, width] and [4, height, width] of a quarter of the input's extents
};

struct Network {
    std::string name;           // "hardnet68"
    Shape input;                // planes x height x width
    std::vector<Layer> layers;  // in running order
    std::vector<Output> outputs;
    Preprocessing preprocessing;
    int classes = 0;           // 0: it tells none apart
    std::optional<Task> task;  // as somebody stated it; else the outputs tell
};

// An output's extents without the batch, outermost first.
std::vector<int64_t> output_shape(const Network &network, const Output &output);

// The checkpoints' names of a layer's parameters; the layer has such a parameter.
std::string weight_key(
    const Layer &layer);  // "base.3.layers.0.conv.weight", "base.2.dwconv.weight", "base.16.3.weight"
std::string bias_key(const Layer &layer);                            // "base.16.3.bias"
std::string norm_key(const Layer &layer, const std::string &field);  // "base.2.norm.running_mean"

// The weight's shape, outermost first: OIHW, C1HW depthwise, IOHW transposed, OI fully connected, C of a norm.
std::vector<int64_t> weight_shape(const Layer &layer);

// What a layer's parameters become once batch norm is inside: "<layer>.weight" and "<layer>.bias", and
// "<layer>.front_scale" and "<layer>.front_shift" of a norm in front. Weights are as above but for transposed
// convolutions, OIHW too, and fully connected layers on images, OIHW.
struct FoldedTensor {
    std::string name;
    std::vector<int64_t> shape;
};
std::vector<FoldedTensor> folded_tensors(const Layer &layer);

const char *name_of(Activation activation);  // "none", "relu", "leaky_relu"
const char *name_of(Places places);          // "half_pixel", "align_corners", "asymmetric"
const char *name_of(Neighbours neighbours);  // "linear", "floor", "ceil", "nearest_lower", "nearest_upper"
std::optional<Activation> activation_from_name(const std::string &name);  // of a record: none, relu, relu6
std::optional<Places> places_from_name(const std::string &name);
std::optional<Neighbours> neighbours_from_name(const std::string &name);
std::string describe(
    const Layer &layer);  // "conv 3x3/2", "depthwise 3x3", "max pool 2x2/2", "fully connected"

}  // namespace hardnet
