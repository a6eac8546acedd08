#include "compiler/cpu/output.h"

#include "compiler/cpu/operators.h"

namespace hardnet::cpu {

Place output_place(const Planning &p, const Output &output) {
    return Place::output(int(&output - p.network().outputs.data()));
}

ResizeSpec resize_spec(const Layer &l) {
    ResizeSpec spec;
    spec.in_height = l.in.height;
    spec.in_width = l.in.width;
    spec.height = l.out.height;
    spec.width = l.out.width;
    spec.sampling = l.sampling;
    return spec;
}

void plan_planar(Planning &p, int layer, const Tensor &from, const Layer &l, const Place &to) {
    PlanarSpec spec;
    spec.resize = resize_spec(l);
    spec.resize.in_pixel_stride = from.pixel_stride;
    spec.resize.in_row_stride = from.row_stride();
    spec.resize.lanes = p.machine().lanes_for(from.c8);
    spec.resize.in_storage = from.storage;
    spec.channels = from.shape.channels;
    spec.argmax = l.op == OpKind::kArgmax;
    spec.threshold = l.threshold;
    const int width = l.out.width, height = l.out.height, channels = l.out.channels;
    p.builder.begin_step(HARDNET_STEP_OUTPUT, layer);
    p.builder.begin_part(height, 0, 1);
    const uint32_t x = p.view(from, 0, from.c8, false);
    const uint32_t y =
        p.builder.view(to, {{0, width, 1}, {0, height, width}, {0, channels, width * height}}, true);
    p.builder.call(spec, {whole(x), crop(y, 1, 1)});
    if (p.builder.plan().layer_views[layer] >= 0) return;
    p.builder.set_layer_view(
        layer, p.builder.view(to, {{0, channels, width * height}, {0, width, 1}, {0, height, width}}));
}

void plan_resize(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]);
    if (const Output *output = p.analysis.sole_output_of(layer))
        return plan_planar(p, layer, in, l, output_place(p, *output));
    ResizeSpec spec = resize_spec(l);
    p.set_planes(spec, in, p.tensor(layer));
    p.set_storage(spec, in, p.tensor(layer));
    plan_by_rows(p, HARDNET_STEP_RESIZE, layer, spec, false);
}

// Of the source's tensor, or of what a resize that is written nowhere makes of its own source.
void plan_argmax(Planning &p, int layer) {
    Layer wanted = p.layer(layer);
    int source = wanted.sources()[0];
    if (p.decision(source).computed_with == layer) {
        const Layer &resize = p.layer(source);
        wanted.in = resize.in;
        wanted.sampling = resize.sampling;
        source = resize.sources()[0];
    }
    plan_planar(p, layer, p.tensor(source), wanted, output_place(p, *p.analysis.output_of(layer)));
}

namespace {

// A layer's pixels, channels innermost, without padding.
void plan_rows(Planning &p, int layer, const Place &to) {
    const Layer &l = p.layer(layer);
    const Tensor &t = p.tensor(layer);
    RowsSpec spec;
    spec.channels = l.out.channels;
    spec.width = l.out.width;
    spec.in_pixel_stride = t.pixel_stride;
    spec.in_row_stride = t.row_stride();
    p.builder.begin_step(HARDNET_STEP_OUTPUT, layer);
    p.builder.begin_part(l.out.height, 0, 1);
    const uint32_t x = p.view(t, 0, l.out.channels, false);
    const uint32_t y = p.builder.view(to,
                                      {{0, l.out.channels, 1},
                                       {0, l.out.width, l.out.channels},
                                       {0, l.out.height, l.out.channels * l.out.width}},
                                      true);
    p.builder.call(spec, {whole(x), crop(y, 2, 1)});
}

bool written_to_output(const Planning &p, int layer) {
    const int32_t view = p.builder.plan().layer_views[layer];
    return view >= 0 && p.builder.plan().views[size_t(view)].base == HARDNET_OUTPUT;
}

}  // namespace

void plan_outputs(Planning &p) {
    for (const Output &output : p.network().outputs) {
        Place to = output_place(p, output);
        for (int layer : output.layers) {
            if (output.row) {
                plan_rows(p, layer, to);
            } else if (!written_to_output(p, layer)) {
                Layer copy = p.layer(layer);  // from its own extents to the same
                copy.in = copy.out;
                plan_planar(p, layer, p.tensor(layer), copy, to);
            }
            to = to + p.layer(layer).out.elements();
        }
    }
}

}  // namespace hardnet::cpu
