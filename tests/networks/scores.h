// How good masks are, as tools/train/scores.py has it: intersection over union per class.
#pragma once
#include <vector>

#include "cli/masks.h"

namespace hardnet::testing {

// Intersection over union per class, over the pixels of all pictures together.
class ClassOverlaps {
public:
    explicit ClassOverlaps(int classes) : both_(size_t(classes)), either_(size_t(classes)) {}
    void add(const LabelMap &found, const LabelMap &expected) {
        for (size_t i = 0; i < expected.labels.size(); i++) {
            const uint16_t a = found.labels[i], b = expected.labels[i];
            either_.at(a)++;
            if (a == b)
                both_[a]++;
            else
                either_.at(b)++;
        }
    }
    std::vector<double> shares() const {
        std::vector<double> shares;
        for (size_t c = 0; c < both_.size(); c++) shares.push_back(double(both_[c]) / double(either_[c]));
        return shares;
    }

private:
    std::vector<int64_t> both_, either_;
};

}  // namespace hardnet::testing
