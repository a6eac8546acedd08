#include "kernels/winograd.h"

#include "kernels/key.h"

namespace hardnet {

std::string InputTransformSpec::key() const {
    Key k("input_transform");
    k.add("tiling", tiling.key()).add("quadrant", {quadrant.small_rows, quadrant.small_columns});
    if (norm_width) k.add("norm", {norm_width, norm_height});
    return k.add("y", {pixel_stride, row_stride})
        .add("v", {tile_stride, position_stride})
        .add("lanes", {lanes})
        .text;
}

int ProductSpec::in() const {
    int sum = 0;
    for (const ProductSource &s : sources) sum += s.channels;
    return sum;
}

std::string ProductSpec::key() const {
    Key k("winograd_product");
    k.add("tiling", tiling.key());
    for (const ProductSource &s : sources) k.add("in", {s.channels, s.tile_stride, s.position_stride});
    return k.add("out", {out}).add("block", {block, tiles, lanes}).text;
}

std::string OutputTransformSpec::key() const {
    Key k("output_transform");
    k.add("tiling", tiling.key()).add("quadrant", {quadrant.small_rows, quadrant.small_columns});
    k.add("m", {tiles, m_stride})
        .add("y", {pixel_stride, row_stride})
        .add("valid", {valid_rows, valid_columns});
    if (residual) k.add("residual", {residual.pixel_stride, residual.row_stride});
    return k.add(activation).add("lanes", {lanes}).text;
}

}  // namespace hardnet
