#include "compiler/analysis.h"

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

std::vector<std::vector<LayerReader>> readers_of(const Network &network) {
    std::vector<std::vector<LayerReader>> readers(network.layers.size());
    for (int l = 0; l < int(network.layers.size()); l++) {
        for (const Read &r : network.layers[l].reads) {
            if (r.layer == kNetworkInput) continue;
            std::vector<LayerReader> &of = readers[r.layer];
            const bool known = std::any_of(of.begin(), of.end(), [&](const LayerReader &other) {
                return other.layer == l && other.role == r.role;
            });
            if (!known) of.push_back({l, r.role});
        }
    }
    return readers;
}

// The 2x2 max pool that a 1x1's step can compute from its scratch, so that the 1x1's output is written nowhere.
int fusable_pool(const Analysis &a, int layer) {
    const Layer &conv = a.network.layers[layer];
    if (conv.op != OpKind::kConv || conv.window != Window{} || conv.operand() != kNoLayer ||
        !conv.front_norm.empty())
        return kNoLayer;
    const std::vector<LayerReader> &readers = a.readers[layer];
    if (readers.size() != 1 || readers[0].role != Role::kSource || a.output_of(layer)) return kNoLayer;
    const Layer &pool = a.network.layers[readers[0].layer];
    const bool plain = pool.op == OpKind::kMaxPool && pool.window == Window::square(2, 2) &&
                       pool.out.height == conv.out.height / 2 && pool.out.width == conv.out.width / 2;
    return plain && pool.sources().size() == 1 ? readers[0].layer : kNoLayer;
}

// A resize that only an argmax reads, which works on the resize's own source.
bool only_for_argmax(const Analysis &a, int layer) {
    const std::vector<LayerReader> &readers = a.readers[layer];
    return a.network.layers[layer].op == OpKind::kResize && readers.size() == 1 && !a.output_of(layer) &&
           a.network.layers[readers[0].layer].op == OpKind::kArgmax;
}

// Bands keep V and M of a large image in L2. That pays where nothing else reads V and the weights are small.
bool banded(const Analysis &a, int layer, const Tiling &t) {
    const Layer &l = a.network.layers[layer];
    if (l.sources().size() != 1 || a.consumers(l.sources()[0]).size() != 1 || !l.front_norm.empty())
        return false;
    int64_t v_bytes = int64_t{4} * t.positions() * t.tiles() * round_up(l.in.channels, kChannelAlignment);
    int64_t u_bytes = int64_t{4} * t.positions() * l.in.channels * l.out.channels;
    return v_bytes > a.machine.l2_bytes && u_bytes < a.machine.l2_bytes / 2 &&
           t.covered_rows() == l.out.height;
}

constexpr int kMostOfTensor = (1 << 15) - 1;  // that no product reads as it is

// The greatest magnitude of what is multiplied by weights in sums of so many products. A bit more of it is a bit less of
// the weights, where sums are to fit int32: with b bits it is off by `peak` 2^-b of its mean magnitude, where `peak` is its
// greatest, and weights by `products` 2^(b - 31) of theirs. Equal errors add up to the least.
int most_of_factor(double products, double peak) {
    constexpr int kLeastBits = 9, kMostBits = 15;
    const long bits = std::lround((31 + std::log2(peak / products)) / 2);
    return (1 << std::clamp(int(bits), kLeastBits, kMostBits)) - 1;
}

// Of tensors, and of V within bounds and as pictures show it.
constexpr double kPeakOfTensor = 16, kPeakOfBoundedV = 64, kPeakOfSeenV = 8;

Storage storage_of(const Interval &range, int most_of) {
    const double most = range.magnitude();
    if (most == 0) return {1, 0};
    const int exponent = int(std::floor(std::log2(most_of / most)));
    return {int(std::ceil(std::ldexp(most, exponent))), exponent};
}

bool is_plain_convolution(const Layer &l) {
    return l.op == OpKind::kConv && l.front_norm.empty() && l.sources()[0] != kNetworkInput;
}

// Whether there are kernels that write such a layer's output as int16.
bool writes_int16(const Layer &l) {
    return l.op == OpKind::kConv || l.op == OpKind::kDepthwiseConv || l.op == OpKind::kMaxPool ||
           l.op == OpKind::kAveragePool || l.op == OpKind::kResize;
}

// Whether there are kernels of the layer that read int16. Norms in front and operators of their own are of float32.
bool reads_int16(const Layer &l) {
    const bool by_channel = l.op == OpKind::kGlobalAveragePool || l.op == OpKind::kGlobalSum;
    return l.front_norm.empty() && (writes_int16(l) || by_channel || l.op == OpKind::kArgmax);
}

// Rounds V of what is bounded, and tensors that are written and read as int16: it follows whose products are of int16. A
// direct convolution wants all of its sources rounded, or none.
void choose_int16(Analysis &a, const std::set<std::string> *keep) {
    const std::vector<Layer> &layers = a.network.layers;
    const Ranges &ranges = *a.ranges;
    std::vector<bool> rounded(layers.size());
    for (size_t l = 0; l < layers.size(); l++) {
        const Decision &d = a.decisions[l];
        const bool in_memory = d.pool == kNoLayer && !a.output_of(int(l)) &&
                               (d.computed_with == kNoLayer || layers[l].op != OpKind::kResize);
        rounded[l] = in_memory && ranges[l] && writes_int16(layers[l]) &&
                     std::all_of(a.readers[l].begin(), a.readers[l].end(),
                                 [&](const LayerReader &r) { return reads_int16(layers[r.layer]); });
    }
    const auto all_sources = [&](size_t layer, const auto &holds) {
        const std::vector<int> sources = layers[layer].sources();
        return std::all_of(sources.begin(), sources.end(), holds);
    };
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t l = 0; l < layers.size(); l++) {
            Decision &d = a.decisions[l];
            if (!is_plain_convolution(layers[l])) continue;
            const bool kept = keep && keep->count(layers[l].name);
            if (d.tiling) {
                d.int16 = !kept && all_sources(l, [&](int source) { return bool(ranges[size_t(source)]); });
                continue;
            }
            d.int16 = !kept && all_sources(l, [&](int source) { return rounded[size_t(source)]; });
            for (int source : layers[l].sources()) {
                if (d.int16 || !rounded[size_t(source)]) continue;
                rounded[size_t(source)] = false;
                changed = true;
            }
        }
    }
    for (size_t l = 0; l < layers.size(); l++) {
        if (!rounded[l]) continue;
        int products = 0;  // of a direct convolution's sum
        for (const LayerReader &r : a.readers[l]) {
            const Decision &d = a.decisions[r.layer];
            const Layer &reader = layers[r.layer];
            if (r.role == Role::kSource && d.int16 && !d.tiling)
                products = std::max(products, reader.window.taps() * reader.in.channels);
        }
        a.decisions[l].storage = storage_of(
            ranges[l]->interval, products ? most_of_factor(products, kPeakOfTensor) : kMostOfTensor);
    }
}

BlockProblem problem_of(const Analysis &a, int layer) {
    const Layer &l = a.network.layers[layer];
    const Decision &d = a.decisions[layer];
    if (d.tiling) {
        const Tiling &t = *d.tiling;
        return product_problem(d.banded ? Tiling(t.m(), {1, 0}, t.columns()) : t, l.out.channels,
                               l.in.channels);
    }
    const int width = d.pool == kNoLayer
                          ? l.out.width
                          : 2 * a.network.layers[d.pool].out.width;  // may drop the last column
    return convolution_problem(l.window, width, l.out.height, l.out.channels, l.in.channels,
                               l.operand() != kNoLayer);
}

// One block of all channels as they lie: what threads share of it is the schedule's.
Blocks gpu_blocks(const Layer &l) {
    if (l.op != OpKind::kConv && l.op != OpKind::kTransposedConv) return {};
    return {{0, l.out.channels, round_up(l.out.channels, kChannelAlignment), 4, 1, 1}};
}

void choose_blocks(Analysis &a, int layer, const PlanOptions &options) {
    const Layer &l = a.network.layers[layer];
    Decision &d = a.decisions[layer];
    if (a.machine.gpu()) {
        d.blocks = gpu_blocks(l);
        return;
    }
    const int steps = l.window.taps() * l.in.channels;  // of each output's sum
    if (l.op == OpKind::kTransposedConv) {
        d.blocks = convolution_parts(a.machine, (l.out.width + 1) / 2, (l.out.height + 1) / 2, l.out.channels,
                                     steps / 4);
    } else if (l.op == OpKind::kConv && l.sources()[0] == kNetworkInput) {
        d.blocks = stem_parts(a.machine, l.window, l.in.channels, l.out.width, l.out.height, l.out.channels);
    } else if (d.int16) {
        BlockProblem pairs = problem_of(a, layer);
        pairs.in = 0;
        for (int source : l.sources()) pairs.in += pairs_of(a.network.layers[source].out.channels);
        d.blocks = model_blocks(a.machine, pairs);
    } else if (l.op == OpKind::kConv) {
        d.problem = problem_of(a, layer);
        const TunedBlocks *record =
            options.records ? find_tuned(*options.records, a.machine.level, *d.problem) : nullptr;
        d.blocks = record ? record->blocks : model_blocks(a.machine, *d.problem);
        d.decided = !record ? "model" : record->foreign ? "tuned: " + record->cpu : "tuned";
    }
}

}  // namespace

std::vector<int> Analysis::consumers(int layer) const {
    std::vector<int> result;
    for (const LayerReader &r : readers[layer]) {
        if (r.role == Role::kSource) result.push_back(r.layer);
    }
    return result;
}

bool Analysis::feeds_winograd(int layer, bool int16) const {
    for (int l : consumers(layer)) {
        const Decision &d = decisions[l];
        if (d.tiling && d.int16 == int16 && network.layers[l].front_norm.empty()) return true;
    }
    return false;
}

VRounding Analysis::rounding(int layer, const Tiling &tiling, bool int16) const {
    if (!int16) return {};
    int products = 1;
    for (int l : consumers(layer)) {
        const Layer &reader = network.layers[l];
        if (decisions[l].tiling && decisions[l].int16) products = std::max(products, reader.in.channels);
    }
    const TensorRange &range = *(*ranges)[size_t(layer)];
    const bool seen = range.transformed.count(tiling.m());
    return rounding_of(tiling, range, most_of_factor(products, seen ? kPeakOfSeenV : kPeakOfBoundedV));
}

const Output *Analysis::output_of(int layer) const {
    for (const Output &output : network.outputs) {
        if (std::count(output.layers.begin(), output.layers.end(), layer)) return &output;
    }
    return nullptr;
}

const Output *Analysis::sole_output_of(int layer) const {
    const Output *sole = output_of(layer);
    if (!sole || sole->row || sole->layers.size() > 1 || !readers[layer].empty()) return nullptr;
    for (const Output &output : network.outputs) {
        if (&output != sole && std::count(output.layers.begin(), output.layers.end(), layer)) return nullptr;
    }
    return sole;
}

Analysis analyse(const Network &network, const Machine &machine, const PlanOptions &options) {
    const int layers = int(network.layers.size());
    Analysis a{network, machine, readers_of(network), std::vector<Decision>(layers), options.ranges};
    const std::vector<std::optional<Tiling>> tilings =
        machine.gpu() ? std::vector<std::optional<Tiling>>(network.layers.size())
                      : choose_algorithms(network, machine, options);
    for (int l = 0; l < layers; l++) {
        Decision &d = a.decisions[l];
        d.tiling = tilings[l];
        d.banded = d.tiling && banded(a, l, *d.tiling);
        if (!machine.gpu()) d.pool = fusable_pool(a, l);
        if (d.pool != kNoLayer) a.decisions[d.pool].computed_with = l;
        if (only_for_argmax(a, l)) d.computed_with = a.readers[l][0].layer;
    }
    if (options.ranges && machine.int16) choose_int16(a, options.keep);
    for (int l = 0; l < layers; l++) choose_blocks(a, l, options);
    return a;
}

}  // namespace hardnet
