// Winograd or direct, by a cost model, once per resolution.
#include <algorithm>
#include <limits>
#include <map>

#include "compiler/analysis.h"
#include "compiler/integers.h"

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
};

Sums sums_of(const Problem &resolution) {
    Sums s;
    for (const auto &[in, out] : resolution.layers) {
        s.pairs += double(in) * out;
        s.widest = std::max<int64_t>({s.widest, in, out});
        s.channels += 2.0 * out;  // once written from M, once read into V
    }
    return s;
}

// What all of the layers multiply has a range, or may have one once calibration has found them.
bool is_known(const Network &network, const std::vector<int> &layers, const Ranges *ranges) {
    if (!ranges) return true;
    for (int layer : layers) {
        for (int source : network.layers[size_t(layer)].sources())
            if (!(*ranges)[size_t(source)]) return false;
    }
    return true;
}

// What this machine multiplies of a network that is to be of such a precision.
Precision products_of(const Machine &machine, Precision precision) {
    if (precision == Precision::kInt8 && machine.dot_factor) return Precision::kInt8;
    return precision != Precision::kFloat32 && machine.int16 ? Precision::kInt16 : Precision::kFloat32;
}

// By height and width.
std::vector<Resolution> resolutions_of(const Network &network, Precision products) {
    std::map<std::pair<int, int>, Resolution> resolutions;
    for (int l = 0; l < int(network.layers.size()); l++) {
        const Layer &layer = network.layers[size_t(l)];
        if (!winograd_eligible(layer)) continue;
        Resolution &r = resolutions[{layer.out.height, layer.out.width}];
        if (r.layers.empty()) r.problem = resolution_problem(layer.out.width, layer.out.height, {});
        r.problem.layers.push_back({layer.in.channels, layer.out.channels});
        r.layers.push_back(l);
    }
    std::vector<Resolution> all;
    for (auto &[size, resolution] : resolutions) {
        resolution.problem.products = products;
        all.push_back(std::move(resolution));
    }
    return all;
}

// Views address V and M by 32 bits, padding included.
bool addressable(const Tiling &tiling, const Sums &sums) {
    constexpr int64_t kPadding = 256;  // of channels to whole blocks, and of tiles
    return (sums.widest + kPadding) * (tiling.tiles() + kPadding) * tiling.positions() <=
           std::numeric_limits<int32_t>::max();
}

Candidates candidates(const Network &network, const Machine &machine, const Resolution &resolution,
                      const PlanOptions &options) {
    const AlgorithmChoice choice = options.algorithm;
    const int height = resolution.problem.height, width = resolution.problem.width;
    const Sums sums = sums_of(resolution.problem);
    const bool int8 = options.precision == Precision::kInt8 && machine.dot_factor &&
                      is_known(network, resolution.layers, options.ranges);
    const int of_int8 = int8 ? channels_in_step(Precision::kInt8) : 1,
              of_int16 = int8 && machine.int16 ? channels_in_step(Precision::kInt16) : 1;
    Candidates all;
    for (int m = 2; m <= 4 && choice != AlgorithmChoice::kDirect; m++) {
        Tiling tiling = Tiling::cover(m, height, width);
        if (!addressable(tiling, sums)) continue;
        // Of a transform, per channel; loads and stores included, and what rounding takes.
        constexpr double kOpsPerPosition = 8, kOpsToRound = 16;
        const double transform_ops = sums.channels * tiling.tiles() * tiling.positions() *
                                     (kOpsPerPosition + (int8 ? kOpsToRound : 0));
        double c = cycles(machine, tiling.products(), sums.pairs, tiling.positions(), transform_ops,
                          multiplies_int8(tiling) ? of_int8 : of_int16);
        all.push_back({tiling, c, sums.pairs * tiling.positions() * 4});
    }
    if (choice != AlgorithmChoice::kWinograd || all.empty())
        all.insert(
            all.begin(),
            AlgorithmCost{std::nullopt, cycles(machine, 9.0 * height * width, sums.pairs, 9, 0, of_int8),
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
std::vector<const AlgorithmCost *> smallest(const std::vector<Resolution> &resolutions, double spare_bytes) {
    std::vector<const AlgorithmCost *> chosen;
    for (const Resolution &r : resolutions) {
        chosen.push_back(&*std::min_element(
            r.costs.begin(), r.costs.end(),
            [](const AlgorithmCost &a, const AlgorithmCost &b) { return a.bytes < b.bytes; }));
    }
    for (;;) {
        size_t at = 0;
        const AlgorithmCost *best = nullptr;
        double best_rate = 0;
        for (size_t r = 0; r < resolutions.size(); r++) {
            for (const AlgorithmCost &c : resolutions[r].costs) {
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

// The one that a record asks for, where that is allowed; else null. Without one of these integers those of float32's times
// count: int16 halves products and bytes alike; of products in int8 they know nothing.
const AlgorithmCost *recorded(const Machine &machine, const PlanOptions &options, Resolution &resolution) {
    if (!options.records) return nullptr;
    const TuningRecord *record = find_record(*options.records, machine, resolution.problem);
    const std::optional<Tiling> &model = fastest(resolution.costs).tiling;
    const bool int8 = resolution.problem.products == Precision::kInt8 && (!model || multiplies_int8(*model));
    if (!record && !int8) {
        Problem of_float32 = resolution.problem;
        of_float32.products = Precision::kFloat32;
        record = find_record(*options.records, machine, of_float32);
    }
    if (!record) return nullptr;
    const auto asked = std::find_if(resolution.costs.begin(), resolution.costs.end(),
                                    [&](const AlgorithmCost &c) { return c.m() == record->parameters.m; });
    if (asked == resolution.costs.end()) return nullptr;
    resolution.record = record;
    return &*asked;
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

std::vector<Resolution> choose_algorithms(const Network &network, const Machine &machine,
                                          const PlanOptions &options) {
    std::vector<Resolution> resolutions = resolutions_of(network, products_of(machine, options.precision));
    double folded_bytes = 0;  // of the layers that have a choice
    for (Resolution &r : resolutions) {
        folded_bytes += sums_of(r.problem).pairs * 9 * 4;
        r.costs = candidates(network, machine, r, options);
    }
    std::vector<const AlgorithmCost *> chosen;
    if (options.objective == Objective::kSize) {
        constexpr double kSpare =
            0.25;  // hardnet68: F(4x4) where images are large and weights few, F(2x2) at 28x28
        chosen = smallest(resolutions, folded_bytes * kSpare);
    } else {
        for (Resolution &r : resolutions) {
            const AlgorithmCost *of_record = recorded(machine, options, r);
            chosen.push_back(of_record ? of_record : &fastest(r.costs));
        }
    }
    for (size_t r = 0; r < resolutions.size(); r++) resolutions[r].tiling = chosen[r]->tiling;
    return resolutions;
}

const Resolution *resolution_of(const std::vector<Resolution> &resolutions, int layer) {
    for (const Resolution &r : resolutions)
        if (std::count(r.layers.begin(), r.layers.end(), layer)) return &r;
    return nullptr;
}

}  // namespace hardnet
