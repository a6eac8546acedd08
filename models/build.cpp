// Record and input size -> network: first the layers with their channels, then the extents from source to
// consumer.
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "models/hardblock.h"
#include "models/records.h"

namespace hardnet {
namespace {

constexpr int kImageChannels = 3;
// Extents, strides and offsets of tensors are 32-bit in Halide and in the plan.
constexpr int64_t kMaxElements = INT32_MAX;
// 2 GiB of float32: four times VGG-16, the largest network in the paper's tables.
constexpr int64_t kMaxParameters = int64_t{1} << 29;

class LayerList {
public:
    explicit LayerList(const HardnetRecord &record) : record_(record) {}

    std::vector<Layer> take() { return std::move(layers_); }
    int last() const { return static_cast<int>(layers_.size()) - 1; }

    int conv(const std::string &name, const std::vector<int> &sources, int channels, int kernel,
             int stride = 1) {
        Layer &layer = add(name, OpKind::kConv, sources, channels);
        set_window(layer, kernel, stride, kernel / 2);
        layer.batch_norm = true;
        layer.activation = record_.activation;
        return last();
    }

    int block_conv(const std::string &name, const std::vector<int> &sources, int channels, int kernel) {
        conv(name, sources, channels, kernel);
        layers_.back().activation = record_.block_activation.value_or(record_.activation);
        return last();
    }

    int depthwise(const std::string &name, int source, int stride) {
        Layer &layer = add(name, OpKind::kDepthwiseConv, {source}, channels_of(source));
        set_window(layer, 3, stride, 1);
        layer.batch_norm = true;
        return last();
    }

    int max_pool(const std::string &name, int source, int kernel, int padding) {
        set_window(add(name, OpKind::kMaxPool, {source}, channels_of(source)), kernel, 2, padding);
        return last();
    }

    // Returns the indices of the layers whose concatenation is the block's output.
    std::vector<int> block(const std::string &prefix, int input, const BlockRecord &block) {
        std::vector<int> index{input};  // of the block's layer l; l = 0 is the input
        for (int l = 1; l <= block.layers; l++) {
            std::vector<int> sources;
            for (int link : block_links(l)) sources.push_back(index[link]);
            const int channels = block_channels(l, block.growth_rate, record_.multiplier);
            const std::string name = fmt::format("{}.layers.{}", prefix, l - 1);
            if (record_.depthwise) {
                index.push_back(
                    depthwise(name + ".layer2", block_conv(name + ".layer1", sources, channels, 1), 1));
            } else {
                index.push_back(block_conv(name, sources, channels, 3));
            }
        }
        std::vector<int> outputs;
        for (int l : block_outputs(block.layers)) outputs.push_back(index[l]);
        return outputs;
    }

    void head(const std::string &prefix) {
        add(prefix + ".0", OpKind::kGlobalAveragePool, {last()}, channels_of(last()));
        // 1 and 2 are Flatten and Dropout.
        add(prefix + ".3", OpKind::kFullyConnected, {last()}, record_.classes).bias = true;
    }

private:
    const HardnetRecord &record_;
    std::vector<Layer> layers_;

    int channels_of(int source) const {
        return source == kNetworkInput ? kImageChannels : layers_[source].out.channels;
    }

    Layer &add(const std::string &name, OpKind op, const std::vector<int> &sources, int channels) {
        Layer layer;
        layer.name = name;
        layer.op = op;
        layer.sources = sources;
        for (int source : sources) layer.in.channels += channels_of(source);
        layer.out.channels = channels;
        layers_.push_back(std::move(layer));
        return layers_.back();
    }

    static void set_window(Layer &layer, int kernel, int stride, int padding) {
        layer.kernel = kernel;
        layer.stride = stride;
        layer.padding = padding;
    }
};

std::vector<Layer> layers_of(const HardnetRecord &record) {
    LayerList list(record);
    int index = 0;  // in the authors' module list `base`
    const auto next = [&] { return fmt::format("base.{}", index++); };
    const auto downsample = [&](int pool_kernel, int pool_padding) {
        if (record.depthwise) return list.depthwise(next(), list.last(), 2);
        return list.max_pool(next(), list.last(), pool_kernel, pool_padding);
    };

    list.conv(next(), {kNetworkInput}, record.stem[0], 3, 2);
    list.conv(next(), {list.last()}, record.stem[1], record.stem_kernel);
    downsample(3, 1);
    for (size_t b = 0; b < record.blocks.size(); b++) {
        const BlockRecord &block = record.blocks[b];
        const std::vector<int> outputs = list.block(next(), list.last(), block);
        if (record.dropout_behind_last_block && b + 1 == record.blocks.size()) index++;
        list.conv(next(), outputs, block.transition, 1);
        if (block.downsample) downsample(2, 0);
    }
    list.head(next());
    return list.take();
}

// The smallest extent of the input that leaves every layer an extent of 1: for a window of k, stride s and
// padding p, an output of `need` takes an input of (need - 1) * s + k - 2 * p.
int smallest_extent(const std::vector<Layer> &layers) {
    int64_t need = 1;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        need = std::max<int64_t>(1, (need - 1) * layer->stride + layer->kernel - 2 * layer->padding);
        need = std::min(need, kMaxElements);
    }
    return static_cast<int>(need);
}

void set_extents(Network &network) {
    for (Layer &layer : network.layers) {
        const int source = layer.sources[0];
        const Shape &from = source == kNetworkInput ? network.input : network.layers[source].out;
        layer.in.height = from.height;
        layer.in.width = from.width;
        const auto out_extent = [&](int extent) {
            return (extent + 2 * layer.padding - layer.kernel) / layer.stride + 1;
        };
        const bool global = layer.op == OpKind::kGlobalAveragePool || layer.op == OpKind::kFullyConnected;
        layer.out.height = global ? 1 : out_extent(from.height);
        layer.out.width = global ? 1 : out_extent(from.width);
    }
}

Status check_sizes(const Network &network, const std::string &title) {
    int64_t parameters = 0;
    for (const Layer &layer : network.layers) {
        for (const Shape &shape : {layer.in, layer.out}) {
            if (shape.elements() > kMaxElements) {
                return bad_input(
                    fmt::format("{}: expected at most {} elements in a tensor, found {} ({:.0f} GB) at {}",
                                title, kMaxElements, shape.elements(),
                                static_cast<double>(shape.elements()) * 4e-9, layer.name));
            }
        }
        int64_t weights = layer.has_weights() ? 1 : 0;
        for (int64_t extent : weight_shape(layer)) weights *= extent;
        parameters += weights;
        if (parameters > kMaxParameters) {
            return bad_input(fmt::format("{}: expected at most {} weights, found {} up to {}", network.name,
                                         kMaxParameters, parameters, layer.name));
        }
    }
    return ok();
}

}  // namespace

Result<Network> build_network(const HardnetRecord &record, InputSize size) {
    if (Status status = check_record(record); !status) return status.error();

    Network network;
    network.name = record.name;
    network.input = {kImageChannels, size.height, size.width};
    network.preprocessing = record.preprocessing;
    network.layers = layers_of(record);

    const int smallest = smallest_extent(network.layers);
    if (size.height < smallest || size.width < smallest) {
        return bad_input(fmt::format("{}: expected an input of at least {}x{}, found {}x{}", record.name,
                                     smallest, smallest, size.height, size.width));
    }
    const std::string title = fmt::format("{} at {}x{}", record.name, size.height, size.width);
    // In double: the product of three ints can pass 64 bits.
    const double pixels = double{kImageChannels} * size.height * size.width;
    if (pixels > static_cast<double>(kMaxElements)) {
        return bad_input(
            fmt::format("{}: expected at most {} elements in the input, found {:.0f} ({:.0f} GB)", title,
                        kMaxElements, pixels, pixels * 4e-9));
    }
    set_extents(network);
    if (Status status = check_sizes(network, title); !status) return status.error();
    return network;
}

}  // namespace hardnet
