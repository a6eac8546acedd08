// The steps of Winograd layers. Two barriers per layer: one behind the product, one behind the output
// transform, which also transforms its channels for their consumers while they are in cache.
#include <algorithm>

#include "compiler/kernel.h"
#include "compiler/planner.h"

namespace hardnet {
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

hardnet_base base_of(int buffer) { return buffer < 0 ? HARDNET_SCRATCH : HARDNET_ARENA; }

}  // namespace

// 16 elements more than its tiles keep a position off the cache sets of the next.
Planner::Transformed Planner::transformed(const Tensor &t, const Tiling &tiling, bool in_scratch) {
    Transformed v{tiling, t.shape.channels, t.c8, t.c8 * tiling.tiles() + 16, -1};
    if (!in_scratch) v.buffer = add_buffer(v.elems());
    return v;
}

int64_t Planner::Transformed::elems() const {
    // Tiles that a block may read behind the last position's; what they give is not used.
    constexpr int kReadBeyond = 16;
    return int64_t{1} * position_stride * tiling.positions() + kReadBeyond * tile_stride;
}

// ---- the calls

// V's channels [first, first + channels) of one quadrant. `top` is the image row at which V's tiling begins.
void Planner::call_input_transform(const Tensor &t, const Transformed &v, Quadrant q, int first, int channels,
                                   int top, const Split &split, const std::vector<hardnet_argument> &norm) {
    InputTransformSpec spec;
    spec.tiling = v.tiling;
    spec.quadrant = q;
    spec.pixel_stride = t.pixel_stride;
    spec.row_stride = t.row_stride();
    spec.tile_stride = v.tile_stride;
    spec.position_stride = v.position_stride;
    spec.lanes = machine_.lanes_for(channels);
    if (!norm.empty()) {
        spec.norm_width = t.shape.width;
        spec.norm_height = t.shape.height;
    }
    const int columns = t.columns + 1 - t.halo, rows = t.rows + 1 - t.halo - top;
    uint32_t y = add_view(HARDNET_ARENA, t.pixel(-1, top - 1) + first,
                          {{0, channels, 1}, {-1, columns, t.pixel_stride}, {-1, rows, t.row_stride()}},
                          false, t.buffer);
    std::vector<hardnet_argument> arguments{split.in(y)};
    arguments.insert(arguments.end(), norm.begin(), norm.end());
    arguments.push_back(split.out(v_target(v, q, first)));
    call(spec, arguments);
    count_transform_bytes(int64_t{1} * channels * v.tiling.quadrant_rows(q) * v.tiling.quadrant_columns(q) *
                              v.tiling.position_count(q),
                          split);
}

void Planner::call_product(const Tiling &tiling, const ChannelPart &part,
                           const std::vector<Transformed> &sources, int64_t weights, const Products &m,
                           const Split &split) {
    ProductSpec spec;
    spec.tiling = tiling;
    spec.out = part.padded();
    spec.block = part.block;
    spec.tiles = part.extent;
    spec.lanes = part.lanes;
    std::vector<hardnet_argument> arguments;
    for (const Transformed &v : sources) {
        spec.sources.push_back({v.channels, v.tile_stride, v.position_stride});
        arguments.push_back(whole(v_source(v)));
    }
    const int k = spec.in(), positions = tiling.positions(), items = ItemMap(tiling, part.extent).items;
    arguments.push_back(whole(add_view(HARDNET_WEIGHTS, weights,
                                       {{0, part.block, 1},
                                        {0, k, part.block},
                                        {0, positions, part.block * k},
                                        {0, part.blocks(), part.block * k * positions}})));
    uint32_t out = add_view(
        base_of(m.buffer), m.offset,
        {{0, spec.out, 1}, {0, part.extent, spec.out}, {0, items, spec.out * part.extent}}, true, m.buffer);
    arguments.push_back(split.out(out));
    call(spec, arguments);
    count_transform_bytes(Products::elems(tiling, part), split);
}

// One quadrant of the part's channels. `top` is the image row at which the tiling begins, `rows` how many are
// valid.
void Planner::call_output_transform(int layer, const Tiling &tiling, const ChannelPart &part, Quadrant q,
                                    const Products &m, int64_t bias, int top, int rows, const Split &split,
                                    const Split &residual_split) {
    const Tensor &out = tensors_[layer];
    const int mx = tiling.tile_size(q.small_columns), my = tiling.tile_size(q.small_rows);
    const int columns = tiling.quadrant_columns(q), tile_rows = tiling.quadrant_rows(q);
    const int channels = channels_of(part, out), tiles = ItemMap(tiling, part.extent).items * part.extent;
    OutputTransformSpec spec;
    spec.tiling = tiling;
    spec.quadrant = q;
    spec.tiles = part.extent;
    spec.m_stride = part.padded();
    spec.pixel_stride = out.pixel_stride;
    spec.row_stride = out.row_stride();
    spec.valid_columns = std::min(columns * mx, out.shape.width - tiling.first_column(q));
    spec.valid_rows = std::min(tile_rows * my, rows - tiling.first_row(q));
    spec.activation = network_.layers[layer].activation;
    spec.lanes = machine_.lanes_for(channels);
    uint32_t products = add_view(base_of(m.buffer), m.offset,
                                 {{0, spec.m_stride, 1}, {0, tiles, spec.m_stride}}, false, m.buffer);
    uint32_t b = add_view(HARDNET_WEIGHTS, bias + part.first, {{0, channels, 1}});
    const auto quadrant = [&](const Tensor &t, bool written) {
        return add_view(HARDNET_ARENA,
                        t.pixel(tiling.first_column(q), top + tiling.first_row(q)) + part.first,
                        {{0, channels, 1},
                         {0, mx, t.pixel_stride},
                         {0, columns, t.pixel_stride * mx},
                         {0, my, t.row_stride()},
                         {0, tile_rows, t.row_stride() * my}},
                        written, t.buffer);
    };
    std::vector<hardnet_argument> arguments{whole(products), whole(b)};
    if (const int residual = network_.layers[layer].operand(); residual != kNoLayer) {
        const Tensor &r = tensors_[residual];
        spec.residual = {r.pixel_stride, r.row_stride()};
        arguments.push_back(residual_split.out(quadrant(r, false)));
    }
    arguments.push_back(split.out(quadrant(out, true)));
    call(spec, arguments);
}

// Elements of V or M that a call writes, once per image, or once per unit where each has the whole scratch.
void Planner::count_transform_bytes(int64_t elems, const Split &split) {
    plan_.transform_bytes += 4 * elems * (split.output.split == HARDNET_CROP ? 1 : plan_.parts.back().units);
}

// The part's channels as they lie in the tensor: the last part's reach into the padding, as far as it has
// products.
int Planner::channels_of(const ChannelPart &part, const Tensor &out) const {
    const bool last = part.first + part.channels >= out.shape.channels;
    return last ? std::min(out.c8 - part.first, part.padded()) : part.channels;
}

int64_t Planner::Products::elems(const Tiling &tiling, const ChannelPart &part) {
    return int64_t{1} * ItemMap(tiling, part.extent).items * part.extent * part.padded();
}

// ---- the whole image

// V of layer `layer`'s output as a step of its own: for tensors that no output transform has just produced.
void Planner::transform_input(int layer) {
    const Tensor &t = tensors_[layer];
    const Transformed &v = transformed_[layer];
    const int lanes = machine_.lanes_for(t.c8);
    const bool rows = v.tiling.rows().tiles() >= kManyTileRows;
    begin_step(HARDNET_STEP_INPUT_TRANSFORM, layer);
    for (Quadrant q : v.tiling.quadrants()) {
        double cost = transform_cost(v.tiling, q, t.c8);
        if (rows)
            begin_part(v.tiling.quadrant_rows(q), 0, cost);
        else
            begin_part(t.c8 / lanes, 0, cost * v.tiling.quadrant_rows(q) * lanes / t.c8);
        call_input_transform(t, v, q, 0, t.c8, 0, rows ? Split::crop(2, 1) : Split::crop(0, lanes));
    }
}

void Planner::winograd(int layer) {
    const Layer &l = network_.layers[layer];
    const Tiling &tiling = *tilings_[layer];
    std::vector<Transformed> sources;
    if (l.front_norm.empty()) {
        for (int source : l.sources()) {
            if (transformed_[source].buffer < 0) {
                transformed_[source] = transformed(tensors_[source], tiling, false);
                transform_input(source);
            }
            sources.push_back(transformed_[source]);
        }
    } else {
        sources = transform_behind_norm(layer);
    }
    const Blocks parts = choose_blocks(layer, "winograd " + tiling.name(),
                                       product_problem(tiling, l.out.channels, l.in.channels));
    winograd_product(layer, parts, sources);
    winograd_output(layer, parts);
}

// V of what the norm in front makes of the sources: this layer's alone.
std::vector<Planner::Transformed> Planner::transform_behind_norm(int layer) {
    const Tiling &tiling = *tilings_[layer];
    const bool rows = tiling.rows().tiles() >= kManyTileRows;
    std::vector<Transformed> sources;
    int first = 0;
    begin_step(HARDNET_STEP_INPUT_TRANSFORM, layer);
    for (const Tensor &t : sources_of(layer)) {
        const std::vector<hardnet_argument> norm = front_norm(layer, first, t);
        sources.push_back(transformed(t, tiling, false));
        for (Quadrant q : tiling.quadrants()) {
            const int lanes = machine_.lanes_for(t.c8), units = rows ? tiling.quadrant_rows(q) : t.c8 / lanes;
            const double cost = transform_cost(tiling, q, t.c8) * tiling.quadrant_rows(q);
            begin_part(units, 0, cost / units);
            call_input_transform(t, sources.back(), q, 0, t.c8, 0,
                                 rows ? Split::crop(2, 1) : Split::crop(0, lanes), norm);
        }
        first += t.shape.channels;
    }
    return sources;
}

void Planner::winograd_product(int layer, const std::vector<ChannelPart> &parts,
                               const std::vector<Transformed> &sources) {
    const Layer &l = network_.layers[layer];
    const Tiling &tiling = *tilings_[layer];
    begin_step(HARDNET_STEP_PRODUCT, layer);
    Products m{m_buffer_, 0};
    for (const ChannelPart &part : parts) {
        const int items = ItemMap(tiling, part.extent).items;
        begin_part(items, 0, part.cycles / items);
        int64_t u = pack_weights(layer, part, tiling.positions() * l.in.channels,
                                 transform_index(weight_transform(tiling)));
        call_product(tiling, part, sources, u, m, Split::crop(2, 1));
        m.offset += Products::elems(tiling, part);
    }
    plan_.buffers[m_buffer_].elems = std::max(plan_.buffers[m_buffer_].elems, m.offset);
}

void Planner::winograd_output(int layer, const std::vector<ChannelPart> &parts) {
    const Layer &l = network_.layers[layer];
    const Tensor &out = tensors_[layer];
    const Tiling &tiling = *tilings_[layer];
    const bool by_rows = split_by_rows(tiling, out.c8), transform = feeds_winograd(layer);
    const int64_t bias = pack_bias(layer, out.c8);
    if (transform) transformed_[layer] = transformed(out, tiling, false);
    begin_step(HARDNET_STEP_OUTPUT_TRANSFORM, layer);
    Products m{m_buffer_, 0};
    for (const ChannelPart &part : parts) {
        const int channels = channels_of(part, out), lanes = machine_.lanes_for(channels);
        if (!by_rows) {
            double cost = 0;
            for (Quadrant q : tiling.quadrants())
                cost += transform_cost(tiling, q, lanes) * tiling.quadrant_rows(q);
            begin_part(channels / lanes, std::max(1, kChunkChannels / lanes), cost);
        }
        for (Quadrant q : tiling.quadrants()) {
            if (by_rows) begin_part(tiling.quadrant_rows(q), 0, transform_cost(tiling, q, channels));
            const Split split = by_rows ? Split::crop(4, 1) : Split::crop(0, lanes);
            call_output_transform(layer, tiling, part, q, m, bias, 0, out.shape.height, split, split);
        }
        for (Quadrant q : tiling.quadrants()) {
            if (!transform || by_rows) continue;
            call_input_transform(out, transformed_[layer], q, part.first, channels, 0, Split::crop(0, lanes));
        }
        m.offset += Products::elems(tiling, part);
    }
    if (transform && by_rows) transform_input(layer);
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

// ---- row bands

// Input transform, product and output transform of a few tile rows at a time, V and M in a thread's own
// scratch.
void Planner::winograd_bands(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources()[0]], &out = tensors_[layer];
    const Tiling &tiling = *tilings_[layer];
    const int64_t bias = pack_bias(layer, out.c8);
    const Blocks parts = choose_blocks(
        layer, "winograd " + tiling.name() + " in bands",
        product_problem(Tiling(tiling.m(), {1, 0}, tiling.columns()), l.out.channels, l.in.channels));
    std::vector<int64_t> weights;
    for (const ChannelPart &part : parts) {
        weights.push_back(pack_weights(layer, part, tiling.positions() * l.in.channels,
                                       transform_index(weight_transform(tiling))));
    }

    const int residual_row = l.operand() == kNoLayer ? 0 : tensors_[l.operand()].row_stride();
    begin_step(HARDNET_STEP_WINOGRAD_BAND, layer);
    auto bands = [&](bool small, int first_tile_row, int count, int tile_rows) {
        const TileAxis rows{small ? 0 : tile_rows, small ? tile_rows : 0};
        const Tiling band(tiling.m(), rows, tiling.columns());
        const int height = tile_rows * tiling.tile_size(small);
        const int top =
            (small ? tiling.rows().big * tiling.m() : 0) + first_tile_row * tiling.tile_size(small);
        const Transformed v = transformed(in, band, true);
        begin_part(count, 1, double(band.products()) * l.in.channels * l.out.channels);
        for (Quadrant q : band.quadrants()) {
            call_input_transform(in, v, q, 0, in.c8, top, Split::shift_in(height * in.row_stride()));
        }
        Products m{-1, round_up(int(v.elems()), 16)};
        for (size_t p = 0; p < parts.size(); p++) {
            call_product(band, parts[p], {v}, weights[p], m, Split());
            for (Quadrant q : band.quadrants()) {
                call_output_transform(layer, band, parts[p], q, m, bias, top, height,
                                      Split::shift_out(height * out.row_stride()),
                                      Split::shift_out(height * residual_row));
            }
            m.offset += Products::elems(band, parts[p]);
        }
        plan_.scratch_elems = std::max(plan_.scratch_elems, m.offset);
    };

    // As many tile rows as leave V and M in three quarters of L2, in bands of equal size where they divide.
    const int64_t row_bytes = int64_t{4} * tiling.positions() * tiling.columns().tiles() * (in.c8 + out.c8);
    const int limit = int(std::clamp<int64_t>((768 << 10) / row_bytes, 1, 8));
    for (bool small : {false, true}) {
        const int rows = small ? tiling.rows().small : tiling.rows().big;
        if (!rows) continue;
        int per_band = std::min(limit, rows);
        while (per_band > (limit + 1) / 2 && rows % per_band) per_band--;
        bands(small, 0, rows / per_band, per_band);
        if (rows % per_band) bands(small, rows / per_band * per_band, 1, rows % per_band);
    }
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

}  // namespace hardnet
