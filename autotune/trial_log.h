// What was tried so far, and what follows from it: the next candidates, and those that promise a gain.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "schedules/tuned_blocks.h"

namespace hardnet {

struct Problem {  // of one or several layers
    BlockProblem problem;
    std::vector<size_t> layers;
    std::vector<Blocks> candidates;  // the cost model's first
};
struct Pick {  // blocks that a package gives a problem
    const Problem *problem;
    Blocks blocks;
};
using Picks = std::vector<Pick>;

constexpr double kGain = 0.98;  // other blocks must be faster than this share of the model's time

class TrialLog {
public:
    // `blank` says where and with what trials are made: level, CPU, threads, sources. Trials made otherwise are
    // kept and not used.
    explicit TrialLog(TunedBlocks blank) : blank_(std::move(blank)) {}

    TunedBlocks record_of(const Problem &problem, const Blocks &blocks) const;
    void add(TunedBlocks trial) { trials_.push_back(std::move(trial)); }
    const std::vector<TunedBlocks> &trials() const { return trials_; }

    // The next untried candidate of every problem that has one; `rounds`: how often there will be any.
    Picks next(const std::vector<Problem> &problems, int &rounds) const;

    // The fastest candidate of every problem where one was faster than the model's, with its trial.
    std::map<const Problem *, const TunedBlocks *> winners(const std::vector<Problem> &problems) const;

private:
    bool made_here(const TunedBlocks &trial) const;
    bool tried(const Problem &problem, const Blocks &blocks) const;

    TunedBlocks blank_;
    std::vector<TunedBlocks> trials_;
};

}  // namespace hardnet
