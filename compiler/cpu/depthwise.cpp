#include <algorithm>

#include "compiler/cpu/operators.h"

namespace hardnet::cpu {
namespace {

// Pixels per block, whose accumulators are a vector each: the fewest blocks, then the shortest.
int pixels_for(const Machine &machine, int width) {
    const int most = std::clamp(machine.accumulators, 1, std::min(width, 8));
    const int blocks = (width + most - 1) / most;
    return (width + blocks - 1) / blocks;
}

}  // namespace

void plan_depthwise(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    DepthwiseSpec spec;
    spec.window = l.window;
    spec.width = l.out.width;
    spec.pixels = pixels_for(p.machine(), l.out.width);
    spec.weight_stride = out.c8;
    p.set_planes(spec, in, out);
    spec.activation = l.activation;
    p.set_storage(spec, in, out);

    const int taps = l.window.taps();
    const int64_t bias = p.builder.pack_bias(layer, out.c8);
    const int64_t weights = p.builder.pack_depthwise(layer, out.c8, taps);
    const bool by_rows = l.out.height >= kManyRows;
    p.builder.begin_step(HARDNET_STEP_DEPTHWISE, layer);
    p.builder.begin_part(by_rows ? l.out.height : out.c8 / spec.lanes, 0, 1);
    const uint32_t x = p.view(in, 0, in.c8, true), y = p.view(out, 0, out.c8, false, true);
    const uint32_t u = p.builder.view(Place::weights(weights), {{0, out.c8, 1}, {0, taps, out.c8}});
    const uint32_t b = p.builder.view(Place::weights(bias), {{0, out.c8, 1}});
    p.builder.call(spec, {whole(x), whole(u), whole(b), by_rows ? crop(y, 2, 1) : crop(y, 0, spec.lanes)});
    p.finish(layer);
}

}  // namespace hardnet::cpu
