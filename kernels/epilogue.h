// What a layer does to its sums before they are written: the addition of another tensor, the activation.
#pragma once
#include "graph/activation.h"

namespace hardnet {

// The tensor that is added: channels-last, of the output's shape, or none.
struct Residual {
    int pixel_stride = 0, row_stride = 0;  // 0: none
    explicit operator bool() const { return pixel_stride != 0; }
};

}  // namespace hardnet
