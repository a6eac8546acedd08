// Which tiles 3x3 layers get, by what is asked for: speed, or packed weights that stay near the folded ones.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

double folded_bytes(const Network &network) {
    int64_t elems = 0;
    for (const Layer &l : network.layers) {
        if (!l.has_weights()) continue;
        const std::vector<int64_t> shape = weight_shape(l);
        elems +=
            std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>()) + l.out.channels;
    }
    return 4.0 * double(elems);
}

double packed_bytes(const Planned &planned) { return double(planned.plan.weight_bytes); }

// Outputs per tile and axis of the 3x3 layers of stride 1, by image height; 0: direct.
std::map<int, int> tiles(const std::string &record, const PlanOptions &options) {
    const Planned p = planned(record, {224, 224}, "avx2", options);
    std::map<int, int> m;
    for (const Resolution &r : choose_algorithms(p.network, *p.plan.machine, options))
        m[r.problem.height] = r.tiling ? r.tiling->m() : 0;
    return m;
}

TEST(Algorithms, SizeKeepsPackedWeightsNearTheFoldedOnes) {
    for (const char *record : {"hardnet68", "hardnet85"}) {
        for (const char *level : {"avx512", "avx2", "sse41", "neon"}) {
            const Planned speed = planned(record, {224, 224}, level);
            const Planned size =
                planned(record, {224, 224}, level, {AlgorithmChoice::kAuto, Objective::kSize});
            const double folded = folded_bytes(speed.network);
            // A quarter for tiles; blocks that are filled up with zeros take the rest.
            EXPECT_LT(packed_bytes(size), 1.3 * folded) << record << ' ' << level;
            EXPECT_GT(packed_bytes(speed), 2 * folded) << record << ' ' << level;
        }
    }
}

// What room there is goes to the layers that save most by it: large images with few weights.
TEST(Algorithms, SizeGivesTilesToLargeImages) {
    EXPECT_EQ(tiles("hardnet68", {AlgorithmChoice::kAuto, Objective::kSize}),
              (std::map<int, int>{{112, 4}, {56, 4}, {28, 2}, {14, 0}, {7, 0}}));
}

TEST(Algorithms, AForcedAlgorithmStaysForcedUnderSize) {
    for (const auto &[height, m] : tiles("hardnet68", {AlgorithmChoice::kDirect, Objective::kSize}))
        EXPECT_EQ(m, 0) << height;
    for (const auto &[height, m] : tiles("hardnet68", {AlgorithmChoice::kWinograd, Objective::kSize}))
        EXPECT_GE(m, 2) << height;
    EXPECT_EQ(tiles("hardnet68", {AlgorithmChoice::kWinograd, Objective::kSize}).at(7), 2);
}

TEST(Algorithms, UnknownNamesAreErrors) {
    EXPECT_EQ(objective_from_name("smallest").error().what,
              "optimize: expected speed or size, found 'smallest'");
    EXPECT_EQ(algorithm_from_name("fft").error().what,
              "algorithm: expected auto, winograd or direct, found 'fft'");
}

}  // namespace
}  // namespace hardnet::testing
