// A machine for searches, made up: its speed moves, its clocks have luck, its candidates crash, hang and compute something
// else. What is true of each candidate is known, and a run takes no time.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>

#include "autotune/search.h"

namespace hardnet::testing {

inline constexpr char kCrash[] = "expected a result, found signal 11",
                      kHang[] = "expected an end, found none in time",
                      kWrong[] = "output: expected a relative error of 5e-06, found 9.3e-01";

// Blocks of a made-up problem: told apart by their extent alone.
inline Parameters candidate(int number) { return {{{0, 64, 64, 16, number + 1}}}; }

struct Candidate {
    double share = 1;           // its true time / the model's
    const char *fault = "";     // crashes, hangs, computes something else
    double lucky_process = 1;   // of the first process that times it: where its memory happens to lie
    bool lucky_rounds = false;  // a tenth of its times are half as long
};

// Times what it is asked for. Slow phases last some tens of rounds and hit both packages, single rounds hit one.
class MadeUpMachine {
public:
    MadeUpMachine(std::vector<std::vector<Candidate>> problems, unsigned seed)
        : truth_(std::move(problems)), random_(seed) {
        TuningRecord blank;
        blank.level = "avx512";
        blank.cpu = "a machine";
        std::vector<OpenProblem> known;
        for (size_t p = 0; p < truth_.size(); p++) {
            OpenProblem problem{convolution_problem(Window{}, 64, 64, 64, 8 + int(p)),
                                {2 * p, 2 * p + 1},
                                {},
                                {candidate(0)}};
            for (size_t c = 0; c < truth_[p].size(); c++) problem.candidates.push_back(candidate(int(c) + 1));
            known.push_back(problem);
        }
        log_ = std::make_unique<TrialLog>(known, blank);
    }

    Result<SearchReport> search(double seconds) {
        Bench bench;
        bench.measure = [this](const Picks &picks, double asked) { return measure(picks, asked); };
        bench.keep = [this](const std::vector<TuningRecord> &records) {
            kept_.insert(kept_.end(), records.begin(), records.end());
            return ok();
        };
        bench.seconds = [this] { return now_; };
        bench.interrupted = [this] { return measured_ >= interrupted_behind_; };
        bench.date = [this] { return std::to_string(1000000 + int(now_)); };
        return hardnet::search(*log_, seconds, bench, [this](const SearchProgress &p) { progress_ = p; });
    }

    std::optional<TuningRecord> chosen(size_t problem) const {
        const std::vector<TuningRecord> all = log_->chosen();
        const TuningRecord *found = find_record(all, "avx512", log_->problems()[problem].problem);
        return found ? std::optional<TuningRecord>(*found) : std::nullopt;
    }
    // 0: the model's; -1: nothing.
    int winner(size_t problem) const {
        const auto record = chosen(problem);
        return record ? record->parameters.blocks[0].extent - 1 : -1;
    }
    double true_share(size_t problem, int winner) const {
        return winner > 0 ? truth_[problem][size_t(winner - 1)].share : 1;
    }
    std::string verdict(size_t problem, int number) const {
        return log_->verdict(problem, candidate(number));
    }

    std::vector<TuningRecord> kept_;
    SearchProgress progress_;
    double now_ = 0, overhead_ = 1;
    int measured_ = 0, interrupted_behind_ = std::numeric_limits<int>::max();
    bool broken_ = false;
    std::unique_ptr<TrialLog> log_;

private:
    Result<std::vector<RoundTimes>> measure(const Picks &picks, double seconds) {
        measured_++;
        now_ += overhead_;
        if (broken_) return environment_error("no space left");
        for (const Pick &pick : picks) {
            const std::string fault = of(pick).fault;
            if (fault == kHang) now_ += 20;
            if (!fault.empty()) return bad_input(fault);
        }
        const int rounds = 20 + int(seconds * 50);
        now_ += seconds;
        std::vector<RoundTimes> times(truth_.size());
        for (const Pick &pick : picks) placement_[pick.problem] = of(pick).share * luck(pick);
        for (int round = 0; round < rounds; round++) time_round(picks, times);
        placement_.clear();
        return times;
    }

    void time_round(const Picks &picks, std::vector<RoundTimes> &times) {
        std::lognormal_distribution<double> slow(0.2, 0.3);
        std::normal_distribution<double> jitter(0, 0.02);
        std::uniform_real_distribution<double> uniform(0, 1);
        if (uniform(random_) < 0.05) phase_ = uniform(random_) < 0.5 ? 1 : std::max(1.0, slow(random_));
        for (size_t p = 0; p < times.size(); p++) {
            const auto once = [&] {  // another process takes the CPU for a while
                return phase_ * std::exp(jitter(random_)) *
                       (uniform(random_) < 0.1 ? std::max(1.0, slow(random_)) : 1);
            };
            const auto pick =
                std::find_if(picks.begin(), picks.end(), [&](const Pick &k) { return k.problem == p; });
            const bool picked = pick != picks.end();
            const bool lucky = picked && of(*pick).lucky_rounds && uniform(random_) < 0.1;
            times[p].model_ms.push_back(once());
            times[p].trial_ms.push_back(once() * (picked ? placement_[p] : 1) * (lucky ? 0.5 : 1));
        }
    }

    double luck(const Pick &pick) {
        return timed_.insert({pick.problem, pick.parameters.blocks[0].extent}).second ? of(pick).lucky_process
                                                                                      : 1;
    }
    const Candidate &of(const Pick &pick) const {
        return truth_[pick.problem][size_t(pick.parameters.blocks[0].extent - 2)];
    }

    const std::vector<std::vector<Candidate>> truth_;
    std::mt19937 random_;
    double phase_ = 1;
    std::map<size_t, double> placement_;
    std::set<std::pair<size_t, int>> timed_;
};

inline std::vector<Candidate> shares(std::initializer_list<double> values) {
    std::vector<Candidate> all;
    for (double value : values) all.push_back({value, "", 1, false});
    return all;
}

}  // namespace hardnet::testing
