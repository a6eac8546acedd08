#include "autotune/candidates.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace hardnet {
namespace {

constexpr size_t kMostOfModel = 12;   // the cost model's own choice among them
constexpr double kWithin = 1.15;      // of the cost model's best: it is seldom further off
constexpr size_t kMostSuggested = 3;  // from records
constexpr double kWithinOfCuts =
    1.6;  // a near problem's winner may cost more here, by the model, than the model allows
constexpr double kWithinOfAlgorithms =
    2.5;  // of the chosen one: a trial is as long as the dearest of its picks

double far(int a, int b) { return std::abs(std::log(double(std::max(a, 1)) / std::max(b, 1))); }

bool same_operator(const Problem &a, const Problem &b) {
    if (a.op != b.op || a.products != b.products) return false;
    if (a.op == Problem::Op::kProduct) return a.tiling.m() == b.tiling.m();
    return a.window == b.window;
}

double distance(const Problem &a, const Problem &b) {
    const auto pixels = [](const Problem &p) {
        return p.op == Problem::Op::kProduct ? p.tiling.tiles() : p.width * p.height;
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
Blocks like(const Machine &machine, const Problem &problem, const Blocks &other) {
    const std::vector<Blocks> cuts = candidate_blocks(machine, problem, SIZE_MAX, kWithinOfCuts);
    return *std::min_element(cuts.begin(), cuts.end(), [&](const Blocks &a, const Blocks &b) {
        return distance(a, other) < distance(b, other);
    });
}

}  // namespace

std::vector<Parameters> candidates_of(const Machine &machine, const Problem &problem,
                                      const std::vector<TuningRecord> &chosen) {
    const std::vector<Blocks> model = candidate_blocks(machine, problem, kMostOfModel, kWithin);
    const Parameters usual = model_parameters(machine, problem);
    std::vector<Parameters> all = {usual};
    auto add = [&](const Parameters &parameters) {
        if (std::find(all.begin(), all.end(), parameters) == all.end()) all.push_back(parameters);
    };
    std::vector<Parameters> varied = {usual};
    std::vector<const TuningRecord *> near;
    for (const TuningRecord &r : chosen) {
        const bool won = r.ms < r.model_ms;
        if (won && r.level == machine.level && same_operator(r.problem, problem)) near.push_back(&r);
    }
    std::stable_sort(near.begin(), near.end(), [&](const TuningRecord *a, const TuningRecord *b) {
        return distance(a->problem, problem) < distance(b->problem, problem);
    });
    for (const TuningRecord *r : near) {
        if (all.size() > kMostSuggested) break;
        Parameters parameters = r->parameters;
        if (!(r->problem == problem)) parameters.blocks = like(machine, problem, r->parameters.blocks);
        if (!complete_parameters(machine, problem, parameters)) continue;
        add(parameters);
        if (r->problem == problem && varied.size() == 1 && !(parameters == usual))
            varied.push_back(parameters);
    }
    for (const Blocks &blocks : model) {
        Parameters parameters = usual;
        parameters.blocks = blocks;
        add(parameters);
    }
    for (const ParameterRange &range : parameter_ranges()) {
        if (range.op != problem.op) continue;
        for (const int value : legal_values(machine, problem, range)) {
            for (Parameters parameters : varied) {
                parameters.*range.value = value;
                add(parameters);
            }
        }
    }
    return all;
}

std::vector<OpenProblem> open_kernels(const Plan &plan, const std::vector<TuningRecord> &chosen) {
    std::vector<OpenProblem> problems;
    for (size_t layer = 0; layer < plan.choices.size(); layer++) {
        const auto &problem = plan.choices[layer].problem;
        if (!problem) continue;
        auto known = std::find_if(problems.begin(), problems.end(),
                                  [&](const OpenProblem &p) { return p.problem == *problem; });
        if (known == problems.end())
            known =
                problems.insert(known, {*problem, {}, {}, candidates_of(*plan.machine, *problem, chosen)});
        known->layers.push_back(layer);
    }
    return problems;
}

std::vector<OpenProblem> open_resolutions(const Plan &plan, const Network &network) {
    std::vector<OpenProblem> problems;
    for (const Resolution &r : plan.resolutions) {
        OpenProblem open{r.problem, {r.layers.begin(), r.layers.end()}, {}, {}};
        std::set<size_t> transformed;
        for (int layer : r.layers) {
            transformed.insert(size_t(layer));
            for (int source : network.layers[size_t(layer)].sources()) transformed.insert(size_t(source));
        }
        open.transformed.assign(transformed.begin(), transformed.end());
        std::vector<AlgorithmCost> costs = r.costs;
        std::stable_sort(costs.begin(), costs.end(), [&](const AlgorithmCost &a, const AlgorithmCost &b) {
            const bool first = a.tiling == r.tiling, second = b.tiling == r.tiling;
            return first != second ? first : a.cycles < b.cycles;
        });
        for (const AlgorithmCost &cost : costs) {
            if (cost.cycles > kWithinOfAlgorithms * costs.front().cycles) continue;
            open.candidates.emplace_back().m = cost.m();
        }
        if (open.candidates.size() > 1) problems.push_back(std::move(open));
    }
    return problems;
}

}  // namespace hardnet
