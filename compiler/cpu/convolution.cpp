#include "compiler/cpu/convolution.h"

#include <algorithm>

#include "compiler/cpu/norm.h"
#include "compiler/cpu/operators.h"

namespace hardnet::cpu {
namespace {

// x86 multiplies int8 by uint8: elements of int8 by 128 more than they are, and 128 times all weights less.
bool is_shifted(const Planning &p, int layer, const Tensor &source) {
    return p.decision(layer).products == Precision::kInt8 && p.machine().dot_factor == IntegerType::kUint8 &&
           source.storage.type == IntegerType::kInt8;
}

WeightRounding rounding_of(const Planning &p, int layer, const std::vector<Tensor> &sources, int positions) {
    WeightRounding rounding;
    rounding.products = p.decision(layer).products;
    rounding.summed = true;
    for (const Tensor &t : sources) {
        const int shift = is_shifted(p, layer, t) ? kUint8Shift : 0;
        rounding.most = std::max(rounding.most, t.storage.most + 2 * shift);
        rounding.sources.push_back(
            {t.shape.channels, std::vector<float>(size_t(positions), float(t.storage.unit())), shift});
    }
    return rounding;
}

}  // namespace

ConvolutionSpec convolution_spec(const Planning &p, int layer, const std::vector<Tensor> &sources,
                                 const ChannelPart &part, int width) {
    const Layer &l = p.layer(layer);
    ConvolutionSpec spec;
    for (const Tensor &t : sources) {
        spec.sources.push_back({t.shape.channels, t.pixel_stride, t.row_stride(), t.storage.type});
        spec.shifted |= is_shifted(p, layer, t);
    }
    spec.window = l.window;
    spec.width = width;
    spec.block = part.block;
    spec.pixels = part.extent;
    spec.lanes = part.lanes;
    spec.pixel_stride = p.tensor(layer).pixel_stride;
    spec.row_stride = p.tensor(layer).row_stride();
    if (l.operand() != kNoLayer) {
        const Tensor &r = p.tensor(l.operand());
        spec.residual = {r.pixel_stride, r.row_stride(), r.storage};
    }
    spec.activation = l.activation;
    spec.products = p.decision(layer).products;
    spec.rows = p.decision(layer).parameters.rows;
    spec.storage = p.tensor(layer).storage;
    return spec;
}

void put_channels_outermost(const Planning &p, int rows, const ChannelPart &part, ConvolutionSpec &spec) {
    spec.channels_outer = true;
    // A step is four bytes for each channel, whatever is multiplied.
    const int64_t block_bytes = int64_t{4} * spec.block * spec.steps() * spec.window.taps();
    const bool requests = p.machine().family == ScheduleFamily::kX86 && part.blocks() > 1 &&
                          2 * block_bytes <= p.machine().l2_bytes;
    if (requests) spec.passes = rows * spec.row_blocks();
}

int channels_read(const Planning &p, int layer, const Tensor &source) {
    return round_up(source.shape.channels, channels_in_step(p.decision(layer).products));
}

std::vector<hardnet_argument> convolution_weights(Planning &p, int layer, const std::vector<Tensor> &sources,
                                                  const ChannelPart &part, int64_t bias, int positions,
                                                  std::optional<int> transform) {
    const Precision products = p.decision(layer).products;
    const int channels = p.layer(layer).in.channels;
    std::vector<hardnet_argument> arguments;
    if (products == Precision::kFloat32) {
        const int64_t packed = p.builder.pack_blocked(layer, part, int64_t{positions} * channels, transform);
        arguments = weight_arguments(p, part, packed, channels, positions, products);
    } else {
        const WeightRounding rounding = rounding_of(p, layer, sources, positions);
        const int64_t packed = p.builder.pack_rounded(layer, part, positions, rounding, transform);
        arguments =
            weight_arguments(p, part, packed, rounding.steps(), positions, products, rounding.shifted());
    }
    arguments.push_back(whole(p.builder.view(Place::weights(bias + part.first), {{0, part.padded(), 1}})));
    return arguments;
}

std::vector<hardnet_argument> convolution_inputs(Planning &p, int layer, const std::vector<Tensor> &sources,
                                                 const ChannelPart &part, int64_t bias, int positions,
                                                 std::optional<int> transform) {
    std::vector<hardnet_argument> arguments;
    for (const Tensor &t : sources)
        arguments.push_back(
            whole(p.view(t, 0, channels_read(p, layer, t), p.layer(layer).window != Window{})));
    for (const hardnet_argument &a : convolution_weights(p, layer, sources, part, bias, positions, transform))
        arguments.push_back(a);
    return arguments;
}

void call_convolution(Planning &p, int layer, const ConvolutionSpec &spec,
                      std::vector<hardnet_argument> inputs, const ChannelPart &part, const Split &split) {
    const int residual = p.layer(layer).operand();
    if (residual != kNoLayer)
        inputs.push_back(split.out(p.view(p.tensor(residual), part.first, part.padded(), false)));
    inputs.push_back(split.out(p.view(p.tensor(layer), part.first, part.padded(), false, true)));
    p.builder.call(spec, inputs);
}

void plan_direct(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Decision &d = p.decision(layer);
    const bool plain = l.window.taps() == 1;
    if (d.pool != kNoLayer) return plan_convolution_with_pool(p, layer, d.pool);
    if (!l.front_norm.empty() && l.window == Window{}) return plan_convolution_behind_norm(p, layer);
    const int64_t bias = p.builder.pack_bias(layer, p.tensor(layer).c8);
    const bool by_rows = l.out.height >= kManyRows;
    const std::vector<Tensor> sources = l.front_norm.empty() ? p.sources_of(layer) : plan_norm(p, layer);
    p.builder.begin_step(plain ? HARDNET_STEP_CONV1X1 : HARDNET_STEP_CONV3X3, layer);
    for (const ChannelPart &part : d.parameters.blocks) {
        ConvolutionSpec spec = convolution_spec(p, layer, sources, part, l.out.width);
        if (!by_rows) put_channels_outermost(p, l.out.height, part, spec);
        const int units = by_rows ? l.out.height : part.blocks();
        p.builder.begin_part(units, 0, part.cycles / units);
        call_convolution(p, layer, spec, convolution_inputs(p, layer, sources, part, bias, l.window.taps()),
                         part, by_rows ? Split::crop(2, 1) : Split::crop(0, part.block));
    }
    p.finish(layer);
}

// The 1x1 writes what one row (or one channel block) of the pool needs to scratch; the pool reads it from
// there.
void plan_convolution_with_pool(Planning &p, int layer, int pool) {
    const Layer &pooled_layer = p.layer(pool);
    const Tensor &out = p.tensor(pool);
    const int width = 2 * pooled_layer.out.width, height = 2 * pooled_layer.out.height, c8 = out.c8;
    const int64_t bias = p.builder.pack_bias(layer, c8);
    const bool by_rows = pooled_layer.out.height >= kManyRows / 2;
    const std::vector<Tensor> sources = p.sources_of(layer);
    const Blocks &parts = p.decision(layer).parameters.blocks;

    PoolSpec pooling;
    pooling.window = pooled_layer.window;
    pooling.in_height = height;
    pooling.in_width = width;
    pooling.width = pooled_layer.out.width;
    pooling.height = pooled_layer.out.height;
    pooling.pixel_stride = out.pixel_stride;
    pooling.row_stride = out.row_stride();
    pooling.storage = out.storage;

    p.builder.begin_step(HARDNET_STEP_CONV1X1, layer);
    if (by_rows) p.builder.begin_part(pooled_layer.out.height, 1, 1);
    for (const ChannelPart &part : parts) {
        ConvolutionSpec spec = convolution_spec(p, layer, sources, part, width);
        const int channels = by_rows ? c8 : part.block, rows = by_rows ? 2 : height;
        if (!by_rows) put_channels_outermost(p, height, part, spec);
        spec.pixel_stride = channels;
        spec.row_stride = channels * width;
        std::vector<hardnet_argument> arguments = convolution_inputs(p, layer, sources, part, bias, 1);
        std::vector<hardnet_dim> dims = {
            {0, part.padded(), 1}, {0, width, channels}, {0, height, channels * width}};
        const uint32_t scratch = p.builder.view(Place::scratch(by_rows ? part.first : 0), dims, true);
        arguments.push_back(by_rows ? slide(scratch, 2, 2) : slide(scratch, 0, part.block));
        if (!by_rows) p.builder.begin_part(part.blocks(), 1, part.cycles / part.blocks());
        p.builder.call(spec, arguments);
        p.builder.need_scratch(int64_t{1} * rows * width * channels);

        const bool last = &part == &parts.back();
        if (by_rows && !last) continue;
        const int pooled = by_rows ? c8 : part.padded();
        pooling.lanes = p.machine().lanes_for(by_rows ? c8 : part.block);
        pooling.in_pixel_stride = channels;
        pooling.in_row_stride = channels * width;
        dims[0].extent = pooled;
        const uint32_t from = p.builder.view(Place::scratch(0), dims);
        const uint32_t y = p.view(out, by_rows ? 0 : part.first, pooled, false, true);
        if (by_rows)
            p.builder.call(pooling, {slide(from, 2, 2), crop(y, 2, 1)});
        else
            p.builder.call(pooling, {slide(from, 0, part.block), crop(y, 0, part.block)});
    }
    p.finish(pool);
}

}  // namespace hardnet::cpu
