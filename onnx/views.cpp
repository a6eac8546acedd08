// What moves no data in a network: concatenations, slices of channels, other shapes of the same elements.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/translate.h"

namespace hardnet {
namespace {

struct Range {
    int64_t first = 0, end = 0;
};

// Starts and ends as the format has them: from the end where below 0, cut to the extent.
Range range_of(int64_t start, int64_t end, int64_t extent) {
    const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + extent : at, 0, extent); };
    return {place(start), place(end)};
}

bool read_slice(OnnxImport &import, const OnnxNode &node, int64_t axis, int64_t rank, int64_t extent,
                Range &range) {
    NodeAttributes attributes(node);
    std::vector<int64_t> starts, ends, axes, steps{1};
    if (import.opset() < 10) {
        starts = attributes.integers("starts", {});
        ends = attributes.integers("ends", {});
        axes = attributes.integers("axes", {});
    }
    if (!import.accept(attributes)) return false;
    if (!import.read_list(node, 1, starts) || !import.read_list(node, 2, ends) ||
        !import.read_list(node, 3, axes) || !import.read_list(node, 4, steps))
        return false;
    if (axes.empty()) axes = {0};
    if (starts.size() != 1 || ends.size() != 1 || axes.size() != 1 || steps != std::vector<int64_t>{1} ||
        (axes[0] != axis && axes[0] != axis - rank))
        return import.fail(fmt::format("expected a range of axis {} in steps of 1, found another", axis));
    range = range_of(starts[0], ends[0], extent);
    return range.first < range.end || import.fail("expected a range of one element at least, found none");
}

bool give_channels(OnnxImport &import, const OnnxNode &node, const OnnxValue &image, const Range &range,
                   size_t output = 0) {
    const std::string suffix = output ? "." + std::to_string(output) : "";
    const auto parts = channels_of(import, node, image, range.first, range.end, suffix);
    if (!parts) return false;
    OnnxValue some{*parts, image.shape, false};
    some.shape.channels = int(range.end - range.first);
    return import.give(node, some, output);
}

// How many channels each output of a Split has; equal numbers, the last one smaller, where none are told.
bool read_split(OnnxImport &import, const OnnxNode &node, int64_t channels, std::vector<int64_t> &sizes) {
    NodeAttributes attributes(node);
    const int64_t axis = attributes.integer("axis", 0), count = int64_t(node.outputs.size());
    if (import.opset() < 13) sizes = attributes.integers("split", {});
    const int64_t asked = import.opset() < 18 ? count : attributes.integer("num_outputs", count);
    if (!import.accept(attributes) || !import.read_list(node, 1, sizes)) return false;
    if (axis != 1 && axis != -3)
        return import.fail(fmt::format("attribute axis: expected 1, found {}", axis));
    if (asked != count)
        return import.fail(fmt::format("attribute num_outputs: expected {}, found {}", count, asked));
    if (sizes.empty()) {
        const int64_t each = (channels + count - 1) / count;
        sizes.assign(size_t(count), each);
        sizes.back() = channels - each * (count - 1);
    }
    return int64_t(sizes.size()) == count ||
           import.fail(fmt::format("expected {} sizes, found {}", count, sizes.size()));
}

}  // namespace

std::optional<std::vector<int>> channels_of(OnnxImport &import, const OnnxNode &node, const OnnxValue &image,
                                            int64_t first, int64_t end, const std::string &suffix) {
    std::vector<int> parts;
    int64_t begin = 0;
    for (size_t i = 0; i < image.parts.size(); i++) {
        const int channels = import.shape_of(image.parts[i]).channels;
        const int64_t from = std::max(first - begin, int64_t{0}),
                      to = std::min<int64_t>(end - begin, channels);
        begin += channels;
        if (from >= to) continue;
        parts.push_back(image.parts[i]);
        if (to - from == channels) continue;
        Layer *layer =
            import.add_layer(node, OpKind::kSlice, {image.parts[i]}, part_suffix(image, i) + suffix);
        if (!layer) return std::nullopt;
        layer->first_channel = int(from);
        layer->out.channels = int(to - from);
        parts.back() = import.index_of(*layer);
    }
    return parts;
}

bool translate_concat(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const int64_t axis = attributes.integer("axis", 0);
    if (!import.accept(attributes)) return false;
    if (import.constant(node, 0)) {
        OnnxConstant all;
        for (size_t i = 0; i < node.inputs.size(); i++) {
            const OnnxConstant *part = import.constant(node, i);
            if (!part || part->scalar) return import.fail("expected known lists, found another value");
            all.real = part->real;
            all.values.insert(all.values.end(), part->values.begin(), part->values.end());
            if (all.values.size() > kMostKnownNumbers)
                return import.fail("expected a short list, found a long one");
        }
        return import.give(node, all);
    }
    if (const OnnxValue *first = import.value(node, 0); first && first->row)
        return concat_rows(import, node, axis);
    if (axis != 1 && axis != -3)
        return import.fail(fmt::format("attribute axis: expected 1, found {}", axis));
    OnnxValue all;
    for (size_t i = 0; i < node.inputs.size(); i++) {
        const OnnxValue *image = import.need_image(node, i);
        if (!image) return false;
        if (i > 0 && (image->shape.height != all.shape.height || image->shape.width != all.shape.width))
            return import.fail(fmt::format("expected images of one extent, found {}x{} and {}x{}",
                                           all.shape.height, all.shape.width, image->shape.height,
                                           image->shape.width));
        const int channels = all.shape.channels + image->shape.channels;
        all.shape = image->shape;
        all.shape.channels = channels;
        all.parts.insert(all.parts.end(), image->parts.begin(), image->parts.end());
        if (all.parts.size() > kMostParts || channels > kMostChannels)
            return import.fail("expected a concatenation of at most 1024 tensors, found more");
    }
    return import.give(node, all);
}

bool translate_slice(OnnxImport &import, const OnnxNode &node) {
    Range range;
    if (const OnnxConstant *list = import.constant(node, 0)) {
        OnnxConstant some = *list;
        if (list->scalar || !read_slice(import, node, 0, 1, int64_t(list->values.size()), range))
            return false;
        some.values.assign(list->values.begin() + range.first, list->values.begin() + range.end);
        return import.give(node, some);
    }
    if (!import.need_image(node, 0)) return false;
    const OnnxValue image = *import.value(node, 0);
    return read_slice(import, node, 1, 4, image.shape.channels, range) &&
           give_channels(import, node, image, range);
}

bool translate_split(OnnxImport &import, const OnnxNode &node) {
    if (!import.need_image(node, 0)) return false;
    const OnnxValue image = *import.value(node, 0);
    const int64_t channels = image.shape.channels;
    std::vector<int64_t> sizes;
    if (!read_split(import, node, channels, sizes)) return false;
    int64_t first = 0;
    for (size_t i = 0; i < sizes.size(); first += sizes[i++]) {
        const Range range{first, first + sizes[i]};
        if (sizes[i] < 1 || range.end > channels || (i + 1 == sizes.size() && range.end != channels))
            return import.fail(
                fmt::format("expected sizes from 1 on of {} channels in all, found others", channels));
        if (!give_channels(import, node, image, range, i)) return false;
    }
    return true;
}

bool translate_flatten(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const int64_t axis = attributes.integer("axis", 1);
    if (!import.accept(attributes)) return false;
    const OnnxValue *image = import.value(node, 0);
    if (image && image->row && axis == 1) return reshape_rows(import, node, {0, -1}, false);
    if (!image || image->row || (axis != 1 && axis != (image->flat ? -1 : -3)))
        return import.fail(fmt::format("expected an image and axis 1, found axis {}", axis));
    return import.give(node, {image->parts, image->shape, true});
}

bool translate_reshape(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const int64_t zero_is_zero = attributes.integer("allowzero", 0);
    if (!import.accept(attributes)) return false;
    std::vector<int64_t> wanted;
    if (!import.has_input(node, 1) || !import.read_list(node, 1, wanted)) return false;
    if (const OnnxConstant *list = import.constant(node, 0)) {
        const bool fits = wanted == std::vector<int64_t>{-1} ||
                          wanted == std::vector<int64_t>{int64_t(list->values.size())};
        return fits && import.give(node, OnnxConstant{false, list->real, list->values});
    }
    const OnnxValue *image = import.value(node, 0);
    if (!image) return false;
    if (image->row) return reshape_rows(import, node, wanted, zero_is_zero != 0);
    const Shape &shape = image->shape;
    const std::vector<int64_t> flat{import.batch(), shape.elements()},
        whole{import.batch(), shape.channels, shape.height, shape.width}, &own = image->flat ? flat : whole;
    const auto fits = [&](const std::vector<int64_t> &target) {
        if (wanted.size() != target.size()) return false;
        for (size_t i = 0; i < wanted.size(); i++) {
            const bool kept = wanted[i] == 0 && !zero_is_zero && i < own.size() && own[i] == target[i];
            if (wanted[i] != target[i] && wanted[i] != -1 && !kept) return false;
        }
        return std::count(wanted.begin(), wanted.end(), -1) <= 1;
    };
    if (!fits(flat) && !fits(whole))
        return import.fail(fmt::format(
            "expected a shape of [{}, {}], found [{}]", import.batch(), shape.elements(),
            fmt::join(wanted.begin(), wanted.begin() + std::min<int64_t>(8, int64_t(wanted.size())), ", ")));
    return import.give(node, {image->parts, shape, fits(flat)});
}

}  // namespace hardnet
