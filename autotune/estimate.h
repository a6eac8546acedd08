// What rounds of measuring say of a candidate, on machines whose speed moves by a third within seconds: each round times
// the model's blocks and the candidate's one behind the other, and the ratios' median has an interval from their order
// alone, whatever their distribution. A slow phase moves both times of a round; a lucky time moves one ratio of many.
#pragma once
#include <vector>

namespace hardnet {

struct RoundTimes {  // of one problem's layers, per round
    std::vector<double> model_ms, trial_ms;
};

struct Estimate {
    double ratio = 0;          // candidate's time / model's: the median of the rounds'
    double low = 0, high = 0;  // which the ratio lies between, with 95 %
    double model_ms = 0;       // the least: what the machine does when nobody else wants it
};

// Of at least one round, and as many times of either.
Estimate estimate(const RoundTimes &times);

}  // namespace hardnet
