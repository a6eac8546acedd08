#include "models/layer_list.h"

#include <algorithm>

namespace hardnet {

LayerNames conv_names(const std::string &layer) { return {layer, layer + ".conv", layer + ".norm"}; }

int LayerList::channels(const std::vector<int> &sources) const {
    int sum = 0;
    for (int source : sources) sum += shape(source).channels;
    return sum;
}

int LayerList::conv(const LayerNames &names, const std::vector<int> &sources, const ConvSpec &spec) {
    Layer &layer = add(names.layer, OpKind::kConv, sources, spec.channels);
    layer.module = names.module;
    layer.norm = names.norm;
    layer.front_norm = spec.front_norm;
    layer.bias = spec.bias;
    layer.activation = spec.activation;
    if (spec.residual != kNoLayer) layer.reads.push_back({spec.residual, Role::kOperand});
    set_window(layer, spec.kernel, spec.stride, spec.padding < 0 ? spec.kernel / 2 : spec.padding,
               spec.dilation);
    return last();
}

int LayerList::biased_conv(const std::string &name, const std::vector<int> &sources, ConvSpec spec) {
    spec.bias = true;
    return conv({name, name, ""}, sources, spec);
}

int LayerList::norm_conv(const std::string &name, const std::vector<int> &sources, int channels, int kernel,
                         bool bias) {
    ConvSpec spec{channels, kernel};
    spec.bias = bias;
    spec.front_norm = name + ".norm";
    return conv({name, name + ".conv", ""}, sources, spec);
}

int LayerList::depthwise(const LayerNames &names, int source, int kernel, int stride, Activation activation) {
    Layer &layer = add(names.layer, OpKind::kDepthwiseConv, {source}, shape(source).channels);
    layer.module = names.module;
    layer.norm = names.norm;
    layer.activation = activation;
    set_window(layer, kernel, stride, kernel / 2);
    return last();
}

// Of its 2 h + 1 rows and 2 w + 1 columns those that layer `like` has, from the first on.
int LayerList::transposed_conv(const std::string &name, const std::vector<int> &sources, int channels,
                               int like) {
    Layer &layer = add(name, OpKind::kTransposedConv, sources, channels);
    layer.module = name;
    layer.bias = true;
    layer.window = Window::square(3, 2);
    layer.out.height = shape(like).height;
    layer.out.width = shape(like).width;
    return last();
}

int LayerList::max_pool(const std::string &name, int source, int kernel, int stride, int padding,
                        bool ceil_mode) {
    set_window(add(name, OpKind::kMaxPool, {source}, shape(source).channels), kernel, stride, padding, 1,
               ceil_mode);
    return last();
}

int LayerList::average_pool(const std::string &name, int source, int kernel, int stride, int padding,
                            bool ceil_mode) {
    set_window(add(name, OpKind::kAveragePool, {source}, shape(source).channels), kernel, stride, padding, 1,
               ceil_mode);
    return last();
}

int LayerList::global_average_pool(const std::string &name, const std::vector<int> &sources,
                                   const std::string &front_norm) {
    Layer &layer = add(name, OpKind::kGlobalAveragePool, sources, channels(sources));
    layer.front_norm = front_norm;
    layer.out.height = layer.out.width = 1;
    return last();
}

int LayerList::resize(const std::string &name, int source, Shape to, bool align_corners) {
    Layer &layer = add(name, OpKind::kResize, {source}, shape(source).channels);
    if (align_corners) layer.sampling.places = Places::kAlignCorners;
    layer.out.height = to.height;
    layer.out.width = to.width;
    return last();
}

int LayerList::slice(const std::string &name, int source, int first_channel, int channels) {
    Layer &layer = add(name, OpKind::kSlice, {source}, channels);
    layer.first_channel = first_channel;
    return last();
}

int LayerList::l2_norm(const std::string &name, int source) {
    Layer &layer = add(name, OpKind::kL2Norm, {source}, shape(source).channels);
    layer.module = name;
    return last();
}

int LayerList::spatial_norm(const std::string &name, int source) {
    add(name, OpKind::kSpatialNorm, {source}, shape(source).channels);
    return last();
}

int LayerList::fully_connected(const std::string &name, int source, int channels, Activation activation) {
    Layer &layer = add(name, OpKind::kFullyConnected, {source}, channels);
    layer.module = name;
    layer.bias = true;
    layer.activation = activation;
    layer.out.height = layer.out.width = 1;
    return last();
}

std::vector<int> LayerList::conv_block(const std::string &prefix, const std::vector<int> &input,
                                       const BlockSpec &spec, Activation activation) {
    return block(input, spec, [&](int number, const std::vector<int> &sources, int channels) {
        return conv(conv_names(prefix + ".layers." + std::to_string(number)), sources,
                    {channels, 3, 1, activation});
    });
}

std::vector<int> LayerList::resize_each(const std::string &name, const std::vector<int> &sources, Shape to) {
    return for_each(name, sources,
                    [&](const std::string &part, int source) { return resize(part, source, to, true); });
}

Layer &LayerList::add(const std::string &name, OpKind op, const std::vector<int> &sources, int channels) {
    Layer layer;
    layer.name = name;
    layer.op = op;
    for (int source : sources) layer.reads.push_back({source, Role::kSource});
    layer.in = shape(sources[0]);
    layer.in.channels = this->channels(sources);
    layer.out = layer.in;
    layer.out.channels = channels;
    layers_.push_back(std::move(layer));
    return layers_.back();
}

void LayerList::set_window(Layer &layer, int kernel, int stride, int padding, int dilation, bool ceil_mode) {
    layer.window = Window::square(kernel, stride, padding, dilation);
    layer.ceil_mode = ceil_mode;
    const int height = layer.window.y.outputs(layer.in.height, ceil_mode);
    const int width = layer.window.x.outputs(layer.in.width, ceil_mode);
    too_small_ |= height == 0 || width == 0;
    layer.out.height = std::max(height, 1);
    layer.out.width = std::max(width, 1);
}

}  // namespace hardnet
