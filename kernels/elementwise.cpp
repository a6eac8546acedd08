#include "kernels/elementwise.h"

#include "kernels/key.h"

namespace hardnet {

std::string NormSpec::key() const {
    Key k("norm");
    k.add("image", {height, width, border}).add("in", {in_pixel_stride, in_row_stride});
    return k.add("out", {pixel_stride, row_stride}).add("lanes", {lanes}).add("stored", storage).text;
}

std::vector<KernelParameter> NormSpec::parameters() const {
    return {plane("X", in_pixel_stride, in_row_stride), vector_of("scale"), vector_of("shift"),
            plane("Y", pixel_stride, row_stride, width + 2 * border, true, storage)};
}

std::string ResizeSpec::key() const {
    Key k("resize");
    k.add("in", {in_height, in_width, in_pixel_stride, in_row_stride});
    k.add("out", {height, width, pixel_stride, row_stride}).add("lanes", {lanes});
    k.add("sampling", {int(sampling.places), int(sampling.neighbours)});
    return k.add("x_stored", in_storage).add("stored", storage).text;
}

std::vector<KernelParameter> ResizeSpec::parameters() const {
    return {plane("X", in_pixel_stride, in_row_stride, in_width, false, in_storage),
            plane("Y", pixel_stride, row_stride, width, true, storage)};
}

std::string PlanarSpec::key() const {
    Key k("planar");
    k.add("channels", {channels, argmax});
    if (argmax && channels == 1) k.add("threshold", threshold);
    return k.add("of", resize.key()).text;
}

std::vector<KernelParameter> PlanarSpec::parameters() const {
    return {
        plane("X", resize.in_pixel_stride, resize.in_row_stride, resize.in_width, false, resize.in_storage),
        {"Y",
         {{1, resize.width},
          {resize.width, resize.height},
          {resize.width * resize.height, argmax ? 1 : channels}},
         true}};
}

std::string RowsSpec::key() const {
    return Key("rows").add("channels", {channels, width}).add("in", {in_pixel_stride, in_row_stride}).text;
}

std::vector<KernelParameter> RowsSpec::parameters() const {
    return {plane("X", in_pixel_stride, in_row_stride, width),
            {"Y", {{1, channels}, {channels, width}, {channels * width, 0}}, true}};
}

std::string L2NormSpec::key() const {
    Key k("l2_norm");
    k.add("channels", {channels, width}).add("in", {in_pixel_stride, in_row_stride});
    return k.add("out", {pixel_stride, row_stride}).add("lanes", {lanes}).text;
}

std::vector<KernelParameter> L2NormSpec::parameters() const {
    return {{"X", {{1, channels}, {in_pixel_stride, width}, {in_row_stride, 0}}},
            vector_of("weight", channels),
            {"Y", {{1, channels}, {pixel_stride, width}, {row_stride, 0}}, true}};
}

std::string SpatialNormSpec::key() const {
    Key k("spatial_norm");
    k.add("in", {height, width, in_pixel_stride, in_row_stride});
    return k.add("out", {pixel_stride, row_stride}).add("lanes", {lanes}).text;
}

std::vector<KernelParameter> SpatialNormSpec::parameters() const {
    return {{"X", {{1, 0}, {in_pixel_stride, width}, {in_row_stride, height}}},
            {"Y", {{1, 0}, {pixel_stride, width}, {row_stride, height}}, true}};
}

}  // namespace hardnet
