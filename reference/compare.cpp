#include "reference/compare.h"

#include <cmath>
#include <limits>

namespace hardnet {
namespace {

template <typename T>
Difference difference(const std::vector<T> &found, const std::vector<double> &expected) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (found.size() != expected.size()) return {kInfinity, kInfinity, 0};
    Difference result;
    double error_square = 0, expected_square = 0;
    for (size_t i = 0; i < found.size(); i++) {
        double error = std::abs(static_cast<double>(found[i]) - expected[i]);
        if (std::isnan(error)) error = kInfinity;
        if (error > result.max_abs) {
            result.max_abs = error;
            result.worst = i;
        }
        error_square += error * error;
        expected_square += expected[i] * expected[i];
    }
    if (error_square > 0) {  // infinite against zeros, and where anything is not finite
        result.relative_rms =
            std::isfinite(error_square) ? std::sqrt(error_square / expected_square) : kInfinity;
    }
    return result;
}

}  // namespace

Difference compare(const std::vector<double> &found, const std::vector<double> &expected) {
    return difference(found, expected);
}

Difference compare(const std::vector<float> &found, const std::vector<double> &expected) {
    return difference(found, expected);
}

}  // namespace hardnet
