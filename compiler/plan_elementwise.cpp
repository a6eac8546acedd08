// The steps of pools, resizing and norms, and of outputs in the caller's order.
#include <algorithm>

#include "compiler/planner.h"

namespace hardnet {

void Planner::by_rows(hardnet_step_kind kind, int layer, const KernelSpec &spec, bool with_halo) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources()[0]], &out = tensors_[layer];
    begin_step(kind, layer);
    begin_part(l.out.height, 0, 1);
    uint32_t x = tensor_view(in, 0, in.c8, with_halo), y = tensor_view(out, 0, out.c8, false, true);
    call(spec, {whole(x), crop(y, 2, 1)});
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

void Planner::pool(int layer) {
    const Layer &l = network_.layers[layer];
    const bool max = l.op == OpKind::kMaxPool;
    PoolSpec spec;
    spec.kind = max ? PoolKind::kMax : PoolKind::kAverage;
    spec.kernel = l.window.x.kernel;
    spec.stride = l.window.x.stride;
    spec.padding = l.window.x.before;
    spec.in_height = l.in.height;
    spec.in_width = l.in.width;
    spec.width = l.out.width;
    spec.height = l.out.height;
    set_planes(spec, tensors_[l.sources()[0]], tensors_[layer]);
    plan_.choices[layer] = {max ? "max pool" : "mean of windows", "", {}};
    by_rows(max ? HARDNET_STEP_MAX_POOL : HARDNET_STEP_AVERAGE_POOL, layer, spec, !max);
}

// Of every source, into its share of the output's channels.
void Planner::global_pool(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &out = tensors_[layer];
    plan_.choices[layer] = {"mean", "", {}};
    begin_step(HARDNET_STEP_GLOBAL_POOL, layer);
    int first = 0;
    for (const Tensor &in : sources_of(layer)) {
        GlobalPoolSpec spec;
        spec.height = l.in.height;
        spec.width = l.in.width;
        spec.pixel_stride = in.pixel_stride;
        spec.row_stride = in.row_stride();
        spec.lanes = machine_.lanes_for(in.c8);
        spec.norm = !l.front_norm.empty();
        // What a source is padded to lies where the next one's channels go.
        spec.exact = in.shape.channels < in.c8 && first + in.shape.channels < l.in.channels;
        begin_part(in.c8 / spec.lanes, 0, spec.lanes);
        std::vector<hardnet_argument> arguments{whole(tensor_view(in, 0, in.c8, false))};
        if (spec.norm) {
            for (const hardnet_argument &a : front_norm(layer, first, in)) arguments.push_back(a);
        }
        uint32_t y = add_view(HARDNET_ARENA, first, {{0, spec.exact ? in.shape.channels : in.c8, 1}}, true,
                              out.buffer);
        arguments.push_back(crop(y, 0, spec.lanes));
        call(spec, arguments);
        first += in.shape.channels;
    }
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

namespace {

ResizeSpec resize_spec(const Layer &l) {
    ResizeSpec spec;
    spec.in_height = l.in.height;
    spec.in_width = l.in.width;
    spec.height = l.out.height;
    spec.width = l.out.width;
    spec.align_corners = l.align_corners;
    return spec;
}

}  // namespace

void Planner::resize(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources()[0]], &out = tensors_[layer];
    plan_.choices[layer] = {"bilinear", "", {}};
    const Output *output = output_of(layer);
    const std::vector<int> readers = consumers(layer);
    if (output && output->row == 0 && readers.empty()) return planar(layer, in, l, output_offset(*output));
    if (!output && readers.size() == 1 && network_.layers[readers[0]].op == OpKind::kArgmax) {
        fused_into_[layer] = readers[0];
        return;
    }
    ResizeSpec spec = resize_spec(l);
    set_planes(spec, in, out);
    by_rows(HARDNET_STEP_RESIZE, layer, spec, false);
}

// Of the source's tensor, or of what a resize that is written nowhere makes of its own source.
void Planner::argmax(int layer) {
    Layer wanted = network_.layers[layer];
    int source = wanted.sources()[0];
    const Layer &before = network_.layers[source];
    if (fused_into_[source] == layer) {
        wanted.in = before.in;
        wanted.align_corners = before.align_corners;
        source = before.sources()[0];
    }
    plan_.choices[layer] = {"greatest channel", "", {}};
    planar(layer, tensors_[source], wanted, output_offset(*output_of(layer)));
}

// Layer `layer`'s output in the caller's order: `from` resized as `l` says, or copied, or its greatest channels.
void Planner::planar(int layer, const Tensor &from, const Layer &l, int64_t offset) {
    PlanarSpec spec;
    spec.resize = resize_spec(l);
    spec.resize.in_pixel_stride = from.pixel_stride;
    spec.resize.in_row_stride = from.row_stride();
    spec.resize.lanes = machine_.lanes_for(from.c8);
    spec.channels = from.shape.channels;
    spec.argmax = l.op == OpKind::kArgmax;
    const int width = l.out.width, height = l.out.height;
    begin_step(HARDNET_STEP_OUTPUT, layer);
    begin_part(height, 0, 1);
    uint32_t x = tensor_view(from, 0, from.c8, false);
    uint32_t y = add_view(HARDNET_OUTPUT, offset,
                          {{0, width, 1}, {0, height, width}, {0, l.out.channels, width * height}}, true);
    call(spec, {whole(x), crop(y, 1, 1)});
    if (plan_.layer_views[layer] >= 0) return;
    plan_.layer_views[layer] = int32_t(add_view(
        HARDNET_OUTPUT, offset, {{0, l.out.channels, width * height}, {0, width, 1}, {0, height, width}}));
}

void Planner::l2_norm(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources()[0]], &out = tensors_[layer];
    L2NormSpec spec;
    spec.channels = out.c8;
    spec.width = l.out.width;
    set_planes(spec, in, out);
    plan_.choices[layer] = {"norm over channels", "", {}};
    begin_step(HARDNET_STEP_NORM, layer);
    begin_part(l.out.height, 0, 1);
    const int64_t weight = pack_vector(uint32_t(weight_tensor(network_, layer)), 0, l.out.channels, out.c8);
    uint32_t x = tensor_view(in, 0, in.c8, false), y = tensor_view(out, 0, out.c8, false, true);
    call(spec, {whole(x), whole(add_view(HARDNET_WEIGHTS, weight, {{0, out.c8, 1}})), crop(y, 2, 1)});
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

void Planner::spatial_norm(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources()[0]], &out = tensors_[layer];
    SpatialNormSpec spec;
    spec.height = l.out.height;
    spec.width = l.out.width;
    set_planes(spec, in, out);
    plan_.choices[layer] = {"norm over the image", "", {}};
    begin_step(HARDNET_STEP_NORM, layer);
    begin_part(out.c8 / spec.lanes, 0, 1);
    uint32_t x = tensor_view(in, 0, in.c8, false), y = tensor_view(out, 0, out.c8, false, true);
    call(spec, {whole(x), crop(y, 0, spec.lanes)});
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

// What no layer has written to its place yet: planar outputs, and outputs in rows, a layer behind another.
void Planner::write_outputs() {
    for (const Output &output : network_.outputs) {
        int64_t offset = output_offset(output);
        for (int layer : output.layers) {
            const Layer &l = network_.layers[layer];
            const Tensor &t = tensors_[layer];
            const bool there = plan_.layer_views[layer] >= 0 &&
                               plan_.views[size_t(plan_.layer_views[layer])].base == HARDNET_OUTPUT;
            if (output.row == 0) {
                Layer copy = l;  // from its own extents to the same
                copy.in = l.out;
                if (!there) planar(layer, t, copy, offset);
                continue;
            }
            RowsSpec spec;
            spec.channels = l.out.channels;
            spec.width = l.out.width;
            spec.in_pixel_stride = t.pixel_stride;
            spec.in_row_stride = t.row_stride();
            const int row = l.out.channels * l.out.width;
            begin_step(HARDNET_STEP_OUTPUT, layer);
            begin_part(l.out.height, 0, 1);
            uint32_t x = tensor_view(t, 0, l.out.channels, false);
            uint32_t y = add_view(
                HARDNET_OUTPUT, offset,
                {{0, l.out.channels, 1}, {0, l.out.width, l.out.channels}, {0, l.out.height, row}}, true);
            call(spec, {whole(x), crop(y, 2, 1)});
            offset += l.out.elements();
        }
    }
}

}  // namespace hardnet
