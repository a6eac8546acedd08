#include "autotune/candidates.h"

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

constexpr size_t kMostOfModel = 12;   // the cost model's own choice among them
constexpr double kWithin = 1.15;      // of the cost model's best: it is seldom further off
constexpr size_t kMostSuggested = 3;  // from records
constexpr double kWithinOfCuts =
    1.6;  // a near problem's winner may cost more here, by the model, than the model allows

double far(int a, int b) { return std::abs(std::log(double(std::max(a, 1)) / std::max(b, 1))); }

bool same_operator(const BlockProblem &a, const BlockProblem &b) {
    if (a.op != b.op) return false;
    if (a.op == BlockProblem::Op::kProduct) return a.tiling.m() == b.tiling.m();
    return a.window == b.window;
}

double distance(const BlockProblem &a, const BlockProblem &b) {
    const auto pixels = [](const BlockProblem &p) {
        return p.op == BlockProblem::Op::kProduct ? p.tiling.tiles() : p.width * p.height;
    };
    return far(a.out, b.out) + far(a.in, b.in) + far(pixels(a), pixels(b)) +
           (a.residual != b.residual ? 0.1 : 0);
}

// 0 where the blocks are the same, part by part, whatever their number.
double distance(const Blocks &a, const Blocks &b) {
    double sum = std::abs(double(a.size()) - double(b.size()));
    for (size_t i = 0; i < std::min(a.size(), b.size()); i++)
        sum += far(a[i].block, b[i].block) + far(a[i].extent, b[i].extent) + far(a[i].lanes, b[i].lanes);
    return sum;
}

// The cut of this problem that is most like another's.
Blocks like(const Machine &machine, const BlockProblem &problem, const Blocks &other) {
    const std::vector<Blocks> cuts = candidate_blocks(machine, problem, SIZE_MAX, kWithinOfCuts);
    return *std::min_element(cuts.begin(), cuts.end(), [&](const Blocks &a, const Blocks &b) {
        return distance(a, other) < distance(b, other);
    });
}

}  // namespace

std::vector<Blocks> candidates_of(const Machine &machine, const BlockProblem &problem,
                                  const std::vector<TunedBlocks> &chosen) {
    std::vector<Blocks> model = candidate_blocks(machine, problem, kMostOfModel, kWithin), all = {model[0]};
    auto add = [&](const Blocks &blocks) {
        if (std::find(all.begin(), all.end(), blocks) == all.end()) all.push_back(blocks);
    };
    std::vector<const TunedBlocks *> near;
    for (const TunedBlocks &r : chosen) {
        const bool won = r.ms < r.model_ms;
        if (won && r.level == machine.level && same_operator(r.problem, problem)) near.push_back(&r);
    }
    std::stable_sort(near.begin(), near.end(), [&](const TunedBlocks *a, const TunedBlocks *b) {
        return distance(a->problem, problem) < distance(b->problem, problem);
    });
    for (const TunedBlocks *r : near) {
        if (all.size() > kMostSuggested) break;
        add(r->problem == problem ? r->blocks : like(machine, problem, r->blocks));
    }
    for (const Blocks &blocks : model) add(blocks);
    return all;
}

}  // namespace hardnet
