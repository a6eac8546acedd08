// Pools and resizing, which work on each channel alone: of a concatenation on each of its parts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "onnx/translate.h"

namespace hardnet {
namespace {

// finish(layer) on a layer per part of the node's image.
template <typename Finish>
bool add_for_each(OnnxImport &import, const OnnxNode &node, OpKind op, const Finish &finish) {
    const OnnxValue image = *import.value(node, 0);
    OnnxValue result{{}, image.shape, false};
    for (size_t i = 0; i < image.parts.size(); i++) {
        const std::string suffix = image.parts.size() == 1 ? "" : "." + std::to_string(i);
        Layer *layer = import.add_layer(node, op, {image.parts[i]}, suffix);
        if (!layer) return false;
        finish(*layer);
        result.parts.push_back(import.index_of(*layer));
        result.shape.height = layer->out.height;
        result.shape.width = layer->out.width;
    }
    return import.give(node, result);
}

// Height and width that a Resize asks for.
bool read_sizes(OnnxImport &import, const OnnxNode &node, const Shape &in, int (&to)[2]) {
    const bool by_sizes = import.has_input(node, 3);
    const OnnxConstant *numbers = import.constant(node, by_sizes ? 3 : 2);
    const int from[2] = {in.height, in.width};
    if (!numbers || numbers->values.size() != 4)
        return import.fail("expected four known sizes or scales, found another input");
    const std::vector<double> &n = numbers->values;
    if (n[0] != (by_sizes ? import.batch() : 1) || n[1] != (by_sizes ? in.channels : 1))
        return import.fail("expected a resize of height and width alone, found one of batch or channels");
    for (size_t axis : {size_t{0}, size_t{1}}) {
        const double size = by_sizes ? n[axis + 2] : n[axis + 2] * from[axis];
        if (!(size >= 1 && size <= kMostExtent) || size != std::floor(size))
            return import.fail(fmt::format("expected a whole height and width up to 65536, found {}", size));
        to[axis] = int(size);
    }
    return true;
}

bool read_sampling(OnnxImport &import, const std::string &mode, const std::string &places,
                   const std::string &rounding, Sampling &sampling) {
    const std::map<std::string, Places> all_places = {{"half_pixel", Places::kHalfPixel},
                                                      {"pytorch_half_pixel", Places::kHalfPixel},
                                                      {"align_corners", Places::kAlignCorners},
                                                      {"asymmetric", Places::kAsymmetric}};
    const std::map<std::string, Neighbours> roundings = {{"round_prefer_floor", Neighbours::kNearestLower},
                                                         {"round_prefer_ceil", Neighbours::kNearestUpper},
                                                         {"floor", Neighbours::kFloor},
                                                         {"ceil", Neighbours::kCeil}};
    if (mode != "linear" && mode != "nearest")
        return import.fail("attribute mode: expected linear or nearest, found " + shown(mode));
    const auto place = all_places.find(places);
    if (place == all_places.end())
        return import.fail(
            "attribute coordinate_transformation_mode: expected half_pixel, pytorch_half_pixel, "
            "align_corners or "
            "asymmetric, found " +
            shown(places));
    sampling.places = place->second;
    if (mode == "linear") return true;
    const auto neighbours = roundings.find(rounding);
    if (neighbours == roundings.end())
        return import.fail(
            "attribute nearest_mode: expected round_prefer_floor, round_prefer_ceil, floor or ceil, found " +
            shown(rounding));
    sampling.neighbours = neighbours->second;
    return true;
}

bool is_padded(const Window &window) {
    return window.y.before || window.y.after || window.x.before || window.x.after;
}

}  // namespace

bool add_global_pool(OnnxImport &import, const OnnxNode &node, OpKind op, bool flat) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    Layer *layer = import.add_layer(node, op, image->parts);
    if (!layer) return false;
    layer->out = {layer->in.channels, 1, 1};
    import.take_norm(*image, *layer);
    return import.give(node, {{import.index_of(*layer)}, layer->out, flat});
}

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
    return add_for_each(import, node, average ? OpKind::kAveragePool : OpKind::kMaxPool, [&](Layer &layer) {
        layer.window = window;
        layer.ceil_mode = ceil_mode != 0;
        layer.excludes_padding = counts == 0 && is_padded(window);
        layer.out.height = window.y.outputs(layer.in.height, layer.ceil_mode);
        layer.out.width = window.x.outputs(layer.in.width, layer.ceil_mode);
    });
}

bool translate_global_pool(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    return add_global_pool(import, node, OpKind::kGlobalAveragePool, false);
}

bool translate_resize(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    NodeAttributes attributes(node);
    const std::string mode = attributes.text("mode", "nearest"),
                      places = attributes.text("coordinate_transformation_mode", "half_pixel"),
                      policy = attributes.text("keep_aspect_ratio_policy", "stretch");
    const int64_t antialias = attributes.integer("antialias", 0);
    const std::string rounding = attributes.text("nearest_mode", "round_prefer_floor");
    attributes.real("cubic_coeff_a", 0);
    attributes.integer("exclude_outside", 0);
    attributes.real("extrapolation_value", 0);  // of another transformation
    if (!import.accept(attributes)) return false;
    Sampling sampling;
    if (!read_sampling(import, mode, places, rounding, sampling)) return false;
    if (policy != "stretch" || antialias != 0)
        return import.fail("expected keep_aspect_ratio_policy stretch and antialias 0, found others");
    int to[2] = {};
    if (!read_sizes(import, node, image->shape, to)) return false;
    if (places == "pytorch_half_pixel" && (to[0] == 1 || to[1] == 1))
        return import.fail("expected more than one row and column of pytorch_half_pixel, found one");
    return add_for_each(import, node, OpKind::kResize, [&](Layer &layer) {
        layer.sampling = sampling;
        layer.out.height = to[0];
        layer.out.width = to[1];
    });
}

}  // namespace hardnet
