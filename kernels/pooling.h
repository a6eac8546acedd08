// Specifications of pools of channels-last tensors (c, x, y).
#pragma once
#include <string>
#include <vector>

#include "graph/window.h"
#include "kernels/parameter.h"

namespace hardnet {

// Max pool: what lies outside the image never wins. Average pool: over the part of a window that lies in the padded
// image or, where padding is excluded, in the image; it reads zeros beyond the image, so padding and windows that reach
// beyond it want a halo. Calls cover a range of channels (multiples of `lanes`) and rows.
enum class PoolKind { kMax, kAverage };

struct PoolSpec {
    PoolKind kind = PoolKind::kMax;
    Window window;
    bool excludes_padding = false;  // from an average's elements
    int in_height = 0, in_width = 0;
    int width = 0, height = 0;  // of Y
    int lanes = 16;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    Storage in_storage{}, storage{};             // of X, of Y
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// Mean or sum over the image, of max(0, X * scale + shift) where there is a norm in front. Calls cover a range of channels
// (multiples of `lanes`); where `exact`, the last one may be shorter, and nothing behind it is written.
struct GlobalPoolSpec {
    int height = 0, width = 0;
    int pixel_stride = 0, row_stride = 0;  // of X
    int lanes = 16;
    bool norm = false, exact = false, sum = false;
    Storage in_storage{};  // of X
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

}  // namespace hardnet
