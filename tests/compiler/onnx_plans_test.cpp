// What PyTorch's exporters make of built-in networks is planned as these are: the same steps by the same kernels. The graphs
// in tests/onnx/graphs have their weights taken out (tools/onnx/make_graphs.py); what a plan is does not depend on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "onnx/import.h"
#include "onnx/read_model.h"
#include "tests/compiler/plans.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

// Where what a network is leaves its plan another than the built-in one's.
enum class Difference {
    kNone,
    kReluInBlocks,  // pytorchcv's blocks without depthwise layers have ReLU where the record has ReLU6
    kShortcutOrder,  // a record's shortcut runs in front of its branch, an export's right in front of the layer that adds it
};

struct ExportCase {
    const char *graph;     // "hardnet68", of hardnet68.dynamo.onnx
    const char *built_in;  // that it is planned as; empty: there is none
    InputSize size;
    Difference difference = Difference::kNone;
};

// The graphs' weights are all of one file: its values from its start on. Of large tensors the rest is zeros, which take no
// room. No value is below 0, since variances are among them.
class OnnxPlans : public ::testing::TestWithParam<ExportCase> {
protected:
    OnnxPlans() {
        std::vector<float> values = seeded_input(kSeeded, 1);
        for (float &value : values) value = std::abs(value);
        std::ofstream(weights_, std::ios::binary)
            .write(reinterpret_cast<const char *>(values.data()), std::streamsize(kSeeded * sizeof(float)));
        std::filesystem::resize_file(weights_, 512 << 20);  // longer than any tensor
    }
    ~OnnxPlans() override { std::filesystem::remove(weights_); }

    Result<OnnxNetwork> imported(const std::string &exporter) const {
        const auto model = read_onnx(std::string(HARDNET_SOURCE "/tests/onnx/graphs/") + GetParam().graph +
                                     "." + exporter + ".onnx");
        if (!model) return model.error();
        OnnxOptions options;
        options.external_file = weights_;
        return import_onnx(*model, options);
    }

    static constexpr int64_t kSeeded = 1 << 20;
    const std::string weights_ = (std::filesystem::temp_directory_path() /
                                  ("hardnet_onnx_plans_" + std::to_string(::getpid()) + ".weights"))
                                     .string();
};

std::vector<std::string> sorted_keys(const Plan &plan) {
    std::vector<std::string> keys;
    for (const KernelSpec &k : plan.kernels) keys.push_back(key(k));
    std::sort(keys.begin(), keys.end());
    return keys;
}

std::vector<std::string> in_one_only(const std::vector<std::string> &a, const std::vector<std::string> &b) {
    std::vector<std::string> keys;
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(keys));
    return keys;
}

std::vector<int> kinds_of_steps(const Plan &plan) {
    std::vector<int> kinds;
    for (const hardnet_step &step : plan.steps) kinds.push_back(int(step.kind));
    return kinds;
}

void expect_weights_of_every_layer(const OnnxNetwork &net) {
    ASSERT_EQ(net.weights.layers.size(), net.network.layers.size());
    for (size_t i = 0; i < net.network.layers.size(); i++) {
        const Layer &layer = net.network.layers[i];
        const std::vector<FoldedTensor> wanted = folded_tensors(layer);
        const std::vector<const FloatTensor *> found = net.weights.layers[i].tensors(layer);
        ASSERT_EQ(found.size(), wanted.size()) << layer.name;
        for (size_t t = 0; t < found.size(); t++) {
            EXPECT_EQ(found[t]->shape, wanted[t].shape) << layer.name;
            EXPECT_FALSE(found[t]->values.empty()) << layer.name;
        }
    }
}

Result<Network> built_in(const ExportCase &c) {
    Result<ModelRecord> record = find_record(c.built_in);
    if (!record) return record.error();
    if (c.difference == Difference::kReluInBlocks) record->block_activation = Activation::kRelu;
    return build_network(*record, c.size);
}

void expect_plan(const ExportCase &c, const Plan &plan, const Plan &expected) {
    std::vector<int> steps = kinds_of_steps(plan), wanted = kinds_of_steps(expected);
    if (c.difference == Difference::kShortcutOrder) {
        std::sort(steps.begin(), steps.end());
        std::sort(wanted.begin(), wanted.end());
    }
    EXPECT_EQ(steps, wanted);
    EXPECT_THAT(in_one_only(sorted_keys(plan), sorted_keys(expected)), ::testing::IsEmpty());
}

TEST_P(OnnxPlans, AreThoseOfTheBuiltInNetworks) {
    const ExportCase &c = GetParam();
    for (const char *exporter : {"torchscript", "dynamo"}) {
        SCOPED_TRACE(exporter);
        auto net = imported(exporter);
        ASSERT_TRUE(net) << net.error().what;
        EXPECT_EQ(net->network.input, (Shape{3, c.size.height, c.size.width}));
        expect_weights_of_every_layer(*net);
        for (const char *level : {"sse41", "avx2", "avx512"}) {
            SCOPED_TRACE(level);
            if (!*c.built_in) {
                const Result<Plan> plan = make_plan(net->network, machine_named(level), {});
                EXPECT_TRUE(plan) << plan.error().what;
                continue;
            }
            const Result<Network> network = built_in(c);
            ASSERT_TRUE(network) << network.error().what;
            net->network.preprocessing = network->preprocessing;  // which a file does not tell
            const Result<Plan> plan = make_plan(net->network, machine_named(level), {}),
                               expected = make_plan(*network, machine_named(level), {});
            ASSERT_TRUE(plan && expected);
            expect_plan(c, *plan, *expected);
        }
    }
}

constexpr ExportCase kExports[] = {
    {"hardnet39ds", "hardnet39ds", {64, 64}},
    {"hardnet68", "hardnet68", {64, 64}},
    {"fchardnet70", "fchardnet70", {96, 128}},
    {"hardnet_mseg", "", {128, 128}},
    {"kingnet53", "", {64, 64}},
    {"pytorchcv_hardnet39ds", "hardnet39ds", {224, 224}},
    {"pytorchcv_hardnet68ds", "hardnet68ds", {224, 224}},
    {"pytorchcv_hardnet68", "hardnet68", {224, 224}, Difference::kReluInBlocks},
    {"pytorchcv_hardnet85", "hardnet85", {224, 224}, Difference::kReluInBlocks},
    {"pytorchcv_seresnet50", "", {224, 224}},
    {"torchvision_resnet18", "resnet18", {64, 64}, Difference::kShortcutOrder},
    {"torchvision_resnet50", "resnet50", {64, 64}, Difference::kShortcutOrder},
    {"torchvision_densenet121", "densenet121", {64, 64}},
    {"torchvision_mobilenet_v2", "mobilenetv2", {64, 64}},
    {"torchvision_mobilenet_v3_small", "", {64, 64}},
    {"torchvision_mobilenet_v3_large", "", {64, 64}},
    {"torchvision_vgg16", "vgg16", {224, 224}},
};

INSTANTIATE_TEST_SUITE_P(Networks, OnnxPlans, ::testing::ValuesIn(kExports),
                         [](const auto &c) { return c.param.graph; });

}  // namespace
}  // namespace hardnet::testing
