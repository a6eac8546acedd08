#include "compiler/ranges.h"

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

std::optional<Interval> range_behind(Activation activation) {
    switch (activation.kind) {
        case Activation::kRelu6:
            return Interval{0, 6};
        case Activation::kSigmoid:
        case Activation::kHardSigmoid:
            return Interval{0, 1};
        case Activation::kClip: {
            constexpr float kUnbounded = 1e30f;
            const Interval range{std::min({0.0f, activation.first, activation.second}),
                                 std::max(0.0f, activation.second)};
            return range.magnitude() < kUnbounded ? std::optional(range) : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

// What it computes lies between the least and the greatest of what it reads, or zero.
bool stays_within(OpKind op) {
    return op == OpKind::kMaxPool || op == OpKind::kAveragePool || op == OpKind::kGlobalAveragePool ||
           op == OpKind::kResize || op == OpKind::kSlice;
}

// Of bias + the sum over a channel's window; weights are [channel][1][tap].
Interval range_of_sums(const Interval &source, const FoldedLayer &layer) {
    const size_t channels = layer.bias.values.size(), taps = layer.weight.values.size() / channels;
    double all_least = 0, all_most = 0;
    for (size_t c = 0; c < channels; c++) {
        double least = layer.bias.values[c], most = least;
        for (size_t tap = 0; tap < taps; tap++) {
            const double w = layer.weight.values[c * taps + tap];
            least += w * (w > 0 ? source.least : source.most);
            most += w * (w > 0 ? source.most : source.least);
        }
        all_least = std::min(all_least, least);
        all_most = std::max(all_most, most);
    }
    constexpr double kRounded = 1 + 1e-6;  // float32 sums may be a little beyond
    return {float(all_least * kRounded), float(all_most * kRounded)};
}

struct SignedSums {  // of the positive and of the negative elements
    double positive = 0, negative = 0;
};

SignedSums sums_of(const std::vector<double> &elements) {
    SignedSums sums;
    for (double e : elements) (e > 0 ? sums.positive : sums.negative) += std::abs(e);
    return sums;
}

// The greatest magnitude of a V of one position.
double bound_of(const std::vector<double> &row, const std::vector<double> &column, const Interval &range) {
    const SignedSums r = sums_of(row), c = sums_of(column);
    const double positive = r.positive * c.positive + r.negative * c.negative,
                 negative = r.positive * c.negative + r.negative * c.positive;
    return std::max(positive * range.most - negative * range.least,
                    negative * range.most - positive * range.least);
}

}  // namespace

Ranges ranges_of(const Network &network, const FoldedWeights &weights) {
    Ranges ranges;
    for (size_t l = 0; l < network.layers.size(); l++) {
        const Layer &layer = network.layers[l];
        const std::vector<int> sources = layer.sources();
        const bool one = sources.size() == 1 && sources[0] != kNetworkInput;
        const std::optional<TensorRange> source = one ? ranges[size_t(sources[0])] : std::nullopt;
        std::optional<Interval> range = range_behind(layer.activation);
        if (layer.activation == Activation::kNone && source) {
            if (stays_within(layer.op)) range = source->interval;
            if (layer.op == OpKind::kDepthwiseConv)
                range = range_of_sums(source->interval, weights.layers[l]);
        }
        ranges.push_back(range ? std::optional(TensorRange{*range}) : std::nullopt);
    }
    return ranges;
}

Ranges narrowed(const Ranges &bounds, const Ranges &seen) {
    Ranges ranges = bounds;
    for (size_t l = 0; l < seen.size(); l++) {
        if (!seen[l]) continue;
        const Interval bound = bounds[l] ? bounds[l]->interval : seen[l]->interval;
        ranges[l] = seen[l];
        Interval &interval = ranges[l]->interval;
        interval = {std::max(interval.least, bound.least), std::min(interval.most, bound.most)};
    }
    return ranges;
}

std::vector<double> greatest_v(const Tiling &tiling, const TensorRange &range) {
    std::vector<double> bounds(tiling.positions());
    for (const Quadrant &q : tiling.quadrants()) {
        const Matrix rows = tiling.input_transform(q.small_rows),
                     columns = tiling.input_transform(q.small_columns);
        for (size_t i = 0; i < rows.size(); i++) {
            for (size_t j = 0; j < columns.size(); j++) {
                double &bound = bounds[tiling.position(int(i), int(j))];
                bound = std::max(bound, bound_of(rows[i], columns[j], range.interval));
            }
        }
    }
    const auto seen = range.transformed.find(tiling.m());
    for (size_t p = 0; seen != range.transformed.end() && p < bounds.size(); p++)
        if (seen->second[p] > 0) bounds[p] = std::min<double>(bounds[p], seen->second[p]);
    return bounds;
}

VRounding int16_rounding(const Tiling &tiling, const TensorRange &range, int most) {
    VRounding rounding{most, {}};
    for (double v : greatest_v(tiling, range))
        rounding.units.push_back(v > 0 ? float(std::exp2(-std::floor(std::log2(most / v)))) : 1);
    return rounding;
}

VRounding int8_rounding(const Tiling &tiling, const TensorRange &range, IntegerType dot_factor) {
    constexpr int kMost = 127;
    VRounding rounding{kMost, {}, dot_factor};
    for (double v : greatest_v(tiling, range)) rounding.units.push_back(v > 0 ? float(v / kMost) : 1);
    return rounding;
}

}  // namespace hardnet
