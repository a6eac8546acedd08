// What a layer does to its sums before they are written, and as what they are: the activation, rounding.
#pragma once
#include "Halide.h"
#include "kernels/epilogue.h"

namespace hardnet {

Halide::Expr activate(const Halide::Expr &value, Activation activation);

// The type of a tensor's elements; a value as one of them; and back.
Halide::Type element_type(const Storage &storage);
Halide::Type element_type(IntegerType type);
Halide::Expr stored(const Halide::Expr &value, const Storage &storage);
Halide::Expr loaded(const Halide::Expr &element, const Storage &storage);

// e^x by elementary operations, since kernels call no library, with a relative error of at most 2e-7 for x from -87 to 88;
// as at these ends beyond them.
Halide::Expr exponential(const Halide::Expr &x);

}  // namespace hardnet
