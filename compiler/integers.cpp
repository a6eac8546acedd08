#include "compiler/integers.h"

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

constexpr int kMostOfTensor = (1 << 15) - 1;  // of int16 that no product reads as it is

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

Storage int16_storage(const Interval &range, int most_of) {
    const double most = range.magnitude();
    if (most == 0) return {1, 0};
    const int exponent = int(std::floor(std::log2(most_of / most)));
    return {int(std::ceil(std::ldexp(most, exponent))), exponent};
}

// Bits are few, so that all integers are used: the greatest magnitude becomes the greatest of them.
Storage int8_storage(const Interval &range, IntegerType widest) {
    const bool positive = widest == IntegerType::kUint8 && range.least >= 0;
    Storage storage{positive ? 255 : 127, 0, positive ? IntegerType::kUint8 : IntegerType::kInt8};
    const double most = range.magnitude();
    if (most == 0) return storage;
    storage.exponent = int(std::floor(std::log2(storage.most / most)));
    storage.factor = float(std::ldexp(most, storage.exponent) / storage.most);
    return storage;
}

// A convolution that multiplies what lies in memory, its sources or what a norm makes of them.
bool is_direct(const Layer &l, const Decision &d) {
    return (l.op == OpKind::kConv || l.op == OpKind::kTransposedConv) && !d.tiling &&
           l.sources()[0] != kNetworkInput;
}

// Whether there are kernels that write such a layer's output as integers.
bool writes_integers(const Layer &l) {
    return l.op == OpKind::kConv || l.op == OpKind::kTransposedConv || l.op == OpKind::kDepthwiseConv ||
           l.op == OpKind::kMaxPool || l.op == OpKind::kAveragePool || l.op == OpKind::kResize;
}

// Whether there are kernels of the layer that read integers. Norms in front and operators of their own read float32.
bool reads_integers(const Layer &l) {
    const bool by_channel = l.op == OpKind::kGlobalAveragePool || l.op == OpKind::kGlobalSum;
    return l.front_norm.empty() && (writes_integers(l) || by_channel || l.op == OpKind::kArgmax);
}

class Integers {
public:
    Integers(Analysis &analysis, const PlanOptions &options)
        : a_(analysis), layers_(analysis.network.layers), ranges_(*analysis.ranges), options_(options) {}

    void choose() {
        for (int l = 0; l < int(layers_.size()); l++) {
            stored_.push_back(may_be_stored(l) ? Precision::kInt8 : Precision::kFloat32);
            if (layers_[l].op == OpKind::kConv || layers_[l].op == OpKind::kTransposedConv)
                a_.decisions[l].products = wanted(l);
        }
        while (agree()) {
        }
        for (int l = 0; l < int(layers_.size()); l++) {
            Decision &d = a_.decisions[l];
            if (is_behind_norm(l) && !d.tiling && d.products != Precision::kFloat32)
                d.behind_norm = storage_of(ranges_[size_t(l)]->behind_norm[0].interval, d.products, {l});
            if (stored_[l] != Precision::kFloat32) d.storage = storage_of_output(l);
        }
    }

private:
    bool is_behind_norm(int layer) const { return !layers_[layer].front_norm.empty(); }
    // The finer one, or what the machine has in its place.
    Precision finer(Precision a, Precision b) const {
        const Precision precision = std::min(a, b);
        return precision == Precision::kInt16 && !a_.machine.int16 ? Precision::kFloat32 : precision;
    }

    bool may_be_stored(int layer) const {
        const Decision &d = a_.decisions[layer];
        const std::vector<LayerReader> &readers = a_.readers[layer];
        const bool in_memory = d.pool == kNoLayer && !a_.output_of(layer) &&
                               (d.computed_with == kNoLayer || layers_[layer].op != OpKind::kResize);
        return in_memory && ranges_[size_t(layer)] && writes_integers(layers_[layer]) &&
               std::all_of(readers.begin(), readers.end(),
                           [&](const LayerReader &reader) { return reads_integers(layers_[reader.layer]); });
    }

    double cycles(int layer, Precision products) const {
        double sum = 0;
        for (const ChannelPart &part : model_blocks(a_.machine, problem_of(a_, layer, products)))
            sum += part.cycles;
        return sum;
    }

    // Of a convolution's products, before its sources have their say: what it multiplies has to be known.
    Precision wanted(int layer) const {
        const Layer &l = layers_[layer];
        const auto is_in = [&](const std::set<std::string> *names) { return names && names->count(l.name); };
        const std::vector<int> sources = l.sources();
        const bool known = is_behind_norm(layer)
                               ? ranges_[size_t(layer)] && !ranges_[size_t(layer)]->behind_norm.empty()
                               : std::all_of(sources.begin(), sources.end(), [&](int source) {
                                     return source != kNetworkInput && ranges_[size_t(source)];
                                 });
        if (!known || is_in(options_.keep)) return Precision::kFloat32;
        const Precision other = finer(Precision::kInt16, Precision::kInt16);
        const std::optional<Tiling> &tiling = a_.decisions[layer].tiling;
        const bool int8 = options_.precision == Precision::kInt8 && a_.machine.dot_factor &&
                          (tiling ? multiplies_int8(*tiling) : is_direct(l, a_.decisions[layer])) &&
                          !is_in(options_.keep_int16) &&
                          cycles(layer, Precision::kInt8) < cycles(layer, other);
        return int8 ? Precision::kInt8 : other;
    }

    // Makes direct convolutions and what they read as fine as each other; whether anything changed.
    bool agree() {
        bool changed = false;
        const auto refine = [&](Precision &one, Precision other) {
            const Precision finest = finer(one, other);
            changed |= finest != one;
            one = finest;
        };
        for (int l = 0; l < int(layers_.size()); l++) {
            Decision &d = a_.decisions[l];
            if (!is_direct(layers_[l], d) || is_behind_norm(l)) continue;
            for (int source : layers_[l].sources()) {
                refine(d.products, stored_[source]);
                refine(stored_[source], d.products);
            }
        }
        return changed;
    }

    // Of a tensor, or of what a norm writes, which direct convolutions among these multiply as such.
    Storage storage_of(const Interval &range, Precision products, const std::vector<int> &readers) const {
        if (products == Precision::kInt8) return int8_storage(range, *a_.machine.dot_factor);
        int longest = 0;  // of their sums
        for (int reader : readers) {
            const Layer &l = layers_[reader];
            if (is_direct(l, a_.decisions[reader]))
                longest = std::max(longest, l.window.taps() * l.in.channels);
        }
        return int16_storage(range, longest ? most_of_factor(longest, kPeakOfTensor) : kMostOfTensor);
    }

    // What no product reads as it is has 16 bits: it costs little and loses nothing that shows.
    Storage storage_of_output(int layer) const {
        const std::vector<int> readers = a_.consumers(layer);
        const bool multiplied = std::any_of(readers.begin(), readers.end(), [&](int reader) {
            return is_direct(layers_[reader], a_.decisions[reader]);
        });
        return storage_of(ranges_[size_t(layer)]->interval, multiplied ? stored_[layer] : Precision::kInt16,
                          readers);
    }

    Analysis &a_;
    const std::vector<Layer> &layers_;
    const Ranges &ranges_;
    const PlanOptions &options_;
    std::vector<Precision> stored_;  // per layer, what its tensor lies in memory as
};

}  // namespace

void choose_integers(Analysis &analysis, const PlanOptions &options) { Integers(analysis, options).choose(); }

namespace {

// Of V for such products, in sums of up to so many.
VRounding v_rounding(const Machine &machine, const Tiling &tiling, const TensorRange &range,
                     Precision products, int longest, double peak) {
    if (products == Precision::kInt8) return int8_rounding(tiling, range, *machine.dot_factor);
    return int16_rounding(tiling, range, most_of_factor(longest, peak));
}

}  // namespace

VRounding Analysis::rounding(int layer, const Tiling &tiling, Precision products) const {
    if (products == Precision::kFloat32) return {};
    const TensorRange &range = *(*ranges)[size_t(layer)];
    int longest = 1;  // of the sums
    for (int l : consumers(layer)) {
        const Layer &reader = network.layers[l];
        if (decisions[l].tiling && decisions[l].products == products && reader.front_norm.empty())
            longest = std::max(longest, reader.in.channels);
    }
    const bool seen = range.transformed.count(tiling.m());
    return v_rounding(machine, tiling, range, products, longest, seen ? kPeakOfSeenV : kPeakOfBoundedV);
}

VRounding Analysis::rounding_behind_norm(int layer) const {
    const Decision &d = decisions[layer];
    if (d.products == Precision::kFloat32) return {};
    return v_rounding(machine, *d.tiling, (*ranges)[size_t(layer)]->behind_norm[0], d.products,
                      network.layers[layer].in.channels, kPeakOfSeenV);
}

}  // namespace hardnet
