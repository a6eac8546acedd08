// Winograd layers through their three operators, several sources each: F(2x2) and F(1) with ==, since all
// their factors are powers of two, larger tiles on random data within a bound.
#include <deque>

#include "reference/compare.h"
#include "tests/generators/winograd_layer.h"

namespace hardnet::testing {
namespace {

class Winograd : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Winograd, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

void check(const std::vector<WinogradCase> &cases, const Machine &machine, bool exact, double bound) {
    std::deque<WinogradLayer> layers;
    std::vector<KernelSpec> specs;
    for (const WinogradCase &c : cases) {
        layers.emplace_back(c, machine, exact);
        for (KernelSpec &spec : layers.back().specs()) specs.push_back(std::move(spec));
    }
    const KernelLibrary library(specs, machine);
    std::vector<hardnet_kernel> kernels;
    for (size_t i = 0; i < specs.size(); i++) kernels.push_back(library[i]);
    const hardnet_kernel *next = kernels.data();
    for (size_t l = 0; l < layers.size(); l++) {
        SCOPED_TRACE(cases[l].name());
        const Image whole = layers[l].run(next, true, 1);
        const std::vector<double> found = layers[l].found(whole);
        // Larger tiles round: of their values only what lies around them is compared with ==.
        expect_image(whole, layers[l].with_overhang(exact ? layers[l].expected() : found));
        if (!exact) {
            const Difference difference = compare(found, layers[l].expected());
            EXPECT_LE(difference.relative_rms, bound);
            ::testing::Test::RecordProperty(cases[l].name(),
                                            std::to_string(difference.relative_rms * 1e7) + "e-7");
        }
        EXPECT_TRUE(layers[l].run(next, true, 2).memory.same_bits(whole.memory)) << "in two by rows";
        EXPECT_TRUE(layers[l].run(next, false, 2).memory.same_bits(whole.memory)) << "in two by channels";
        next += layers[l].specs().size();
    }
}

TEST_P(Winograd, TilesOfTwoAndOneEqualTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    check({{2, {14}, 14, {5, 7}, Activation::kRelu6},
           {2, {28, 46}, 78, {7, 7}, Activation::kRelu},
           {2, {16}, 46, {1, 1}, Activation::kNone},
           {2, {78}, 28, {33, 25}, Activation::kRelu6},
           {2, {28, 14, 46, 78}, 334, {5, 7}, Activation::kRelu6},
           {2, {28, 14, 46, 78}, 334, {5, 7}, Activation::kRelu6, 20},
           {2, {28, 46}, 78, {7, 7}, Activation::kRelu, 400}},
          machine(), true, 0);
}

TEST_P(Winograd, TilesOfFourAndThreeAreWithinTheBound) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr double kBound = 3.4e-6;  // relative RMS on uniform data; measured 1.12e-6 at most
    check({{4, {14}, 14, {14, 14}, Activation::kRelu6},
           {4, {28, 14, 46}, 78, {7, 7}, Activation::kRelu},
           {4, {16}, 46, {1, 1}, Activation::kNone},
           {4, {78}, 28, {33, 25}, Activation::kRelu6},
           {4, {24}, 334, {5, 7}, Activation::kRelu},
           {3, {46, 78}, 28, {5, 7}, Activation::kNone},
           {3, {14}, 78, {33, 25}, Activation::kRelu6}},
          machine(), false, kBound);
}

}  // namespace
}  // namespace hardnet::testing
