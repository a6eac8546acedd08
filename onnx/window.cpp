#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "onnx/translate.h"

namespace hardnet {
namespace {

constexpr int64_t kMostWindowNumber = 4096;  // products of two fit an int

// Padding so that an axis has as many outputs as inputs, divided by the stride and rounded up.
void pad_same(WindowAxis &axis, int extent, bool lower) {
    const int outputs = (extent + axis.stride - 1) / axis.stride;
    const int total = std::max(0, (outputs - 1) * axis.stride + axis.reach() - extent);
    axis.before = lower ? (total + 1) / 2 : total / 2;
    axis.after = total - axis.before;
}

}  // namespace

bool read_window(OnnxImport &import, NodeAttributes &attributes, const Shape &in,
                 const std::vector<int64_t> &kernel_default, Window &window) {
    const std::string auto_pad = attributes.text("auto_pad", "NOTSET");
    const std::vector<int64_t> kernel = attributes.integers("kernel_shape", kernel_default),
                               strides = attributes.integers("strides", {1, 1}),
                               dilations = attributes.integers("dilations", {1, 1}),
                               pads = attributes.integers("pads", {0, 0, 0, 0});
    struct Numbers {
        const char *name;
        const std::vector<int64_t> &values;
        size_t count;
        int64_t least;
    };
    for (const Numbers &n : {Numbers{"kernel_shape", kernel, 2, 1}, Numbers{"strides", strides, 2, 1},
                             Numbers{"dilations", dilations, 2, 1}, Numbers{"pads", pads, 4, 0}}) {
        const bool fits = n.values.size() == n.count &&
                          std::all_of(n.values.begin(), n.values.end(),
                                      [&](int64_t v) { return v >= n.least && v <= kMostWindowNumber; });
        if (!fits)
            return import.fail(fmt::format(
                "attribute {}: expected {} numbers from {} to {}, found [{}]", n.name, n.count, n.least,
                kMostWindowNumber,
                fmt::join(n.values.begin(), n.values.begin() + std::min<int64_t>(8, int64_t(n.values.size())),
                          ", ")));
    }
    window.y = {int(kernel[0]), int(strides[0]), int(dilations[0]), 0, 0};
    window.x = {int(kernel[1]), int(strides[1]), int(dilations[1]), 0, 0};
    if (auto_pad == "VALID") return true;
    if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
        pad_same(window.y, in.height, auto_pad == "SAME_LOWER");
        pad_same(window.x, in.width, auto_pad == "SAME_LOWER");
        return true;
    }
    if (auto_pad != "NOTSET")
        return import.fail("attribute auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, found " +
                           shown(auto_pad));
    window.y.before = int(pads[0]);
    window.x.before = int(pads[1]);
    window.y.after = int(pads[2]);
    window.x.after = int(pads[3]);
    return true;
}

}  // namespace hardnet
