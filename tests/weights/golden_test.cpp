// The reference operators on folded seeded weights against PyTorch in double: the one place where models/,
// weights/ and reference/ meet an implementation that shares no line with them.
#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "models/records.h"
#include "reference/compare.h"
#include "reference/run_network.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

// PyTorch keeps batch norm apart and in double; ours is folded into weights that are rounded to float32, and
// that is the only difference. Each bound is three times the largest value measured over the nine cases.
constexpr double kLogitsBound = 2e-7;        // relative RMS; measured 6.5e-8
constexpr double kSamplesBound = 1e-6;       // relative RMS of 16 samples: one decides; measured 3.3e-7
constexpr double kStatisticsBound = 1.2e-7;  // of mean and rms, relative to the rms; measured 3.9e-8

class Goldens : public ::testing::TestWithParam<const char *> {};

size_t layer_named(const Network &network, const std::string &name) {
    const auto named = [&](const Layer &layer) { return layer.name == name; };
    return std::find_if(network.layers.begin(), network.layers.end(), named) - network.layers.begin();
}

void expect_tap(const Tap &tap, const std::vector<double> &values) {
    SCOPED_TRACE(tap.layer);
    ASSERT_EQ(static_cast<int64_t>(values.size()), tap.elements);
    double sum = 0, squares = 0;
    std::vector<double> samples;
    for (double value : values) sum += value, squares += value * value;
    for (size_t i = 0; i < tap.samples.size(); i++) {
        samples.push_back(values[i * (values.size() - 1) / (tap.samples.size() - 1)]);
    }
    EXPECT_NEAR(sum / values.size(), tap.mean, kStatisticsBound * tap.rms);
    EXPECT_NEAR(std::sqrt(squares / values.size()), tap.rms, kStatisticsBound * tap.rms);
    EXPECT_LT(compare(samples, tap.samples).relative_rms, kSamplesBound);
}

TEST_P(Goldens, AgreeWithTheReference) {
    const Golden golden = read_golden(HARDNET_GOLDEN_FOLDER "/logits/" + std::string(GetParam()) + ".json");
    const auto record = find_record(golden.network);
    ASSERT_TRUE(record);
    const auto network = build_network(*record, {golden.height, golden.width});
    ASSERT_TRUE(network);
    const auto weights = fold(*network, seeded_checkpoint(*network, golden.seed));
    ASSERT_TRUE(weights);
    const auto outputs =
        run_network(*network, *weights, seeded_input(network->input.elements(), golden.seed));
    ASSERT_TRUE(outputs) << outputs.error().what;

    ASSERT_EQ(golden.taps.size(), 6u);
    for (const Tap &tap : golden.taps) {
        const size_t layer = layer_named(*network, tap.layer);
        ASSERT_LT(layer, network->layers.size()) << tap.layer;
        expect_tap(tap, (*outputs)[layer]);
    }
    ASSERT_EQ(golden.logits.size(), 1000u);
    const Difference difference = compare(outputs->back(), golden.logits);
    std::cout << GetParam() << ": logits " << difference.relative_rms << " relative RMS\n";
    EXPECT_LT(difference.relative_rms, kLogitsBound);
}

INSTANTIATE_TEST_SUITE_P(Oracle, Goldens,
                         ::testing::Values("hardnet39ds_224x224", "hardnet39ds_200x264",
                                           "hardnet68ds_224x224", "hardnet68ds_200x264", "hardnet68_224x224",
                                           "hardnet68_200x264", "hardnet85_224x224", "hardnet85_200x264",
                                           "hardnet68_96x64"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
}  // namespace hardnet::testing
