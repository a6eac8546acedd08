// Record and input size -> network: the architecture's layers, and the sizes that are refused.
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "models/architectures.h"

namespace hardnet {
namespace {

// Extents, strides and offsets of tensors are 32-bit in Halide and in the plan.
constexpr int64_t kMaxElements = INT32_MAX;
// 2 GiB of float32: four times VGG-16, the largest network in the paper's tables.
constexpr int64_t kMaxParameters = int64_t{1} << 29;

struct Built {
    Network network;
    bool too_small;
    std::string refusal;
};

Built built(const ModelRecord &record, InputSize size) {
    Network network;
    network.name = record.name;
    network.input = {record.input_planes, size.height, size.width};
    network.preprocessing = record.preprocessing;
    network.preprocessing.own = record.input;
    network.classes = record.classes;
    LayerList list(network.input);
    network.outputs = find_architecture(record.architecture)->build(record, list);
    network.layers = list.take();
    return {std::move(network), list.too_small(), list.refusal()};
}

// The smallest square input whose windows all fit. What fits once fits in larger images.
int smallest_extent(const ModelRecord &record) {
    int least = 1;
    int most = 1;
    while (most < (1 << 20) && built(record, {most, most}).too_small) {
        least = most + 1;
        most *= 2;
    }
    while (least < most) {
        const int middle = least + (most - least) / 2;
        if (built(record, {middle, middle}).too_small)
            least = middle + 1;
        else
            most = middle;
    }
    return most;
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

Result<Network> build_network(const ModelRecord &record, InputSize size) {
    if (Status status = check_record(record); !status) return status.error();

    const std::string title = fmt::format("{} at {}x{}", record.name, size.height, size.width);
    const auto too_small = [&] {
        const int smallest = smallest_extent(record);
        return bad_input(fmt::format("{}: expected an input of at least {}x{}, found {}x{}", record.name,
                                     smallest, smallest, size.height, size.width));
    };
    if (size.height < 1 || size.width < 1) return too_small();
    // In double: the product of three ints can pass 64 bits.
    const double pixels = 1.0 * record.input_planes * size.height * size.width;
    if (pixels > static_cast<double>(kMaxElements)) {
        return bad_input(
            fmt::format("{}: expected at most {} elements in the input, found {:.0f} ({:.0f} GB)", title,
                        kMaxElements, pixels, pixels * 4e-9));
    }
    Built all = built(record, size);
    if (all.too_small) return too_small();
    if (!all.refusal.empty())
        return bad_input(
            fmt::format("{}: {}, found {}x{}", record.name, all.refusal, size.height, size.width));
    if (Status status = check_sizes(all.network, title); !status) return status.error();
    if (!record.mask) return std::move(all.network);
    if (Status given = give_mask(all.network, record.threshold); !given) return given.error();
    return std::move(all.network);
}

}  // namespace hardnet
