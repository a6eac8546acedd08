// How records name operators and windows, for who writes and who reads them.
#pragma once
#include <utility>

#include "schedules/problem.h"

namespace hardnet {

using Op = Problem::Op;

constexpr std::pair<Op, const char *> kOps[] = {
    {Op::kProduct, "product"}, {Op::kConvolution, "convolution"}, {Op::kResolution, "resolution"}};
// Of a convolution's window: [rows, columns].
constexpr std::pair<const char *, int WindowAxis::*> kWindowFields[] = {
    {"kernel", &WindowAxis::kernel}, {"stride", &WindowAxis::stride}, {"dilation", &WindowAxis::dilation}};

}  // namespace hardnet
