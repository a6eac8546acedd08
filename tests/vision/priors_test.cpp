// SSD's priors: SSD512's for COCO, those of fewer sources, one per row of the outputs.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/memory.h"

namespace hardnet::testing {
namespace {

using Sources = std::vector<hardnet_ssd_source>;

Sources sources_of_512() {
    Sources sources;
    for (int i = 0; i < 7; i++) sources.push_back({{64 >> i, 64 >> i}, i < 5 ? 6 : 4});
    return sources;
}

std::vector<hardnet_prior> ssd_priors(const Sources &sources, hardnet_size image) {
    int64_t count = 0;
    EXPECT_EQ(hardnet_ssd_prior_count(sources.data(), int32_t(sources.size()), &count), HARDNET_VISION_OK);
    std::vector<hardnet_prior> priors(static_cast<size_t>(count));
    EXPECT_EQ(hardnet_ssd_priors(sources.data(), int32_t(sources.size()), image, priors.data(), count - 1),
              HARDNET_VISION_NO_ROOM);
    EXPECT_EQ(hardnet_ssd_priors(sources.data(), int32_t(sources.size()), image, priors.data(), count),
              HARDNET_VISION_OK);
    return priors;
}

void expect_prior(const hardnet_prior &prior, double x, double y, double width, double height) {
    EXPECT_NEAR(prior.x, x, 1e-6);
    EXPECT_NEAR(prior.y, y, 1e-6);
    EXPECT_NEAR(prior.width, width, 1e-6);
    EXPECT_NEAR(prior.height, height, 1e-6);
}

TEST(Priors, of_512_are_those_of_the_authors) {
    const std::vector<hardnet_prior> priors = ssd_priors(sources_of_512(), k512);
    ASSERT_EQ(priors.size(), 32756u);
    const double first = 4 / 512.0;  // the middle of the first 8 pixels
    expect_prior(priors[0], first, first, 0.04, 0.04);
    expect_prior(priors[1], first, first, std::sqrt(0.04 * 0.1), std::sqrt(0.04 * 0.1));
    expect_prior(priors[2], first, first, 0.04 * std::sqrt(2), 0.04 / std::sqrt(2));
    expect_prior(priors[3], first, first, 0.04 / std::sqrt(2), 0.04 * std::sqrt(2));
    expect_prior(priors[4], first, first, 0.04 * std::sqrt(3), 0.04 / std::sqrt(3));
    expect_prior(priors[6], 12 / 512.0, first, 0.04, 0.04);       // the next pixel in x
    expect_prior(priors[6 * 64], first, 12 / 512.0, 0.04, 0.04);  // in y
    expect_prior(priors[6 * 64 * 64], 8 / 512.0, 8 / 512.0, 0.1, 0.1);
    expect_prior(priors[32751], 0.75, 0.75, 0.74 / std::sqrt(2), 1);  // 2x2, cut from 0.74 sqrt(2)
    expect_prior(priors[32752], 0.5, 0.5, 0.9, 0.9);
    expect_prior(priors[32753], 0.5, 0.5, std::sqrt(0.9 * 1.06), std::sqrt(0.9 * 1.06));
    expect_prior(priors[32755], 0.5, 0.5, 0.9 / std::sqrt(2), 1);
}

TEST(Priors, of_fewer_sources_divide_15_to_90_percent) {
    const std::vector<hardnet_prior> priors = ssd_priors({{{16, 16}, 6}, {{8, 8}, 6}}, {128, 128});
    ASSERT_EQ(priors.size(), size_t(16 * 16 + 8 * 8) * 6);
    const double first = 4 / 128.0, second = 8 / 128.0;
    expect_prior(priors[0], first, first, 0.15, 0.15);
    expect_prior(priors[1], first, first, std::sqrt(0.15 * 0.525), std::sqrt(0.15 * 0.525));
    expect_prior(priors[5], first, first, 0.15 / std::sqrt(3), 0.15 * std::sqrt(3));
    expect_prior(priors[6], 12 / 128.0, first, 0.15, 0.15);
    expect_prior(priors[1536], second, second, 0.525, 0.525);
    expect_prior(priors[1537], second, second, std::sqrt(0.525 * 0.9), std::sqrt(0.525 * 0.9));
    // A network that halves the image twice, rounding down, and one that does so four times, rounding up.
    expect_prior(ssd_priors({{{32, 32}, 4}, {{16, 16}, 4}}, {131, 131})[0], 2 / 131.0, 2 / 131.0, 0.15, 0.15);
    expect_prior(ssd_priors({{{9, 5}, 6}, {{5, 3}, 6}}, {129, 65})[0], 8 / 129.0, 8 / 65.0, 0.15, 0.15);
}

}  // namespace
}  // namespace hardnet::testing
