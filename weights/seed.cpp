// The seeded generator. docs/weights.md states the rule, tools/oracle/seeded.py is its twin in numpy, and
// both give the same bits: integers modulo 2^64, then one double multiplication and one addition, then one
// rounding to float32.
#include <cmath>

#include "weights/weights.h"

namespace hardnet {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;

uint64_t mix(uint64_t z) {  // splitmix64's finaliser
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint64_t fnv1a(const std::string &key) {
    uint64_t value = 0xcbf29ce484222325;
    for (unsigned char byte : key) value = (value ^ byte) * 0x100000001b3;
    return value;
}

// offset + amplitude * v, where v runs over odd multiples of 2^-24 between -1 and 1. A compiler may fuse the
// two operations without changing a bit: wherever the offset is not 0 the product is exact.
std::vector<float> spread(const std::string &key, uint64_t seed, int64_t count, double offset,
                          double amplitude) {
    std::vector<float> values(static_cast<size_t>(count));
    uint64_t state = mix(mix(seed) ^ fnv1a(key));
    for (float &value : values) {
        state += kGolden;
        const auto odd = static_cast<int64_t>(2 * (mix(state) >> 40)) + 1 - (int64_t{1} << 24);
        value = static_cast<float>(offset + amplitude * (static_cast<double>(odd) / (1 << 24)));
    }
    return values;
}

int64_t product(const std::vector<int64_t> &shape) {
    int64_t count = 1;
    for (int64_t extent : shape) count *= extent;
    return count;
}

// The variance of a uniform number is a third: 6 / fan-in keeps the mean square through a ReLU, 3 / fan-in
// without one.
double weight_amplitude(const Layer &layer) {
    const std::vector<int64_t> shape = weight_shape(layer);
    const double variance = layer.op == OpKind::kConv ? 6 : 3;
    double fan_in = static_cast<double>(product(shape) / shape[0]);
    // Of an output's 9 taps a stride of 2 leaves a quarter, on average.
    if (layer.op == OpKind::kTransposedConv) fan_in = static_cast<double>(shape[0] * shape[2] * shape[3]) / 4;
    return std::sqrt(variance / fan_in);
}

}  // namespace

Checkpoint seeded_checkpoint(const Network &network, uint64_t seed) {
    Checkpoint checkpoint;
    checkpoint.source = "seed:" + std::to_string(seed);
    const auto add = [&](const std::string &key, const std::vector<int64_t> &shape, double offset,
                         double amplitude) {
        checkpoint.tensors[key] = {shape, spread(key, seed, product(shape), offset, amplitude)};
    };
    const auto add_norm = [&](const std::string &prefix, int channels) {
        add(prefix + ".weight", {channels}, 1, 0.25);
        add(prefix + ".bias", {channels}, 0, 0.25);
        add(prefix + ".running_mean", {channels}, 0, 0.25);
        add(prefix + ".running_var", {channels}, 1, 0.5);
    };
    for (const Layer &layer : network.layers) {
        if (layer.op == OpKind::kL2Norm)
            add(weight_key(layer), weight_shape(layer), 20, 5);
        else if (layer.has_weights())
            add(weight_key(layer), weight_shape(layer), 0, weight_amplitude(layer));
        if (layer.bias) add(bias_key(layer), {layer.out.channels}, 0, 0.25);
        if (!layer.norm.empty()) add_norm(layer.norm, layer.out.channels);
        if (!layer.front_norm.empty()) add_norm(layer.front_norm, layer.in.channels);
    }
    return checkpoint;
}

std::vector<float> seeded_input(int64_t elements, uint64_t seed) {
    return spread("input", seed, elements, 0, 2);
}

bool is_seed(const std::string &source) { return source.rfind("seed:", 0) == 0; }

Result<Checkpoint> checkpoint_of_seed(const Network &network, const std::string &source) {
    const std::string digits = source.substr(5);
    if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos)
        return usage_error("weights: expected seed:N with a whole number N, found '" + source + "'");
    return seeded_checkpoint(network, std::stoull(digits));
}

}  // namespace hardnet
