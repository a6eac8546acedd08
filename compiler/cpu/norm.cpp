// Norms in front of a layer: fused into a 1x1 some rows at a time, or made once for a direct convolution.
// (Winograd layers have them in their input transform, the global pool in its own kernel.)
#include "compiler/cpu/norm.h"

#include <algorithm>

#include "compiler/cpu/convolution.h"
#include "graph/footprint.h"

namespace hardnet::cpu {

std::vector<hardnet_argument> front_norm(Planning &p, int layer, int first, const Tensor &source) {
    const Layer &l = p.layer(layer);
    const int tensor = l.has_weights() + l.has_bias();
    std::vector<hardnet_argument> arguments;
    for (int which : {0, 1}) {
        const int64_t offset =
            p.builder.pack_vector(layer, tensor + which, first, source.shape.channels, source.c8);
        arguments.push_back(whole(p.builder.view(Place::weights(offset), {{0, source.c8, 1}})));
    }
    return arguments;
}

namespace {

struct NormCall {
    NormSpec spec;
    std::vector<hardnet_argument> inputs;  // the output follows
};

NormCall norm_call(Planning &p, int layer, int first, const Tensor &source, int pixel_stride, int row_stride,
                   int border) {
    const Layer &l = p.layer(layer);
    NormSpec spec;
    spec.height = l.in.height;
    spec.width = l.in.width;
    spec.border = border;
    spec.in_pixel_stride = source.pixel_stride;
    spec.in_row_stride = source.row_stride();
    spec.pixel_stride = pixel_stride;
    spec.row_stride = row_stride;
    spec.lanes = p.machine().lanes_for(source.c8);
    spec.storage = p.decision(layer).behind_norm;
    NormCall norm{spec, {whole(p.view(source, 0, source.c8, false))}};
    for (const hardnet_argument &a : front_norm(p, layer, first, source)) norm.inputs.push_back(a);
    return norm;
}

}  // namespace

std::vector<Tensor> plan_norm(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    std::vector<Tensor> results;
    int first = 0;
    p.builder.begin_step(HARDNET_STEP_NORM, layer);
    for (const Tensor &in : p.sources_of(layer)) {
        Tensor out = in;
        out.first = 0;
        out.pixel_stride = in.c8;
        out.halo = reach_beyond(footprint(l, Role::kSource), l.in.height, l.in.width);
        out.rows = l.in.height + 2 * out.halo;
        out.columns = l.in.width + 2 * out.halo;
        out.storage = p.decision(layer).behind_norm;
        out.buffer = p.builder.add_buffer(int64_t{out.storage.element_bytes()} * out.rows * out.row_stride());
        NormCall norm = norm_call(p, layer, first, in, out.pixel_stride, out.row_stride(), out.halo);
        const int lanes = norm.spec.lanes;
        norm.inputs.push_back(crop(p.view(out, 0, out.c8, true, true), 0, lanes));
        p.builder.begin_part(in.c8 / lanes, 0, lanes);
        p.builder.call(norm.spec, norm.inputs);
        first += in.shape.channels;
        results.push_back(out);
    }
    return results;
}

// Some rows of the sources are normalised into a thread's scratch and read from there, while they are in L2. Images of
// few rows are normalised whole, by every thread that takes channels.
void plan_convolution_behind_norm(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const int64_t bias = p.builder.pack_bias(layer, p.tensor(layer).c8);
    const bool by_rows = l.out.height >= kManyRows;
    const Storage &storage = p.decision(layer).behind_norm;
    std::vector<Tensor> normalised = p.sources_of(layer);
    int channels = 0;
    for (const Tensor &t : normalised) channels += t.c8;
    const int row_elems = channels * l.in.width, row_bytes = row_elems * storage.element_bytes();
    // A quarter of L2: what is read and written beside the scratch wants room, too.
    const int fitting = int(p.machine().l2_bytes / 4) / row_bytes;
    const int rows = by_rows ? std::clamp(fitting, 1, l.in.height) : l.in.height;

    p.builder.begin_step(HARDNET_STEP_CONV1X1, layer);
    std::vector<NormCall> norms;
    std::vector<hardnet_argument> inputs;
    int first = 0, lane = 0;
    for (Tensor &t : normalised) {
        NormCall norm = norm_call(p, layer, first, t, channels, row_elems, 0);
        std::vector<hardnet_dim> dims{{0, t.c8, 1}, {0, l.in.width, channels}, {0, l.in.height, row_elems}};
        const auto share = [&](uint32_t view) { return by_rows ? slide(view, 2, 1) : whole(view); };
        norm.inputs.push_back(share(p.builder.view(Place::scratch(lane), dims, true, type_of(storage))));
        norms.push_back(norm);
        dims[0].extent = channels_read(p, layer, t);
        inputs.push_back(share(p.builder.view(Place::scratch(lane), dims, false, type_of(storage))));
        first += t.shape.channels;
        lane += t.c8;
        t.storage = storage;
        t.pixel_stride = channels;
        t.columns = l.in.width;
    }
    p.builder.need_scratch((int64_t{rows} * row_bytes + 3) / 4);
    const auto normalise = [&] {
        for (const NormCall &norm : norms) p.builder.call(norm.spec, norm.inputs);
    };

    if (by_rows) {
        p.builder.begin_part(l.out.height, rows, 1);
        normalise();
    }
    for (const ChannelPart &part : p.decision(layer).parameters.blocks) {
        ConvolutionSpec spec = convolution_spec(p, layer, normalised, part, l.out.width);
        if (!by_rows) put_channels_outermost(p, l.out.height, part, spec);
        std::vector<hardnet_argument> arguments = inputs;
        for (const hardnet_argument &a : convolution_weights(p, layer, normalised, part, bias, 1))
            arguments.push_back(a);
        if (!by_rows) {
            p.builder.begin_part(part.blocks(), 0, part.cycles / part.blocks());
            normalise();
        }
        call_convolution(p, layer, spec, arguments, part,
                         by_rows ? Split::crop(2, 1) : Split::crop(0, part.block));
    }
    p.finish(layer);
}

}  // namespace hardnet::cpu
