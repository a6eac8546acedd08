// Makes trials' packages and has them timed, in a folder that goes with it.
#pragma once
#include <string>
#include <vector>

#include "autotune/trial_log.h"
#include "autotune/tune.h"
#include "base/folders.h"

namespace hardnet {

double monotonic_seconds();

// Of packages that are timed: one level, random weights.
CompileRequest compile_request(const TuneRequest &request, const Machine &machine);

class TrialBench {
public:
    // Every package has what `common` records, too; of integers, what tensors hold is known. Outputs may differ from those
    // of the cost model's package by a relative RMS of `most_error`. All but `common` outlive it.
    TrialBench(const TuneRequest &request, const Machine &machine, const TrialLog &log,
               std::vector<TuningRecord> common, const Calibration &calibration, double most_error)
        : request_(request),
          machine_(machine),
          log_(log),
          common_(std::move(common)),
          calibration_(calibration),
          most_error_(most_error) {}

    // The cost model's package, which has to be there before anything is measured.
    Status prepare();
    std::string model_package() const { return scratch_.path() + "/model"; }

    // As Bench has it.
    Result<std::vector<RoundTimes>> measure(const Picks &picks, double seconds);

private:
    int most_seconds(double seconds) const;
    Status compile(const std::string &name, const std::vector<TuningRecord> &records) const;

    const TuneRequest &request_;
    const Machine &machine_;
    const TrialLog &log_;
    const std::vector<TuningRecord> common_;
    const Calibration &calibration_;
    const double most_error_;
    const TemporaryFolder scratch_{"hardnet-tune-"};
    double usual_seconds_ = 0;  // of the model's package against itself; 0: not known yet
};

}  // namespace hardnet
