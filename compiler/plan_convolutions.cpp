// The steps of everything but Winograd layers.
#include <algorithm>

#include "compiler/kernel.h"
#include "compiler/planner.h"

namespace hardnet {
namespace {

// Pixels per block for a kernel that keeps `vectors` accumulators per pixel: the fewest blocks, then the
// shortest.
int pixels_for(const Machine &machine, int width, int vectors) {
    int most = std::clamp(machine.accumulators / vectors, 1, std::min(width, 8));
    int blocks = (width + most - 1) / most;
    return (width + blocks - 1) / blocks;
}

}  // namespace

void Planner::normalize(int layer) {
    const Shape &image = network_.input;
    const Preprocessing &p = network_.preprocessing;
    NormalizeSpec spec{image.height, image.width, p.bgr, p.mean, p.deviation};
    begin_step(HARDNET_STEP_NORMALIZE, layer);
    begin_part(image.height, 0, 1);
    uint32_t bytes =
        add_view(HARDNET_INPUT_U8, 0, {{0, 3, 1}, {0, image.width, 3}, {0, image.height, 3 * image.width}},
                 false, -1, HARDNET_UINT8);
    uint32_t planes = add_view(
        HARDNET_INPUT, 0,
        {{0, image.width, 1}, {0, image.height, image.width}, {0, 3, image.width * image.height}}, true);
    call(spec, {whole(bytes), crop(planes, 1, 1)});
}

void Planner::stem(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &out = tensors_[layer];
    const int64_t bias = pack_bias(layer, out.c8);
    const int taps = l.window.x.kernel * l.window.x.kernel;
    std::vector<ChannelPart> parts =
        convolution_parts(machine_, l.out.width, l.out.height, l.out.channels, taps * l.in.channels);
    const std::string window = std::to_string(l.window.x.kernel) + "x" + std::to_string(l.window.x.kernel);
    plan_.choices[layer] = {"direct " + window, describe(parts), {}};
    begin_step(HARDNET_STEP_STEM, layer);
    for (ChannelPart part : parts) {
        StemSpec spec;
        spec.kernel = l.window.x.kernel;
        spec.stride = l.window.x.stride;
        spec.padding = l.window.x.before;
        spec.in_planes = l.in.channels;
        spec.in_height = l.in.height;
        spec.in_width = l.in.width;
        spec.out = part.padded();
        spec.width = l.out.width;
        spec.block = part.block;
        spec.pixels = part.extent;
        spec.lanes = part.lanes;
        spec.pixel_stride = out.pixel_stride;
        spec.row_stride = out.row_stride();
        spec.activation = l.activation;
        part.block = spec.out;  // one block of weights: [tap][plane][c]
        int64_t u = pack_weights(layer, part, taps * l.in.channels, -1);
        begin_part(l.out.height, 0, spec.out);
        uint32_t x = add_view(
            HARDNET_INPUT, 0,
            {{0, l.in.width, 1}, {0, l.in.height, l.in.width}, {0, l.in.channels, l.in.width * l.in.height}});
        uint32_t w =
            add_view(HARDNET_WEIGHTS, u,
                     {{0, spec.out, 1}, {0, l.in.channels, spec.out}, {0, taps, spec.out * l.in.channels}});
        uint32_t b = add_view(HARDNET_WEIGHTS, bias + part.first, {{0, spec.out, 1}});
        uint32_t y = tensor_view(out, part.first, spec.out, false, true);
        call(spec, {whole(x), whole(w), whole(b), crop(y, 2, 1)});
    }
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

ConvolutionSpec Planner::convolution_spec(int layer, const std::vector<Tensor> &sources,
                                          const ChannelPart &part, int width) const {
    const Layer &l = network_.layers[layer];
    ConvolutionSpec spec;
    for (const Tensor &t : sources)
        spec.sources.push_back({t.shape.channels, t.pixel_stride, t.row_stride()});
    spec.window = l.window;
    spec.width = width;
    spec.block = part.block;
    spec.pixels = part.extent;
    spec.lanes = part.lanes;
    spec.pixel_stride = tensors_[layer].pixel_stride;
    spec.row_stride = tensors_[layer].row_stride();
    if (l.operand() != kNoLayer) {
        const Tensor &r = tensors_[l.operand()];
        spec.residual = {r.pixel_stride, r.row_stride()};
    }
    spec.activation = l.activation;
    return spec;
}

std::vector<hardnet_argument> Planner::convolution_inputs(int layer, const std::vector<Tensor> &sources,
                                                          const ChannelPart &part, int64_t bias,
                                                          int positions, int transform) {
    const Layer &l = network_.layers[layer];
    const int k = l.in.channels;
    std::vector<hardnet_argument> arguments;
    for (const Tensor &t : sources)
        arguments.push_back(whole(tensor_view(t, 0, t.shape.channels, l.window.x.kernel > 1)));
    int64_t u = pack_weights(layer, part, positions * k, transform);
    arguments.push_back(whole(add_view(HARDNET_WEIGHTS, u,
                                       {{0, part.block, 1},
                                        {0, k, part.block},
                                        {0, positions, part.block * k},
                                        {0, part.blocks(), part.block * k * positions}})));
    arguments.push_back(whole(add_view(HARDNET_WEIGHTS, bias + part.first, {{0, part.padded(), 1}})));
    return arguments;
}

void Planner::call_convolution(int layer, const ConvolutionSpec &spec, std::vector<hardnet_argument> inputs,
                               const ChannelPart &part, const Split &split) {
    const int residual = network_.layers[layer].operand();
    if (residual != kNoLayer)
        inputs.push_back(split.out(tensor_view(tensors_[residual], part.first, part.padded(), false)));
    inputs.push_back(split.out(tensor_view(tensors_[layer], part.first, part.padded(), false, true)));
    call(spec, inputs);
}

void Planner::convolution(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &out = tensors_[layer];
    const int pool = fused_pool(layer);
    const int width =
        pool < 0 ? l.out.width : 2 * network_.layers[pool].out.width;  // a pool may drop the last column
    const bool plain = l.window.x.kernel == 1;
    const std::string window = std::to_string(l.window.x.kernel) + "x" + std::to_string(l.window.x.kernel);
    const Blocks parts =
        choose_blocks(layer, plain ? "1x1" : "direct " + window,
                      convolution_problem(plain ? BlockProblem::Op::kConv1x1 : BlockProblem::Op::kConv3x3,
                                          width, l.out.height, l.out.channels, l.in.channels));
    if (pool >= 0) {
        fused_into_[pool] = layer;
        convolution_with_pool(layer, pool, parts);
        return;
    }
    if (!l.front_norm.empty() && plain) return convolution_behind_norm(layer, parts);
    const int64_t bias = pack_bias(layer, out.c8);
    const bool by_rows = l.out.height >= kManyRows;
    const std::vector<Tensor> sources = l.front_norm.empty() ? sources_of(layer) : normalised(layer);
    begin_step(plain ? HARDNET_STEP_CONV1X1 : HARDNET_STEP_CONV3X3, layer);
    for (const ChannelPart &part : parts) {
        ConvolutionSpec spec = convolution_spec(layer, sources, part, width);
        spec.channels_outer = !by_rows;
        const int units = by_rows ? l.out.height : part.blocks();
        begin_part(units, 0, part.cycles / units);
        call_convolution(layer, spec, convolution_inputs(layer, sources, part, bias, l.window.x.kernel * l.window.x.kernel, -1),
                         part, by_rows ? Split::crop(2, 1) : Split::crop(0, part.block));
    }
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

// Of the output's four kinds of pixels, by even and odd row and column, each is a convolution of its own: an even one
// reads two input rows (or columns) and the kernel's outer taps, an odd one reads one and the middle tap.
void Planner::transposed_convolution(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &out = tensors_[layer];
    const std::vector<Tensor> sources = sources_of(layer);
    const int64_t bias = pack_bias(layer, out.c8);
    const int k = l.in.channels;
    const Blocks parts =
        convolution_parts(machine_, (l.out.width + 1) / 2, (l.out.height + 1) / 2, l.out.channels, 9 * k / 4);
    plan_.choices[layer] = {"transposed 3x3", describe(parts), {}};
    begin_step(HARDNET_STEP_TRANSPOSED_CONV, layer);
    for (int odd_y : {0, 1}) {
        for (int odd_x : {0, 1}) {
            const int width = (l.out.width + 1 - odd_x) / 2, height = (l.out.height + 1 - odd_y) / 2;
            if (width == 0 || height == 0) continue;
            const auto taps_of = [](int odd) { return odd ? std::vector<int>{1} : std::vector<int>{2, 0}; };
            WeightTransform taps;
            for (int ky : taps_of(odd_y)) {
                for (int kx : taps_of(odd_x)) {
                    taps.rows.push_back({double(ky == 0), double(ky == 1), double(ky == 2)});
                    taps.columns.push_back({double(kx == 0), double(kx == 1), double(kx == 2)});
                }
            }
            for (const ChannelPart &part : parts) {
                ConvolutionSpec spec = convolution_spec(layer, sources, part, width);
                spec.window = {{2 - odd_y, 1, 1, 1 - odd_y, 0}, {2 - odd_x, 1, 1, 1 - odd_x, 0}};
                spec.pixels = std::min(part.extent, width);
                spec.pixel_stride = 2 * out.pixel_stride;
                spec.row_stride = 2 * out.row_stride();
                const int positions = taps.positions();
                std::vector<hardnet_argument> arguments =
                    convolution_inputs(layer, sources, part, bias, positions, transform_index(taps));
                uint32_t y = add_view(
                    HARDNET_ARENA, out.pixel(odd_x, odd_y) + part.first,
                    {{0, part.padded(), 1}, {0, width, spec.pixel_stride}, {0, height, spec.row_stride}},
                    true, out.buffer);
                arguments.push_back(crop(y, 2, 1));
                begin_part(height, 0, double(positions) * part.padded() * width * k);
                call(spec, arguments);
            }
        }
    }
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

// The 1x1 writes what one row (or one channel block) of the pool needs to scratch; the pool reads it from
// there.
void Planner::convolution_with_pool(int layer, int pool, const std::vector<ChannelPart> &parts) {
    const Layer &l = network_.layers[layer], &p = network_.layers[pool];
    const Tensor &out = tensors_[pool];
    const int width = 2 * p.out.width, height = 2 * p.out.height, c8 = out.c8;
    const int64_t bias = pack_bias(layer, c8);
    const bool by_rows = p.out.height >= kManyRows / 2;
    const std::vector<Tensor> sources = sources_of(layer);
    plan_.choices[pool] = {"behind " + l.name, "", {}};

    PoolSpec pooling;
    pooling.in_height = height;
    pooling.in_width = width;
    pooling.width = p.out.width;
    pooling.height = p.out.height;
    pooling.pixel_stride = out.pixel_stride;
    pooling.row_stride = out.row_stride();

    begin_step(HARDNET_STEP_CONV1X1, layer);
    if (by_rows) begin_part(p.out.height, 1, 1);
    for (const ChannelPart &part : parts) {
        ConvolutionSpec spec = convolution_spec(layer, sources, part, width);
        const int channels = by_rows ? c8 : part.block, rows = by_rows ? 2 : height;
        spec.channels_outer = !by_rows;
        spec.pixel_stride = channels;
        spec.row_stride = channels * width;
        std::vector<hardnet_argument> arguments = convolution_inputs(layer, sources, part, bias, 1, -1);
        std::vector<hardnet_dim> dims = {
            {0, part.padded(), 1}, {0, width, channels}, {0, height, channels * width}};
        uint32_t scratch = add_view(HARDNET_SCRATCH, by_rows ? part.first : 0, dims, true);
        arguments.push_back(by_rows ? slide(scratch, 2, 2) : slide(scratch, 0, part.block));
        if (!by_rows) begin_part(part.blocks(), 1, part.cycles / part.blocks());
        call(spec, arguments);
        plan_.scratch_elems = std::max<int64_t>(plan_.scratch_elems, int64_t{1} * rows * width * channels);

        const bool last = &part == &parts.back();
        if (by_rows && !last) continue;
        const int pooled = by_rows ? c8 : part.padded();
        pooling.lanes = machine_.lanes_for(by_rows ? c8 : part.block);
        pooling.in_pixel_stride = channels;
        pooling.in_row_stride = channels * width;
        dims[0].extent = pooled;
        uint32_t from = add_view(HARDNET_SCRATCH, 0, dims);
        uint32_t y = tensor_view(out, by_rows ? 0 : part.first, pooled, false, true);
        if (by_rows)
            call(pooling, {slide(from, 2, 2), crop(y, 2, 1)});
        else
            call(pooling, {slide(from, 0, part.block), crop(y, 0, part.block)});
    }
    plan_.layer_views[pool] = int32_t(tensor_view(out, 0, p.out.channels, false));
}

void Planner::depthwise(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources()[0]], &out = tensors_[layer];
    DepthwiseSpec spec;
    spec.stride = l.window.x.stride;
    spec.width = l.out.width;
    spec.pixels = pixels_for(machine_, l.out.width, 1);
    spec.weight_stride = out.c8;
    set_planes(spec, in, out);
    spec.activation = l.activation;

    const int64_t bias = pack_bias(layer, out.c8);
    hardnet_packing packing{};
    packing.kind = HARDNET_PACK_DEPTHWISE;
    packing.tensor = uint32_t(weight_tensor(network_, layer));
    packing.transform = -1;
    packing.out = l.out.channels;
    packing.block = out.c8;
    packing.offset = plan_.weight_elems;
    plan_.packings.push_back(packing);
    plan_.weight_elems += round_up(9 * out.c8, 16);
    plan_.choices[layer] = {"depthwise 3x3", "", {}};

    const bool by_rows = l.out.height >= kManyRows;
    begin_step(HARDNET_STEP_DEPTHWISE, layer);
    begin_part(by_rows ? l.out.height : out.c8 / spec.lanes, 0, 1);
    uint32_t x = tensor_view(in, 0, in.c8, true), y = tensor_view(out, 0, out.c8, false, true);
    uint32_t u = add_view(HARDNET_WEIGHTS, packing.offset, {{0, out.c8, 1}, {0, 9, out.c8}});
    uint32_t b = add_view(HARDNET_WEIGHTS, bias, {{0, out.c8, 1}});
    call(spec, {whole(x), whole(u), whole(b), by_rows ? crop(y, 2, 1) : crop(y, 0, spec.lanes)});
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

// Of an image it reads the pixels one behind another, as they lie; its weights are packed in that order.
void Planner::fully_connected(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources()[0]], &out = tensors_[layer];
    const int k = int(l.in.elements());
    constexpr int kBlock = 64;  // enough chains of FMAs to hide their latency
    const int whole_blocks = l.out.channels / kBlock * kBlock, tail = l.out.channels - whole_blocks;
    const int64_t bias = pack_bias(layer, round_up(l.out.channels, kBlock));
    const Output *output = output_of(layer);
    const int64_t offset = output ? output_offset(*output) : 0;
    const auto result = [&](int first, int channels, bool written) {
        std::vector<hardnet_dim> dims{{0, channels, 1}};
        if (!written) dims.insert(dims.end(), {{0, 1, channels}, {0, 1, channels}});
        return output ? add_view(HARDNET_OUTPUT, offset + first, dims, written)
                      : add_view(HARDNET_ARENA, first, dims, written, out.buffer);
    };
    plan_.choices[layer] = {"matrix", "", {}};
    begin_step(HARDNET_STEP_FULLY_CONNECTED, layer);
    auto part = [&](int first, int channels, int block, int tail_outputs) {
        ChannelPart p{first, channels, block, machine_.lanes, 1, 0};
        int64_t u = pack_weights(layer, p, k, -1);
        begin_part(p.blocks(), 0, block);
        uint32_t x = add_view(HARDNET_ARENA, 0, {{0, k, 1}}, false, in.buffer);
        uint32_t w = add_view(HARDNET_WEIGHTS, u, {{0, block, 1}, {0, k, block}, {0, p.blocks(), block * k}});
        uint32_t b = add_view(HARDNET_WEIGHTS, bias + first, {{0, p.padded(), 1}});
        call(FullyConnectedSpec{k, block, machine_.lanes, tail_outputs, l.activation},
             {whole(x), whole(w), whole(b), crop(result(first, channels, true), 0, block)});
    };
    if (whole_blocks) part(0, whole_blocks, kBlock, 0);
    if (tail) part(whole_blocks, tail, round_up(tail, machine_.lanes), tail);
    plan_.layer_views[layer] = int32_t(result(0, l.out.channels, false));
}

}  // namespace hardnet
