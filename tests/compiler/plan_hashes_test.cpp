// Holds the plan of every network at every level to a stored hash of its tables and of its kernels' keys, so that a change
// which is to move code alone is seen to change nothing, and any other change is refreshed on purpose:
//
//     HARDNET_UPDATE_PLAN_HASHES=1 build/test_plan_hashes
//
// Kernels enter by their keys, not by their symbols, which change with the text of generators and schedules.
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "compiler/emission/kernel.h"
#include "compiler/package/write_c.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

using Hashes = std::map<std::string, std::string>;  // "hardnet68/75x101/avx512" -> of its plan

constexpr char kFile[] = HARDNET_SOURCE "/tests/golden/plans.json";

std::string with_keys_for_symbols(std::string source, const Plan &plan) {
    std::map<std::string, std::string> keys;
    for (const KernelSpec &k : plan.kernels) keys[symbol(k, *plan.machine)] = key(k);
    const std::string prefix = "hardnet_";
    constexpr size_t kSymbol = 8 + 32;
    std::string text;
    for (size_t at = 0; at < source.size();) {
        const auto found = source.compare(at, prefix.size(), prefix) == 0
                               ? keys.find(source.substr(at, kSymbol))
                               : keys.end();
        if (found == keys.end()) {
            text += source[at++];
        } else {
            text += found->second;
            at += kSymbol;
        }
    }
    return text;
}

std::string hash_of(const PlanCase &c) {
    const Planned p = planned(c.network, c.size, c.level);
    std::string text = with_keys_for_symbols(plan_source(p.network, {"network", 1}, {p.plan}, {}), p.plan);
    for (const LayerChoice &choice : p.plan.choices) text += choice.algorithm + " " + choice.blocks + "\n";
    text += std::to_string(p.plan.transform_bytes);
    return content_hash(text);
}

TEST(PlanHashes, EveryNetworkAtEveryLevelIsAsStored) {
    Hashes found;
    for (const PlanCase &c : every_plan()) found[c.name()] = hash_of(c);
    if (std::getenv("HARDNET_UPDATE_PLAN_HASHES")) {
        std::ofstream(kFile) << nlohmann::json(found).dump(2) << "\n";
        GTEST_SKIP() << "wrote " << kFile;
    }
    std::ifstream file(kFile);
    const auto stored = nlohmann::json::parse(file).get<Hashes>();
    EXPECT_EQ(found.size(), stored.size());
    for (const auto &[name, hash] : found)
        EXPECT_EQ(stored.count(name) ? stored.at(name) : "none", hash)
            << name << ": another plan than stored";
}

}  // namespace
}  // namespace hardnet::testing
