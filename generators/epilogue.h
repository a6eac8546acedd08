// What a layer does to its sums before they are written: the addition of another tensor, the activation.
#pragma once
#include "Halide.h"
#include "kernels/epilogue.h"

namespace hardnet {

inline Halide::Expr activate(Halide::Expr value, Activation activation) {
    if (activation == Activation::kNone) return value;
    value = Halide::max(value, 0.0f);
    return activation == Activation::kRelu6 ? Halide::min(value, 6.0f) : value;
}

}  // namespace hardnet
