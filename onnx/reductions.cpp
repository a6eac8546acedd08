// Sums and means over an image's axes, and softmax over its channels.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/translate.h"

namespace hardnet {

bool are_height_and_width(std::vector<int64_t> &axes) {
    for (int64_t &axis : axes) axis += axis < 0 ? 4 : 0;
    std::sort(axes.begin(), axes.end());
    return axes == std::vector<int64_t>{2, 3};
}

namespace {

// A convolution by one pixel with the same weight for each channel.
bool add_channel_sum(OnnxImport &import, const OnnxNode &node, bool mean) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    const size_t channels = size_t(image->shape.channels);
    Layer *layer =
        import.count_weights(channels) ? import.add_layer(node, OpKind::kConv, image->parts) : nullptr;
    if (!layer) return false;
    layer->module = layer->name;
    layer->bias = true;
    layer->out.channels = 1;
    import.take_norm(*image, *layer);
    FoldedLayer &weights = import.weights_of(*layer);
    weights.weight = {weight_shape(*layer), std::vector<float>(channels, mean ? 1 / float(channels) : 1)};
    weights.bias = {{1}, {0}};
    return import.give(node, {{import.index_of(*layer)}, layer->out, false});
}

// Whether the axis is that of the value's channels; until opset 12 those behind it take part as well.
bool is_over_channels(const OnnxImport &import, const OnnxValue &value, int64_t axis) {
    const bool one_pixel = value.shape.height * value.shape.width == 1;
    if (value.row) return import.opset() >= 13 && (axis == -1 || axis == value.rank - 1);
    if (value.flat) return one_pixel && (axis == 1 || axis == -1);
    return (axis == 1 || axis == -3) && (one_pixel || import.opset() >= 13);
}

}  // namespace

bool translate_reduction(OnnxImport &import, const OnnxNode &node) {
    const bool mean = node.op_type == "ReduceMean";
    NodeAttributes attributes(node);
    const int64_t keeps = attributes.integer("keepdims", 1);
    std::vector<int64_t> axes;
    if (import.opset() < (mean ? 18 : 13)) axes = attributes.integers("axes", {});
    attributes.integer("noop_with_empty_axes", 0);
    if (!import.accept(attributes)) return false;
    if (!import.read_list(node, 1, axes)) return false;
    if (axes.size() == 1 && (axes[0] == 1 || axes[0] == -3) && keeps != 0)
        return add_channel_sum(import, node, mean);
    if (!are_height_and_width(axes))
        return import.fail(
            fmt::format("axes: expected 2 and 3, or 1 that is kept, found [{}]", fmt::join(axes, ", ")));
    return add_global_pool(import, node, mean ? OpKind::kGlobalAveragePool : OpKind::kGlobalSum, keeps == 0);
}

// Of pixels one behind another each has its own.
bool translate_softmax(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const int64_t axis = attributes.integer("axis", import.opset() < 13 ? 1 : -1);
    if (!import.accept(attributes)) return false;
    const OnnxValue *input = import.value(node, 0);
    if (!input || !is_over_channels(import, *input, axis))
        return import.fail(fmt::format("expected the axis of an image's channels, found axis {}", axis));
    OnnxValue result = *input;
    const auto is_whole = [&](int part) {
        return result.row ? import.shape_of(part).channels == result.row : result.parts.size() == 1;
    };
    if (!std::all_of(result.parts.begin(), result.parts.end(), is_whole))
        return import.fail("expected one tensor's channels, found a part of them or several tensors");
    return import.add_to_each(node, OpKind::kSoftmax, result, [](Layer &, size_t) {}) &&
           import.give(node, result);
}

}  // namespace hardnet
