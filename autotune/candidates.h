// What is to be tuned in a network, and what is tried for it.
#pragma once
#include <vector>

#include "autotune/trial_log.h"
#include "compiler/plan.h"

namespace hardnet {

// Of a kernel: the cost model's choice; then what the chosen records suggest: those of the same problem on another CPU or
// by another version, and the cuts most like those that won for the nearest problems of the same operator, by channels and
// extent; then the model's next best; then the model's choice, and what won for the same problem, with every other value of
// another parameter. Records of other levels do not count.
std::vector<Parameters> candidates_of(const Machine &machine, const Problem &problem,
                                      const std::vector<TuningRecord> &chosen);

// The distinct kernels of a plan.
std::vector<OpenProblem> open_kernels(const Plan &plan, const std::vector<TuningRecord> &chosen);

// The resolutions of a plan whose algorithm is a choice: the chosen one first, then those that the cost model finds at most
// 2.5 times as dear.
std::vector<OpenProblem> open_resolutions(const Plan &plan, const Network &network);

}  // namespace hardnet
