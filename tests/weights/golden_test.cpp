// The reference operators on folded seeded weights against PyTorch in double: the one place where models/,
// weights/ and reference/ meet an implementation that shares no line with them.
#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "models/records.h"
#include "reference/compare.h"
#include "reference/run_network.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

// PyTorch keeps batch norm apart and in double; ours is folded into weights that are rounded to float32, and
// that is the only difference. Each bound is three times the largest value measured over all cases.
constexpr double kOutputBound = 1e-6;     // relative RMS; measured 3.1e-7 of MobileNetV2, 1.3e-7 of others
constexpr double kSamplesBound = 4.3e-6;  // relative RMS of 16 samples: one decides; 1.5e-6, 3.3e-7 of others
constexpr double kStatisticsBound = 1.9e-7;  // of mean and rms, relative to the rms; measured 6.2e-8

class Goldens : public ::testing::TestWithParam<const char *> {};

// What PyTorch's module of that name returns: the layer of that name or else the last inside the module (behind a 1x1 may
// be its pool), of so many elements.
size_t layer_of(const Network &network, const Tap &tap) {
    size_t found = network.layers.size();
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        if (layer.out.elements() != tap.elements) continue;
        if (layer.name == tap.layer) return i;
        if (layer.name.rfind(tap.layer + ".", 0) == 0) found = i;
    }
    return found;
}

void expect_tap(const Tap &tap, const std::vector<double> &values) {
    SCOPED_TRACE(tap.layer);
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

void expect_output(const GoldenOutput &golden, const std::vector<int64_t> &shape,
                   const std::vector<double> &values) {
    SCOPED_TRACE(golden.name);
    EXPECT_EQ(std::vector<int64_t>(golden.shape.begin() + 1, golden.shape.end()), shape);
    std::vector<double> kept;
    for (size_t i = 0; i < values.size(); i += static_cast<size_t>(golden.stride)) kept.push_back(values[i]);
    const Difference difference = compare(kept, golden.values);
    std::cout << golden.name << ": " << difference.relative_rms << " relative RMS\n";
    EXPECT_LT(difference.relative_rms, kOutputBound);
}

TEST_P(Goldens, AgreeWithTheReference) {
    const Golden golden = read_golden(HARDNET_GOLDEN_FOLDER "/" + std::string(GetParam()) + ".json");
    const auto record = find_record(golden.network);
    ASSERT_TRUE(record);
    const auto network = build_network(*record, {golden.height, golden.width});
    ASSERT_TRUE(network);
    const auto weights = fold(*network, seeded_checkpoint(*network, golden.seed));
    ASSERT_TRUE(weights);
    const auto layers = run_network(*network, *weights, seeded_input(network->input.elements(), golden.seed));
    ASSERT_TRUE(layers) << layers.error().what;

    ASSERT_GE(golden.taps.size(), 5u);
    for (const Tap &tap : golden.taps) {
        const size_t layer = layer_of(*network, tap);
        ASSERT_LT(layer, network->layers.size()) << tap.layer;
        expect_tap(tap, (*layers)[layer]);
    }
    ASSERT_EQ(golden.outputs.size(), network->outputs.size());
    for (size_t i = 0; i < golden.outputs.size(); i++) {
        const Output &output = network->outputs[i];
        EXPECT_EQ(golden.outputs[i].name, output.name);
        expect_output(golden.outputs[i], output_shape(*network, output),
                      output_values(*network, output, *layers));
    }
}

// HarDNets that nobody has released, and detectors on them, by records.
class Backbones : public ::testing::TestWithParam<const char *> {};

TEST_P(Backbones, AgreeWithTheReference) {
    std::ifstream file(HARDNET_GOLDEN_FOLDER "/backbones/" + std::string(GetParam()) + ".json");
    const auto golden = nlohmann::json::parse(file);
    const auto record = record_from_json(golden.at("record").dump(), GetParam());
    ASSERT_TRUE(record) << record.error().what;
    const auto network = build_network(*record, record->input);
    ASSERT_TRUE(network) << network.error().what;
    const uint64_t seed = golden.at("seed");
    const auto weights = fold(*network, seeded_checkpoint(*network, seed));
    ASSERT_TRUE(weights) << weights.error().what;
    const auto layers = run_network(*network, *weights, seeded_input(network->input.elements(), seed));
    ASSERT_TRUE(layers) << layers.error().what;
    ASSERT_EQ(golden.at("outputs").size(), network->outputs.size());
    for (size_t i = 0; i < network->outputs.size(); i++) {
        const auto &told = golden.at("outputs")[i];
        const Output &output = network->outputs[i];
        EXPECT_EQ(told.at("name"), output.name);
        expect_output({told.at("name"), told.at("shape"), told.at("stride"), told.at("values")},
                      output_shape(*network, output), output_values(*network, output, *layers));
    }
}

INSTANTIATE_TEST_SUITE_P(Oracle, Backbones,
                         ::testing::Values("ssd_ds", "centernet_ds", "centernet", "planes_1", "planes_2",
                                           "planes_4"),
                         [](const auto &name) { return std::string(name.param); });

std::string case_name(const ::testing::TestParamInfo<const char *> &info) {
    const std::string path = info.param;
    return path.substr(path.find('/') + 1);
}

// Of each network its smallest golden, and of the four HarDNets all.
INSTANTIATE_TEST_SUITE_P(
    Oracle, Goldens,
    ::testing::Values("logits/hardnet39ds_224x224", "logits/hardnet39ds_200x264",
                      "logits/hardnet68ds_224x224", "logits/hardnet68ds_200x264", "logits/hardnet68_224x224",
                      "logits/hardnet68_200x264", "logits/hardnet85_224x224", "logits/hardnet85_200x264",
                      "logits/hardnet68_96x64", "outputs/hardnet96s_96x64", "outputs/hardnet96s_75x101",
                      "outputs/hardnet117s_96x64", "outputs/hardnet138s_96x64", "outputs/resnet18_96x64",
                      "outputs/resnet18_75x101", "outputs/resnet50_96x64", "outputs/resnet50_v1_96x64",
                      "outputs/resnet101_96x64", "outputs/resnet101_v1_96x64", "outputs/resnet152_96x64",
                      "outputs/resnet152_v1_96x64", "outputs/mobilenetv2_96x64", "outputs/mobilenetv2_75x101",
                      "outputs/mobilenetv2_14_96x64", "outputs/densenet121_96x64",
                      "outputs/densenet121_75x101", "outputs/densenet201_96x64", "outputs/densenet264_96x64",
                      "outputs/fchardnet70_96x128", "outputs/fchardnet70_97x131",
                      "outputs/fchardnet68_96x128", "outputs/fchardnet68_97x131",
                      "outputs/fchardnet76_96x128", "outputs/fchardnet84_96x128",
                      "outputs/fcdensenet56_96x128", "outputs/fcdensenet56_97x131",
                      "outputs/centernet_hardnet85_128x160"),
    case_name);

// These take 2 to 24 s each on two cores, the rest 30 s together.
INSTANTIATE_TEST_SUITE_P(Slow, Goldens,
                         ::testing::Values("outputs/fchardnet_ref100_96x128", "outputs/fcdensenet67_96x128",
                                           "outputs/fcdensenet103_96x128",
                                           "outputs/centernet_hardnet85_132x164",
                                           "outputs/ssd512_hardnet68_276x308",
                                           "outputs/ssd512_hardnet85_276x308", "outputs/ssd512_vgg16_276x308",
                                           "outputs/vgg16_224x224"),
                         case_name);

}  // namespace
}  // namespace hardnet::testing
