// One network with every kind of argument, and what it must compute.
//
//     A = image * 3 + y          rows split (CROP), into the arena, with a zero row above and below
//     S = A(y - 1) + A(y + 1)    a thread's scratch, two rows at a time (SLIDE)
//     B = S * scale + bias       the same two rows, then
//     out = 2 * B                row by row (SHIFT), one unit a call
// The image is kHeight x kWidth, one channel; batch 2.
#pragma once
#include "tiny_plan.h"

namespace hardnet {

constexpr int kWidth = 5, kHeight = 9, kPixels = kWidth * kHeight, kImages = 2;

class Sample : public TinyPlan {
public:
    Sample();
    std::string weights() const;  // the file
    hardnet_options options() const;

private:
    std::string file_;
};

// What the network makes of `images`; for uint8 input the images are bytes / 4 before.
std::vector<float> sample_expected(const std::vector<float> &images);
// Opens, runs once and gives the outputs; every step is a GoogleTest expectation.
std::vector<float> sample_run(const hardnet_network *network, const hardnet_options &options,
                              const std::vector<float> &images);

}  // namespace hardnet
