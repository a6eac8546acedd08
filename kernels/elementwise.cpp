#include "kernels/elementwise.h"

#include "kernels/key.h"

namespace hardnet {

std::string NormSpec::key() const {
    Key k("norm");
    k.add("image", {height, width, border}).add("in", {in_pixel_stride, in_row_stride});
    return k.add("out", {pixel_stride, row_stride}).add("lanes", {lanes}).text;
}

std::string ResizeSpec::key() const {
    Key k("resize");
    k.add("in", {in_height, in_width, in_pixel_stride, in_row_stride});
    return k.add("out", {height, width, pixel_stride, row_stride, align_corners}).add("lanes", {lanes}).text;
}

std::string PlanarSpec::key() const {
    return Key("planar").add("channels", {channels, argmax}).add("of", resize.key()).text;
}

std::string RowsSpec::key() const {
    return Key("rows").add("channels", {channels, width}).add("in", {in_pixel_stride, in_row_stride}).text;
}

std::string L2NormSpec::key() const {
    Key k("l2_norm");
    k.add("channels", {channels, width}).add("in", {in_pixel_stride, in_row_stride});
    return k.add("out", {pixel_stride, row_stride}).add("lanes", {lanes}).text;
}

std::string SpatialNormSpec::key() const {
    Key k("spatial_norm");
    k.add("in", {height, width, in_pixel_stride, in_row_stride});
    return k.add("out", {pixel_stride, row_stride}).add("lanes", {lanes}).text;
}

}  // namespace hardnet
