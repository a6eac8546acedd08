// Plans without kernels: planning takes milliseconds and needs no CPU of the level.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "compiler/plan.h"
#include "models/records.h"
#include "tests/compiler/regions.h"

namespace hardnet::testing {

struct Planned {
    Network network;
    Plan plan;
};

inline const Machine &machine_named(const std::string &level, Precision precision = Precision::kFloat32) {
    for (const Machine &machine : machines(precision)) {
        if (machine.level == level) return machine;
    }
    throw std::runtime_error("no level " + level);
}

// Throws where the network or its plan is refused.
inline Planned planned(const std::string &record, InputSize size, const std::string &level,
                       const PlanOptions &options = {}) {
    const Result<ModelRecord> found = find_record(record);
    if (!found) throw std::runtime_error(found.error().what);
    Result<Network> network = build_network(*found, size);
    if (!network) throw std::runtime_error(network.error().what);
    Result<Plan> plan = make_plan(
        *network, machine_named(level, options.ranges ? options.precision : Precision::kFloat32), options);
    if (!plan) throw std::runtime_error(plan.error().what);
    return {std::move(*network), std::move(*plan)};
}

// The plan as the tables that the runtime walks, without kernels and transforms; valid while the plan lives.
inline hardnet_level tables_of(const Plan &plan) {
    hardnet_level level{};
    level.name = plan.machine->level.c_str();
    level.views = plan.views.data();
    level.view_count = uint32_t(plan.views.size());
    level.arguments = plan.arguments.data();
    level.argument_count = uint32_t(plan.arguments.size());
    level.calls = plan.calls.data();
    level.call_count = uint32_t(plan.calls.size());
    level.parts = plan.parts.data();
    level.part_count = uint32_t(plan.parts.size());
    level.steps = plan.steps.data();
    level.step_count = uint32_t(plan.steps.size());
    level.packings = plan.packings.data();
    level.packing_count = uint32_t(plan.packings.size());
    level.layer_views = plan.layer_views.data();
    level.arena_elems = plan.arena_bytes / 4;
    level.scratch_elems = plan.scratch_bytes / 4;
    level.weight_elems = plan.weight_bytes / 4;
    return level;
}

struct PlanCase {
    std::string network;
    InputSize size;
    std::string level, algorithm, objective = "speed";
    std::string name() const {  // "hardnet68/224x224/avx512"
        return network + "/" + std::to_string(size.height) + "x" + std::to_string(size.width) + "/" + level +
               (algorithm == "auto" ? "" : "/" + algorithm) + (objective == "speed" ? "" : "/" + objective);
    }
};

inline std::vector<PlanCase> plan_cases() {
    std::vector<PlanCase> all;
    for (const Machine &machine : machines()) {
        for (const char *network : {"hardnet39ds", "hardnet68ds", "hardnet68", "hardnet85"}) {
            for (InputSize size : {InputSize{224, 224}, InputSize{200, 264}, InputSize{33, 47}}) {
                all.push_back({network, size, machine.level, "auto"});
            }
        }
        all.push_back({"hardnet68", {512, 512}, machine.level, "auto"});
        all.push_back({"hardnet39ds", {512, 512}, machine.level, "auto"});
        all.push_back({"hardnet68", {224, 224}, machine.level, "direct"});
        all.push_back({"hardnet68", {33, 47}, machine.level, "winograd"});
        all.push_back({"hardnet68", {224, 224}, machine.level, "auto", "size"});
    }
    return all;
}

// Every built-in network, at the smallest size of a few that fits it.
inline std::vector<PlanCase> small_plan_cases() {
    std::vector<PlanCase> all;
    for (const ModelRecord &record : builtin_records()) {
        for (InputSize size : {InputSize{75, 101}, InputSize{97, 131}, InputSize{132, 164},
                               InputSize{276, 308}, InputSize{224, 224}}) {
            if (!build_network(record, size)) continue;
            all.push_back({record.name, size, "avx512", "auto"});
            break;
        }
    }
    return all;
}

// Those at every level.
inline std::vector<PlanCase> every_plan() {
    std::vector<PlanCase> all;
    for (PlanCase c : small_plan_cases()) {
        for (const Machine &machine : machines()) {
            c.level = machine.level;
            all.push_back(c);
        }
    }
    return all;
}

class PlanTestBase : public ::testing::Test {
public:
    explicit PlanTestBase(PlanCase c) : case_(std::move(c)) {}
    void TestBody() override {
        const Result<AlgorithmChoice> choice = algorithm_from_name(case_.algorithm);
        const Result<Objective> objective = objective_from_name(case_.objective);
        ASSERT_TRUE(choice && objective);
        planned_ = planned(case_.network, case_.size, case_.level, {*choice, *objective});
        level_ = tables_of(planned_.plan);
        check();
    }

protected:
    virtual void check() = 0;
    const Plan &plan() const { return planned_.plan; }
    const Network &network() const { return planned_.network; }
    const hardnet_level &level() const { return level_; }

private:
    PlanCase case_;
    Planned planned_;
    hardnet_level level_{};
};

// Test is a PlanTestBase.
template <typename Test>
bool register_for_every_plan(const char *suite, const std::vector<PlanCase> &cases = plan_cases()) {
    for (const PlanCase &c : cases) {
        ::testing::RegisterTest(suite, c.name().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                [c]() -> ::testing::Test * { return new Test(c); });
    }
    return true;
}

}  // namespace hardnet::testing
