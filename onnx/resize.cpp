// Resizing. What doubles, halves and the like is one of the network's resizes; every other one becomes tables.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "onnx/resampling.h"

namespace hardnet {
namespace {

struct ResizedAxis {
    int from = 1, to = 1;
    double scale = 1;
    bool whole = true;           // scale * from is `to`
    double first = 0, last = 1;  // of the image that is resized, as shares of its extent
};

struct ResizeNode {
    std::string mode, places, rounding, policy;
    bool shrinks_smoothly = false;  // antialias
    bool excludes_outside = false;  // instead of repeating the edge
    double cubic = -0.75, beyond = 0;
    std::vector<int64_t> axes{0, 1, 2, 3};
    ResizedAxis image[2];  // height, width
};

const std::map<std::string, Places> kOnnxPlaces = {{"half_pixel", Places::kHalfPixel},
                                                   {"pytorch_half_pixel", Places::kHalfPixel},
                                                   {"half_pixel_symmetric", Places::kHalfPixel},
                                                   {"align_corners", Places::kAlignCorners},
                                                   {"asymmetric", Places::kAsymmetric}};
const std::map<std::string, Neighbours> kOnnxRoundings = {{"round_prefer_floor", Neighbours::kNearestLower},
                                                          {"round_prefer_ceil", Neighbours::kNearestUpper},
                                                          {"floor", Neighbours::kFloor},
                                                          {"ceil", Neighbours::kCeil}};

bool read_attributes(OnnxImport &import, const OnnxNode &node, ResizeNode &resize) {
    NodeAttributes attributes(node);
    resize.mode = attributes.text("mode", "nearest");
    resize.places = attributes.text("coordinate_transformation_mode", "half_pixel");
    resize.rounding = attributes.text("nearest_mode", "round_prefer_floor");
    resize.policy = attributes.text("keep_aspect_ratio_policy", "stretch");
    resize.shrinks_smoothly = attributes.integer("antialias", 0) != 0;
    resize.excludes_outside = attributes.integer("exclude_outside", 0) != 0;
    resize.cubic = attributes.real("cubic_coeff_a", -0.75f);
    resize.beyond = attributes.real("extrapolation_value", 0);
    resize.axes = attributes.integers("axes", resize.axes);
    if (!import.accept(attributes)) return false;
    if (resize.mode != "linear" && resize.mode != "nearest" && resize.mode != "cubic")
        return import.fail("attribute mode: expected linear, nearest or cubic, found " + shown(resize.mode));
    if (!kOnnxPlaces.count(resize.places) && resize.places != "tf_crop_and_resize")
        return import.fail(
            "attribute coordinate_transformation_mode: expected half_pixel, pytorch_half_pixel, "
            "half_pixel_symmetric, align_corners, asymmetric or tf_crop_and_resize, found " +
            shown(resize.places));
    if (resize.mode == "nearest" && !kOnnxRoundings.count(resize.rounding))
        return import.fail(
            "attribute nearest_mode: expected round_prefer_floor, round_prefer_ceil, floor or ceil, found " +
            shown(resize.rounding));
    if (resize.policy != "stretch" && resize.policy != "not_larger" && resize.policy != "not_smaller")
        return import.fail(
            "attribute keep_aspect_ratio_policy: expected stretch, not_larger or not_smaller, found " +
            shown(resize.policy));
    for (int64_t &axis : resize.axes) axis += axis < 0 ? 4 : 0;
    return true;
}

// Sizes, or scales, which are of float32.
bool read_extents(OnnxImport &import, const OnnxNode &node, const Shape &in, ResizeNode &resize,
                  size_t scales_input = 2) {
    const bool by_sizes = import.has_input(node, 3);
    const OnnxConstant *numbers = import.constant(node, by_sizes ? 3 : scales_input);
    const std::vector<int64_t> &axes = resize.axes;
    if (!numbers || numbers->values.size() != axes.size())
        return import.fail(
            fmt::format("expected {} known sizes or scales, found another input", axes.size()));
    const int own[4] = {int(import.batch()), in.channels, in.height, in.width};
    for (size_t i : {size_t{0}, size_t{1}}) resize.image[i].from = resize.image[i].to = own[i + 2];
    for (size_t i = 0; i < axes.size(); i++) {
        const double number = numbers->values[i];
        if (axes[i] < 0 || axes[i] > 3 || (axes[i] < 2 && number != (by_sizes ? own[axes[i]] : 1)))
            return import.fail("expected a resize of height and width alone, found one of batch or channels");
        if (axes[i] < 2) continue;
        ResizedAxis &axis = resize.image[axes[i] - 2];
        const double size = by_sizes ? number : std::floor(float(number) * float(axis.from));
        if (!(size >= 1 && size <= kMostExtent) || size != std::floor(size))
            return import.fail(fmt::format("expected a whole height and width up to 65536, found {}", size));
        axis.to = int(size);
        axis.scale = by_sizes ? size / axis.from : number;
        axis.whole = by_sizes || number * axis.from == size;
    }
    return true;
}

// The same scale for both, of which the sizes are to hold the image, or are to be held by it.
bool keep_aspect_ratio(OnnxImport &import, ResizeNode &resize) {
    if (resize.policy == "stretch") return true;
    std::vector<int64_t> axes = resize.axes;
    if (!are_height_and_width(axes))
        return import.fail("attribute keep_aspect_ratio_policy: expected axes 2 and 3 with it, found others");
    const double scales[2] = {resize.image[0].scale, resize.image[1].scale};
    const double scale =
        resize.policy == "not_larger" ? std::min(scales[0], scales[1]) : std::max(scales[0], scales[1]);
    for (ResizedAxis &axis : resize.image) {
        const double size = std::floor(scale * axis.from + 0.5);
        if (!(size >= 1 && size <= kMostExtent))
            return import.fail(fmt::format("expected a height and width up to 65536, found {}", size));
        axis.to = int(size);
        axis.scale = scale;
        axis.whole = std::abs(scale * axis.from - size) < 1e-9;
    }
    return true;
}

// Starts of all axes, then ends.
bool read_region(OnnxImport &import, const OnnxNode &node, ResizeNode &resize) {
    if (resize.places != "tf_crop_and_resize") return true;
    const OnnxConstant *region = import.constant(node, 1);
    const size_t count = resize.axes.size();
    if (!region || region->values.size() != 2 * count)
        return import.fail(fmt::format("roi: expected {} known numbers, found another input", 2 * count));
    for (size_t i = 0; i < count; i++) {
        const double first = region->values[i], last = region->values[i + count];
        if (!(std::abs(first) <= kMostExtent && std::abs(last) <= kMostExtent))
            return import.fail("roi: expected shares of the image's extents, found others");
        if (resize.axes[i] < 2) continue;
        resize.image[resize.axes[i] - 2].first = first;
        resize.image[resize.axes[i] - 2].last = last;
    }
    return true;
}

// Where output `at` lies among the input's pixels.
double resized_place(const ResizeNode &resize, const ResizedAxis &axis, int at) {
    const double wanted = axis.scale * axis.from;  // as scales have it, not always whole
    const double centred = (at + 0.5) / axis.scale - 0.5;
    if (resize.places == "asymmetric") return at / axis.scale;
    if (resize.places == "align_corners") return wanted == 1 ? 0 : at * (axis.from - 1) / (wanted - 1);
    if (resize.places == "pytorch_half_pixel") return wanted == 1 ? -0.5 : centred;
    if (resize.places == "half_pixel_symmetric") return centred + axis.from / 2.0 * (1 - axis.to / wanted);
    if (resize.places == "half_pixel") return centred;
    const double part = (axis.last - axis.first) * (axis.from - 1);
    return axis.first * (axis.from - 1) + (wanted == 1 ? part / 2 : at * part / (wanted - 1));
}

double cubic_share(double t, double a) {
    t = std::abs(t);
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

// Of the pixel below a place, or the one before that where the place is a pixel's, so that the place is 0 to 1 behind it,
// and of the neighbours.
ResampledEntry resized_entry(const ResizeNode &resize, const ResizedAxis &axis, double place) {
    const double below = std::ceil(place) - 1, behind = place - below;
    if (resize.mode == "nearest") {
        const Neighbours rounding = kOnnxRoundings.at(resize.rounding);
        const bool upper = rounding == Neighbours::kCeil           ? true
                           : rounding == Neighbours::kFloor        ? behind == 1
                           : rounding == Neighbours::kNearestLower ? behind > 0.5
                                                                   : behind >= 0.5;
        return edged_entry(int64_t(below) + (upper ? 1 : 0), {1}, axis.from);
    }
    const double shrink = resize.shrinks_smoothly ? std::min(axis.scale, 1.0) : 1;
    const bool cubic = resize.mode == "cubic";
    const int64_t start = int64_t(std::floor((cubic ? -2 : -1) / shrink)) + 1;
    std::vector<double> shares;
    double sum = 0;
    for (int64_t i = start; i < 2 - start; i++) {
        const double t = (double(i) - behind) * shrink, pixel = below + double(i);
        const bool outside = resize.excludes_outside && (pixel < 0 || pixel >= axis.from);
        shares.push_back(outside ? 0 : cubic ? cubic_share(t, resize.cubic) : std::max(0.0, 1 - std::abs(t)));
        sum += shares.back();
    }
    for (double &share : shares) share /= sum;
    return edged_entry(int64_t(below) + start, shares, axis.from);
}

bool resize_by_tables(OnnxImport &import, const OnnxNode &node, const ResizeNode &resize) {
    std::vector<ResampledEntry> axes[2];
    for (size_t i : {size_t{0}, size_t{1}}) {
        const ResizedAxis &axis = resize.image[i];
        constexpr double kSlowest = 1.0 / kMostShares;  // whose entries have more shares than any may
        if (resize.shrinks_smoothly && resize.mode != "nearest" && axis.scale < kSlowest)
            return import.fail(fmt::format("attribute antialias: expected scales from 1/{} on, found {}",
                                           kMostShares, axis.scale));
        for (int at = 0; at < axis.to; at++) {
            const double place = resized_place(resize, axis, at);
            const bool outside =
                resize.places == "tf_crop_and_resize" && (place < 0 || place > axis.from - 1);
            axes[i].push_back(outside ? ResampledEntry{0, resize.beyond, {0}}
                                      : resized_entry(resize, axis, place));
        }
    }
    return add_resampled(import, node, axes);
}

// By whole scales the network's own operator has no tables to read, and an argmax behind it can work on its source.
bool has_sampling(const ResizeNode &resize) {
    const auto whole = [&](const ResizedAxis &axis) {
        const bool one = resize.places == "pytorch_half_pixel" && axis.to == 1 && axis.from > 1;
        return axis.whole && !one;
    };
    const bool smooth = resize.shrinks_smoothly && resize.mode != "nearest";
    return resize.mode != "cubic" && !smooth && kOnnxPlaces.count(resize.places) && whole(resize.image[0]) &&
           whole(resize.image[1]);
}

bool add_resize(OnnxImport &import, const OnnxNode &node, const ResizeNode &resize) {
    if (!has_sampling(resize)) return resize_by_tables(import, node, resize);
    Sampling sampling{kOnnxPlaces.at(resize.places), Neighbours::kLinear};
    if (resize.mode == "nearest") sampling.neighbours = kOnnxRoundings.at(resize.rounding);
    return add_for_each(import, node, OpKind::kResize, [&](Layer &layer) {
        layer.sampling = sampling;
        layer.out.height = resize.image[0].to;
        layer.out.width = resize.image[1].to;
    });
}

}  // namespace

bool translate_resize(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.need_image(node, 0);
    ResizeNode resize;
    return image && read_attributes(import, node, resize) &&
           read_extents(import, node, image->shape, resize) && keep_aspect_ratio(import, resize) &&
           read_region(import, node, resize) && add_resize(import, node, resize);
}

// What Resize was before opset 10.
bool translate_upsample(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.need_image(node, 0);
    NodeAttributes attributes(node);
    ResizeNode resize;
    resize.mode = attributes.text("mode", "nearest");
    resize.places = "asymmetric";
    resize.rounding = "floor";
    if (!image || !import.accept(attributes)) return false;
    if (resize.mode != "linear" && resize.mode != "nearest")
        return import.fail("attribute mode: expected linear or nearest, found " + shown(resize.mode));
    return read_extents(import, node, image->shape, resize, 1) && add_resize(import, node, resize);
}

}  // namespace hardnet
