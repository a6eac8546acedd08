// What was tried, what is to be tried next, and what follows: every decision of the search is a function of the trials
// alone, so a run that is killed and started again goes on as if nothing had been.
//
// Candidates are halved from rung to rung: each rung measures for twice as long as the one below, those that failed, that
// can no longer gain enough, that are certainly behind the best, or that are in the slower half go out. The last of a
// problem is measured again in processes of its own, and chosen where it is faster in all of them.
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
    size_t problem = 0;
    Blocks blocks;
};
using Picks = std::vector<Pick>;

constexpr double kGain = 0.98;     // other blocks must be faster than this share of the model's time
constexpr int kRungs = 3;          // `trial` of a record is its rung, counted from 1;
constexpr int kConfirmation = 4;   // or this
constexpr int kConfirmations = 3;  // memory lies elsewhere in each process, which weighs as much as blocks do

struct Step {
    int rung = 0;
    Picks picks;   // at most one of a problem; none: there is nothing to do
    int left = 0;  // such steps, this one among them, at most
};

class TrialLog {
public:
    // `blank` says where and with what trials are made: level, CPU, threads, sources. Trials made otherwise do not count.
    TrialLog(std::vector<Problem> problems, TunedBlocks blank)
        : problems_(std::move(problems)), blank_(std::move(blank)), trials_(problems_.size()) {}

    const std::vector<Problem> &problems() const { return problems_; }
    TunedBlocks record_of(const Pick &pick) const;
    void add(const TunedBlocks &trial);
    // In the order in which they were made.
    const std::vector<TunedBlocks> &trials(size_t problem) const { return trials_[problem]; }

    Step next_trial() const;         // of the rungs
    Step next_confirmation() const;  // of the best so far

    // A record for every problem that is settled: whose winner was confirmed, or whose candidates were all tried.
    std::vector<TunedBlocks> chosen() const;

    // The best of a problem so far as a share of the model's time; 1 where nothing promises a gain.
    double best_share(size_t problem) const;
    double model_ms(size_t problem) const;  // of one of its layers; 0: not measured yet

    // Of a candidate that was tried: "chosen", or why it is not.
    std::string verdict(size_t problem, const Blocks &blocks) const;
    bool failed(size_t problem, const Blocks &blocks) const;  // the verdict is the reason

private:
    using Candidates = std::vector<const Blocks *>;
    std::vector<const TunedBlocks *> trials_of(size_t problem, const Blocks &blocks) const;
    const TunedBlocks *latest(size_t problem, const Blocks &blocks, int rung) const;
    const TunedBlocks *highest(size_t problem, const Blocks &blocks) const;
    Candidates of_rung(size_t problem, int rung) const;
    const Blocks *favourite(size_t problem) const;
    bool confirmed(size_t problem, const Blocks &blocks) const;
    bool refuted(size_t problem, const Blocks &blocks) const;
    bool exhausted(size_t problem) const;

    std::vector<Problem> problems_;
    TunedBlocks blank_;
    std::vector<std::vector<TunedBlocks>> trials_;  // per problem
};

}  // namespace hardnet
