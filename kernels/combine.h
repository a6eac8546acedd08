// Specification of what works on each element alone: two tensors combined, a tensor with a value per channel, the activation.
#pragma once
#include "graph/activation.h"
#include "kernels/key.h"
#include "kernels/parameter.h"

namespace hardnet {

enum class Combination {
    kNone,  // X
    kProduct,
    kSum,
    kDifference,
    kSlope,  // X from 0 on, X * F below
    kQuotient,
};

// Y = activation(X combined with F). Channels-last tensors (c, x, y), strides in elements; F is one, too, or a value per
// channel (c) or per pixel (x, y). Calls cover a range of rows and of channels (multiples of `lanes`).
struct CombineSpec {
    Combination combination = Combination::kNone;
    int width = 0;
    int in_pixel_stride = 0, in_row_stride = 0;            // of X
    int operand_pixel_stride = 0, operand_row_stride = 0;  // of F; 0: a value per channel
    int pixel_stride = 0, row_stride = 0;                  // of Y
    bool per_pixel = false;                                // F is one channel
    int channels = 0;  // of quotients: those behind them, which are padding, become 0; else not used
    int lanes = 16;
    Activation activation = Activation::kNone;

    bool per_channel() const { return operand_pixel_stride == 0; }
    std::string key() const {
        Key k("combine");
        k.add("by", {int(combination)}).add("width", {width}).add("in", {in_pixel_stride, in_row_stride});
        k.add("operand", {operand_pixel_stride, operand_row_stride}).add("out", {pixel_stride, row_stride});
        if (per_pixel) k.add("per_pixel", {1});
        if (channels) k.add("channels", {channels});
        return k.add("lanes", {lanes}).add(activation).text;
    }
    std::vector<KernelParameter> parameters() const {
        std::vector<KernelParameter> all = {plane("X", in_pixel_stride, in_row_stride, width)};
        if (combination != Combination::kNone)
            all.push_back(per_channel() ? vector_of("F")
                                        : plane("F", operand_pixel_stride, operand_row_stride, width));
        all.push_back(plane("Y", pixel_stride, row_stride, width, true));
        return all;
    }
};

}  // namespace hardnet
