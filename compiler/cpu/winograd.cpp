// The steps of Winograd layers. Two barriers per layer: one behind the product, one behind the output
// transform, which also transforms its channels for their consumers while they are in cache.
#include "compiler/cpu/winograd.h"

#include <algorithm>

#include "compiler/cpu/norm.h"
#include "compiler/cpu/operators.h"

namespace hardnet::cpu {
namespace {

// Per pass of output and input transform: 64 to 128 are equal, 32 is 5 % slower.
constexpr int kChunkChannels = 96;
// Fewer channels are split over tile rows: neighbouring tasks would share cache lines.
constexpr int kNarrow = 64;
constexpr int kManyTileRows = 6;  // enough for threads to share evenly

bool split_by_rows(const Tiling &tiling, int channels) {
    return channels < kNarrow && tiling.rows().tiles() >= kManyTileRows;
}

double transform_cost(const Tiling &t, Quadrant q, int channels) {  // of one row of tiles
    return 1.0 * t.quadrant_columns(q) * t.position_count(q) * channels;
}

// A new buffer for V of a layer's output, for those of its readers whose products are of that precision.
const Transformed &new_transformed(Planning &p, int layer, const Tiling &tiling, Precision products) {
    const VRounding rounding = p.analysis.rounding(layer, tiling, products);
    return p.transformed[layer][products] = transformed_in_arena(p, p.tensor(layer), tiling, rounding);
}

// V of layer `layer`'s output as a step of its own: for tensors that no output transform has just produced.
void transform_input(Planning &p, int layer, const Transformed &v) {
    const Tensor &t = p.tensor(layer);
    const int lanes = p.machine().lanes_for(t.c8);
    const bool rows = v.tiling.rows().tiles() >= kManyTileRows;
    p.builder.begin_step(HARDNET_STEP_INPUT_TRANSFORM, layer);
    for (Quadrant q : v.tiling.quadrants()) {
        const double cost = transform_cost(v.tiling, q, t.c8);
        if (rows)
            p.builder.begin_part(v.tiling.quadrant_rows(q), 0, cost);
        else
            p.builder.begin_part(t.c8 / lanes, 0, cost * v.tiling.quadrant_rows(q) * lanes / t.c8);
        call_input_transform(p, t, v, {q, 0, t.c8, 0, rows ? Split::crop(2, 1) : Split::crop(0, lanes)});
    }
}

// V of what the norm in front makes of the sources: this layer's alone.
std::vector<Transformed> transform_behind_norm(Planning &p, int layer) {
    const Tiling &tiling = *p.decision(layer).tiling;
    const bool rows = tiling.rows().tiles() >= kManyTileRows;
    std::vector<Transformed> sources;
    int first = 0;
    p.builder.begin_step(HARDNET_STEP_INPUT_TRANSFORM, layer);
    for (const Tensor &t : p.sources_of(layer)) {
        const std::vector<hardnet_argument> norm = front_norm(p, layer, first, t);
        sources.push_back(transformed_in_arena(p, t, tiling, p.analysis.rounding_behind_norm(layer)));
        for (Quadrant q : tiling.quadrants()) {
            const int lanes = p.machine().lanes_for(t.c8);
            const int units = rows ? tiling.quadrant_rows(q) : t.c8 / lanes;
            p.builder.begin_part(units, 0, transform_cost(tiling, q, t.c8) * tiling.quadrant_rows(q) / units);
            call_input_transform(p, t, sources.back(),
                                 {q, 0, t.c8, 0, rows ? Split::crop(2, 1) : Split::crop(0, lanes), norm});
        }
        first += t.shape.channels;
    }
    return sources;
}

std::vector<Transformed> transformed_sources(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    if (!l.front_norm.empty()) return transform_behind_norm(p, layer);
    std::vector<Transformed> sources;
    const Decision &d = p.decision(layer);
    for (int source : l.sources()) {
        if (!p.transformed[source].count(d.products))
            transform_input(p, source, new_transformed(p, source, *d.tiling, d.products));
        sources.push_back(p.transformed[source].at(d.products));
    }
    return sources;
}

void plan_product(Planning &p, int layer, const std::vector<Transformed> &sources) {
    const Tiling &tiling = *p.decision(layer).tiling;
    p.builder.begin_step(HARDNET_STEP_PRODUCT, layer);
    Products m{Place::arena(p.products, 0)};
    for (const ChannelPart &part : p.decision(layer).parameters.blocks) {
        const int items = ItemMap(tiling, part.extent).items;
        p.builder.begin_part(items, 0, part.cycles / items);
        const int64_t u = pack_product_weights(p, layer, part, sources);
        call_product(p, layer, tiling, part, sources, u, m, Split::crop(2, 1));
        m.place.offset += Products::elems(tiling, part);
    }
    p.builder.grow_buffer(p.products, 4 * m.place.offset);
}

void plan_output_transform(Planning &p, int layer) {
    const Tensor &out = p.tensor(layer);
    const Tiling &tiling = *p.decision(layer).tiling;
    const bool by_rows = split_by_rows(tiling, out.c8);
    const int64_t bias = p.builder.pack_bias(layer, out.c8);
    std::vector<const Transformed *> transformed;
    for (Precision products : p.analysis.winograd_products(layer))
        transformed.push_back(&new_transformed(p, layer, tiling, products));
    p.builder.begin_step(HARDNET_STEP_OUTPUT_TRANSFORM, layer);
    Products m{Place::arena(p.products, 0)};
    for (const ChannelPart &part : p.decision(layer).parameters.blocks) {
        const int channels = channels_of(part, out), lanes = p.machine().lanes_for(channels);
        if (!by_rows) {
            double cost = 0;
            for (Quadrant q : tiling.quadrants())
                cost += transform_cost(tiling, q, lanes) * tiling.quadrant_rows(q);
            p.builder.begin_part(channels / lanes, std::max(1, kChunkChannels / lanes), cost);
        }
        for (Quadrant q : tiling.quadrants()) {
            if (by_rows)
                p.builder.begin_part(tiling.quadrant_rows(q), 0, transform_cost(tiling, q, channels));
            const Split split = by_rows ? Split::crop(4, 1) : Split::crop(0, lanes);
            call_output_transform(p, layer, q, {tiling, part, m, bias, 0, out.shape.height, split, split});
        }
        for (const Transformed *v : transformed) {
            if (by_rows) break;
            for (Quadrant q : tiling.quadrants())
                call_input_transform(p, out, *v, {q, part.first, channels, 0, Split::crop(0, lanes)});
        }
        m.place.offset += Products::elems(tiling, part);
    }
    for (const Transformed *v : transformed) {
        if (by_rows) transform_input(p, layer, *v);
    }
    p.finish(layer);
}

}  // namespace

void plan_winograd(Planning &p, int layer) {
    plan_product(p, layer, transformed_sources(p, layer));
    plan_output_transform(p, layer);
}

}  // namespace hardnet::cpu
