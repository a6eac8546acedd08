#include "cli/layer_figures.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "graph/measures.h"
#include "runtime/inspect.h"

namespace hardnet {
namespace {

double elements(const hardnet_view &view) {
    double count = 1;
    for (int d = 0; d < view.rank; d++) count *= view.dims[d].extent;
    return count;
}

bool same_place(const hardnet_view &a, const hardnet_view &b) {
    return a.base == b.base && a.type == b.type && a.offset == b.offset && a.rank == b.rank &&
           std::memcmp(a.dims, b.dims, a.rank * sizeof(a.dims[0])) == 0;
}

// What all units of a part touch of an argument's view, elements.
double touched(const hardnet_part &part, const hardnet_argument &argument, const hardnet_view &view) {
    const double chunks = part.chunk ? double((part.units + part.chunk - 1) / part.chunk) : 1;
    switch (argument.split) {
        case HARDNET_SHIFT:
            return elements(view) * part.units;
        case HARDNET_SLIDE:
            return elements(view) / view.dims[argument.dim].extent * argument.unit * part.units;
        case HARDNET_WHOLE:
            return elements(view) * (view.base == HARDNET_SCRATCH ? chunks : 1);
        default:
            return elements(view);
    }
}

class StepCounter {
public:
    StepCounter(const hardnet_network &network, const hardnet_level &level)
        : network_(network), level_(level) {}

    void count(const hardnet_step &step, LayerFigures &layer) {
        seen_.clear();
        for (uint32_t p = step.first_part; p < step.first_part + step.parts; p++) {
            const hardnet_part &part = level_.parts[p];
            for (uint32_t c = part.first_call; c < part.first_call + part.calls; c++)
                count_call(part, level_.calls[c], layer);
        }
    }

private:
    void count_call(const hardnet_part &part, const hardnet_call &call, LayerFigures &layer) {
        double written = 0, channels = 0;  // of a Winograd product: sums, and how many products each adds up
        for (uint32_t a = call.first_argument; a < call.first_argument + call.arguments; a++) {
            const hardnet_argument &argument = level_.arguments[a];
            const hardnet_view &view = level_.views[argument.view];
            const double elems = touched(part, argument, view);
            if (view.written) written += elems;
            if (view.base == HARDNET_WEIGHTS)
                layer.in_step = std::max(layer.in_step, int(4 / hardnet_element_bytes(view.type)));
            if (view.base == HARDNET_WEIGHTS) channels = std::max(channels, transformed_channels(view));
            if (view.base != HARDNET_SCRATCH && is_new(view))
                (view.base == HARDNET_WEIGHTS ? layer.weight_bytes : layer.activation_bytes) +=
                    elems * double(hardnet_element_bytes(view.type));
        }
        layer.operations += 2 * written * channels;
    }

    bool is_new(const hardnet_view &view) {
        for (const hardnet_view *other : seen_)
            if (same_place(*other, view)) return false;
        seen_.push_back(&view);
        return true;
    }

    // Input channels of the Winograd weights at a view; 0 where it holds others.
    double transformed_channels(const hardnet_view &view) const {
        const int64_t offset =
            view.offset * int(hardnet_element_bytes(view.type)) / 4;  // of packings: in floats
        for (uint32_t i = 0; i < level_.packing_count; i++) {
            const hardnet_packing &p = level_.packings[i];
            if (p.offset == offset && p.transform >= 0) return double(network_.weights[p.tensor].shape[1]);
        }
        return 0;
    }

    const hardnet_network &network_;
    const hardnet_level &level_;
    std::vector<const hardnet_view *> seen_;  // by the step
};

std::map<std::string, double> macs_by_layer(const Network &network) {
    std::map<std::string, double> macs;
    const Measures measures = measure(network);
    for (size_t i = 0; i < network.layers.size(); i++)
        macs[network.layers[i].name] = double(measures.layers[i].macs);
    return macs;
}

}  // namespace

MachineLimits limits_for(const LoadedPackage &loaded) {
    const hardnet_memory memory = hardnet_context_memory(loaded.context());
    return measure_limits(loaded.level(), memory.threads, int64_t(memory.packed_weight_bytes),
                          int64_t(memory.arena_bytes));
}

std::vector<LayerFigures> layer_figures(const LoadedPackage &loaded, const std::vector<StepTiming> &steps,
                                        const MachineLimits &limits) {
    std::vector<LayerFigures> layers;
    std::map<std::string, size_t> place;
    StepCounter counter(loaded.network(), *hardnet_context_level(loaded.context()));
    const std::map<std::string, double> macs = macs_by_layer(loaded.model());
    for (const StepTiming &step : steps) {
        const auto [at, is_new] = place.emplace(step.layer, layers.size());
        if (is_new) layers.emplace_back().layer = step.layer;
        LayerFigures &layer = layers[at->second];
        layer.steps += (layer.steps.empty() ? "" : " + ") + step.kind;
        layer.ms += step.ms;
        layer.share += step.share;
        counter.count(*hardnet_step_at(loaded.context(), step.step), layer);
    }
    for (LayerFigures &layer : layers) {
        const auto known = macs.find(layer.layer);
        layer.macs = known == macs.end() ? 0 : known->second;
        if (layer.operations == 0) layer.operations = 2 * layer.macs;
        layer.compute_ms = layer.operations / limits.gflops / 1e6 / layer.in_step;
        layer.memory_ms = layer.weight_bytes / limits.weights_gb_s / 1e6 +
                          layer.activation_bytes / limits.activations_gb_s / 1e6;
    }
    return layers;
}

}  // namespace hardnet
