// A batch norm of inference, and what it makes of the convolution in front of it.
#pragma once
#include <vector>

#include "weights/weights.h"

namespace hardnet {

// x * scale + shift per channel, in double.
struct Norm {
    std::vector<double> scale, shift;
};

// scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale.
Norm make_norm(const std::vector<float> &gamma, const std::vector<float> &beta,
               const std::vector<float> &mean, const std::vector<float> &variance, double epsilon);

// Into the weights and the bias of the layer in front, each rounded once.
void fold_norm(const Norm &norm, FoldedLayer &folded);

}  // namespace hardnet
