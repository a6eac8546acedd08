// What PyTorch's exporters make of built-in networks is planned as these are: the same steps by the same kernels. The graphs
// in tests/onnx/graphs have their weights taken out (tools/onnx/make_graphs.py); what a plan is does not depend on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "onnx/import.h"
#include "onnx/read_model.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

struct ExportCase {
    const char *network;
    InputSize size;
};

class OnnxPlans : public ::testing::TestWithParam<ExportCase> {
protected:
    OnnxPlans() {
        std::ofstream(weights_).put(0);
        std::filesystem::resize_file(weights_, 64 << 20);  // longer than any tensor; zeros that take no room
    }
    ~OnnxPlans() override { std::filesystem::remove(weights_); }

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

TEST_P(OnnxPlans, AreThoseOfTheBuiltInNetworks) {
    const ExportCase &c = GetParam();
    for (const char *exporter : {"torchscript", "dynamo"}) {
        SCOPED_TRACE(exporter);
        const std::string path =
            std::string(HARDNET_SOURCE "/tests/onnx/graphs/") + c.network + "." + exporter + ".onnx";
        const auto model = read_onnx(path);
        ASSERT_TRUE(model) << model.error().what;
        OnnxOptions options;
        options.external_file = weights_;
        auto imported = import_onnx(*model, options);
        ASSERT_TRUE(imported) << imported.error().what;
        for (const char *level : {"sse41", "avx2", "avx512"}) {
            SCOPED_TRACE(level);
            const Planned built_in = planned(c.network, c.size, level);
            imported->network.preprocessing = built_in.network.preprocessing;  // which a file does not tell
            const Result<Plan> plan = make_plan(imported->network, machine_named(level), {});
            ASSERT_TRUE(plan) << plan.error().what;
            EXPECT_EQ(kinds_of_steps(*plan), kinds_of_steps(built_in.plan));
            EXPECT_THAT(in_one_only(sorted_keys(*plan), sorted_keys(built_in.plan)), ::testing::IsEmpty());
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, OnnxPlans,
                         ::testing::Values(ExportCase{"hardnet39ds", {64, 64}},
                                           ExportCase{"hardnet68", {64, 64}},
                                           ExportCase{"fchardnet70", {96, 128}}),
                         [](const auto &c) { return c.param.network; });

}  // namespace
}  // namespace hardnet::testing
