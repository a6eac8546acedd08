// Which levels multiply what in a package of which precision, as docs/precision.md says it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/folders.h"
#include "compiler/compile.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

constexpr Precision kPrecisions[] = {Precision::kFloat32, Precision::kInt16, Precision::kInt8};

// CPUs' of every precision, in the order of the finest-grained list, and GPUs'.
std::vector<Machine> all_levels() {
    std::vector<Machine> all = machines(Precision::kInt8);
    all.insert(all.end(), gpu_machines().begin(), gpu_machines().end());
    return all;
}

bool exists(const Machine &machine, Precision precision) {
    const std::vector<Machine> &levels = machines(precision);
    return machine.gpu() || std::any_of(levels.begin(), levels.end(),
                                        [&](const Machine &m) { return m.level == machine.level; });
}

// What the layers of hardnet39ds are multiplied in, the coarsest first; "-": no such level.
std::string products_of(const Machine &machine, Precision precision) {
    if (!exists(machine, precision)) return "-";
    const Result<Network> network = build_network(*find_record("hardnet39ds"), {64, 64});
    Ranges ranges;
    for (size_t i = 0; i < network->layers.size(); i++) ranges.push_back({{0, 6}});
    PlanOptions options;
    options.precision = precision;
    if (precision != Precision::kFloat32) options.ranges = &ranges;
    const Result<Plan> plan = make_plan(*network, machine, options);
    if (!plan) return plan.error().what;
    std::set<Precision> found;
    for (const LayerChoice &choice : plan->choices) found.insert(choice.products);
    std::string text;
    for (auto p = found.rbegin(); p != found.rend(); ++p)
        text += (text.empty() ? "" : ", ") + std::string(name_of(*p));
    return text;
}

bool refused_alone(const std::string &products, Precision precision) {
    return precision != Precision::kFloat32 && products == name_of(Precision::kFloat32);
}

TEST(PrecisionTable, IsInTheDocumentation) {
    std::ifstream page(HARDNET_PRECISION_PAGE);
    std::string line, documented, table;
    while (std::getline(page, line) && line != "## Levels") {
    }
    while (std::getline(page, line) && line.rfind("## ", 0) != 0)
        if (line.rfind("| `", 0) == 0) documented += line + "\n";
    for (const Machine &machine : all_levels()) {
        table += "| `" + machine.level + "` |";
        for (Precision precision : kPrecisions) {
            const std::string products = products_of(machine, precision);
            table += " " + products + (refused_alone(products, precision) ? " (refused alone)" : "") + " |";
        }
        table += "\n";
    }
    EXPECT_EQ(documented, table);
}

TEST(PrecisionTable, WhatHasNoIntegersIsRefusedInOneLine) {
    const TemporaryFolder folder("hardnet-precision-");
    for (const Machine &machine : all_levels()) {
        for (Precision precision : kPrecisions) {
            if (!refused_alone(products_of(machine, precision), precision)) continue;
            SCOPED_TRACE(machine.level);
            CompileRequest request;
            request.record = *find_record("hardnet39ds");
            request.size = {64, 64};
            request.weights = "seed:1";
            request.targets = {machine.level};
            request.precision = name_of(precision);
            request.folder = folder.path() + "/package";
            const auto compiled = compile_package(request);
            ASSERT_FALSE(compiled);
            EXPECT_THAT(compiled.error().what,
                        ::testing::HasSubstr(std::string("precision ") + name_of(precision) +
                                             ": expected a target whose levels have it"));
            EXPECT_FALSE(std::filesystem::exists(request.folder));
        }
    }
}

}  // namespace
}  // namespace hardnet::testing
