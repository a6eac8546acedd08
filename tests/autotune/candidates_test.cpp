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
    static TunedBlocks won(const BlockProblem &problem, size_t number, double share = 0.9) {
        TunedBlocks r;
        r.level = "avx512";
        r.problem = problem;
        r.blocks = candidate_blocks(avx512(), problem, number + 1, 3).at(number);
        r.model_ms = 1;
        r.ms = share;
        r.cpu = "any";
        return r;
    }
    static BlockProblem product(int extent, int out, int in) {
        return product_problem(Tiling::cover(4, extent, extent), out, in);
    }
    static bool alike(const Blocks &a, const Blocks &b) {  // but for their number
        return a[0].block == b[0].block && a[0].lanes == b[0].lanes && a[0].extent == b[0].extent;
    }
};

TEST_F(Candidates, AreTheModelsWithoutRecords) {
    const BlockProblem problem = product(28, 160, 200);
    const std::vector<Blocks> expected = candidate_blocks(avx512(), problem, 12, 1.15);
    EXPECT_TRUE(candidates_of(avx512(), problem, {}) == expected);
    // Nor do records change them that lost, or that are of another operator, window or level.
    TunedBlocks level = won(product(28, 160, 220), 5);
    level.level = "avx2";
    EXPECT_TRUE(candidates_of(avx512(), problem,
                              {won(product(28, 160, 220), 5, 1), level,
                               won(convolution_problem(Window{}, 28, 28, 160, 200), 5),
                               won(product_problem(Tiling::cover(2, 28, 28), 160, 200), 5)}) == expected);
    const BlockProblem direct = convolution_problem(Window{}, 28, 28, 160, 200);
    EXPECT_TRUE(candidates_of(avx512(), direct,
                              {won(convolution_problem(Window::square(3, 2, 1), 28, 28, 160, 200), 5)}) ==
                candidate_blocks(avx512(), direct, 12, 1.15));
}

TEST_F(Candidates, BeginWithWhatWonForTheSameProblemElsewhere) {
    const BlockProblem problem = product(28, 160, 200);
    const TunedBlocks same = won(problem, 20), near = won(product(28, 160, 220), 5);
    const std::vector<Blocks> all = candidates_of(avx512(), problem, {near, same});
    EXPECT_TRUE(all[0] == model_blocks(avx512(), problem));
    EXPECT_TRUE(all[1] == same.blocks);
}

TEST_F(Candidates, FollowTheNearestShapes) {
    const BlockProblem problem = product(28, 160, 200), near = product(28, 160, 220),
                       far = product(7, 640, 800);
    const TunedBlocks of_near = won(near, 5), of_far = won(far, 3);
    const std::vector<Blocks> all = candidates_of(avx512(), problem, {of_far, of_near});
    EXPECT_TRUE(alike(all[1], of_near.blocks)) << describe(all[1]) << ", near " << describe(of_near.blocks);
    for (const Blocks &blocks : all) {
        Blocks complete = blocks;
        EXPECT_TRUE(complete_blocks(avx512(), problem, complete)) << describe(blocks);
        EXPECT_EQ(std::count(all.begin(), all.end(), blocks), 1);
    }
    // Other channels: the same blocks, more of them.
    const BlockProblem wide = product(28, 320, 200);
    EXPECT_TRUE(alike(candidates_of(avx512(), wide, {of_near})[1], of_near.blocks))
        << describe(candidates_of(avx512(), wide, {of_near})[1]) << ", near " << describe(of_near.blocks);
}

TEST_F(Candidates, AreNotFloodedByRecords) {
    const BlockProblem problem = product(28, 160, 200);
    std::vector<TunedBlocks> records;
    for (int i = 0; i < 40; i++) records.push_back(won(product(28, 160, 204 + 4 * i), size_t(20 + i)));
    const size_t model = candidate_blocks(avx512(), problem, 12, 1.15).size();
    const size_t all = candidates_of(avx512(), problem, records).size();
    EXPECT_GT(all, model);
    EXPECT_LE(all, model + 3);
}

}  // namespace
}  // namespace hardnet::testing
