#include "autotune/trial_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace hardnet {
namespace {

double share(const TuningRecord &trial) { return trial.ms / trial.model_ms; }

// What has to be shown, too, by every confirmation.
bool faster(const TuningRecord &trial) { return trial.high < 1 && share(trial) <= kGain; }

}  // namespace

TuningRecord TrialLog::record_of(const Pick &pick) const {
    TuningRecord record = blank_;
    record.problem = problems_[pick.problem].problem;
    record.parameters = pick.parameters;
    return record;
}

void TrialLog::add(const TuningRecord &trial) {
    if (trial.level != blank_.level || trial.cpu != blank_.cpu || trial.threads != blank_.threads ||
        trial.sources != blank_.sources || !trial.trial)
        return;
    for (size_t p = 0; p < problems_.size(); p++)
        if (problems_[p].problem == trial.problem) trials_[p].push_back(trial);
}

std::vector<const TuningRecord *> TrialLog::trials_of(size_t problem, const Parameters &parameters) const {
    std::vector<const TuningRecord *> all;
    for (const TuningRecord &t : trials_[problem])
        if (t.parameters == parameters) all.push_back(&t);
    return all;
}

const TuningRecord *TrialLog::latest(size_t problem, const Parameters &parameters, int rung) const {
    const TuningRecord *found = nullptr;
    for (const TuningRecord *t : trials_of(problem, parameters))
        if (t->trial == rung) found = t;
    return found;
}

// The measurement that counts: a longer one replaces the shorter, whose luck was what kept the candidate.
const TuningRecord *TrialLog::highest(size_t problem, const Parameters &parameters) const {
    const TuningRecord *found = nullptr;
    for (const TuningRecord *t : trials_of(problem, parameters))
        if (t->trial <= kRungs && (!found || t->trial >= found->trial)) found = t;
    return found;
}

bool TrialLog::failed(size_t problem, const Parameters &parameters) const {
    const auto all = trials_of(problem, parameters);
    return std::any_of(all.begin(), all.end(), [](const TuningRecord *t) { return !t->failed.empty(); });
}

// Those that a rung measures; above the first, those that the rung below, once it is complete, leaves.
TrialLog::Candidates TrialLog::of_rung(size_t problem, int rung) const {
    Candidates below, left;
    if (rung == 1) {
        const std::vector<Parameters> &all = problems_[problem].candidates;
        for (size_t c = 1; c < all.size(); c++) left.push_back(&all[c]);
        return left;
    }
    for (const Parameters *parameters : of_rung(problem, rung - 1))
        if (!failed(problem, *parameters)) below.push_back(parameters);
    for (const Parameters *parameters : below)
        if (!latest(problem, *parameters, rung - 1)) return {};
    auto of = [&](const Parameters *parameters) { return latest(problem, *parameters, rung - 1); };
    std::stable_sort(below.begin(), below.end(),
                     [&](const Parameters *a, const Parameters *b) { return share(*of(a)) < share(*of(b)); });
    for (const Parameters *parameters : below) {
        const bool close = of(parameters)->low <= of(below.front())->high;
        if (of(parameters)->low <= kGain && close && left.size() < (below.size() + 1) / 2)
            left.push_back(parameters);
    }
    return left.size() > 1 ? left : Candidates{};  // one alone is not compared any more
}

Step TrialLog::next_trial() const {
    for (int rung = 1; rung <= kRungs; rung++) {
        Step step{rung, {}, 0};
        for (size_t p = 0; p < problems_.size(); p++) {
            int untried = 0;
            size_t candidates = 0;
            for (const Parameters *parameters : of_rung(p, rung)) {
                candidates++;
                if (failed(p, *parameters) || latest(p, *parameters, rung)) continue;
                if (untried++ == 0) step.picks.push_back({p, *parameters});
            }
            for (int above = rung + 1; above <= kRungs && candidates > 2; above++)
                untried += int(candidates = (candidates + 1) / 2);
            step.left = std::max(step.left, untried);
        }
        if (!step.picks.empty()) return step;
    }
    return {};
}

// The fastest of those that were measured longest, promise enough and were not refuted.
const Parameters *TrialLog::favourite(size_t problem) const {
    const Parameters *best = nullptr;
    int best_rung = 0;
    double best_share = 0;
    const std::vector<Parameters> &all = problems_[problem].candidates;
    for (size_t c = 1; c < all.size(); c++) {
        const TuningRecord *trial = highest(problem, all[c]);
        if (!trial || failed(problem, all[c]) || refuted(problem, all[c]) || !faster(*trial)) continue;
        if (best && (trial->trial < best_rung || (trial->trial == best_rung && share(*trial) >= best_share)))
            continue;
        best = &all[c], best_rung = trial->trial, best_share = share(*trial);
    }
    return best;
}

bool TrialLog::refuted(size_t problem, const Parameters &parameters) const {
    const auto all = trials_of(problem, parameters);
    return std::any_of(all.begin(), all.end(), [](const TuningRecord *t) {
        return t->trial == kConfirmation && (!t->failed.empty() || !faster(*t));
    });
}

bool TrialLog::confirmed(size_t problem, const Parameters &parameters) const {
    const auto all = trials_of(problem, parameters);
    return !refuted(problem, parameters) && std::count_if(all.begin(), all.end(), [](const TuningRecord *t) {
                                                return t->trial == kConfirmation;
                                            }) >= kConfirmations;
}

Step TrialLog::next_confirmation() const {
    Step step{kConfirmation, {}, 0};
    for (size_t p = 0; p < problems_.size(); p++) {
        const Parameters *best = favourite(p);
        if (!best) continue;
        const auto all = trials_of(p, *best);
        const int done = int(std::count_if(all.begin(), all.end(),
                                           [](const TuningRecord *t) { return t->trial == kConfirmation; }));
        if (done >= kConfirmations) continue;
        step.picks.push_back({p, *best});
        step.left = std::max(step.left, kConfirmations - done);
    }
    return step.picks.empty() ? Step{} : step;
}

// Nothing is left to try but, perhaps, confirmations.
bool TrialLog::exhausted(size_t problem) const {
    for (int rung = 1; rung <= kRungs; rung++)
        for (const Parameters *parameters : of_rung(problem, rung))
            if (!failed(problem, *parameters) && !latest(problem, *parameters, rung)) return false;
    return true;
}

std::vector<TuningRecord> TrialLog::chosen() const {
    std::vector<TuningRecord> records;
    for (size_t p = 0; p < problems_.size(); p++) {
        const Parameters *best = favourite(p);
        const bool won = best && confirmed(p, *best);
        if (!won && (best || !exhausted(p) || model_ms(p) == 0)) continue;
        TuningRecord record = record_of({p, won ? *best : problems_[p].candidates[0]});
        record.model_ms = record.ms = model_ms(p);
        std::vector<double> shares;
        for (const TuningRecord &t : trials_[p]) {
            record.date = std::max(record.date, t.date);  // of what the choice follows from
            if (!won || !(t.parameters == *best) || t.trial != kConfirmation) continue;
            record.low = shares.empty() ? t.low : std::min(record.low, t.low);
            record.high = std::max(record.high, t.high);
            shares.push_back(share(t));
        }
        if (won) record.ms *= std::accumulate(shares.begin(), shares.end(), 0.0) / double(shares.size());
        records.push_back(std::move(record));
    }
    return records;
}

double TrialLog::best_share(size_t problem) const {
    const Parameters *best = favourite(problem);
    return best ? share(*highest(problem, *best)) : 1;
}

double TrialLog::model_ms(size_t problem) const {
    double least = 0;
    for (const TuningRecord &t : trials_[problem])
        if (t.model_ms > 0) least = least > 0 ? std::min(least, t.model_ms) : t.model_ms;
    return least;
}

std::string TrialLog::verdict(size_t problem, const Parameters &parameters) const {
    const auto all = trials_of(problem, parameters);
    for (const TuningRecord *t : all)
        if (!t->failed.empty()) return t->failed;
    for (const TuningRecord *t : all)
        if (t->trial == kConfirmation && !faster(*t))
            return fmt::format(
                "not faster in another process: {:.1f} % of the model's time, {:.1f} to {:.1f}",
                share(*t) * 100, t->low * 100, t->high * 100);
    const TuningRecord *t = highest(problem, parameters);
    if (!t) return "not tried";
    if (confirmed(problem, parameters) && favourite(problem) && *favourite(problem) == parameters)
        return "chosen";
    const char *what = !faster(*t)                                                  ? "no gain"
                       : favourite(problem) && !(*favourite(problem) == parameters) ? "another is faster"
                                                                                    : "not confirmed yet";
    return fmt::format("{}: {:.1f} % of the model's time, {:.1f} to {:.1f}", what, share(*t) * 100,
                       t->low * 100, t->high * 100);
}

}  // namespace hardnet
