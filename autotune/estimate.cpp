#include "autotune/estimate.h"

#include <algorithm>
#include <cmath>

namespace hardnet {

Estimate estimate(const RoundTimes &times) {
    const size_t rounds = times.model_ms.size();
    std::vector<double> ratios(rounds);
    for (size_t i = 0; i < rounds; i++) ratios[i] = times.trial_ms[i] / times.model_ms[i];
    std::sort(ratios.begin(), ratios.end());
    // How many of the rounds lie below the true median is binomial: n/2 +- 0.98 sqrt(n) with 95 %.
    const double beyond = (double(rounds) - 1.96 * std::sqrt(double(rounds))) / 2;
    const size_t outer = size_t(std::max(0.0, beyond));
    return {(ratios[(rounds - 1) / 2] + ratios[rounds / 2]) / 2, ratios[outer], ratios[rounds - 1 - outer],
            *std::min_element(times.model_ms.begin(), times.model_ms.end())};
}

}  // namespace hardnet
