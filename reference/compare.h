// How far a computed tensor is from the reference.
#pragma once
#include <cstddef>
#include <vector>

namespace hardnet {

struct Difference {
    double relative_rms = 0;  // rms(found - expected) / rms(expected); 0 where both are all zero
    double max_abs = 0;       // of found - expected
    size_t worst = 0;         // index of the first element that is max_abs off
};

// A NaN in `found` gives infinite differences, so that no bound holds. Sizes must be equal.
Difference compare(const std::vector<double> &found, const std::vector<double> &expected);
Difference compare(const std::vector<float> &found, const std::vector<double> &expected);

}  // namespace hardnet
