// What a layer does to its sums before they are written: the addition of another tensor, the activation.
#pragma once
#include "Halide.h"
#include "kernels/epilogue.h"

namespace hardnet {

Halide::Expr activate(const Halide::Expr &value, Activation activation);

// e^x by elementary operations, since kernels call no library, with a relative error of at most 2e-7 for x from -87 to 88;
// as at these ends beyond them.
Halide::Expr exponential(const Halide::Expr &x);

}  // namespace hardnet
