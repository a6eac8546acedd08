// What a layer does to its sums before they are written: the addition of another tensor, the activation.
#pragma once
#include "Halide.h"
#include "models/network.h"

namespace hardnet {

// The tensor that is added: channels-last, of the output's shape, or none.
struct Residual {
    int pixel_stride = 0, row_stride = 0;  // 0: none
    explicit operator bool() const { return pixel_stride != 0; }
};

inline Halide::Expr activate(Halide::Expr value, Activation activation) {
    if (activation == Activation::kNone) return value;
    value = Halide::max(value, 0.0f);
    return activation == Activation::kRelu6 ? Halide::min(value, 6.0f) : value;
}

}  // namespace hardnet
