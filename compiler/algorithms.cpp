// Winograd or direct, by a cost model, once per resolution.
#include <algorithm>
#include <limits>
#include <map>

#include "compiler/analysis.h"

namespace hardnet {
namespace {

bool winograd_eligible(const Layer &l) {
    return l.op == OpKind::kConv && l.window == Window::square(3, 1, 1) && l.sources()[0] != kNetworkInput;
}

// Cycles of all 3x3 layers of one resolution. `pairs` is the sum over layers of input x output channels.
// Streaming the transformed weights overlaps with the products; it weighs more than its time, since cores
// share memory.
// Products of integers are `in_step` to one of float32, in as many bytes of weights less.
double cycles(const Machine &machine, double products, double pairs, double positions, double transform_ops,
              int in_step) {
    constexpr double kSharedMemory = 1.3;
    double compute = (products * pairs * 2 / in_step + transform_ops) / machine.flops_per_cycle;
    return std::max(compute, pairs * positions * 4 / in_step * kSharedMemory / machine.bytes_per_cycle);
}

using Candidates = std::vector<AlgorithmCost>;

struct Sums {  // over the layers of a resolution
    double pairs = 0, channels = 0;
    int64_t widest = 0;  // the most channels that a V or an M may have
    bool known = true;   // what all of them multiply is, so that it may be of integers
};

using Resolutions = std::map<std::pair<int, int>, Sums>;  // by height and width

// Without ranges, that calibration is to find.
bool is_known(const Layer &layer, const Ranges *ranges) {
    const std::vector<int> sources = layer.sources();
    return !ranges ||
           std::all_of(sources.begin(), sources.end(), [&](int l) { return bool((*ranges)[size_t(l)]); });
}

Resolutions resolutions_of(const Network &network, const Ranges *ranges) {
    Resolutions resolutions;
    for (const Layer &l : network.layers) {
        if (!winograd_eligible(l)) continue;
        Sums &s = resolutions[{l.out.height, l.out.width}];
        s.pairs += double(l.in.channels) * l.out.channels;
        s.widest = std::max<int64_t>({s.widest, l.in.channels, l.out.channels});
        s.channels += 2.0 * l.out.channels;  // once written from M, once read into V
        s.known = s.known && is_known(l, ranges);
    }
    return resolutions;
}

// Views address V and M by 32 bits, padding included.
bool addressable(const Tiling &tiling, const Sums &sums) {
    constexpr int64_t kPadding = 256;  // of channels to whole blocks, and of tiles
    return (sums.widest + kPadding) * (tiling.tiles() + kPadding) * tiling.positions() <=
           std::numeric_limits<int32_t>::max();
}

Candidates candidates(const Machine &machine, int height, int width, const Sums &sums,
                      const PlanOptions &options) {
    const AlgorithmChoice choice = options.algorithm;
    const bool int8 = options.precision == Precision::kInt8 && machine.dot_factor && sums.known;
    const int direct = int8 ? channels_in_step(Precision::kInt8) : 1,
              winograd = int8 && machine.int16 ? channels_in_step(Precision::kInt16) : 1;
    Candidates all;
    for (int m = 2; m <= 4 && choice != AlgorithmChoice::kDirect; m++) {
        Tiling tiling = Tiling::cover(m, height, width);
        if (!addressable(tiling, sums)) continue;
        constexpr double kOpsPerPosition = 8;  // of a transform, per channel; loads and stores included
        double transform_ops = sums.channels * tiling.tiles() * tiling.positions() * kOpsPerPosition;
        double c =
            cycles(machine, tiling.products(), sums.pairs, tiling.positions(), transform_ops, winograd);
        all.push_back({tiling, c, sums.pairs * tiling.positions() * 4});
    }
    if (choice != AlgorithmChoice::kWinograd || all.empty())
        all.insert(all.begin(), AlgorithmCost{std::nullopt,
                                              cycles(machine, 9.0 * height * width, sums.pairs, 9, 0, direct),
                                              sums.pairs * 9 * 4});
    return all;
}

const AlgorithmCost &fastest(const Candidates &all) {
    return *std::min_element(all.begin(), all.end(), [](const AlgorithmCost &a, const AlgorithmCost &b) {
        return a.cycles < b.cycles;
    });
}

// From the smallest of each resolution on, as long as there is room, the change that saves most cycles per
// byte.
std::vector<const AlgorithmCost *> smallest(const std::vector<Candidates> &resolutions, double spare_bytes) {
    std::vector<const AlgorithmCost *> chosen;
    for (const Candidates &all : resolutions) {
        chosen.push_back(&*std::min_element(
            all.begin(), all.end(),
            [](const AlgorithmCost &a, const AlgorithmCost &b) { return a.bytes < b.bytes; }));
    }
    for (;;) {
        size_t at = 0;
        const AlgorithmCost *best = nullptr;
        double best_rate = 0;
        for (size_t r = 0; r < resolutions.size(); r++) {
            for (const AlgorithmCost &c : resolutions[r]) {
                const double more = c.bytes - chosen[r]->bytes, saved = chosen[r]->cycles - c.cycles;
                if (more <= 0 || more > spare_bytes || saved / more <= best_rate) continue;
                at = r, best = &c, best_rate = saved / more;
            }
        }
        if (!best) return chosen;
        spare_bytes -= best->bytes - chosen[at]->bytes;
        chosen[at] = best;
    }
}

}  // namespace

Result<AlgorithmChoice> algorithm_from_name(const std::string &name) {
    if (name == "auto") return AlgorithmChoice::kAuto;
    if (name == "winograd") return AlgorithmChoice::kWinograd;
    if (name == "direct") return AlgorithmChoice::kDirect;
    return usage_error("algorithm: expected auto, winograd or direct, found '" + name + "'");
}

Result<Objective> objective_from_name(const std::string &name) {
    if (name == "speed") return Objective::kSpeed;
    if (name == "size") return Objective::kSize;
    return usage_error("optimize: expected speed or size, found '" + name + "'");
}

std::vector<AlgorithmCost> algorithm_costs(const Network &network, const Machine &machine,
                                           const PlanOptions &options, int layer) {
    const Layer &l = network.layers[size_t(layer)];
    if (!winograd_eligible(l)) return {};
    return candidates(machine, l.out.height, l.out.width,
                      resolutions_of(network, options.ranges).at({l.out.height, l.out.width}), options);
}

std::vector<std::optional<Tiling>> choose_algorithms(const Network &network, const Machine &machine,
                                                     const PlanOptions &options) {
    const Resolutions resolutions = resolutions_of(network, options.ranges);
    double folded_bytes = 0;  // of the layers that have a choice
    for (const auto &[size, sums] : resolutions) folded_bytes += sums.pairs * 9 * 4;

    std::vector<Candidates> all;
    for (const auto &[size, sums] : resolutions)
        all.push_back(candidates(machine, size.first, size.second, sums, options));
    std::vector<const AlgorithmCost *> chosen;
    if (options.objective == Objective::kSize) {
        constexpr double kSpare =
            0.25;  // hardnet68: F(4x4) where images are large and weights few, F(2x2) at 28x28
        chosen = smallest(all, folded_bytes * kSpare);
    } else {
        for (const Candidates &c : all) chosen.push_back(&fastest(c));
    }

    std::map<std::pair<int, int>, std::optional<Tiling>> tiling_of;
    size_t at = 0;
    for (const auto &[size, sums] : resolutions) tiling_of[size] = chosen[at++]->tiling;
    std::vector<std::optional<Tiling>> tilings;
    for (const Layer &l : network.layers) {
        tilings.push_back(winograd_eligible(l) ? tiling_of[{l.out.height, l.out.width}] : std::nullopt);
    }
    return tilings;
}

}  // namespace hardnet
