#include "compiler/layout.h"

#include <algorithm>
#include <limits>
#include <map>

#include "graph/footprint.h"

namespace hardnet {
namespace {

// A layer's extents in memory, and its halo: what its readers' windows and tiles want around the image.
Tensor geometry(const Analysis &a, int layer) {
    const Layer &l = a.network.layers[layer];
    Tensor t;
    t.shape = l.out;
    t.storage = a.decisions[layer].storage;
    t.c8 = t.pixel_stride = round_up(l.out.channels, kChannelAlignment);
    t.rows = l.out.height;
    t.columns = l.out.width;
    const auto cover = [&](const std::optional<Tiling> &tiling) {
        if (!tiling) return;
        t.rows = std::max(t.rows, tiling->covered_rows());
        t.columns = std::max(t.columns, tiling->covered_columns());
    };
    cover(a.decisions[layer].tiling);
    for (const LayerReader &reader : a.readers[layer]) {
        const Layer &r = a.network.layers[reader.layer];
        if (r.op == OpKind::kSlice) {
            const Tensor part = geometry(a, reader.layer);
            t.halo = std::max(t.halo, part.halo);
            t.rows = std::max(t.rows, part.rows);
            t.columns = std::max(t.columns, part.columns);
        } else if (reader.role == Role::kSource) {
            t.halo = std::max(t.halo, reach_beyond(footprint(r, reader.role), l.out.height, l.out.width));
            cover(a.decisions[reader.layer].tiling);
        }
    }
    return t;
}

// Which tensors are to lie side by side: per layer the first one of its stack. A dense block's layers read all
// tensors before them behind a norm; in one stack these are a single source.
std::vector<int> stacks(const Network &network) {
    const int layers = int(network.layers.size());
    std::vector<int> first(layers), last(layers);  // last: of the stack that begins with a layer
    for (int l = 0; l < layers; l++) first[l] = last[l] = l;
    for (const Layer &reader : network.layers) {
        if (reader.front_norm.empty()) continue;
        const std::vector<int> sources = reader.sources();
        for (size_t i = 1; i < sources.size(); i++) {
            const int before = sources[i - 1], l = sources[i];
            const Layer &a = network.layers[before], &b = network.layers[l];
            const bool free = first[l] == l && last[l] == l, ends = last[first[before]] == before;
            const bool aligned = a.out.channels % kChannelAlignment == 0;
            if (l < before || !free || !ends || !aligned || a.op == OpKind::kSlice || b.op == OpKind::kSlice)
                continue;
            first[l] = first[before];
            last[first[before]] = l;
        }
    }
    return first;
}

struct Stack {
    Tensor whole;  // as one tensor; c8 is how much of it is taken
    bool placed = false;
};

// Views address elements of a buffer by 32 bits.
Status place_stack(Tensor &whole, const Layer &layer, PlanBuilder &builder) {
    whole.rows += 2 * whole.halo;
    whole.columns += 2 * whole.halo;
    const int64_t elems = int64_t{1} * whole.rows * whole.columns * whole.pixel_stride;
    constexpr int64_t kMostElems = std::numeric_limits<int32_t>::max();
    const int bytes = whole.storage.element_bytes();
    if (elems > kMostElems)
        return bad_input(layer.name + ": expected at most " + std::to_string(4 * kMostElems) +
                         " bytes for a tensor with its halo and those beside it, found " +
                         std::to_string(4 * elems) + "; a smaller --input fits");
    std::optional<HaloGeometry> halo;
    if (whole.halo)
        halo = HaloGeometry{whole.pixel_stride * bytes, whole.rows,      whole.columns,
                            layer.out.height,           layer.out.width, whole.halo};
    whole.buffer = builder.add_buffer(bytes * elems, halo);
    return ok();
}

}  // namespace

Result<Layout> lay_out(const Analysis &a, PlanBuilder &builder) {
    const Network &network = a.network;
    const int layers = int(network.layers.size());
    const std::vector<int> stack_of = stacks(network);
    std::map<int, Stack> all;
    Layout layout{std::vector<Tensor>(layers)};
    for (int l = 0; l < layers; l++) {
        const Tensor t = layout.tensors[l] = geometry(a, l);
        Tensor &whole = all[stack_of[l]].whole;
        whole.storage = t.storage;  // tensors of a stack are float32
        whole.pixel_stride += t.c8;
        whole.halo = std::max(whole.halo, t.halo);
        whole.rows = std::max(whole.rows, t.rows);
        whole.columns = std::max(whole.columns, t.columns);
    }
    for (int l = 0; l < layers; l++) {
        const Layer &layer = network.layers[l];
        Tensor &t = layout.tensors[l];
        const Shape shape = t.shape;
        const int c8 = t.c8;
        if (layer.op == OpKind::kSlice) {  // lies where its source lies
            t = layout.tensors[layer.sources()[0]];
            t.first += layer.first_channel;
        } else {
            Stack &stack = all[stack_of[l]];
            if (!stack.placed) {
                if (Status s = place_stack(stack.whole, layer, builder); !s) return s.error();
                stack.placed = true;
            }
            t = stack.whole;
            t.first = stack.whole.c8;
            stack.whole.c8 += c8;
        }
        t.shape = shape;
        t.c8 = c8;
        // Whole vectors are read: of a slice, some of the channels behind it, in the last pixel beyond the tensor.
        const int beyond = t.first + t.c8 - t.pixel_stride;
        if (beyond > 0)
            builder.grow_buffer(t.buffer,
                                t.storage.element_bytes() * (int64_t{t.rows} * t.row_stride() + beyond));
    }
    return layout;
}

std::vector<Tensor> sources_of(const Layout &layout, const Layer &layer) {
    std::vector<Tensor> sources;
    for (int source : layer.sources()) {
        const Tensor &t = layout.tensors[source];
        if (!sources.empty()) {
            Tensor &before = sources.back();
            const bool joins = before.buffer == t.buffer && before.first + before.c8 == t.first &&
                               before.shape.channels == before.c8;
            if (joins) {
                before.shape.channels += t.shape.channels;
                before.c8 += t.c8;
                continue;
            }
        }
        sources.push_back(t);
    }
    return sources;
}

uint32_t tensor_view(PlanBuilder &builder, const Tensor &t, int first_channel, int channels, bool with_halo,
                     bool written) {
    const int border = with_halo ? t.halo : 0;
    const int columns = with_halo ? t.columns : t.shape.width, rows = with_halo ? t.rows : t.shape.height;
    return builder.view(
        t.place(-border, -border) + first_channel,
        {{0, channels, 1}, {-border, columns, t.pixel_stride}, {-border, rows, t.row_stride()}}, written,
        t.type());
}

}  // namespace hardnet
