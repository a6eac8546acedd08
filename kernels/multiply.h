// Specification of the product of two tensors of one shape, element by element.
#pragma once
#include "graph/activation.h"
#include "kernels/key.h"
#include "kernels/parameter.h"

namespace hardnet {

// Y = activation(X * F). Channels-last tensors (c, x, y), strides in elements. Calls cover a range of rows and of
// channels (multiples of `lanes`).
struct MultiplySpec {
    int width = 0;
    int in_pixel_stride = 0, in_row_stride = 0;          // of X
    int factor_pixel_stride = 0, factor_row_stride = 0;  // of F
    int pixel_stride = 0, row_stride = 0;                // of Y
    int lanes = 16;
    Activation activation = Activation::kNone;

    std::string key() const {
        Key k("multiply");
        k.add("width", {width}).add("in", {in_pixel_stride, in_row_stride});
        k.add("factor", {factor_pixel_stride, factor_row_stride}).add("out", {pixel_stride, row_stride});
        return k.add("lanes", {lanes}).add(activation).text;
    }
    std::vector<KernelParameter> parameters() const {
        return {plane("X", in_pixel_stride, in_row_stride, width),
                plane("F", factor_pixel_stride, factor_row_stride, width),
                plane("Y", pixel_stride, row_stride, width, true)};
    }
};

}  // namespace hardnet
