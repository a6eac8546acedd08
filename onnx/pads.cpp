// Padding of height and width: each row and column is one of the image's, or beyond it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "onnx/resampling.h"

namespace hardnet {
namespace {

// Which of `extent` pixels lies at `at`, which may be beyond them.
int64_t padded_place(const std::string &mode, int64_t at, int64_t extent) {
    if (mode == "wrap") return (at % extent + extent) % extent;
    if (mode != "reflect" || extent == 1) return std::clamp<int64_t>(at, 0, extent - 1);
    const int64_t period = 2 * (extent - 1), place = (at % period + period) % period;
    return std::min(place, period - place);
}

std::vector<ResampledEntry> padded_entries(const std::string &mode, int64_t before, int64_t outputs,
                                           int64_t extent, double value) {
    std::vector<ResampledEntry> entries;
    for (int64_t o = 0; o < outputs; o++) {
        const int64_t at = o - before;
        const bool outside = mode == "constant" && (at < 0 || at >= extent);
        entries.push_back({padded_place(mode, at, extent), outside ? value : 0, {outside ? 0.0 : 1.0}});
    }
    return entries;
}

// In front of and behind height and width; the file has those of all axes, or of the ones that it names.
bool read_pads(OnnxImport &import, const OnnxNode &node, std::vector<int64_t> pads, int64_t (&before)[2],
               int64_t (&after)[2]) {
    std::vector<int64_t> axes{0, 1, 2, 3};
    if (!import.read_list(node, 1, pads) || !import.read_list(node, 3, axes)) return false;
    if (pads.size() != 2 * axes.size() || axes.size() > 4)
        return import.fail(fmt::format("expected pads in front of and behind {} axes, found {} numbers",
                                       axes.size(), pads.size()));
    for (int64_t &pad : pads) pad = std::clamp<int64_t>(pad, -2 * kMostExtent, 2 * kMostExtent);
    for (size_t i = 0; i < axes.size(); i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + 4 : axes[i];
        const int64_t front = pads[i], behind = pads[i + axes.size()];
        if (axis == 2 || axis == 3) {
            before[axis - 2] = front, after[axis - 2] = behind;
        } else if (front || behind || axis < 0 || axis > 3) {
            return import.fail(
                fmt::format("expected pads of height and width alone, found {} and {} of axis {}", front,
                            behind, axes[i]));
        }
    }
    return true;
}

}  // namespace

// Exporters put one of nothing in front of each average pool.
bool translate_pad(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    NodeAttributes attributes(node);
    const std::string mode = attributes.text("mode", "constant");
    std::vector<int64_t> pads;
    double value = 0;
    if (import.opset() < 11) {
        pads = attributes.integers("pads", {});
        value = attributes.real("value", 0);
    }
    if (!import.accept(attributes)) return false;
    if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
        return import.fail("attribute mode: expected constant, reflect, edge or wrap, found " + shown(mode));
    if (import.has_input(node, 2)) {
        const OnnxConstant *known = import.constant(node, 2);
        if (!known || known->values.size() != 1)
            return import.fail("expected a known value, found another input");
        value = known->values[0];
    }
    int64_t before[2] = {}, after[2] = {};
    if (!read_pads(import, node, std::move(pads), before, after)) return false;
    if (!before[0] && !before[1] && !after[0] && !after[1]) return import.give(node, OnnxValue(*image));
    std::vector<ResampledEntry> axes[2];
    const int64_t extents[2] = {image->shape.height, image->shape.width};
    for (size_t axis : {size_t{0}, size_t{1}}) {
        const int64_t outputs = extents[axis] + before[axis] + after[axis];
        if (outputs < 1 || outputs > kMostExtent)
            return import.fail(
                fmt::format("expected 1 to {} rows and columns, found {}", kMostExtent, outputs));
        axes[axis] = padded_entries(mode, before[axis], outputs, extents[axis], value);
    }
    return add_resampled(import, node, axes);
}

}  // namespace hardnet
