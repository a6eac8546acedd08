#include "autotune/search.h"

#include <algorithm>

namespace hardnet {
namespace {

// Of the first rung, which is a third of all trials and more.
constexpr double kTrialShare = 1 / 100.0, kMostTrialSeconds = 1.5;

class Search {
public:
    Search(TrialLog &log, double seconds, const Bench &bench,
           const std::function<void(const SearchProgress &)> &progress)
        : log_(log),
          budget_(seconds),
          first_rung_(std::min(kMostTrialSeconds, seconds * kTrialShare)),
          bench_(bench),
          progress_(progress),
          start_(bench.seconds()) {}

    Result<SearchReport> run() {
        bool confirming = false;
        if (budget_ <= 0) return report_;
        for (;;) {
            Step step = confirming ? Step{} : log_.next_trial();
            const Step confirmation = log_.next_confirmation();
            report_.finished =
                step.picks.empty() && confirmation.picks.empty() && log_.next_trial().picks.empty();
            show(step.left + confirmation.left);
            const bool due =
                elapsed() + confirmation.left * (overhead_ + seconds_of(kConfirmation)) > budget_;
            confirming |= due || bench_.interrupted() || step.picks.empty();
            if (confirming) step = confirmation;
            if (step.picks.empty() || elapsed() > budget_) return report_;
            if (overhead_ < 0)
                if (const Status runs = time_model(); !runs) return runs.error();
            if (const Status tried = try_step(step); !tried) return tried.error();
        }
    }

private:
    double elapsed() const { return bench_.seconds() - start_; }
    double seconds_of(int rung) const { return first_rung_ * (1 << (std::min(rung, kRungs) - 1)); }

    // The model's package against itself: that it runs here, and what a trial takes apart from timing and new kernels.
    Status time_model() {
        const double begin = elapsed();
        if (const auto own = bench_.measure({}, 0); !own)
            return environment_error("trial: expected the cost model's package to run, found: " +
                                     own.error().what);
        overhead_ = elapsed() - begin;
        return ok();
    }

    Status try_step(const Step &step) {
        if (const Status tried = attempt(step.picks, step.rung); !tried) return tried;
        report_.trials++;
        const auto [model_ms, best_ms] = so_far();
        report_.history.push_back({elapsed(), best_ms, model_ms});
        return ok();
    }

    // Times the picks in one package; where that fails, in halves, down to the one that is to blame. What becomes known
    // is kept before the next is tried; what the time does not allow stays untried.
    Status attempt(const Picks &picks, int rung) {
        const auto times = bench_.measure(picks, seconds_of(rung));
        if (times) return keep(picks, rung, *times);
        if (picks.size() == 1) return blame(picks.front(), rung, times.error());
        const auto middle = picks.begin() + std::ptrdiff_t(picks.size() / 2);
        for (const Picks &half : {Picks(picks.begin(), middle), Picks(middle, picks.end())}) {
            if (elapsed() > budget_) return ok();
            if (const Status tried = attempt(half, rung); !tried) return tried;
        }
        return ok();
    }

    Status keep(const Picks &picks, int rung, const std::vector<RoundTimes> &times) {
        std::vector<TuningRecord> trials;
        for (const Pick &pick : picks) {
            const Estimate e = estimate(times[pick.problem]);
            TuningRecord &trial = trials.emplace_back(blank(pick, rung));
            trial.model_ms = e.model_ms / double(log_.problems()[pick.problem].layers.size());
            trial.ms = trial.model_ms * e.ratio;
            trial.low = e.low;
            trial.high = e.high;
        }
        return keep(trials);
    }

    // A candidate is to blame where the model's own package still runs; else the machine is, by a full disk or memory.
    Status blame(const Pick &pick, int rung, const Error &error) {
        if (const Status runs = time_model(); !runs) return runs;
        TuningRecord trial = blank(pick, rung);
        trial.failed = error.what;
        report_.failed++;
        return keep({trial});
    }

    TuningRecord blank(const Pick &pick, int rung) const {
        TuningRecord trial = log_.record_of(pick);
        trial.trial = rung;
        trial.date = bench_.date();
        return trial;
    }

    Status keep(const std::vector<TuningRecord> &trials) {
        for (const TuningRecord &trial : trials) log_.add(trial);
        return bench_.keep(trials);
    }

    std::pair<double, double> so_far() const {
        double model_ms = 0, best_ms = 0;
        for (size_t p = 0; p < log_.problems().size(); p++) {
            const double ms = log_.model_ms(p) * double(log_.problems()[p].layers.size());
            model_ms += ms;
            best_ms += ms * log_.best_share(p);
        }
        return {model_ms, best_ms};
    }

    void show(int left) const {
        const auto [model_ms, best_ms] = so_far();
        const double each = report_.trials ? elapsed() / report_.trials : 0;
        const double ahead = report_.trials ? left * each : budget_;
        progress_(
            {report_.trials, left, std::max(0.0, std::min(ahead, budget_ - elapsed())), model_ms, best_ms});
    }

    TrialLog &log_;
    const double budget_, first_rung_;  // seconds
    const Bench &bench_;
    const std::function<void(const SearchProgress &)> &progress_;
    const double start_;
    double overhead_ = -1;  // of a trial; below 0: not known yet
    SearchReport report_;
};

}  // namespace

Result<SearchReport> search(TrialLog &log, double seconds, const Bench &bench,
                            const std::function<void(const SearchProgress &)> &progress) {
    return Search(log, seconds, bench, progress).run();
}

}  // namespace hardnet
