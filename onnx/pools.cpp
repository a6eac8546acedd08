// Pools, which work on each channel alone: of a concatenation on each of its parts.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/translate.h"

namespace hardnet {

bool add_for_each(OnnxImport &import, const OnnxNode &node, OpKind op,
                  const std::function<void(Layer &layer)> &finish) {
    const OnnxValue &image = *import.value(node, 0);
    OnnxValue result{image.parts, image.shape, false};
    if (!import.add_to_each(node, op, result, [&](Layer &layer, size_t) { finish(layer); })) return false;
    const Shape &out = import.shape_of(result.parts[0]);
    result.shape.height = out.height;
    result.shape.width = out.width;
    return import.give(node, result);
}

bool add_global_pool(OnnxImport &import, const OnnxNode &node, OpKind op, bool flat) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    Layer *layer = import.add_layer(node, op, image->parts);
    if (!layer) return false;
    layer->out = {layer->in.channels, 1, 1};
    import.take_norm(*image, *layer);
    return import.give(node, {{import.index_of(*layer)}, layer->out, flat});
}

namespace {

bool is_padded(const Window &window) {
    return window.y.before || window.y.after || window.x.before || window.x.after;
}

// An adaptive pool of an image that has its extents.
bool is_nothing(const Window &window) {
    const auto is_pixel = [](const WindowAxis &axis) { return axis.kernel == 1 && axis.stride == 1; };
    return !is_padded(window) && is_pixel(window.y) && is_pixel(window.x);
}

// One window, of all pixels.
bool is_whole(const Window &window, const Shape &image) {
    const auto covers = [](const WindowAxis &axis, int extent) {
        return axis.kernel == extent && axis.dilation == 1;
    };
    return !is_padded(window) && covers(window.y, image.height) && covers(window.x, image.width);
}

}  // namespace

bool translate_pool(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    const bool average = node.op_type == "AveragePool";
    NodeAttributes attributes(node);
    Window window;
    const int64_t ceil_mode = attributes.integer("ceil_mode", 0);
    const int64_t counts = average ? attributes.integer("count_include_pad", 0) : 1;
    const int64_t order = average ? 0 : attributes.integer("storage_order", 0);
    if (!read_window(import, attributes, image->shape, {}, window)) return false;
    if (!import.accept(attributes)) return false;
    if (order != 0) return import.fail("attribute storage_order: expected 0, found another number");
    if (average && is_nothing(window)) return import.give(node, OnnxValue(*image));
    if (average && is_whole(window, image->shape))
        return add_global_pool(import, node, OpKind::kGlobalAveragePool, false);
    return add_for_each(import, node, average ? OpKind::kAveragePool : OpKind::kMaxPool, [&](Layer &layer) {
        layer.window = window;
        layer.ceil_mode = ceil_mode != 0;
        layer.excludes_padding = counts == 0 && is_padded(window);
        layer.out.height = window.y.outputs(layer.in.height, layer.ceil_mode);
        layer.out.width = window.x.outputs(layer.in.width, layer.ceil_mode);
    });
}

// The greatest of an image is that of one window.
bool translate_global_pool(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    const int height = image->shape.height, width = image->shape.width;
    if (node.op_type == "GlobalMaxPool") {
        constexpr int kMost = 512;  // the kernel has code for each row and column
        if (std::max(height, width) > kMost)
            return import.fail(
                fmt::format("expected at most {} rows and columns, found {} and {}", kMost, height, width));
        return add_for_each(import, node, OpKind::kMaxPool, [&](Layer &layer) {
            layer.window = {WindowAxis{height}, WindowAxis{width}};
            layer.out.height = layer.out.width = 1;
        });
    }
    return add_global_pool(import, node, OpKind::kGlobalAveragePool, false);
}

}  // namespace hardnet
