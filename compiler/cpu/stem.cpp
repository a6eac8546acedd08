// The first convolution, on the planar image, and the normalisation of 8-bit images in front of it.
#include "compiler/cpu/operators.h"

namespace hardnet::cpu {

void plan_normalize(Planning &p, int layer) {
    const Shape &image = p.network().input;
    const Preprocessing &of = p.network().preprocessing;
    const NormalizeSpec spec{image.height, image.width, of.bgr, of.mean, of.deviation};
    const int planes = image.channels;
    p.builder.begin_step(HARDNET_STEP_NORMALIZE, layer);
    p.builder.begin_part(image.height, 0, 1);
    const uint32_t bytes =
        p.builder.view({HARDNET_INPUT_U8, {}, 0},
                       {{0, planes, 1}, {0, image.width, planes}, {0, image.height, planes * image.width}},
                       false, HARDNET_UINT8);
    const uint32_t values = p.builder.view(
        {HARDNET_INPUT, {}, 0},
        {{0, image.width, 1}, {0, image.height, image.width}, {0, planes, image.width * image.height}}, true);
    p.builder.call(spec, {whole(bytes), crop(values, 1, 1)});
}

void plan_stem(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &out = p.tensor(layer);
    const int64_t bias = p.builder.pack_bias(layer, out.c8);
    const int taps = l.window.taps();
    p.builder.begin_step(HARDNET_STEP_STEM, layer);
    for (ChannelPart part : p.decision(layer).parameters.blocks) {
        StemSpec spec;
        spec.window = l.window;
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
        spec.storage = out.storage;
        part.block = spec.out;  // one block of weights: [tap][plane][c]
        const int64_t u = p.builder.pack_blocked(layer, part, int64_t{taps} * l.in.channels);
        p.builder.begin_part(l.out.height, 0, spec.out);
        const uint32_t x = p.builder.view(
            {HARDNET_INPUT, {}, 0},
            {{0, l.in.width, 1}, {0, l.in.height, l.in.width}, {0, l.in.channels, l.in.width * l.in.height}});
        const uint32_t w = p.builder.view(
            Place::weights(u),
            {{0, spec.out, 1}, {0, l.in.channels, spec.out}, {0, taps, spec.out * l.in.channels}});
        const uint32_t b = p.builder.view(Place::weights(bias + part.first), {{0, spec.out, 1}});
        const uint32_t y = p.view(out, part.first, spec.out, false, true);
        p.builder.call(spec, {whole(x), whole(w), whole(b), crop(y, 2, 1)});
    }
    p.finish(layer);
}

}  // namespace hardnet::cpu
