// The search in time: what the log asks for is measured, halved where it fails, and kept, until the time is up.
//
// It knows no compiler and no clock of its own, so that tests give it machines with the noise that they want.
#pragma once
#include <functional>
#include <string>

#include "autotune/estimate.h"
#include "autotune/trial_log.h"

namespace hardnet {

struct Bench {
    // Times a package with these picks beside the model's for about so many seconds, in a process of its own: per
    // problem. An error says what is wrong with one of the picks.
    std::function<Result<std::vector<RoundTimes>>(const Picks &picks, double seconds)> measure;
    std::function<Status(const std::vector<TuningRecord> &trials)> keep;  // before the next is measured
    std::function<double()> seconds;                                      // since some moment
    std::function<bool()> interrupted;
    std::function<std::string()> date;
};

struct SearchProgress {
    int done = 0, left = 0;  // trials; at most so many
    double seconds_left = 0;
    double model_ms = 0, best_ms = 0;  // of the layers that have blocks, so far
};

struct SearchReport {
    int trials = 0, failed = 0;  // packages timed; candidates that failed, in this run
    bool finished = false;       // nothing is left to try
    struct Moment {              // behind a trial
        double seconds, best_ms, model_ms;
    };
    std::vector<Moment> history;
};

// Ends within `seconds` and the time of one trial: no trial begins later, and as much is kept back as confirmations of
// what promises a gain will take. Errors are of the machine, not of candidates.
Result<SearchReport> search(TrialLog &log, double seconds, const Bench &bench,
                            const std::function<void(const SearchProgress &)> &progress);

}  // namespace hardnet
