#include "weights/norm.h"

#include <cmath>

namespace hardnet {

Norm make_norm(const std::vector<float> &gamma, const std::vector<float> &beta,
               const std::vector<float> &mean, const std::vector<float> &variance, double epsilon) {
    Norm norm;
    for (size_t c = 0; c < gamma.size(); c++) {
        norm.scale.push_back(gamma[c] / std::sqrt(variance[c] + epsilon));
        norm.shift.push_back(beta[c] - double{mean[c]} * norm.scale[c]);
    }
    return norm;
}

void fold_norm(const Norm &norm, FoldedLayer &folded) {
    const size_t channels = norm.scale.size(), filter = folded.weight.values.size() / channels;
    for (size_t o = 0; o < channels; o++) {
        for (size_t i = o * filter; i < (o + 1) * filter; i++)
            folded.weight.values[i] = static_cast<float>(folded.weight.values[i] * norm.scale[o]);
        folded.bias.values[o] =
            static_cast<float>(norm.shift[o] + double{folded.bias.values[o]} * norm.scale[o]);
    }
}

}  // namespace hardnet
