// Specification of softmax over a pixel's channels.
#pragma once
#include <string>
#include <vector>

#include "kernels/key.h"
#include "kernels/parameter.h"

namespace hardnet {

// Y = e^X / (sum over the first `channels` of e^X), 0 in the channels behind them. Channels-last tensors (c, x, y),
// strides in elements. Calls cover a range of rows.
struct SoftmaxSpec {
    int channels = 0, width = 0;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    int lanes = 16;

    int padded() const { return (channels + 7) / 8 * 8; }  // as tensors are, whatever the lanes
    std::string key() const {
        Key k("softmax");
        k.add("channels", {channels, width}).add("in", {in_pixel_stride, in_row_stride});
        return k.add("out", {pixel_stride, row_stride}).add("lanes", {lanes}).text;
    }
    std::vector<KernelParameter> parameters() const {
        return {{"X", {{1, padded()}, {in_pixel_stride, width}, {in_row_stride, 0}}},
                {"Y", {{1, padded()}, {pixel_stride, width}, {row_stride, 0}}, true}};
    }
};

}  // namespace hardnet
