// A Winograd layer in row bands: input transform, product and output transform of a few tile rows at a time, V and M
// in a thread's own scratch.
#include <algorithm>

#include "compiler/cpu/operators.h"
#include "compiler/cpu/winograd.h"

namespace hardnet::cpu {
namespace {

struct Band {  // `count` bands of so many tile rows, the first at a tile row
    bool small = false;
    int first_tile_row = 0, count = 0, tile_rows = 0;
};

// As many tile rows as leave V and M in three quarters of L2, in bands of equal size where they divide.
std::vector<Band> bands_of(const Machine &machine, const Tiling &tiling, int channels) {
    const int64_t row_bytes = int64_t{4} * tiling.positions() * tiling.columns().tiles() * channels;
    const int limit = int(std::clamp<int64_t>(machine.l2_bytes * 3 / 4 / row_bytes, 1, 8));
    std::vector<Band> bands;
    for (bool small : {false, true}) {
        const int rows = small ? tiling.rows().small : tiling.rows().big;
        if (!rows) continue;
        int per_band = std::min(limit, rows);
        while (per_band > (limit + 1) / 2 && rows % per_band) per_band--;
        bands.push_back({small, 0, rows / per_band, per_band});
        if (rows % per_band) bands.push_back({small, rows / per_band * per_band, 1, rows % per_band});
    }
    return bands;
}

void plan_band(Planning &p, int layer, const Band &of, const std::vector<int64_t> &weights, int64_t bias) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    const Tiling &tiling = *p.decision(layer).tiling;
    const Blocks &parts = p.decision(layer).parameters.blocks;
    const TileAxis rows{of.small ? 0 : of.tile_rows, of.small ? of.tile_rows : 0};
    const Tiling band(tiling.m(), rows, tiling.columns());
    const int height = of.tile_rows * tiling.tile_size(of.small);
    const int top =
        (of.small ? tiling.rows().big * tiling.m() : 0) + of.first_tile_row * tiling.tile_size(of.small);
    const int residual_row = l.operand() == kNoLayer ? 0 : p.tensor(l.operand()).row_stride();
    const Split in_rows = Split::shift_in(height * in.row_stride());
    const Split out_rows = Split::shift_out(height * out.row_stride());
    const Split residual_rows = Split::shift_out(height * residual_row);

    const VRounding rounding = p.analysis.rounding(l.sources()[0], tiling, p.decision(layer).products);
    const Transformed v = transformed_in_scratch(in, band, rounding);
    p.builder.begin_part(of.count, 1, double(band.products()) * l.in.channels * l.out.channels);
    for (Quadrant q : band.quadrants()) call_input_transform(p, in, v, {q, 0, in.c8, top, in_rows});
    Products m{Place::scratch(round_up(int(v.bytes()), 64) / 4)};
    for (size_t i = 0; i < parts.size(); i++) {
        call_product(p, layer, band, parts[i], {v}, weights[i], m, Split());
        for (Quadrant q : band.quadrants())
            call_output_transform(p, layer, q,
                                  {band, parts[i], m, bias, top, height, out_rows, residual_rows});
        m.place.offset += Products::elems(band, parts[i]);
    }
    p.builder.need_scratch(m.place.offset);
}

}  // namespace

void plan_winograd_bands(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    const Tiling &tiling = *p.decision(layer).tiling;
    const int64_t bias = p.builder.pack_bias(layer, out.c8);
    std::vector<int64_t> weights;
    const VRounding rounding = p.analysis.rounding(l.sources()[0], tiling, p.decision(layer).products);
    for (const ChannelPart &part : p.decision(layer).parameters.blocks)
        weights.push_back(
            pack_product_weights(p, layer, part, {transformed_in_scratch(in, tiling, rounding)}));
    p.builder.begin_step(HARDNET_STEP_WINOGRAD_BAND, layer);
    for (const Band &band : bands_of(p.machine(), tiling, in.c8 + out.c8))
        plan_band(p, layer, band, weights, bias);
    p.finish(layer);
}

}  // namespace hardnet::cpu
