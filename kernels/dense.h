// Specifications of the two ends of a classifier: the normalisation of 8-bit images in front, the fully connected layer
// behind.
#pragma once
#include <string>
#include <vector>

#include "graph/activation.h"
#include "kernels/parameter.h"

namespace hardnet {

// Y(o) = bias(o) + sum over i of X(i) * U(o in block, i, block). Calls cover a range of whole blocks; a
// kernel with `tail` outputs computes one block and writes only those.
struct FullyConnectedSpec {
    int in = 0;
    int block = 0, lanes = 16;
    int tail = 0;
    Activation activation = Activation::kNone;
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

// Y(x, y, c) = (X(c, x, y) / 255 - mean[c]) / deviation[c]: interleaved bytes to planar float32, of three planes in
// the order blue, green, red where `bgr`. Calls cover a range of rows.
struct NormalizeSpec {
    int height = 0, width = 0;
    bool bgr = false;
    std::vector<float> mean{}, deviation{};  // per plane
    int planes() const { return int(mean.size()); }
    std::string key() const;
    std::vector<KernelParameter> parameters() const;
};

}  // namespace hardnet
