// Norms in front of a layer: fused into a 1x1 some rows at a time, or made once for a direct convolution.
// (Winograd layers have them in their input transform, the global pool in its own kernel.)
#include <algorithm>

#include "compiler/planner.h"

namespace hardnet {

std::vector<hardnet_argument> Planner::front_norm(int layer, int first, const Tensor &source) {
    const Layer &l = network_.layers[layer];
    const int tensor = weight_tensor(network_, layer) + l.has_weights() + l.has_bias();
    std::vector<hardnet_argument> arguments;
    for (int which : {0, 1}) {
        const int64_t offset = pack_vector(uint32_t(tensor + which), first, source.shape.channels, source.c8);
        arguments.push_back(whole(add_view(HARDNET_WEIGHTS, offset, {{0, source.c8, 1}})));
    }
    return arguments;
}

Planner::NormCall Planner::norm_call(int layer, int first, const Tensor &source, int pixel_stride,
                                     int row_stride, int border) {
    const Layer &l = network_.layers[layer];
    NormSpec spec;
    spec.height = l.in.height;
    spec.width = l.in.width;
    spec.border = border;
    spec.in_pixel_stride = source.pixel_stride;
    spec.in_row_stride = source.row_stride();
    spec.pixel_stride = pixel_stride;
    spec.row_stride = row_stride;
    spec.lanes = machine_.lanes_for(source.c8);
    NormCall norm{spec, {whole(tensor_view(source, 0, source.c8, false))}};
    for (const hardnet_argument &a : front_norm(layer, first, source)) norm.inputs.push_back(a);
    return norm;
}

// What the norm in front of a direct 3x3 makes of the sources, in memory of its own: small images, which Winograd's
// tiles do not suit.
std::vector<Planner::Tensor> Planner::normalised(int layer) {
    const Layer &l = network_.layers[layer];
    std::vector<Tensor> results;
    int first = 0;
    begin_step(HARDNET_STEP_NORM, layer);
    for (const Tensor &in : sources_of(layer)) {
        Tensor out = in;
        out.first = 0;
        out.pixel_stride = in.c8;
        out.halo = l.window.x.before;
        out.rows = l.in.height + 2 * out.halo;
        out.columns = l.in.width + 2 * out.halo;
        out.buffer = add_buffer(int64_t{1} * out.rows * out.row_stride());
        NormCall norm = norm_call(layer, first, in, out.pixel_stride, out.row_stride(), out.halo);
        const int lanes = norm.spec.lanes;
        norm.inputs.push_back(crop(tensor_view(out, 0, out.c8, true, true), 0, lanes));
        begin_part(in.c8 / lanes, 0, lanes);
        call(norm.spec, norm.inputs);
        first += in.shape.channels;
        results.push_back(out);
    }
    return results;
}

// A 1x1 behind a norm: some rows of the sources are normalised into a thread's scratch and read from there, while
// they are in L2. Images of few rows are normalised whole, by every thread that takes channels.
void Planner::convolution_behind_norm(int layer, const std::vector<ChannelPart> &parts) {
    const Layer &l = network_.layers[layer];
    const Tensor &out = tensors_[layer];
    const int64_t bias = pack_bias(layer, out.c8);
    const bool by_rows = l.out.height >= kManyRows;
    std::vector<Tensor> sources = sources_of(layer), normalised = sources;
    constexpr int kScratchBytes = 256 << 10;
    int channels = 0;
    for (const Tensor &t : sources) channels += t.c8;
    const int row_elems = channels * l.in.width;
    const int rows = by_rows ? std::clamp(kScratchBytes / 4 / row_elems, 1, l.in.height) : l.in.height;

    begin_step(HARDNET_STEP_CONV1X1, layer);
    std::vector<NormCall> norms;
    std::vector<hardnet_argument> inputs;
    int first = 0, lane = 0;
    for (Tensor &t : normalised) {
        NormCall norm = norm_call(layer, first, t, channels, row_elems, 0);
        std::vector<hardnet_dim> dims{{0, t.c8, 1}, {0, l.in.width, channels}, {0, l.in.height, row_elems}};
        const auto share = [&](uint32_t view) { return by_rows ? slide(view, 2, 1) : whole(view); };
        norm.inputs.push_back(share(add_view(HARDNET_SCRATCH, lane, dims, true)));
        norms.push_back(norm);
        dims[0].extent = t.shape.channels;
        inputs.push_back(share(add_view(HARDNET_SCRATCH, lane, dims)));
        first += t.shape.channels;
        lane += t.c8;
        t.pixel_stride = channels;
        t.columns = l.in.width;
    }
    plan_.scratch_elems = std::max<int64_t>(plan_.scratch_elems, int64_t{1} * rows * row_elems);
    const auto normalise = [&] {
        for (const NormCall &norm : norms) call(norm.spec, norm.inputs);
    };

    if (by_rows) {
        begin_part(l.out.height, rows, 1);
        normalise();
    }
    for (const ChannelPart &part : parts) {
        ConvolutionSpec spec = convolution_spec(layer, normalised, part, l.out.width);
        spec.channels_outer = !by_rows;
        std::vector<hardnet_argument> arguments = convolution_inputs(layer, sources, part, bias, 1, -1);
        std::copy(inputs.begin(), inputs.end(), arguments.begin());
        if (!by_rows) {
            begin_part(part.blocks(), 0, part.cycles / part.blocks());
            normalise();
        }
        call_convolution(layer, spec, arguments, part,
                         by_rows ? Split::crop(2, 1) : Split::crop(0, part.block));
    }
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

}  // namespace hardnet
