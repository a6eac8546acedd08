#include <algorithm>
#include <map>

#include "compiler/planner.h"

namespace hardnet {
namespace {

bool winograd_eligible(const Layer &l) {
    return l.op == OpKind::kConv && l.kernel == 3 && l.stride == 1 && l.padding == 1 &&
           l.sources[0] != kNetworkInput;
}

// Cycles of all 3x3 layers of one resolution. `pairs` is the sum over layers of input x output channels.
// Streaming the transformed weights overlaps with the products; it weighs more than its time, since cores
// share memory.
double cycles(const Machine &machine, double products, double pairs, double positions, double transform_ops) {
    constexpr double kSharedMemory = 1.3;
    double compute = (products * pairs * 2 + transform_ops) / machine.flops_per_cycle;
    return std::max(compute, pairs * positions * 4 * kSharedMemory / machine.bytes_per_cycle);
}

}  // namespace

Result<AlgorithmChoice> algorithm_from_name(const std::string &name) {
    if (name == "auto") return AlgorithmChoice::kAuto;
    if (name == "winograd") return AlgorithmChoice::kWinograd;
    if (name == "direct") return AlgorithmChoice::kDirect;
    return usage_error("algorithm: expected auto, winograd or direct, found '" + name + "'");
}

std::vector<std::optional<Tiling>> choose_algorithms(const Network &network, const Machine &machine,
                                                     AlgorithmChoice choice) {
    struct Sums {
        double pairs = 0, channels = 0;  // over the layers of a resolution
    };
    std::map<std::pair<int, int>, Sums> resolutions;
    for (const Layer &l : network.layers) {
        if (!winograd_eligible(l)) continue;
        Sums &s = resolutions[{l.out.height, l.out.width}];
        s.pairs += double(l.in.channels) * l.out.channels;
        s.channels += 2.0 * l.out.channels;  // once written from M, once read into V
    }

    std::map<std::pair<int, int>, std::optional<Tiling>> chosen;
    for (const auto &[size, sums] : resolutions) {
        std::optional<Tiling> best;
        double best_cycles = 0;
        if (choice != AlgorithmChoice::kWinograd) {
            best_cycles = cycles(machine, 9.0 * size.first * size.second, sums.pairs, 9, 0);
        }
        for (int m = 2; m <= 4 && choice != AlgorithmChoice::kDirect; m++) {
            Tiling tiling = Tiling::cover(m, size.first, size.second);
            constexpr double kOpsPerPosition = 8;  // of a transform, per channel; loads and stores included
            double transform_ops = sums.channels * tiling.tiles() * tiling.positions() * kOpsPerPosition;
            double c = cycles(machine, tiling.products(), sums.pairs, tiling.positions(), transform_ops);
            if (best_cycles == 0 || c < best_cycles) best = tiling, best_cycles = c;
        }
        chosen[size] = best;
    }

    std::vector<std::optional<Tiling>> tilings;
    for (const Layer &l : network.layers) {
        tilings.push_back(winograd_eligible(l) ? chosen[{l.out.height, l.out.width}] : std::nullopt);
    }
    return tilings;
}

}  // namespace hardnet
