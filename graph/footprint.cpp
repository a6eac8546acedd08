#include "graph/footprint.h"

#include <algorithm>

namespace hardnet {
Footprint footprint(const Layer &layer, Role role) {
    const Shape &in = layer.in, &out = layer.out;
    if (role == Role::kOperand) return {{0, out.height - 1}, {0, out.width - 1}};
    if (traits_of(layer.op).reads_padding) {
        const WindowAxis &y = layer.window.y, &x = layer.window.x;
        return {{y.first(0), y.last(out.height - 1)}, {x.first(0), x.last(out.width - 1)}};
    }
    // Output 2 i + k of a transposed convolution adds input i: the first ones read input -1 as well, and of 2 n + 1
    // outputs the last one input n.
    if (layer.op == OpKind::kTransposedConv)
        return {{-1, std::max(in.height - 1, (out.height - 1) / 2)},
                {-1, std::max(in.width - 1, (out.width - 1) / 2)}};
    return {{0, in.height - 1}, {0, in.width - 1}};
}

int reach_beyond(const Footprint &footprint, int height, int width) {
    return std::max({0, -footprint.rows.first, footprint.rows.last - (height - 1), -footprint.columns.first,
                     footprint.columns.last - (width - 1)});
}

}  // namespace hardnet
