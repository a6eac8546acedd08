// How good masks and boxes are: intersection over union per class, and average precision.
#pragma once
#include <cstdint>
#include <vector>

#include "cli/vision.h"

namespace hardnet {

// Intersection over union per class, over the pixels of all pictures together. Pixels that are of no class in what is
// expected (kUnlabelled) do not count.
class ClassOverlaps {
public:
    static constexpr uint16_t kUnlabelled = 0xffff;
    explicit ClassOverlaps(int classes) : both_(size_t(classes)), either_(size_t(classes)) {}
    void add(const LabelMap &found, const LabelMap &expected);
    std::vector<double> shares() const;  // NaN of a class that is nowhere
    double mean() const;                 // of the classes that are somewhere

private:
    std::vector<int64_t> both_, either_;
};

// The area under the curve of precision over recall, made to fall from left to right, of one class. What is expected is
// found once, by the best that overlaps it most. Each has a list per picture. NaN where none is expected.
double average_precision(const std::vector<Detections> &found, const std::vector<Detections> &expected,
                         int label, float least_overlap);

// Of the classes that are expected somewhere; class 0 is SSD's background.
double mean_average_precision(const std::vector<Detections> &found, const std::vector<Detections> &expected,
                              int classes, float least_overlap);

}  // namespace hardnet
