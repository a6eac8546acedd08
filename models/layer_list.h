// A network while it is being built, layer by layer; extents follow at once from the sources'.
#pragma once
#include <string>
#include <vector>

#include "graph/network.h"
#include "models/hardblock.h"

namespace hardnet {

// A convolution's numbers; all else follows from its sources.
struct ConvSpec {
    int channels = 0;
    int kernel = 1, stride = 1;
    Activation activation = Activation::kNone;
    int padding = -1;  // -1: kernel / 2
    int dilation = 1;
    bool bias = false;
    int residual = kNoLayer;
    std::string front_norm{};
};

// Names of a layer and of its parameters in checkpoints (Layer::module, Layer::norm).
struct LayerNames {
    std::string layer, module, norm;
};

// As the authors name a convolution with a batch norm behind it: <layer>.conv, <layer>.norm.
LayerNames conv_names(const std::string &layer);

// A HarDBlock's layers, in the order of its links.
struct BlockSpec {
    int growth_rate = 0, layers = 0;
    double multiplier = 1.7;
    bool keeps_input = false;  // in its output, in front
};

class LayerList {
public:
    explicit LayerList(const Shape &input) : input_(input) {}

    std::vector<Layer> take() { return std::move(layers_); }
    int last() const { return static_cast<int>(layers_.size()) - 1; }
    const Shape &shape(int source) const {  // valid until the next layer is added
        return source == kNetworkInput ? input_ : layers_[static_cast<size_t>(source)].out;
    }
    int channels(const std::vector<int> &sources) const;
    bool too_small() const { return too_small_; }  // a layer's window does not fit its input
    // What is wrong with the input's size beside that: "expected ..."; empty: nothing.
    const std::string &refusal() const { return refusal_; }
    void refuse(const std::string &expected) { refusal_ = expected; }

    // Each returns the new layer's index.
    int conv(const LayerNames &names, const std::vector<int> &sources, const ConvSpec &spec);
    // Without a norm; its weight and bias bear its own name.
    int biased_conv(const std::string &name, const std::vector<int> &sources, ConvSpec spec);
    // BN-ReLU-Conv: <name>.norm on the concatenated input, <name>.conv behind it.
    int norm_conv(const std::string &name, const std::vector<int> &sources, int channels, int kernel,
                  bool bias = false);
    int depthwise(const LayerNames &names, int source, int kernel, int stride, Activation activation);
    int transposed_conv(const std::string &name, const std::vector<int> &sources, int channels, int like);
    int max_pool(const std::string &name, int source, int kernel, int stride, int padding,
                 bool ceil_mode = false);
    int average_pool(const std::string &name, int source, int kernel, int stride, int padding,
                     bool ceil_mode = false);
    int global_average_pool(const std::string &name, const std::vector<int> &sources,
                            const std::string &front_norm = "");
    int resize(const std::string &name, int source, Shape to, bool align_corners);
    int slice(const std::string &name, int source, int first_channel, int channels);
    int l2_norm(const std::string &name, int source);
    int spatial_norm(const std::string &name, int source);
    int fully_connected(const std::string &name, int source, int channels, Activation activation);

    static void append(std::vector<int> &to, const std::vector<int> &from) {
        to.insert(to.end(), from.begin(), from.end());
    }

    // What works on each channel alone works on a concatenation's parts: add(name, source) for each of them, named
    // "<name>.<number>" where they are several.
    template <typename AddLayer>
    static std::vector<int> for_each(const std::string &name, const std::vector<int> &sources,
                                     const AddLayer &add) {
        std::vector<int> layers;
        for (size_t i = 0; i < sources.size(); i++)
            layers.push_back(add(sources.size() == 1 ? name : name + "." + std::to_string(i), sources[i]));
        return layers;
    }

    // A HarDBlock (paper, section 3.1) of layers that `layer` adds, given their number from 0, their sources
    // and their channels. Returns the layers whose concatenation is the block's output.
    template <typename AddLayer>
    std::vector<int> block(const std::vector<int> &input, const BlockSpec &spec, const AddLayer &layer) {
        std::vector<std::vector<int>> parts{input};  // of the block's layer l; l = 0 is the input
        for (int l = 1; l <= spec.layers; l++) {
            std::vector<int> sources;
            for (int link : block_links(l)) append(sources, parts[static_cast<size_t>(link)]);
            parts.push_back({layer(l - 1, sources, block_channels(l, spec.growth_rate, spec.multiplier))});
        }
        std::vector<int> outputs;
        if (spec.keeps_input) outputs = input;
        for (int l : block_outputs(spec.layers)) append(outputs, parts[static_cast<size_t>(l)]);
        return outputs;
    }

    // A HarDBlock of 3x3 convolutions, "<prefix>.layers.<number>" each.
    std::vector<int> conv_block(const std::string &prefix, const std::vector<int> &input,
                                const BlockSpec &spec, Activation activation);
    // The parts of a concatenation resized, corner pixels in their places.
    std::vector<int> resize_each(const std::string &name, const std::vector<int> &sources, Shape to);

private:
    Layer &add(const std::string &name, OpKind op, const std::vector<int> &sources, int channels);
    void set_window(Layer &layer, int kernel, int stride, int padding, int dilation = 1, bool ceil = false);

    Shape input_;
    std::vector<Layer> layers_;
    bool too_small_ = false;
    std::string refusal_;
};

}  // namespace hardnet
