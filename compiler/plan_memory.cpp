// Where tensors lie: each in a buffer of its own, or side by side with others in the pixels of one buffer.
#include <algorithm>
#include <map>

#include "compiler/planner.h"

namespace hardnet {

// A layer's extents in memory: what its readers' windows and tiles want around the image.
Planner::Tensor Planner::geometry(int layer) const {
    const Layer &l = network_.layers[layer];
    Tensor t;
    t.shape = l.out;
    t.c8 = t.pixel_stride = round_up(l.out.channels, kChannelAlignment);
    t.rows = l.out.height;
    t.columns = l.out.width;
    const auto cover = [&](const Tiling &tiling) {
        t.rows = std::max(t.rows, tiling.covered_rows());
        t.columns = std::max(t.columns, tiling.covered_columns());
    };
    if (tilings_[layer]) cover(*tilings_[layer]);
    for (int reader : consumers(layer)) {
        const Layer &r = network_.layers[reader];
        if (r.op == OpKind::kSlice) {
            const Tensor part = geometry(reader);
            t.halo = std::max(t.halo, part.halo);
            t.rows = std::max(t.rows, part.rows);
            t.columns = std::max(t.columns, part.columns);
        } else if (r.op == OpKind::kTransposedConv) {
            t.halo = std::max(t.halo, 1);
        } else if (r.op == OpKind::kAveragePool) {
            // A last window may reach beyond the image.
            const bool beyond = (r.out.height - 1) * r.window.x.stride + r.window.x.kernel > r.in.height + 2 * r.window.x.before ||
                                (r.out.width - 1) * r.window.x.stride + r.window.x.kernel > r.in.width + 2 * r.window.x.before;
            t.halo = std::max(t.halo, r.window.x.before + beyond);
        } else if (r.op == OpKind::kDepthwiseConv || r.op == OpKind::kConv) {
            t.halo = std::max(t.halo, r.window.x.before);
        }
        if (tilings_[reader]) cover(*tilings_[reader]);
    }
    return t;
}

// Which tensors are to lie side by side: per layer the first one of its stack. A dense block's layers read all
// tensors before them behind a norm; in one stack these are a single source.
std::vector<int> Planner::stacks() const {
    const int layers = int(network_.layers.size());
    std::vector<int> first(layers), last(layers);  // last: of the stack that begins with a layer
    for (int l = 0; l < layers; l++) first[l] = last[l] = l;
    for (const Layer &reader : network_.layers) {
        if (reader.front_norm.empty()) continue;
        for (size_t i = 1; i < reader.sources().size(); i++) {
            const int before = reader.sources()[i - 1], l = reader.sources()[i];
            const Layer &a = network_.layers[before], &b = network_.layers[l];
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

void Planner::place_tensors() {
    const int layers = int(network_.layers.size());
    const std::vector<int> stack = stacks();
    std::map<int, Tensor> wholes;  // a stack as one tensor; c8 is how much of it is taken
    for (int l = 0; l < layers; l++) {
        tensors_[l] = geometry(l);
        Tensor &whole = wholes[stack[l]];
        whole.pixel_stride += tensors_[l].c8;
        whole.halo = std::max(whole.halo, tensors_[l].halo);
        whole.rows = std::max(whole.rows, tensors_[l].rows);
        whole.columns = std::max(whole.columns, tensors_[l].columns);
    }
    for (int l = 0; l < layers; l++) {
        const Layer &layer = network_.layers[l];
        Tensor &t = tensors_[l], &whole = wholes[stack[l]];
        if (layer.op == OpKind::kSlice) {
            const Shape shape = t.shape;
            const int c8 = t.c8;
            t = tensors_[layer.sources()[0]];
            t.shape = shape;
            t.c8 = c8;
            t.first += layer.first_channel;
            continue;
        }
        if (whole.buffer < 0) {
            whole.rows += 2 * whole.halo;
            whole.columns += 2 * whole.halo;
            std::string halo;
            if (whole.halo) {
                for (int v : {whole.pixel_stride, whole.rows, whole.columns, layer.out.height,
                              layer.out.width, whole.halo})
                    halo += std::to_string(v) + " ";
            }
            whole.buffer = add_buffer(int64_t{1} * whole.rows * whole.row_stride(), halo);
        }
        t.first = whole.c8;
        whole.c8 += t.c8;
        t.pixel_stride = whole.pixel_stride;
        t.rows = whole.rows;
        t.columns = whole.columns;
        t.halo = whole.halo;
        t.buffer = whole.buffer;
    }
}

std::vector<Planner::Tensor> Planner::sources_of(int layer) const {
    std::vector<Tensor> sources;
    for (int source : network_.layers[layer].sources()) {
        const Tensor &t = tensors_[source];
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

const Output *Planner::output_of(int layer) const {
    for (const Output &output : network_.outputs) {
        if (std::count(output.layers.begin(), output.layers.end(), layer)) return &output;
    }
    return nullptr;
}

// Outputs lie one behind another, as views of them are addressed.
int64_t Planner::output_offset(const Output &output) const {
    int64_t offset = 0;
    for (const Output &o : network_.outputs) {
        if (&o == &output) break;
        int64_t elems = 1;
        for (int64_t extent : output_shape(network_, o)) elems *= extent;
        offset += elems;
    }
    return offset;
}

}  // namespace hardnet
