#include "kernels/winograd.h"

#include <algorithm>

#include "kernels/key.h"

namespace hardnet {

std::string InputTransformSpec::key() const {
    Key k("input_transform");
    k.add("tiling", tiling.key()).add("quadrant", {quadrant.small_rows, quadrant.small_columns});
    if (norm_width) k.add("norm", {norm_width, norm_height});
    k.add("stored", storage);
    if (rounding) {
        k.add("most", {rounding.most});
        for (float unit : rounding.units) k.add("u", unit);
        if (rounding.type != IntegerType::kInt16) k.add("type", {int(rounding.type), rounding.shift()});
    }
    return k.add("y", {pixel_stride, row_stride})
        .add("v", {tile_stride, position_stride})
        .add("lanes", {lanes})
        .text;
}

std::vector<KernelParameter> InputTransformSpec::parameters() const {
    const int columns = tiling.quadrant_columns(quadrant);
    std::vector<KernelParameter> all{plane("Y", pixel_stride, row_stride, 0, false, storage)};
    if (norm_width) all.insert(all.end(), {vector_of("scale"), vector_of("shift")});
    all.push_back({"V",
                   {{1, 0},
                    {tile_stride, columns},
                    {tile_stride * columns, tiling.quadrant_rows(quadrant)},
                    {position_stride, tiling.position_count(quadrant)}},
                   true,
                   rounding.element_bytes()});
    return all;
}

int ProductSpec::steps() const {
    int sum = 0;
    for (const ProductSource &s : sources) sum += steps(s);
    return sum;
}

std::vector<std::vector<SumPiece>> ProductSpec::partial_sums() const {
    // Pieces end behind whole fours of a source's steps, or with the source; few steps are no piece of their own.
    constexpr int kWhole = 4, kFew = 16;
    const int all = steps(), count = cut ? std::max((all + cut / 2) / cut, 1) : 1;
    std::vector<std::vector<SumPiece>> sums(1);
    int weights = 0;
    for (size_t s = 0; s < sources.size(); s++) {
        const int in = steps(sources[s]);
        for (int first = 0; first < in;) {
            const int sum = int(sums.size()), end = all * sum / count - weights;
            if (sum < count && end - first < kFew && !sums.back().empty()) {
                sums.emplace_back();
                continue;
            }
            const int fours = (std::max(end, first + 1) + kWhole - 1) / kWhole,
                      last = in - end < kFew ? in : fours * kWhole;
            sums.back().push_back({int(s), first, last - first, weights + first});
            first = last;
        }
        weights += in;
    }
    return sums;
}

std::string ProductSpec::key() const {
    Key k("winograd_product", products);
    if (shifted) k.add("shifted", {1});
    k.add("tiling", tiling.key());
    for (const ProductSource &s : sources) k.add("in", {s.channels, s.tile_stride, s.position_stride});
    k.add("out", {out}).add("block", {block, tiles, lanes, round});
    return cut ? k.add("cut", {cut}).text : k.text;
}

std::vector<KernelParameter> ProductSpec::parameters() const {
    std::vector<KernelParameter> all;
    const int positions = tiling.positions(), in_step = channels_in_step(products);
    for (const ProductSource &s : sources)
        all.push_back(
            {"V",
             {{1, in_step * steps(s)}, {s.tile_stride, tiling.tiles()}, {s.position_stride, positions}},
             false,
             4 / in_step});
    for (const KernelParameter &p : weight_parameters(block, steps(), positions, products, shifted))
        all.push_back(p);
    all.push_back({"M", {{1, out}, {out, tiles}, {out * tiles, ItemMap(tiling, tiles).items}}, true});
    return all;
}

std::string OutputTransformSpec::key() const {
    Key k("output_transform");
    k.add("tiling", tiling.key()).add("quadrant", {quadrant.small_rows, quadrant.small_columns});
    k.add("m", {tiles, m_stride})
        .add("y", {pixel_stride, row_stride})
        .add("valid", {valid_rows, valid_columns});
    k.add(residual);
    return k.add(activation).add("stored", storage).add("lanes", {lanes}).text;
}

std::vector<KernelParameter> OutputTransformSpec::parameters() const {
    const int mx = tiling.tile_size(quadrant.small_columns), my = tiling.tile_size(quadrant.small_rows);
    const int columns = tiling.quadrant_columns(quadrant), rows = tiling.quadrant_rows(quadrant);
    const auto tiled = [&](const char *name, int pixel, int row, bool written, const Storage &stored) {
        return KernelParameter{name,
                               {{1, 0}, {pixel, mx}, {pixel * mx, columns}, {row, my}, {row * my, rows}},
                               written,
                               stored.element_bytes()};
    };
    std::vector<KernelParameter> all{{"M", {{1, m_stride}, {m_stride, 0}}}, vector_of("bias")};
    if (residual)
        all.push_back(tiled("R", residual.pixel_stride, residual.row_stride, false, residual.storage));
    all.push_back(tiled("Y", pixel_stride, row_stride, true, storage));
    return all;
}

}  // namespace hardnet
