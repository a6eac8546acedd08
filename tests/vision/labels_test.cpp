// Labels by hand: order, equals, what is no number, probabilities.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/memory.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;

std::vector<hardnet_guess> best(const std::vector<float> &logits, int room) {
    std::vector<hardnet_guess> guesses(static_cast<size_t>(room));
    int32_t count = 0;
    EXPECT_EQ(hardnet_best_labels(logits.data(), int32_t(logits.size()), guesses.data(), room, &count),
              HARDNET_VISION_OK);
    guesses.resize(size_t(count));
    return guesses;
}

std::vector<int> labels_of(const std::vector<hardnet_guess> &guesses) {
    std::vector<int> labels;
    for (const hardnet_guess &guess : guesses) labels.push_back(guess.label);
    return labels;
}

TEST(BestLabels, come_best_first) {
    const std::vector<hardnet_guess> guesses = best({1, 3, 2, 0}, 3);
    EXPECT_THAT(labels_of(guesses), ElementsAre(1, 2, 0));
    EXPECT_EQ(guesses[0].logit, 3);
    const double sum = 1 + std::exp(-1.0) + std::exp(-2.0) + std::exp(-3.0);
    EXPECT_DOUBLE_EQ(guesses[0].probability, 1 / sum);
    EXPECT_DOUBLE_EQ(guesses[2].probability, std::exp(-2.0) / sum)
        << "of all classes, not of those asked for";
}

TEST(BestLabels, of_one_class_have_the_sigmoid_for_probability) {
    EXPECT_EQ(best({0}, 1)[0].probability, 0.5);
    EXPECT_DOUBLE_EQ(best({2}, 5)[0].probability, 1 / (1 + std::exp(-2.0)));
    EXPECT_DOUBLE_EQ(best({-3}, 1)[0].probability, 1 / (1 + std::exp(3.0)));
}

TEST(BestLabels, are_no_more_than_the_classes) { EXPECT_THAT(labels_of(best({1, 2}, 5)), ElementsAre(1, 0)); }

TEST(BestLabels, keep_the_order_of_equals) {
    EXPECT_THAT(labels_of(best({5, 7, 5, 7, 5}, 4)), ElementsAre(1, 3, 0, 2));
}

TEST(BestLabels, take_what_is_no_number_for_the_smallest) {
    EXPECT_THAT(labels_of(best({NAN, 1, -INFINITY, 2}, 4)), ElementsAre(3, 1, 0, 2));
}

}  // namespace
}  // namespace hardnet::testing
