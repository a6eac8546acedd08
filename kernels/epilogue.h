// What a layer does to its sums before they are written, and as what they are: the addition of another tensor, the
// activation, rounding.
#pragma once
#include <cmath>

#include "graph/activation.h"

namespace hardnet {

enum class IntegerType { kInt16, kInt8, kUint8 };

// What a tensor's elements are: float32 where `most` is 0, else integers, each worth factor * 2^-exponent, that are values
// rounded to the nearest and held to +-most, or to 0 and most.
struct Storage {
    int most = 0, exponent = 0;
    IntegerType type = IntegerType::kInt16;
    float factor = 1;
    explicit operator bool() const { return most != 0; }
    bool operator==(const Storage &o) const {
        return most == o.most && exponent == o.exponent && type == o.type && factor == o.factor;
    }
    int element_bytes() const { return !most ? 4 : type == IntegerType::kInt16 ? 2 : 1; }
    int least() const { return type == IntegerType::kUint8 ? 0 : -most; }
    double unit() const { return std::ldexp(double{factor}, -exponent); }
};

// The tensor that is added: channels-last, of the output's shape, or none.
struct Residual {
    int pixel_stride = 0, row_stride = 0;  // 0: none
    Storage storage{};
    explicit operator bool() const { return pixel_stride != 0; }
};

}  // namespace hardnet
