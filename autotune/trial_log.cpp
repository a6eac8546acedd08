#include "autotune/trial_log.h"

#include <algorithm>

namespace hardnet {

TunedBlocks TrialLog::record_of(const Problem &problem, const Blocks &blocks) const {
    TunedBlocks record = blank_;
    record.problem = problem.problem;
    record.blocks = blocks;
    return record;
}

bool TrialLog::made_here(const TunedBlocks &trial) const {
    return trial.level == blank_.level && trial.cpu == blank_.cpu && trial.threads == blank_.threads &&
           trial.sources == blank_.sources;
}

bool TrialLog::tried(const Problem &problem, const Blocks &blocks) const {
    return std::any_of(trials_.begin(), trials_.end(), [&](const TunedBlocks &t) {
        return t.problem == problem.problem && t.blocks == blocks && made_here(t);
    });
}

Picks TrialLog::next(const std::vector<Problem> &problems, int &rounds) const {
    Picks picks;
    rounds = 0;
    for (const Problem &p : problems) {
        int untried = 0;
        for (size_t c = 1; c < p.candidates.size(); c++) {
            if (!tried(p, p.candidates[c]) && untried++ == 0) picks.push_back({&p, p.candidates[c]});
        }
        rounds = std::max(rounds, untried);
    }
    return picks;
}

std::map<const Problem *, const TunedBlocks *> TrialLog::winners(const std::vector<Problem> &problems) const {
    std::map<const Problem *, const TunedBlocks *> best;
    auto share = [](const TunedBlocks &t) { return t.ms / t.model_ms; };
    for (const Problem &p : problems) {
        for (const TunedBlocks &trial : trials_) {
            if (!(trial.problem == p.problem) || !trial.failed.empty() || !made_here(trial)) continue;
            if (share(trial) > kGain) continue;
            const auto [winner, first] = best.emplace(&p, &trial);
            if (!first && share(trial) < share(*winner->second)) winner->second = &trial;
        }
    }
    return best;
}

}  // namespace hardnet
