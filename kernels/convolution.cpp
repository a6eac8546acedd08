#include "kernels/convolution.h"

#include "kernels/key.h"

namespace hardnet {

std::string ConvolutionSpec::key() const {
    Key k("convolution");
    k.add("window", {window.x.kernel, window.y.kernel, window.x.before, window.y.before, window.x.dilation,
                     window.x.stride});
    if (residual) k.add("residual", {residual.pixel_stride, residual.row_stride});
    for (const SourcePlane &s : sources) k.add("in", {s.channels, s.pixel_stride, s.row_stride});
    k.add("out", {width, pixel_stride, row_stride}).add("block", {block, pixels, lanes, channels_outer});
    return k.add(activation).text;
}

int ConvolutionSpec::in() const {
    int sum = 0;
    for (const SourcePlane &s : sources) sum += s.channels;
    return sum;
}

std::string StemSpec::key() const {
    Key k("stem");
    k.add("window", {kernel, stride, padding});
    k.add("in", {in_planes, in_height, in_width}).add("out", {out, width, pixel_stride, row_stride});
    return k.add("block", {block, pixels, lanes}).add(activation).text;
}

std::string DepthwiseSpec::key() const {
    Key k("depthwise");
    k.add("in", {in_pixel_stride, in_row_stride}).add("out", {stride, width, pixel_stride, row_stride});
    return k.add("weights", {weight_stride}).add("block", {pixels, lanes}).add(activation).text;
}

}  // namespace hardnet
