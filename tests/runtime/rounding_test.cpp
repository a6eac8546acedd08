// Weights packed as int16 and int8: against plain loops in double on data for which these are exact, and the promise
// that no sum of products overflows on any data.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "tiny_plan.h"

namespace hardnet {
namespace {

using RoundedSource = TinyPlan::Source;
using Points = std::vector<std::vector<double>>;  // of each position; columns the same

struct RoundingCase {
    int out_total, first_out, out, taps, block;
    std::vector<RoundedSource> sources;
    int most;
    Points points;  // empty: a direct convolution
    int in_step = 2;

    int in() const {
        int sum = 0;
        for (const RoundedSource &s : sources) sum += s.channels;
        return sum;
    }
    int steps() const {
        int sum = 0;
        for (const RoundedSource &s : sources) sum += (s.channels + in_step - 1) / in_step;
        return sum;
    }
    int greatest() const { return in_step == 2 ? 32767 : 127; }
    bool shifted() const {
        return std::any_of(sources.begin(), sources.end(),
                           [](const RoundedSource &s) { return s.shift != 0; });
    }
    int positions() const { return points.empty() ? taps : static_cast<int>(points.size()); }
    int lanes() const { return (out + block - 1) / block * block; }
};

// Exact with small multiples of 1/8.
const Points kPoints = {{1, 0, 0}, {0.5, 0.25, 0.125}, {0.5, -0.25, 0.125}, {2, 1, 0.5}, {0, 0, 1}};

std::vector<int8_t> exponents(int positions, int first) {  // of either sign
    std::vector<int8_t> all;
    for (int p = 0; p < positions; p++) all.push_back(static_cast<int8_t>(first + p * 5 % 9 - 4));
    return all;
}

struct Rounded {
    std::vector<int> values;       // [block][position][step][lane][channel in step]
    std::vector<float> scales;     // [block][position][lane]
    std::vector<int32_t> offsets;  // [block][position][lane], where there are shifts
};

template <typename T>
std::vector<T> taken(const char *&data, size_t count) {
    std::vector<T> all(count);
    std::memcpy(all.data(), data, count * sizeof(T));
    data += count * sizeof(T);
    return all;
}

Rounded rounded_of(const RoundingCase &c, const std::vector<float> &weights, int threads) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    const int rows = c.lanes() * c.positions(), floats = rows * (c.steps() + 1 + c.shifted());
    plan.weight_elems = 16 + floats;
    plan.read(HARDNET_WEIGHTS, 16, {{0, floats, 1}});
    const std::vector<int64_t> shape = {c.out_total, c.in(), c.taps == 9 ? 3 : 1, c.taps == 9 ? 3 : c.taps};
    const int32_t transform = c.points.empty() ? -1 : plan.transform(c.points, c.points);
    plan.pack({HARDNET_PACK_ROUNDED, plan.weight("w", shape), transform, c.first_out, c.out, c.block, 16,
               plan.rounding(c.most, c.sources, c.in_step, c.points.empty())});
    const std::string file = safetensors({{"w", "F32", shape, weights}});
    hardnet_options options = default_options();
    options.threads = threads;
    options.weights_data = file.data();
    options.weights_size = file.size();
    Opened opened(plan.network(), options);
    EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
    Rounded found;
    const auto *data = static_cast<const char *>(hardnet_view_data(opened.context, 0, 0, 0));
    if (!data) return found;
    const size_t values = static_cast<size_t>(c.in_step) * rows * c.steps();
    if (c.in_step == 2) {
        for (int16_t v : taken<int16_t>(data, values)) found.values.push_back(v);
    } else {
        for (int8_t v : taken<int8_t>(data, values)) found.values.push_back(v);
    }
    found.scales = taken<float>(data, rows);
    if (c.shifted()) found.offsets = taken<int32_t>(data, rows);
    return found;
}

// u': the weight of a lane, a position and an input channel, as a multiple of its source's unit.
double scaled_weight(const RoundingCase &c, const std::vector<float> &w, int lane, int position, int i) {
    if (lane >= c.out) return 0;
    const float *kernel = &w[(static_cast<size_t>(c.first_out + lane) * c.in() + i) * c.taps];
    double u = 0;
    if (c.points.empty()) {
        u = kernel[position];
    } else {
        for (int tap = 0; tap < 9; tap++)
            u += c.points[position][tap / 3] * kernel[tap] * c.points[position][tap % 3];
    }
    int source = 0;
    while (i >= c.sources[source].channels) i -= c.sources[source++].channels;
    return std::ldexp(static_cast<float>(u) * double{c.sources[source].factor},
                      -c.sources[source].exponents[position]);
}

// s: of the weights that are added to one sum.
double scale_at(const RoundingCase &c, const std::vector<float> &w, int lane, int position) {
    double sum = 0, greatest = 0;
    int count = 0;
    for (int p = c.points.empty() ? 0 : position; p < (c.points.empty() ? c.taps : position + 1); p++) {
        for (int i = 0; i < c.in(); i++, count++) {
            const double u = std::abs(scaled_weight(c, w, lane, p, i));
            sum += u;
            greatest = std::max(greatest, u);
        }
    }
    if (sum == 0) return 1;
    return std::min((std::floor((std::ldexp(1, 31) - 1) / c.most) - count / 2.0) / sum,
                    c.greatest() / greatest);
}

Rounded expected_of(const RoundingCase &c, const std::vector<float> &w) {
    Rounded all;
    if (c.shifted()) all.offsets.assign(c.lanes() * c.positions(), 0);
    for (int b = 0; b < c.lanes(); b += c.block) {
        for (int p = 0; p < c.positions(); p++) {
            int i = 0;
            for (const RoundedSource &source : c.sources) {
                for (int step = 0; step < source.channels; step += c.in_step) {
                    for (int lane = b; lane < b + c.block; lane++) {
                        const double s = scale_at(c, w, lane, p);
                        for (int j = 0; j < c.in_step; j++) {
                            const bool real = step + j < source.channels;
                            const auto value = static_cast<int>(
                                real ? std::lround(scaled_weight(c, w, lane, p, i + step + j) * s) : 0);
                            all.values.push_back(value);
                            for (int q = 0; c.shifted() && q < c.positions(); q++)
                                if (q == p || c.points.empty())
                                    all.offsets[(b / c.block * c.positions() + q) * c.block + lane - b] -=
                                        source.shift * value;
                        }
                    }
                }
                i += source.channels;
            }
            for (int lane = b; lane < b + c.block; lane++)
                all.scales.push_back(static_cast<float>(1 / scale_at(c, w, lane, p)));
        }
    }
    return all;
}

void check_rounded(const RoundingCase &c, std::vector<float> w) {
    const int zero_channel = c.first_out + 1;
    std::fill_n(w.begin() + zero_channel * c.in() * c.taps, c.in() * c.taps, 0.0f);
    const Rounded wanted = expected_of(c, w);
    for (int threads : {1, 3}) {
        SCOPED_TRACE(std::to_string(c.in()) + " in, " + std::to_string(threads) + " threads");
        const Rounded found = rounded_of(c, w, threads);
        EXPECT_EQ(found.values, wanted.values);
        EXPECT_EQ(found.scales, wanted.scales);
        EXPECT_EQ(found.offsets, wanted.offsets);
        ASSERT_EQ(found.scales.size(), wanted.scales.size());
        EXPECT_EQ(found.scales[1], 1) << "of a channel of zeros";
    }
}

std::vector<float> ramp_of(const RoundingCase &c) {
    return ramp(static_cast<size_t>(c.out_total) * c.in() * c.taps);
}

TEST(Rounding, OfTransformedWeightsIsByPosition) {
    const auto e = [](int first) { return exponents(5, first); };
    for (const RoundingCase &c :
         {RoundingCase{14, 0, 14, 9, 8, {{6, e(0)}}, 16383, kPoints},
          RoundingCase{40, 8, 30, 9, 16, {{5, e(3)}, {8, e(-2)}, {1, e(7)}}, 16383, kPoints},
          RoundingCase{6, 0, 6, 9, 4, {{64, e(0)}, {33, e(1)}}, 32767, kPoints},
          RoundingCase{6, 0, 5, 9, 4, {{3, e(-6)}}, 1, kPoints}})
        check_rounded(c, ramp_of(c));
}

TEST(Rounding, OfADirectConvolutionIsByOutputChannel) {
    for (const RoundingCase &c :
         {RoundingCase{14, 0, 14, 1, 8, {{6, {3}}}, 8191, {}},
          RoundingCase{40, 8, 30, 1, 16, {{5, {3}}, {8, {-2}}, {1, {0}}}, 8191, {}},
          RoundingCase{14, 2, 11, 9, 8, {{7, exponents(9, 0)}, {4, exponents(9, 2)}}, 8191, {}},
          RoundingCase{5, 0, 5, 5, 8, {{3, {1, 1, 1, 1, 1}}}, 32767, {}}})
        check_rounded(c, ramp_of(c));
}

TEST(Rounding, ToInt8IsInFoursAndKnowsShifts) {
    for (const RoundingCase &c :
         {RoundingCase{14, 0, 14, 1, 8, {{6, {3}, 0.75f}}, 255, {}, 4},
          RoundingCase{40, 8, 30, 1, 16, {{5, {3}, 0.625f, 128}, {8, {-2}}, {1, {0}, 1, 128}}, 383, {}, 4},
          RoundingCase{14, 2, 11, 9, 8, {{7, exponents(9, 0)}, {4, exponents(9, 2), 0.5f, 128}}, 383, {}, 4},
          RoundingCase{6, 0, 6, 9, 4, {{33, exponents(9, 1)}}, 127, {}, 4},
          RoundingCase{14, 2, 11, 9, 8, {{7, exponents(5, 0), 0.5f, 128}}, 383, kPoints, 4},
          RoundingCase{14, 0, 14, 9, 8, {{7, exponents(5, 0)}, {9, exponents(5, 1)}}, 127, kPoints, 4}})
        check_rounded(c, ramp_of(c));
}

std::vector<float> random_weights(size_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<float> w(count);
    for (float &value : w) {
        value = std::ldexp(static_cast<float>(random() % 20001) - 10000, -10);
        if (random() % 64 == 0) value *= 300;  // one that all others must make room for
    }
    return w;
}

// What the kernels rely on: int32 holds every sum, and what is lost is half a step.
void check_promise(const RoundingCase &c, uint32_t seed) {
    const std::vector<float> w = random_weights(static_cast<size_t>(c.out_total) * c.in() * c.taps, seed);
    const Rounded found = rounded_of(c, w, 2);
    ASSERT_FALSE(found.values.empty());
    const bool direct = c.points.empty();
    for (int lane = 0; lane < c.lanes(); lane++) {
        int64_t sum = 0, greatest = 0;
        double most_lost = 0;
        for (int p = 0; p < c.positions(); p++) {
            if (!direct) sum = greatest = 0;
            const int64_t row = int64_t{lane / c.block} * c.positions() + p;
            const double scale = found.scales[row * c.block + lane % c.block];
            int i = 0, step = 0;
            for (const RoundedSource &source : c.sources) {
                for (int k = 0; k < source.channels; k++, i++) {
                    const int64_t at =
                        ((row * c.steps() + step + k / c.in_step) * c.block + lane % c.block) * c.in_step +
                        k % c.in_step;
                    const int q = found.values[at];
                    ASSERT_GE(q, -c.greatest());  // the product of two -32768 pairs does not fit
                    sum += std::abs(q);
                    greatest = std::max<int64_t>(greatest, std::abs(q));
                    most_lost = std::max(most_lost, std::abs(q - scaled_weight(c, w, lane, p, i) / scale));
                }
                step += (source.channels + c.in_step - 1) / c.in_step;
            }
            ASSERT_LE(sum * c.most, INT32_MAX) << "lane " << lane << ", position " << p;
            // No room is left: a scale larger by a thousandth would not hold.
            if ((!direct || p + 1 == c.positions()) && sum) {
                EXPECT_TRUE(greatest == c.greatest() || sum * 1.001 + c.in() * c.taps > INT32_MAX / c.most)
                    << lane;
            }
        }
        // `scale` is a float: of |q| up to 2^15 its rounding moves u' / scale by up to 2^15 * 2^-24.
        EXPECT_LE(most_lost, 0.5 + 0.002) << "lane " << lane;
    }
}

TEST(Rounding, LeavesNoSumThatOverflowsAndLosesHalfAStep) {
    for (uint32_t seed = 1; seed <= 5; seed++) {
        for (int most : {8191, 16383, 32767}) {
            check_promise({14, 0, 14, 9, 8, {{28, exponents(5, 0)}, {15, exponents(5, 4)}}, most, kPoints},
                          seed);
            check_promise({6, 0, 6, 9, 4, {{200, exponents(9, -1)}}, most, {}}, seed);
            check_promise({9, 0, 9, 1, 4, {{334, {2}}, {21, {-3}}}, most, {}}, seed);
            check_promise({9, 0, 9, 1, 4, {{2, {0}}}, most, {}}, seed);
        }
        for (int most : {127, 255, 383}) {
            check_promise({9, 0, 9, 1, 4, {{334, {2}, 0.75f}, {21, {-3}}}, most, {}, 4}, seed);
            check_promise({6, 0, 6, 9, 4, {{1072, exponents(9, -1)}}, most, {}, 4}, seed);
        }
    }
}

// The text of an open of one packing of a tensor (4, 6, 1, 1) with roundings that are there.
std::string rounding_refusal(int32_t number, int32_t most, const std::vector<RoundedSource> &sources,
                             const std::vector<int64_t> &shape = {4, 6, 1, 1}, int32_t in_step = 2) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.weight_elems = 1 << 20;
    plan.rounding(most, sources, in_step);
    plan.pack({HARDNET_PACK_ROUNDED, plan.weight("w", shape), -1, 0, 4, 8, 0, number});
    Opened opened(plan.network(), default_options());
    EXPECT_NE(opened.status, HARDNET_OK);
    return opened.error();
}

TEST(Rounding, OfWhatIsNotThereIsRefused) {
    const std::string fits =
        "weights: expected weights_path or weights_data, found neither";  // the next thing
    const std::string others = "packing 0: expected channels of tensor w, found others";
    const std::vector<RoundedSource> six = {{5, {0}}, {1, {0}}};
    EXPECT_EQ(rounding_refusal(0, 8191, six), fits);
    EXPECT_EQ(rounding_refusal(1, 8191, six), "packing 0: expected a rounding below 1, found 1");
    EXPECT_EQ(rounding_refusal(-1, 8191, six), "packing 0: expected a rounding below 1, found -1");
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}}, {2, {0}}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{7, {0}}, {-1, {0}}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{6, {0}}, {0, {0}}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {}), others);
    EXPECT_EQ(rounding_refusal(0, 0, six), others);
    EXPECT_EQ(rounding_refusal(0, -8191, six), others);
    EXPECT_EQ(rounding_refusal(0, 32767, six), fits);
    EXPECT_EQ(rounding_refusal(0, 32768, six), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}, 0.5f}, {1, {0}, 1, 8191}}), fits);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}, 0.5f}, {1, {0}, 1, 8192}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}}, {1, {0}, 1, -1}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}}, {1, {0}, 0}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}}, {1, {0}, -1}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}}, {1, {0}, INFINITY}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, {{5, {0}}, {1, {0}, NAN}}), others);
    EXPECT_EQ(rounding_refusal(0, 8191, six, {4, 6, 1, 1}, 3), others);
    EXPECT_EQ(rounding_refusal(0, 8191, six, {4, 6, 1, 1}, 4), fits);
    // 2^31 / 32767 is 65538: rounding alone may add half of as many to a sum.
    EXPECT_EQ(rounding_refusal(0, 32767, {{65537, {0}}}, {4, 65537, 1, 1}), fits);
    EXPECT_EQ(rounding_refusal(0, 32767, {{65538, {0}}}, {4, 65538, 1, 1}), others);
    EXPECT_EQ(rounding_refusal(0, 32767, {{7282, exponents(9, 0)}}, {4, 7282, 3, 3}),
              others);  // all taps are one sum
}

TEST(Rounding, LiesInThePackedWeights) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.weight_elems = 31;  // 8 lanes of 3 pairs and a scale: 32
    plan.pack(
        {HARDNET_PACK_ROUNDED, plan.weight("w", {4, 5, 1, 1}), -1, 0, 4, 8, 0, plan.rounding(9, {{5, {0}}})});
    Opened opened(plan.network(), default_options());
    EXPECT_STREQ(opened.error(), "packing 0: expected elements below 31, found 32 from 0 on");
}

// Of a level that rounds these sources.
std::string rounding_identity(int32_t most, const std::vector<RoundedSource> &sources, bool transformed) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.weight_elems = 1 << 10;
    const int32_t transform = transformed ? plan.transform(kPoints, kPoints) : -1;
    plan.pack({HARDNET_PACK_ROUNDED, plan.weight("w", {4, 6, 3, 3}), transform, 0, 4, 8, 0,
               plan.rounding(most, sources, 2, !transformed)});
    char text[17];
    hardnet_packing_identity(plan.network(), &plan.network()->levels[0], text);
    return text;
}

TEST(Rounding, IsPartOfWhatPackedWeightsAreOf) {
    for (bool transformed : {true, false}) {
        const int positions = transformed ? 5 : 9;
        const std::vector<int8_t> e = exponents(positions, 0);
        const std::string one = rounding_identity(8191, {{5, e}, {1, e}}, transformed);
        EXPECT_EQ(rounding_identity(8191, {{5, e}, {1, e}}, transformed), one);
        EXPECT_NE(rounding_identity(8190, {{5, e}, {1, e}}, transformed), one);
        EXPECT_NE(rounding_identity(8191, {{4, e}, {2, e}}, transformed), one);
        EXPECT_NE(rounding_identity(8191, {{6, e}}, transformed), one);
        for (int p = 0; p < positions; p++) {
            std::vector<int8_t> other = e;
            other[p]++;
            EXPECT_NE(rounding_identity(8191, {{5, other}, {1, e}}, transformed), one) << p;
            EXPECT_NE(rounding_identity(8191, {{5, e}, {1, other}}, transformed), one) << p;
        }
    }
}

}  // namespace
}  // namespace hardnet
