#include "compiler/analysis.h"

#include <algorithm>

#include "compiler/integers.h"

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

// One block of all channels as they lie: what threads share of it is the schedule's.
Blocks gpu_blocks(const Layer &l) {
    if (l.op != OpKind::kConv && l.op != OpKind::kTransposedConv) return {};
    return {{0, l.out.channels, round_up(l.out.channels, kChannelAlignment), 4, 1, 1}};
}

void choose_parameters(Analysis &a, int layer, const PlanOptions &options) {
    const Layer &l = a.network.layers[layer];
    Decision &d = a.decisions[layer];
    if (a.machine.gpu()) {
        d.parameters.blocks = gpu_blocks(l);
        return;
    }
    if (l.op == OpKind::kConv && l.sources()[0] == kNetworkInput) {
        d.parameters.blocks =
            stem_parts(a.machine, l.window, l.in.channels, l.out.width, l.out.height, l.out.channels);
    } else if (l.op == OpKind::kTransposedConv) {
        d.parameters = model_parameters(a.machine, problem_of(a, layer, d.products));
    } else if (l.op == OpKind::kConv) {
        d.problem = problem_of(a, layer, d.products);
        const TuningRecord *record =
            options.records ? find_record(*options.records, a.machine, *d.problem) : nullptr;
        d.parameters = record ? record->parameters : model_parameters(a.machine, *d.problem);
        d.decided = record ? record->origin() : "model";
    }
}

}  // namespace

Problem problem_of(const Analysis &a, int layer, Precision products) {
    const Layer &l = a.network.layers[layer];
    const Decision &d = a.decisions[layer];
    int steps = 0;  // over input channels
    for (int source : l.sources()) steps += steps_of(a.network.layers[source].out.channels, products);
    Problem problem;
    if (d.tiling) {
        const Tiling &t = *d.tiling;
        problem = product_problem(d.banded ? Tiling(t.m(), {1, 0}, t.columns()) : t, l.out.channels, steps);
    } else if (l.op ==
               OpKind::kTransposedConv) {  // of four kinds of pixels one, which reads a quarter of the taps
        problem = convolution_problem(Window{}, (l.out.width + 1) / 2, (l.out.height + 1) / 2, l.out.channels,
                                      l.window.taps() * steps / 4);
    } else {
        const int width = d.pool == kNoLayer
                              ? l.out.width
                              : 2 * a.network.layers[d.pool].out.width;  // may drop the last column
        problem = convolution_problem(l.window, width, l.out.height, l.out.channels, steps,
                                      l.operand() != kNoLayer);
    }
    problem.products = products;
    return problem;
}

std::vector<int> Analysis::consumers(int layer) const {
    std::vector<int> result;
    for (const LayerReader &r : readers[layer]) {
        if (r.role == Role::kSource) result.push_back(r.layer);
    }
    return result;
}

std::set<Precision> Analysis::winograd_products(int layer) const {
    std::set<Precision> products;
    for (int l : consumers(layer))
        if (decisions[l].tiling && network.layers[l].front_norm.empty())
            products.insert(decisions[l].products);
    return products;
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
    Analysis a{network, machine, readers_of(network), std::vector<Decision>(layers), {}, options.ranges};
    if (!machine.gpu()) a.resolutions = choose_algorithms(network, machine, options);
    for (const Resolution &r : a.resolutions) {
        for (int layer : r.layers) a.decisions[size_t(layer)].tiling = r.tiling;
    }
    for (int l = 0; l < layers; l++) {
        Decision &d = a.decisions[l];
        d.banded = d.tiling && banded(a, l, *d.tiling);
        if (!machine.gpu()) d.pool = fusable_pool(a, l);
        if (d.pool != kNoLayer) a.decisions[d.pool].computed_with = l;
        if (only_for_argmax(a, l)) d.computed_with = a.readers[l][0].layer;
    }
    const bool int8 = options.precision == Precision::kInt8 && machine.dot_factor;
    if (options.ranges && (machine.int16 || int8)) choose_integers(a, options);
    for (int l = 0; l < layers; l++) choose_parameters(a, l, options);
    return a;
}

}  // namespace hardnet
