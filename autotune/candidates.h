// What is tried for a problem.
#pragma once
#include <vector>

#include "schedules/tuned_blocks.h"

namespace hardnet {

// The cost model's choice; then what the chosen records suggest: those of the same problem on another CPU or by another
// version, and the cuts most like those that won for the nearest problems of the same operator, by channels and extent;
// then the model's next best. Records of other levels do not count.
std::vector<Blocks> candidates_of(const Machine &machine, const BlockProblem &problem,
                                  const std::vector<TunedBlocks> &chosen);

}  // namespace hardnet
