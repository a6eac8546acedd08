// Norms that are layers of their own: over a pixel's channels, and over the image.
#include "compiler/cpu/operators.h"

namespace hardnet::cpu {

void plan_l2_norm(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    L2NormSpec spec;
    spec.channels = out.c8;
    spec.width = l.out.width;
    p.set_planes(spec, in, out);
    p.builder.begin_step(HARDNET_STEP_NORM, layer);
    p.builder.begin_part(l.out.height, 0, 1);
    const int64_t weight = p.builder.pack_vector(layer, 0, 0, l.out.channels, out.c8);
    const uint32_t x = p.view(in, 0, in.c8, false), y = p.view(out, 0, out.c8, false, true);
    const uint32_t w = p.builder.view(Place::weights(weight), {{0, out.c8, 1}});
    p.builder.call(spec, {whole(x), whole(w), crop(y, 2, 1)});
    p.finish(layer);
}

void plan_spatial_norm(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    SpatialNormSpec spec;
    spec.height = l.out.height;
    spec.width = l.out.width;
    p.set_planes(spec, in, out);
    p.builder.begin_step(HARDNET_STEP_NORM, layer);
    p.builder.begin_part(out.c8 / spec.lanes, 0, 1);
    const uint32_t x = p.view(in, 0, in.c8, false), y = p.view(out, 0, out.c8, false, true);
    p.builder.call(spec, {whole(x), crop(y, 0, spec.lanes)});
    p.finish(layer);
}

}  // namespace hardnet::cpu
