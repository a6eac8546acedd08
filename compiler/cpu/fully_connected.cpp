// Of an image it reads the pixels one behind another, as they lie; its weights are packed in that order.
#include "compiler/cpu/operators.h"
#include "compiler/cpu/output.h"

namespace hardnet::cpu {

void plan_fully_connected(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    const int k = int(l.in.elements());
    constexpr int kBlock = 64;  // enough chains of FMAs to hide their latency
    const int lanes = p.machine().lanes;
    const int whole_blocks = l.out.channels / kBlock * kBlock, tail = l.out.channels - whole_blocks;
    const int64_t bias = p.builder.pack_bias(layer, round_up(l.out.channels, kBlock));
    const Output *output = p.analysis.sole_output_of(layer);
    const Place result = output ? output_place(p, *output) : Place::arena(out.buffer, 0);
    p.builder.begin_step(HARDNET_STEP_FULLY_CONNECTED, layer);
    const auto part = [&](int first, int channels, int block, int tail_outputs) {
        const ChannelPart of{first, channels, block, lanes, 1, 0};
        const int64_t u = p.builder.pack_blocked(layer, of, k);
        p.builder.begin_part(of.blocks(), 0, block);
        const uint32_t x = p.builder.view(in.place(0, 0), {{0, k, 1}});
        const uint32_t w =
            p.builder.view(Place::weights(u), {{0, block, 1}, {0, k, block}, {0, of.blocks(), block * k}});
        const uint32_t b = p.builder.view(Place::weights(bias + first), {{0, of.padded(), 1}});
        const uint32_t y = p.builder.view(result + first, {{0, channels, 1}}, true);
        p.builder.call(FullyConnectedSpec{k, block, lanes, tail_outputs, l.activation},
                       {whole(x), whole(w), whole(b), crop(y, 0, block)});
    };
    if (whole_blocks) part(0, whole_blocks, kBlock, 0);
    if (tail) part(whole_blocks, tail, round_up(tail, lanes), tail);
    const int channels = l.out.channels;
    p.builder.set_layer_view(layer,
                             p.builder.view(result, {{0, channels, 1}, {0, 1, channels}, {0, 1, channels}}));
}

}  // namespace hardnet::cpu
