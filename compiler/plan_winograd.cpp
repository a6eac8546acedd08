// The steps of Winograd layers. Two barriers per layer: one behind the product, one behind the output transform, which
// also transforms its channels for their consumers while they are in cache.
#include <algorithm>

#include "compiler/kernel.h"
#include "compiler/planner.h"

namespace hardnet {
namespace {

constexpr int kChunkChannels = 96;  // per pass of output and input transform: 64 to 128 are equal, 32 is 5 % slower
constexpr int kNarrow = 64;         // fewer channels are split over tile rows: neighbouring tasks would share cache lines

bool split_by_rows(const Tiling &tiling, int channels) { return channels < kNarrow && tiling.rows().tiles() >= 6; }

double transform_cost(const Tiling &t, Quadrant q, int channels) {  // of one row of tiles, in vector operations of 8
    return 1.0 * t.quadrant_columns(q) * t.position_count(q) * channels;
}

}  // namespace

InputTransformSpec Planner::input_transform_spec(const Tensor &t, const Transformed &v, Quadrant q, int lanes) const {
    InputTransformSpec spec;
    spec.tiling = v.tiling;
    spec.quadrant = q;
    spec.pixel_stride = t.c8;
    spec.row_stride = t.row_stride();
    spec.tile_stride = v.tile_stride;
    spec.position_stride = v.position_stride;
    spec.lanes = lanes;
    return spec;
}

// V of layer `layer`'s output as a step of its own: for tensors that no output transform has just produced.
void Planner::transform_input(int layer, const Tensor &tensor) {
    const Transformed &v = transformed_[layer];
    const int lanes = machine_.lanes_for(tensor.c8);
    begin_step(HARDNET_STEP_INPUT_TRANSFORM, layer);
    const bool rows = split_by_rows(v.tiling, tensor.c8) || v.tiling.rows().tiles() >= 7;
    for (Quadrant q : v.tiling.quadrants()) {
        double cost = transform_cost(v.tiling, q, tensor.c8);
        if (rows) begin_part(v.tiling.quadrant_rows(q), 0, cost);
        else begin_part(tensor.c8 / lanes, 0, cost * v.tiling.quadrant_rows(q) * lanes / tensor.c8);
        uint32_t y = tensor_view(tensor, 0, tensor.c8, true), out = v_target(v, q, 0);
        call(input_transform_spec(tensor, v, q, lanes), {whole(y), rows ? crop(out, 2, 1) : crop(out, 0, lanes)});
    }
}

void Planner::winograd(int layer) {
    const Layer &l = network_.layers[layer];
    const Tiling &tiling = *tilings_[layer];
    for (int source : l.sources) {
        Transformed &v = transformed_[source];
        if (v.buffer >= 0) continue;
        const Tensor &t = tensors_[source];
        // 16 elements keep positions off each other's cache sets; behind the last one, 16 tiles that blocks read beyond.
        const int stride = t.c8 * tiling.tiles() + 16;
        v = {tiling, t.shape.channels, t.c8, stride, add_buffer(int64_t{1} * stride * tiling.positions() + 16 * t.c8)};
        transform_input(source, t);
    }
    std::vector<ChannelPart> parts = product_parts(machine_, tiling, l.out.channels, l.in.channels);
    plan_.choices[layer] = {"winograd " + tiling.name(), describe(parts)};
    winograd_product(layer, parts);
    winograd_output(layer, parts);
}

void Planner::winograd_product(int layer, const std::vector<ChannelPart> &parts) {
    const Layer &l = network_.layers[layer];
    const Tiling &tiling = *tilings_[layer];
    begin_step(HARDNET_STEP_PRODUCT, layer);
    int64_t m_offset = 0;
    for (const ChannelPart &part : parts) {
        ProductSpec spec;
        spec.tiling = tiling;
        spec.out = part.padded();
        spec.block = part.block;
        spec.tiles = part.extent;
        spec.lanes = part.lanes;
        std::vector<hardnet_argument> arguments;
        for (int source : l.sources) {
            const Transformed &v = transformed_[source];
            spec.sources.push_back({v.channels, v.tile_stride, v.position_stride});
            arguments.push_back(whole(v_source(v)));
        }
        const int k = l.in.channels, positions = tiling.positions(), items = ItemMap(tiling, part.extent).items;
        int64_t u = pack_weights(layer, part, positions * k, transform_index(tiling));
        arguments.push_back(whole(add_view(HARDNET_WEIGHTS, u,
                                           {{0, part.block, 1},
                                            {0, k, part.block},
                                            {0, positions, part.block * k},
                                            {0, part.blocks(), part.block * k * positions}})));
        uint32_t m = add_view(HARDNET_ARENA, m_offset,
                              {{0, spec.out, 1}, {0, part.extent, spec.out}, {0, items, spec.out * part.extent}}, true,
                              m_buffer_);
        arguments.push_back(crop(m, 2, 1));
        begin_part(items, 0, part.cycles / items);
        call(spec, arguments);
        m_offset += int64_t{1} * items * part.extent * spec.out;
        plan_.transform_bytes += int64_t{4} * items * part.extent * spec.out;
    }
    plan_.buffers[m_buffer_].elems = std::max(plan_.buffers[m_buffer_].elems, m_offset);
}

void Planner::winograd_output(int layer, const std::vector<ChannelPart> &parts) {
    const Layer &l = network_.layers[layer];
    const Tensor &out = tensors_[layer];
    const Tiling &tiling = *tilings_[layer];
    const bool by_rows = split_by_rows(tiling, out.c8), transform = feeds_winograd(layer);
    const int64_t bias = pack_bias(layer, out.c8);
    Transformed &v = transformed_[layer];
    if (transform) {
        const int stride = out.c8 * tiling.tiles() + 16;
        v = {tiling, l.out.channels, out.c8, stride, add_buffer(int64_t{1} * stride * tiling.positions() + 16 * out.c8)};
        plan_.transform_bytes += int64_t{4} * tiling.positions() * tiling.tiles() * out.c8;
    }

    begin_step(HARDNET_STEP_OUTPUT_TRANSFORM, layer);
    int64_t m_offset = 0;
    for (const ChannelPart &part : parts) {
        const int items = ItemMap(tiling, part.extent).items;
        const int channels = std::min(round_up(part.channels, kChannelAlignment), out.c8 - part.first);
        const int lanes = machine_.lanes_for(channels);
        OutputTransformSpec spec;
        spec.tiling = tiling;
        spec.tiles = part.extent;
        spec.m_stride = part.padded();
        spec.pixel_stride = out.c8;
        spec.row_stride = out.row_stride();
        spec.activation = l.activation;
        spec.lanes = lanes;
        if (!by_rows) {
            double cost = 0;
            for (Quadrant q : tiling.quadrants()) cost += transform_cost(tiling, q, lanes) * tiling.quadrant_rows(q);
            begin_part(channels / lanes, std::max(1, kChunkChannels / lanes), cost);
        }
        for (Quadrant q : tiling.quadrants()) {
            const int mx = tiling.tile_size(q.small_columns), my = tiling.tile_size(q.small_rows);
            const int columns = tiling.quadrant_columns(q), rows = tiling.quadrant_rows(q);
            spec.quadrant = q;
            spec.valid_columns = std::min(columns * mx, out.shape.width - tiling.first_column(q));
            spec.valid_rows = std::min(rows * my, out.shape.height - tiling.first_row(q));
            uint32_t m = add_view(HARDNET_ARENA, m_offset,
                                  {{0, spec.m_stride, 1}, {0, items * part.extent, spec.m_stride}}, false, m_buffer_);
            uint32_t b = add_view(HARDNET_WEIGHTS, bias + part.first, {{0, channels, 1}});
            int64_t origin = out.pixel(tiling.first_column(q), tiling.first_row(q)) + part.first;
            uint32_t y = add_view(HARDNET_ARENA, origin,
                                  {{0, channels, 1},
                                   {0, mx, out.c8},
                                   {0, columns, out.c8 * mx},
                                   {0, my, out.row_stride()},
                                   {0, rows, out.row_stride() * my}},
                                  true, out.buffer);
            if (by_rows) begin_part(rows, 0, transform_cost(tiling, q, channels));
            call(spec, {whole(m), whole(b), by_rows ? crop(y, 4, 1) : crop(y, 0, lanes)});
        }
        if (transform && !by_rows) {
            for (Quadrant q : tiling.quadrants()) {
                InputTransformSpec input = input_transform_spec(out, v, q, lanes);
                uint32_t y = add_view(HARDNET_ARENA, out.pixel(-1, -1) + part.first,
                                      {{0, channels, 1}, {-1, out.columns, out.c8}, {-1, out.rows, out.row_stride()}},
                                      false, out.buffer);
                call(input, {whole(y), crop(v_target(v, q, part.first), 0, lanes)});
            }
        }
        m_offset += int64_t{1} * items * part.extent * spec.m_stride;
    }
    if (transform && by_rows) transform_input(layer, out);
    plan_.layer_views[layer] = int32_t(tensor_view(out, 0, l.out.channels, false));
}

// Input transform, product and output transform of a few tile rows at a time, V and M in a thread's own scratch.
void Planner::winograd_bands(int layer) {
    const Layer &l = network_.layers[layer];
    const Tensor &in = tensors_[l.sources[0]], &out = tensors_[layer];
    const Tiling &tiling = *tilings_[layer];
    const int64_t bias = pack_bias(layer, out.c8);
    const TileAxis row{1, 0};
    std::vector<ChannelPart> parts =
        product_parts(machine_, Tiling(tiling.m(), row, tiling.columns()), l.out.channels, l.in.channels);
    plan_.choices[layer] = {"winograd " + tiling.name() + " in bands", describe(parts)};
    std::vector<int64_t> u;
    for (const ChannelPart &part : parts) {
        u.push_back(pack_weights(layer, part, tiling.positions() * l.in.channels, transform_index(tiling)));
    }

    // As many tile rows as leave V and M in three quarters of L2, in bands of equal size where they divide.
    const int64_t row_bytes = int64_t{4} * tiling.positions() * tiling.columns().tiles() * (in.c8 + out.c8);
    const int limit = int(std::clamp<int64_t>((768 << 10) / row_bytes, 1, 8));

    begin_step(HARDNET_STEP_WINOGRAD_BAND, layer);
    auto bands = [&](bool small, int first_tile_row, int count, int rows_per_band) {
        const TileAxis axis{small ? 0 : rows_per_band, small ? rows_per_band : 0};
        const Tiling band(tiling.m(), axis, tiling.columns());
        const int my = tiling.tile_size(small);
        const int top = (small ? tiling.rows().big * tiling.m() : 0) + first_tile_row * my, step = rows_per_band * my;
        Transformed v{band, l.in.channels, in.c8, in.c8 * band.tiles() + 16, -1};
        const int64_t v_elems = int64_t{1} * v.position_stride * band.positions() + 16 * in.c8;

        begin_part(count, 1, double(band.products()) * l.in.channels * l.out.channels);
        for (Quadrant q : band.quadrants()) {
            InputTransformSpec spec = input_transform_spec(in, v, q, machine_.lanes_for(in.c8));
            uint32_t y = add_view(HARDNET_ARENA, in.pixel(-1, top - 1),
                                  {{0, in.c8, 1}, {-1, in.columns, in.c8}, {-1, step + 2, in.row_stride()}}, false, in.buffer);
            call(spec, {shift(y, step * in.row_stride()), whole(v_target(v, q, 0))});
        }
        int64_t m_offset = round_up(int(v_elems), 16);
        for (size_t p = 0; p < parts.size(); p++) {
            const ChannelPart &part = parts[p];
            const int k = l.in.channels, positions = band.positions(), items = ItemMap(band, part.extent).items;
            ProductSpec product;
            product.tiling = band;
            product.sources = {{k, v.tile_stride, v.position_stride}};
            product.out = part.padded();
            product.block = part.block;
            product.tiles = part.extent;
            product.lanes = part.lanes;
            uint32_t weights = add_view(HARDNET_WEIGHTS, u[p],
                                        {{0, part.block, 1},
                                         {0, k, part.block},
                                         {0, positions, part.block * k},
                                         {0, part.blocks(), part.block * k * positions}});
            uint32_t m = add_view(HARDNET_SCRATCH, m_offset,
                                  {{0, product.out, 1}, {0, part.extent, product.out}, {0, items, product.out * part.extent}}, true);
            call(product, {whole(v_source(v)), whole(weights), whole(m)});

            const int channels = std::min(round_up(part.channels, kChannelAlignment), out.c8 - part.first);
            for (Quadrant q : band.quadrants()) {
                OutputTransformSpec spec;
                spec.tiling = band;
                spec.quadrant = q;
                spec.tiles = part.extent;
                spec.m_stride = product.out;
                spec.pixel_stride = out.c8;
                spec.row_stride = out.row_stride();
                spec.activation = l.activation;
                spec.lanes = machine_.lanes_for(channels);
                const int mx = band.tile_size(q.small_columns), columns = band.quadrant_columns(q);
                spec.valid_columns = std::min(columns * mx, out.shape.width - band.first_column(q));
                spec.valid_rows = step;
                uint32_t flat = add_view(HARDNET_SCRATCH, m_offset,
                                         {{0, product.out, 1}, {0, items * part.extent, product.out}});
                uint32_t b = add_view(HARDNET_WEIGHTS, bias + part.first, {{0, channels, 1}});
                uint32_t y = add_view(HARDNET_ARENA, out.pixel(band.first_column(q), top) + part.first,
                                      {{0, channels, 1},
                                       {0, mx, out.c8},
                                       {0, columns, out.c8 * mx},
                                       {0, my, out.row_stride()},
                                       {0, rows_per_band, out.row_stride() * my}},
                                      true, out.buffer);
                call(spec, {whole(flat), whole(b), shift(y, step * out.row_stride())});
            }
            m_offset += int64_t{1} * items * part.extent * product.out;
        }
        plan_.scratch_elems = std::max(plan_.scratch_elems, m_offset);
        plan_.transform_bytes += 4 * m_offset * count;
    };
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
