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

#include "schedules/records.h"

namespace hardnet {

struct OpenProblem {  // of one or several layers
    Problem problem;
    std::vector<size_t> layers;
    std::vector<size_t> transformed;     // layers whose tensors' input transforms are a part of it, too
    std::vector<Parameters> candidates;  // the cost model's first
};
struct Pick {  // parameters that a package gives a problem
    size_t problem = 0;
    Parameters parameters;
};
using Picks = std::vector<Pick>;

constexpr double kGain = 0.98;    // other parameters must be faster than this share of the model's time
constexpr int kRungs = 3;         // `trial` of a record is its rung, counted from 1;
constexpr int kConfirmation = 4;  // or this
constexpr int kConfirmations =
    3;  // memory lies elsewhere in each process, which weighs as much as parameters do

struct Step {
    int rung = 0;
    Picks picks;   // at most one of a problem; none: there is nothing to do
    int left = 0;  // such steps, this one among them, at most
};

class TrialLog {
public:
    // `blank` says where and with what trials are made: level, CPU, threads, sources. Trials made otherwise do not count.
    TrialLog(std::vector<OpenProblem> problems, TuningRecord blank)
        : problems_(std::move(problems)), blank_(std::move(blank)), trials_(problems_.size()) {}

    const std::vector<OpenProblem> &problems() const { return problems_; }
    TuningRecord record_of(const Pick &pick) const;
    void add(const TuningRecord &trial);
    // In the order in which they were made.
    const std::vector<TuningRecord> &trials(size_t problem) const { return trials_[problem]; }

    Step next_trial() const;         // of the rungs
    Step next_confirmation() const;  // of the best so far

    // A record for every problem that is settled: whose winner was confirmed, or whose candidates were all tried.
    std::vector<TuningRecord> chosen() const;

    // The best of a problem so far as a share of the model's time; 1 where nothing promises a gain.
    double best_share(size_t problem) const;
    double model_ms(size_t problem) const;  // of one of its layers; 0: not measured yet

    // Of a candidate that was tried: "chosen", or why it is not.
    std::string verdict(size_t problem, const Parameters &parameters) const;
    bool failed(size_t problem, const Parameters &parameters) const;  // the verdict is the reason

private:
    using Candidates = std::vector<const Parameters *>;
    std::vector<const TuningRecord *> trials_of(size_t problem, const Parameters &parameters) const;
    const TuningRecord *latest(size_t problem, const Parameters &parameters, int rung) const;
    const TuningRecord *highest(size_t problem, const Parameters &parameters) const;
    Candidates of_rung(size_t problem, int rung) const;
    const Parameters *favourite(size_t problem) const;
    bool confirmed(size_t problem, const Parameters &parameters) const;
    bool refuted(size_t problem, const Parameters &parameters) const;
    bool exhausted(size_t problem) const;

    std::vector<OpenProblem> problems_;
    TuningRecord blank_;
    std::vector<std::vector<TuningRecord>> trials_;  // per problem
};

}  // namespace hardnet
