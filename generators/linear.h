// Applies a small constant matrix to expressions, sharing what rows and columns have in common.
#pragma once
#include <vector>

#include "Halide.h"
#include "kernels/tiling.h"

namespace hardnet {

// result[j] = sum over i of rows[j][i] * values[i], in float. Two neighbouring columns whose entries agree up
// to sign are first replaced by their sum and difference; two neighbouring rows that agree up to sign share
// their even and odd parts.
std::vector<Halide::Expr> combine(const Matrix &rows, const std::vector<Halide::Expr> &values);

}  // namespace hardnet
