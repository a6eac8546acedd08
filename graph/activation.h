// What follows a layer's sums.
#pragma once
#include <algorithm>
#include <iterator>

namespace hardnet {

struct Activation {
    enum Kind {
        kNone,
        kRelu,
        kRelu6,
        kClip,         // min(max(x, first), second); the least and the greatest float bound nothing
        kLeakyRelu,    // x from 0 on, first * x below
        kSigmoid,      // 1 / (1 + e^-x)
        kHardSigmoid,  // min(max(first * x + second, 0), 1)
        kSilu,         // x * sigmoid(x)
        kHardSwish,    // x * min(max(x / 6 + 1/2, 0), 1)
    };

    constexpr Activation(Kind k = kNone, float a = 0, float b = 0) : kind(k), first(a), second(b) {}
    friend constexpr bool operator==(const Activation &a, const Activation &b) {
        return a.kind == b.kind && a.first == b.first && a.second == b.second;
    }
    friend constexpr bool operator!=(const Activation &a, const Activation &b) { return !(a == b); }

    Kind kind;
    float first, second;  // 0 where the kind has fewer numbers
};

struct ActivationTraits {
    Activation::Kind kind;
    const char *name;  // in JSON and in kernels' keys
    int numbers;       // that the kind has: `first`, `second`
};

inline constexpr ActivationTraits kActivationTraits[] = {
    {Activation::kNone, "none", 0},
    {Activation::kRelu, "relu", 0},
    {Activation::kRelu6, "relu6", 0},
    {Activation::kClip, "clip", 2},
    {Activation::kLeakyRelu, "leaky_relu", 1},
    {Activation::kSigmoid, "sigmoid", 0},
    {Activation::kHardSigmoid, "hard_sigmoid", 2},
    {Activation::kSilu, "silu", 0},
    {Activation::kHardSwish, "hard_swish", 0},
};

inline const ActivationTraits &traits_of(Activation activation) {
    return *std::find_if(std::begin(kActivationTraits), std::end(kActivationTraits),
                         [&](const ActivationTraits &a) { return a.kind == activation.kind; });
}

}  // namespace hardnet
