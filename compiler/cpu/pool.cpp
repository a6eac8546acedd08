#include "compiler/cpu/norm.h"
#include "compiler/cpu/operators.h"

namespace hardnet::cpu {

void plan_pool(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const bool max = l.op == OpKind::kMaxPool;
    PoolSpec spec;
    spec.kind = max ? PoolKind::kMax : PoolKind::kAverage;
    spec.window = l.window;
    spec.excludes_padding = l.excludes_padding;
    spec.in_height = l.in.height;
    spec.in_width = l.in.width;
    spec.width = l.out.width;
    spec.height = l.out.height;
    p.set_planes(spec, p.tensor(l.sources()[0]), p.tensor(layer));
    p.set_storage(spec, p.tensor(l.sources()[0]), p.tensor(layer));
    plan_by_rows(p, max ? HARDNET_STEP_MAX_POOL : HARDNET_STEP_AVERAGE_POOL, layer, spec, !max);
}

// Of every source, into its share of the output's channels.
void plan_global_pool(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &out = p.tensor(layer);
    p.builder.begin_step(HARDNET_STEP_GLOBAL_POOL, layer);
    int first = 0;
    for (const Tensor &in : p.sources_of(layer)) {
        GlobalPoolSpec spec;
        spec.height = l.in.height;
        spec.width = l.in.width;
        spec.pixel_stride = in.pixel_stride;
        spec.row_stride = in.row_stride();
        spec.lanes = p.machine().lanes_for(in.c8);
        spec.norm = !l.front_norm.empty();
        spec.in_storage = in.storage;
        spec.sum = l.op == OpKind::kGlobalSum;
        // What a source is padded to lies where the next one's channels go.
        spec.exact = in.shape.channels < in.c8 && first + in.shape.channels < l.in.channels;
        p.builder.begin_part(in.c8 / spec.lanes, 0, spec.lanes);
        std::vector<hardnet_argument> arguments{whole(p.view(in, 0, in.c8, false))};
        if (spec.norm) {
            for (const hardnet_argument &a : front_norm(p, layer, first, in)) arguments.push_back(a);
        }
        const uint32_t y = p.builder.view(Place::arena(out.buffer, first),
                                          {{0, spec.exact ? in.shape.channels : in.c8, 1}}, true);
        arguments.push_back(crop(y, 0, spec.lanes));
        p.builder.call(spec, arguments);
        // The last source's padding may reach beyond the output's own.
        p.builder.grow_buffer(out.buffer, int64_t{4} * (first + in.c8));
        first += in.shape.channels;
    }
    p.finish(layer);
}

}  // namespace hardnet::cpu
