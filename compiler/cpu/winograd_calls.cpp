#include <algorithm>

#include "compiler/cpu/winograd.h"

namespace hardnet::cpu {
namespace {

// A cache line more than its tiles keeps a position off the cache sets of the next.
Transformed transformed(const Tensor &t, const Tiling &tiling, const VRounding &rounding) {
    constexpr int kLineBytes = 64;
    return {tiling,   t.shape.channels, t.c8, t.c8 * tiling.tiles() + kLineBytes / rounding.element_bytes(),
            rounding, Place::scratch(0)};
}

// V as a product reads it.
uint32_t v_source(Planning &p, const Transformed &v) {
    const Tiling &t = v.tiling;
    const int channels = round_up(v.channels, 4 / v.rounding.element_bytes());  // of whole steps
    return p.builder.view(
        v.place, {{0, channels, 1}, {0, t.tiles(), v.tile_stride}, {0, t.positions(), v.position_stride}},
        false, v.type());
}

// V as the input transform of one quadrant writes it, from `first_channel` on.
uint32_t v_target(Planning &p, const Transformed &v, Quadrant q, int first_channel) {
    const Tiling &t = v.tiling;
    const int columns = t.quadrant_columns(q);
    const int64_t offset = first_channel + int64_t{1} * t.first_tile(q) * v.tile_stride +
                           int64_t{1} * t.first_position(q) * v.position_stride;
    return p.builder.view(v.place + offset,
                          {{0, v.tile_stride - first_channel, 1},
                           {0, columns, v.tile_stride},
                           {0, t.quadrant_rows(q), v.tile_stride * columns},
                           {0, t.position_count(q), v.position_stride}},
                          true, v.type());
}

// V and M are written once, or once per unit where each has the whole scratch.
void count(Planning &p, int64_t bytes, const Split &split) {
    p.builder.count_transformed(bytes, split.output.split == HARDNET_CROP);
}

}  // namespace

int64_t Transformed::elems() const {
    // Tiles that a block may read behind the last position's; what they give is not used.
    constexpr int kReadBeyond = 16;
    return int64_t{1} * position_stride * tiling.positions() + kReadBeyond * tile_stride;
}

Transformed transformed_in_scratch(const Tensor &t, const Tiling &tiling, const VRounding &rounding) {
    return transformed(t, tiling, rounding);
}

Transformed transformed_in_arena(Planning &p, const Tensor &t, const Tiling &tiling,
                                 const VRounding &rounding) {
    Transformed v = transformed(t, tiling, rounding);
    v.place = Place::arena(p.builder.add_buffer(v.bytes()), 0);
    return v;
}

int64_t pack_product_weights(Planning &p, int layer, const ChannelPart &part,
                             const std::vector<Transformed> &sources) {
    const Tiling &tiling = *p.decision(layer).tiling;
    const int transform = p.builder.transform(weight_transform(tiling)), positions = tiling.positions();
    if (p.decision(layer).products == Precision::kFloat32)
        return p.builder.pack_blocked(layer, part, int64_t{positions} * p.layer(layer).in.channels,
                                      transform);
    WeightRounding rounding;
    rounding.products = p.decision(layer).products;
    for (const Transformed &v : sources) {
        rounding.most = v.rounding.most + 2 * v.rounding.shift();
        rounding.sources.push_back({v.channels, v.rounding.units, v.rounding.shift()});
    }
    return p.builder.pack_rounded(layer, part, positions, rounding, transform);
}

int64_t Products::elems(const Tiling &tiling, const ChannelPart &part) {
    return int64_t{1} * ItemMap(tiling, part.extent).items * part.extent * part.padded();
}

WeightTransform weight_transform(const Tiling &tiling) {
    WeightTransform transform;
    for (const std::vector<double> &g :
         tiling.weight_transform())  // + 0.0: written as C, -0 would be read as 0
        transform.rows.push_back({g[0] + 0.0, g[1] + 0.0, g[2] + 0.0});
    transform.columns = transform.rows;
    transform.points.resize(tiling.positions());
    for (int i = 0; i < tiling.points(); i++) {
        for (int j = 0; j < tiling.points(); j++)
            transform.points[tiling.position(i, j)] = {uint8_t(i), uint8_t(j)};
    }
    return transform;
}

int channels_of(const ChannelPart &part, const Tensor &out) {
    const bool last = part.first + part.channels >= out.shape.channels;
    return last ? std::min(out.c8 - part.first, part.padded()) : part.channels;
}

void call_input_transform(Planning &p, const Tensor &t, const Transformed &v, const InputTransformCall &c) {
    const Quadrant q = c.quadrant;
    InputTransformSpec spec;
    spec.tiling = v.tiling;
    spec.quadrant = q;
    spec.pixel_stride = t.pixel_stride;
    spec.row_stride = t.row_stride();
    spec.tile_stride = v.tile_stride;
    spec.position_stride = v.position_stride;
    spec.storage = t.storage;
    spec.rounding = v.rounding;
    spec.lanes = p.machine().lanes_for(c.channels);
    if (!c.norm.empty()) {
        spec.norm_width = t.shape.width;
        spec.norm_height = t.shape.height;
    }
    const int columns = t.columns + 1 - t.halo, rows = t.rows + 1 - t.halo - c.top;
    const uint32_t y = p.builder.view(
        t.place(-1, c.top - 1) + c.first,
        {{0, c.channels, 1}, {-1, columns, t.pixel_stride}, {-1, rows, t.row_stride()}}, false, t.type());
    std::vector<hardnet_argument> arguments{c.split.in(y)};
    arguments.insert(arguments.end(), c.norm.begin(), c.norm.end());
    arguments.push_back(c.split.out(v_target(p, v, q, c.first)));
    p.builder.call(spec, arguments);
    count(p,
          int64_t{v.rounding.element_bytes()} * c.channels * v.tiling.quadrant_rows(q) *
              v.tiling.quadrant_columns(q) * v.tiling.position_count(q),
          c.split);
}

void call_product(Planning &p, int layer, const Tiling &tiling, const ChannelPart &part,
                  const std::vector<Transformed> &sources, int64_t weights, const Products &m,
                  const Split &split) {
    ProductSpec spec;
    spec.tiling = tiling;
    spec.out = part.padded();
    spec.block = part.block;
    spec.tiles = part.extent;
    spec.lanes = part.lanes;
    spec.round = p.decision(layer).parameters.round;
    spec.cut = p.decision(layer).parameters.cut;
    std::vector<hardnet_argument> arguments;
    for (const Transformed &v : sources) {
        spec.sources.push_back({v.channels, v.tile_stride, v.position_stride});
        arguments.push_back(whole(v_source(p, v)));
    }
    spec.products = p.decision(layer).products;
    spec.shifted = sources.front().rounding.shift() != 0;
    const int items = ItemMap(tiling, part.extent).items;
    for (const hardnet_argument &a :
         weight_arguments(p, part, weights, spec.steps(), tiling.positions(), spec.products, spec.shifted))
        arguments.push_back(a);
    const uint32_t out = p.builder.view(
        m.place, {{0, spec.out, 1}, {0, part.extent, spec.out}, {0, items, spec.out * part.extent}}, true);
    arguments.push_back(split.out(out));
    p.builder.call(spec, arguments);
    count(p, 4 * Products::elems(tiling, part), split);
}

void call_output_transform(Planning &p, int layer, Quadrant q, const OutputTransformCall &c) {
    const Layer &l = p.layer(layer);
    const Tensor &out = p.tensor(layer);
    const Tiling &tiling = c.tiling;
    const int mx = tiling.tile_size(q.small_columns), my = tiling.tile_size(q.small_rows);
    const int columns = tiling.quadrant_columns(q), tile_rows = tiling.quadrant_rows(q);
    const int channels = channels_of(c.part, out);
    const int tiles = ItemMap(tiling, c.part.extent).items * c.part.extent;
    OutputTransformSpec spec;
    spec.tiling = tiling;
    spec.quadrant = q;
    spec.tiles = c.part.extent;
    spec.m_stride = c.part.padded();
    spec.pixel_stride = out.pixel_stride;
    spec.row_stride = out.row_stride();
    spec.valid_columns = std::min(columns * mx, out.shape.width - tiling.first_column(q));
    spec.valid_rows = std::min(tile_rows * my, c.rows - tiling.first_row(q));
    spec.activation = l.activation;
    spec.storage = out.storage;
    spec.lanes = p.machine().lanes_for(channels);
    const uint32_t products = p.builder.view(c.m.place, {{0, spec.m_stride, 1}, {0, tiles, spec.m_stride}});
    const uint32_t b = p.builder.view(Place::weights(c.bias + c.part.first), {{0, channels, 1}});
    const auto quadrant = [&](const Tensor &t, bool written) {
        return p.builder.view(t.place(tiling.first_column(q), c.top + tiling.first_row(q)) + c.part.first,
                              {{0, channels, 1},
                               {0, mx, t.pixel_stride},
                               {0, columns, t.pixel_stride * mx},
                               {0, my, t.row_stride()},
                               {0, tile_rows, t.row_stride() * my}},
                              written, t.type());
    };
    std::vector<hardnet_argument> arguments{whole(products), whole(b)};
    if (const int residual = l.operand(); residual != kNoLayer) {
        const Tensor &r = p.tensor(residual);
        spec.residual = {r.pixel_stride, r.row_stride(), r.storage};
        arguments.push_back(c.residual_split.out(quadrant(r, false)));
    }
    arguments.push_back(c.split.out(quadrant(out, true)));
    p.builder.call(spec, arguments);
}

}  // namespace hardnet::cpu
