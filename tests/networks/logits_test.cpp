// Compiled networks against what PyTorch computes in double, on every level that this CPU runs and with one,
// two and three threads. The test of one case is hardnet68/224x224/avx512/2: network, input, level, threads. Without
// HARDNET_ALL_NETWORKS in the environment a small size is run at every level and large ones, whose kernels take minutes to
// compile, at one or two.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "reference/compare.h"
#include "tests/golden/golden.h"
#include "tests/networks/package.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

// Relative RMS of the logits. Measured: at most 9.4e-7 (hardnet68/96x64/sse41).
constexpr double kBound = 3e-6;

struct Case {
    PackageRequest request;
    std::string level;
    int threads;
    bool only_by_wish;
    std::string name() const { return label(request) + "/" + level + "/" + std::to_string(threads); }
};

std::string golden_path(const PackageRequest &request) {
    std::string name = label(request);
    std::replace(name.begin(), name.end(), '/', '_');
    return HARDNET_GOLDEN_FOLDER "/logits/" + name + ".json";
}

std::vector<float> run(const Case &c, const Golden &golden) {
    const TestPackage &package = compiled(c.request);
    EXPECT_EQ(package.error, "");
    if (!package.network) return {};
    Session session(package, {c.level, c.threads});
    EXPECT_EQ(session.status(), HARDNET_OK) << session.error();
    if (session.status() != HARDNET_OK) return {};
    EXPECT_STREQ(hardnet_level_name(session.context()), c.level.c_str());
    const std::vector<float> image = seeded_input(int64_t(package.image_elems), golden.seed);
    std::copy(image.begin(), image.end(), session.input<float>());
    return session.run();
}

// The logits of one thread, which those of any other number must equal; kept, since several tests ask.
const std::vector<float> &of_one_thread(Case c, const Golden &golden) {
    static std::map<std::string, std::vector<float>> kept;
    c.threads = 1;
    auto [found, added] = kept.try_emplace(c.name());
    if (added) found->second = run(c, golden);
    return found->second;
}

class Logits : public ::testing::Test {
public:
    explicit Logits(Case c) : case_(std::move(c)) {}
    void TestBody() override {
        if (case_.only_by_wish && !std::getenv("HARDNET_ALL_NETWORKS"))
            GTEST_SKIP() << "HARDNET_ALL_NETWORKS is not set";
        const std::string missing = missing_features(case_.level);
        if (!missing.empty()) GTEST_SKIP() << "this CPU has no " << missing;
        const Golden golden = read_golden(golden_path(case_.request));
        ASSERT_EQ(golden.seed, 1u);
        const std::vector<float> &one = of_one_thread(case_, golden);
        ASSERT_EQ(one.size(), golden.logits.size());
        if (case_.threads == 1) {
            const Difference difference = compare(one, golden.logits);
            EXPECT_LE(difference.relative_rms, kBound);
            RecordProperty("relative_rms", std::to_string(difference.relative_rms * 1e6) + "e-6");
        } else {
            EXPECT_TRUE(same_bits(run(case_, golden), one)) << "other bits than with one thread";
        }
    }

private:
    Case case_;
};

// At the levels at those places, at the others by wish.
void register_tests(PackageRequest request, const std::vector<int> &places) {
    std::set<std::string> always;
    for (int place : places) always.insert(level_at(place));
    for (const std::string &level : level_names()) {
        if (always.size() < level_names().size()) request.target = level;  // else one package has them
        for (int threads : {1, 2, 3}) {
            const Case c{request, level, threads, !always.count(level)};
            ::testing::RegisterTest("Logits", c.name().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                    [c]() -> ::testing::Test * { return new Logits(c); });
        }
    }
}

const bool registered = [] {
    register_tests({"hardnet68", {96, 64}}, {0, 1, 2});
    register_tests({"hardnet68", {224, 224}}, {0, 1});
    register_tests({"hardnet39ds", {200, 264}}, {1});
    register_tests({"hardnet68ds", {224, 224}}, {2});
    register_tests({"hardnet68", {200, 264}}, {});
    register_tests({"hardnet85", {224, 224}}, {});
    return true;
}();

}  // namespace
}  // namespace hardnet::testing
