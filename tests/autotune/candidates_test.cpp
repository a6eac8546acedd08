// What is tried: the model's best, and in front of them what won elsewhere.
#include "autotune/candidates.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hardnet::testing {
namespace {

class Candidates : public ::testing::Test {
protected:
    static const Machine &avx512() {
        return *std::find_if(machines().begin(), machines().end(),
                             [](const Machine &m) { return m.level == "avx512"; });
    }
    // The `number`th of the cost model's, as a record that won.
    static TuningRecord won(const Problem &problem, size_t number, double share = 0.9) {
        TuningRecord r;
        r.level = "avx512";
        r.problem = problem;
        r.parameters.blocks = candidate_blocks(avx512(), problem, number + 1, 3).at(number);
        r.model_ms = 1;
        r.ms = share;
        r.cpu = "any";
        return r;
    }
    static Problem product(int extent, int out, int in) {
        return product_problem(Tiling::cover(4, extent, extent), out, in);
    }
    static bool alike(const Parameters &a, const Parameters &b) {  // but for the blocks' number
        const ChannelPart &first = a.blocks[0], &second = b.blocks[0];
        return first.block == second.block && first.lanes == second.lanes && first.extent == second.extent;
    }
    // Its blocks, and the best of them with every other value of another parameter.
    static std::vector<Parameters> of_model(const Problem &problem) {
        std::vector<Parameters> all;
        for (const Blocks &blocks : candidate_blocks(avx512(), problem, 12, 1.15)) all.push_back({blocks});
        const Parameters usual = all[0];
        auto add = [&](int Parameters::*which, std::initializer_list<int> values) {
            for (const int value : values) all.emplace_back(usual).*which = value;
        };
        if (problem.op == Problem::Op::kProduct) {
            add(&Parameters::round, {0, 1, 2, 8});
            add(&Parameters::cut, {192, 384});
        } else {
            add(&Parameters::rows, {2, 4, 8, 16});
        }
        return all;
    }
};

TEST_F(Candidates, AreTheModelsWithoutRecords) {
    const Problem problem = product(28, 160, 200);
    const std::vector<Parameters> expected = of_model(problem);
    EXPECT_TRUE(candidates_of(avx512(), problem, {}) == expected);
    // Nor do records change them that lost, or that are of another operator, window or level.
    TuningRecord level = won(product(28, 160, 220), 5);
    level.level = "avx2";
    EXPECT_TRUE(candidates_of(avx512(), problem,
                              {won(product(28, 160, 220), 5, 1), level,
                               won(convolution_problem(Window{}, 28, 28, 160, 200), 5),
                               won(product_problem(Tiling::cover(2, 28, 28), 160, 200), 5)}) == expected);
    const Problem direct = convolution_problem(Window{}, 28, 28, 160, 200);
    EXPECT_TRUE(candidates_of(avx512(), direct,
                              {won(convolution_problem(Window::square(3, 2, 1), 28, 28, 160, 200), 5)}) ==
                of_model(direct));
}

TEST_F(Candidates, BeginWithWhatWonForTheSameProblemElsewhere) {
    const Problem problem = product(28, 160, 200);
    const TuningRecord same = won(problem, 20), near = won(product(28, 160, 220), 5);
    const std::vector<Parameters> all = candidates_of(avx512(), problem, {near, same});
    EXPECT_TRUE(all[0] == model_parameters(avx512(), problem));
    EXPECT_TRUE(all[1] == same.parameters);
}

TEST_F(Candidates, VaryOtherParametersOfWhatWon) {
    const Problem problem = product(28, 160, 200);
    TuningRecord same = won(problem, 20);
    same.parameters.round = 8;
    Parameters varied = same.parameters;
    varied.cut = 192;
    const std::vector<Parameters> all = candidates_of(avx512(), problem, {same});
    EXPECT_EQ(std::count(all.begin(), all.end(), varied), 1);
}

TEST_F(Candidates, FollowTheNearestShapes) {
    const Problem problem = product(28, 160, 200), near = product(28, 160, 220), far = product(7, 640, 800);
    const TuningRecord of_near = won(near, 5), of_far = won(far, 3);
    const std::vector<Parameters> all = candidates_of(avx512(), problem, {of_far, of_near});
    EXPECT_TRUE(alike(all[1], of_near.parameters)) << describe(all[1].blocks);
    for (const Parameters &parameters : all) {
        Parameters complete = parameters;
        EXPECT_TRUE(complete_parameters(avx512(), problem, complete)) << describe(parameters.blocks);
        EXPECT_EQ(std::count(all.begin(), all.end(), parameters), 1);
    }
    // Other channels: the same blocks, more of them.
    const Problem wide = product(28, 320, 200);
    EXPECT_TRUE(alike(candidates_of(avx512(), wide, {of_near})[1], of_near.parameters));
}

TEST_F(Candidates, AreNotFloodedByRecords) {
    const Problem problem = product(28, 160, 200);
    std::vector<TuningRecord> records;
    for (int i = 0; i < 40; i++) records.push_back(won(product(28, 160, 204 + 4 * i), size_t(20 + i)));
    const size_t model = of_model(problem).size();
    const size_t all = candidates_of(avx512(), problem, records).size();
    EXPECT_GT(all, model);
    EXPECT_LE(all, model + 3);
}

}  // namespace
}  // namespace hardnet::testing
