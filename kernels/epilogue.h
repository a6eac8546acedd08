// What a layer does to its sums before they are written, and as what they are: the addition of another tensor, the
// activation, rounding.
#pragma once
#include "graph/activation.h"

namespace hardnet {

// What a tensor's elements are: float32 where `most` is 0, else int16 that stand for a value times 2^exponent, rounded to
// the nearest and held to +-most.
struct Storage {
    int most = 0, exponent = 0;
    explicit operator bool() const { return most != 0; }
    bool operator==(const Storage &o) const { return most == o.most && exponent == o.exponent; }
    int element_bytes() const { return most ? 2 : 4; }
};

// The tensor that is added: channels-last, of the output's shape, or none.
struct Residual {
    int pixel_stride = 0, row_stride = 0;  // 0: none
    Storage storage{};
    explicit operator bool() const { return pixel_stride != 0; }
};

}  // namespace hardnet
