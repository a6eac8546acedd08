#include "kernels/convolution.h"

#include "kernels/key.h"

namespace hardnet {

std::string ConvolutionSpec::key() const {
    Key k("convolution", products);
    if (shifted) k.add("shifted", {1});
    k.add(window);
    k.add(residual);
    for (const SourcePlane &s : sources) {
        k.add("in", {s.channels, s.pixel_stride, s.row_stride});
        if (products == Precision::kInt8) k.add("type", {int(s.type)});
    }
    k.add("out", {width, pixel_stride, row_stride}).add("block", {block, pixels, lanes, channels_outer});
    if (rows > 1) k.add("rows", {rows});
    if (passes) k.add("passes", {passes});
    if (tile) k.add("tile", {tile.channels, tile.pixels, tile.across, tile.along, tile.down, tile.slices});
    return k.add(activation).add("stored", storage).text;
}

std::vector<KernelParameter> ConvolutionSpec::parameters() const {
    std::vector<KernelParameter> all;
    const int in_step = channels_in_step(products);
    for (const SourcePlane &s : sources)
        all.push_back(
            {"X", {{1, in_step * steps(s)}, {s.pixel_stride, 0}, {s.row_stride, 0}}, false, 4 / in_step});
    for (const KernelParameter &p : weight_parameters(block, steps(), window.taps(), products, shifted))
        all.push_back(p);
    all.push_back(vector_of("bias"));
    if (residual)
        all.push_back(plane("R", residual.pixel_stride, residual.row_stride, width, false, residual.storage));
    all.push_back(plane("Y", pixel_stride, row_stride, width, true, storage));
    return all;
}

int ConvolutionSpec::steps() const {
    int sum = 0;
    for (const SourcePlane &s : sources) sum += steps(s);
    return sum;
}

std::string StemSpec::key() const {
    Key k("stem");
    k.add(window)
        .add("in", {in_planes, in_height, in_width})
        .add("out", {out, width, pixel_stride, row_stride});
    return k.add("block", {block, pixels, lanes}).add(activation).add("stored", storage).text;
}

std::vector<KernelParameter> StemSpec::parameters() const {
    return {{"X", {{1, in_width}, {in_width, in_height}, {in_width * in_height, in_planes}}},
            {"U", {{1, out}, {out, in_planes}, {out * in_planes, window.taps()}}},
            vector_of("bias", out),
            {"Y", {{1, out}, {pixel_stride, width}, {row_stride, 0}}, true, storage.element_bytes()}};
}

std::string DepthwiseSpec::key() const {
    Key k("depthwise");
    k.add(window).add("in", {in_pixel_stride, in_row_stride}).add("out", {width, pixel_stride, row_stride});
    return k.add("weights", {weight_stride})
        .add("block", {pixels, lanes})
        .add(activation)
        .add("x_stored", in_storage)
        .add("stored", storage)
        .text;
}

std::vector<KernelParameter> DepthwiseSpec::parameters() const {
    return {plane("X", in_pixel_stride, in_row_stride, 0, false, in_storage),
            {"U", {{1, 0}, {weight_stride, window.taps()}}},
            vector_of("bias"),
            plane("Y", pixel_stride, row_stride, width, true, storage)};
}

}  // namespace hardnet
