#include "generators/epilogue.h"

#include <limits>

namespace hardnet {

using Halide::clamp;
using Halide::Expr;
using Halide::max;
using Halide::min;

namespace {

Expr sigmoid(const Expr &x) { return 1.0f / (1.0f + exponential(-x)); }

// The least and the greatest float bound nothing.
Expr clip(Expr value, float least, float most) {
    constexpr float kMost = std::numeric_limits<float>::max();
    if (least > -kMost) value = max(value, least);
    return most < kMost ? min(value, most) : value;
}

}  // namespace

// x = n ln 2 + r with a whole n and |r| <= ln 2 / 2, so that Taylor's polynomial of degree 7 is off by 6e-9 at most; 2^n
// is made of bits. ln 2 is two numbers, the first of so few bits that its products with n are exact.
Expr exponential(const Expr &x) {
    constexpr double kLn2 = 0.693147180559945309, kFirst = 355.0 / 512;
    const Expr inside = clamp(x, -87.0f, 88.0f);
    const Expr n = Halide::floor(inside * float(1 / kLn2) + 0.5f);
    // Strictly: the compiler would add the two numbers up.
    const Expr r = Halide::strict_float(inside - n * float(kFirst) - n * float(kLn2 - kFirst));
    double factorial = 5040;
    Expr sum = float(1 / factorial);
    for (int power = 6; power >= 0; power--) {
        factorial /= power + 1;
        sum = sum * r + float(1 / factorial);
    }
    return sum * Halide::reinterpret<float>((Halide::cast<int>(n) + 127) << 23);
}

Expr activate(const Expr &value, Activation activation) {
    switch (activation.kind) {
        case Activation::kNone:
            return value;
        case Activation::kRelu:
            return max(value, 0.0f);
        case Activation::kRelu6:
            return min(max(value, 0.0f), 6.0f);
        case Activation::kClip:
            return clip(value, activation.first, activation.second);
        case Activation::kLeakyRelu:
            return Halide::select(value < 0.0f, value * activation.first, value);
        case Activation::kSigmoid:
            return sigmoid(value);
        case Activation::kHardSigmoid:
            return clip(value * activation.first + activation.second, 0, 1);
        case Activation::kSilu:
            return value * sigmoid(value);
        case Activation::kHardSwish:
            return value * clip(value * float(1.0 / 6) + 0.5f, 0, 1);
    }
    return value;
}

Halide::Type element_type(IntegerType type) {
    return type == IntegerType::kInt16  ? Halide::Int(16)
           : type == IntegerType::kInt8 ? Halide::Int(8)
                                        : Halide::UInt(8);
}

Halide::Type element_type(const Storage &storage) {
    return storage ? element_type(storage.type) : Halide::Float(32);
}

Expr stored(const Expr &value, const Storage &storage) {
    if (!storage) return value;
    const Expr scaled = value * float(1 / storage.unit());
    return Halide::cast(element_type(storage.type),
                        Halide::round(clamp(scaled, float(storage.least()), float(storage.most))));
}

Expr loaded(const Expr &element, const Storage &storage) {
    if (!storage) return element;
    return Halide::cast<float>(element) * float(storage.unit());
}

}  // namespace hardnet
