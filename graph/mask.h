// Of segmentation: the class of each pixel in place of the logits.
#pragma once
#include "graph/network.h"

namespace hardnet {

constexpr double kMaskThreshold = 0.5;  // where the logit is above 0

// Replaces the output of logits [classes, H, W] by "mask" [1, H, W], the number of the class as a float, like every
// output. Of one class it is 1 where the sigmoid of the logit is above `threshold`, of (0, 1), and 0 elsewhere.
Status give_mask(Network &network, double threshold = kMaskThreshold);

bool gives_mask(const Network &network);

}  // namespace hardnet
