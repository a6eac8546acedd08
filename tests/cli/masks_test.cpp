// Masks by hand: the best class per pixel, the way back to the picture's size, shares, colours, the legend.
#include "cli/masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cli/palette.h"

namespace hardnet {
namespace {

using ::testing::ElementsAre;

constexpr Color kRed{255, 0, 0}, kBlue{0, 0, 255};

std::array<int, 3> color_at(const Image &image, int x, int y) {
    const uint8_t *p = image.at(x, y);
    return {p[0], p[1], p[2]};
}

TEST(BestClasses, are_the_first_of_the_largest) {
    const std::vector<float> logits = {1, 5, 0,   NAN, NAN, -INFINITY,   // class 0
                                       2, 5, -1,  0,   NAN, -INFINITY,   // class 1
                                       3, 4, NAN, 1,   NAN, -INFINITY};  // class 2
    const LabelMap map = best_classes(logits.data(), 3, 3, 2);
    EXPECT_EQ(map.width, 3);
    EXPECT_EQ(map.height, 2);
    EXPECT_THAT(map.labels, ElementsAre(2, 0, 0, 2, 0, 0));
}

TEST(ClassNumbers, are_the_mask) {
    const std::vector<float> mask = {0, 2, 18, 1, 0, 300};
    EXPECT_THAT(class_numbers(mask.data(), 3, 2).labels, ElementsAre(0, 2, 18, 1, 0, 300));
}

TEST(InPicture, takes_the_nearest_pixel) {
    const LabelMap input{2, 2, {1, 2, 3, 4}};
    const ResizePlan whole{2, 2, 0, 0};
    EXPECT_EQ(in_picture(input, whole, 2, 2).labels, input.labels);
    EXPECT_THAT(in_picture(input, whole, 5, 1).labels, ElementsAre(3, 3, 4, 4, 4))
        << "the middle is the right one's";
    EXPECT_THAT(in_picture(input, whole, 1, 4).labels, ElementsAre(2, 2, 4, 4));
    const LabelMap wide{4, 1, {1, 2, 3, 4}};
    EXPECT_THAT(in_picture(wide, {4, 1, 0, 0}, 2, 1).labels, ElementsAre(2, 4));
}

TEST(InPicture, marks_what_the_network_did_not_see) {
    // A picture of 6x2, kept at its size, of which the network saw the middle 2x2.
    const LabelMap map = in_picture({2, 2, {1, 2, 3, 4}}, {6, 2, 2, 0}, 6, 2);
    EXPECT_THAT(map.labels, ElementsAre(kUnseen, kUnseen, 1, 2, kUnseen, kUnseen, kUnseen, kUnseen, 3, 4,
                                        kUnseen, kUnseen));
    const std::vector<ClassShare> shares = class_shares(map);
    ASSERT_EQ(shares.size(), 4u);
    EXPECT_EQ(shares[0].label, 1);
    EXPECT_EQ(shares[0].share, 0.25);
    EXPECT_EQ(color_at(mask_image(map, std::vector<Color>(5, kRed)), 0, 0), (std::array<int, 3>{0, 0, 0}));
}

TEST(ClassShares, are_those_that_occur_largest_first) {
    const std::vector<ClassShare> shares = class_shares({5, 2, {7, 7, 7, 7, 3, 3, 1, 1, 7, 7}});
    ASSERT_EQ(shares.size(), 3u);
    EXPECT_EQ(shares[0].label, 7);
    EXPECT_EQ(shares[0].pixels, 6);
    EXPECT_EQ(shares[0].share, 0.6);
    EXPECT_EQ(shares[1].label, 1);
    EXPECT_EQ(shares[2].label, 3);
}

TEST(Overlay, blends_the_picture_and_hides_nothing) {
    const Image picture{2, 1, {100, 100, 101, 40, 50, 60}};
    const LabelMap map{2, 1, {1, kUnseen}};
    const std::vector<LegendEntry> legend = {{"road 60.0 %", kBlue}, {"a much longer name 40.0 %", kRed}};
    const Image overlay = overlay_image(picture, map, {kRed, kBlue}, legend);
    EXPECT_EQ(color_at(overlay, 0, 0), (std::array<int, 3>{50, 50, 178}));
    EXPECT_EQ(color_at(overlay, 1, 0), (std::array<int, 3>{40, 50, 60})) << "not seen: as it is";
    EXPECT_GE(overlay.width, text_width(legend[1].text, 1)) << "as wide as the longest entry";
    std::vector<int> rows_of_blue, rows_of_red;
    for (int y = 1; y < overlay.height; y++)
        for (int x = 0; x < overlay.width; x++) {
            if (color_at(overlay, x, y) == std::array<int, 3>{0, 0, 255}) rows_of_blue.push_back(y);
            if (color_at(overlay, x, y) == std::array<int, 3>{255, 0, 0}) rows_of_red.push_back(y);
        }
    EXPECT_EQ(rows_of_blue.size(), size_t(kGlyphHeight * kGlyphHeight));
    EXPECT_EQ(rows_of_red.size(), size_t(kGlyphHeight * kGlyphHeight));
    EXPECT_LT(rows_of_blue.back(), rows_of_red.front()) << "one row each: the two do not fit side by side";
    EXPECT_EQ(overlay_image(picture, map, {kRed, kBlue}, {}).height, 1);
    const Image plain = overlay_image(picture, map, {{0, 0, 0}, {0, 0, 0}}, {});
    EXPECT_EQ(plain.rgb, picture.rgb) << "a class in black was drawn over the picture";
}

TEST(Overlay, puts_entries_side_by_side_where_they_fit) {
    const Image picture{300, 1, std::vector<uint8_t>(900)};
    const LabelMap map{300, 1, std::vector<uint16_t>(300, 0)};
    const Image one = overlay_image(picture, map, {kRed}, {{"a", kRed}});
    EXPECT_EQ(one.width, 300);
    EXPECT_EQ(overlay_image(picture, map, {kRed}, {{"a", kRed}, {"b", kBlue}}).height, one.height);
    EXPECT_GT(overlay_image(picture, map, {kRed}, std::vector<LegendEntry>(30, {"a", kRed})).height,
              one.height);
}

TEST(Palette, is_that_of_cityscapes_for_19_classes) {
    const std::vector<Color> colors = palette(19);
    ASSERT_EQ(colors.size(), 19u);
    EXPECT_EQ(colors[0].red, 128);
    EXPECT_EQ(colors[13].blue, 142);
    EXPECT_EQ(colors[18].blue, 32);
}

TEST(Palette, tells_classes_apart) {
    for (const int classes : {2, 11, 19, 81}) {
        const std::vector<Color> colors = palette(classes);
        ASSERT_EQ(colors.size(), size_t(classes));
        int nearest = 3 * 255;
        for (size_t a = 0; a < colors.size(); a++)
            for (size_t b = 0; b < a; b++)
                nearest = std::min(nearest, std::abs(colors[a].red - colors[b].red) +
                                                std::abs(colors[a].green - colors[b].green) +
                                                std::abs(colors[a].blue - colors[b].blue));
        RecordProperty("nearest_of_" + std::to_string(classes), nearest);
        EXPECT_GE(nearest, classes == 81 ? 20 : classes == 19 ? 20 : 60) << classes;
    }
    EXPECT_EQ(palette(16384).size(), 16384u);
    EXPECT_EQ(text_color_on({255, 255, 0}).red, 0);
    EXPECT_EQ(text_color_on({0, 0, 255}).red, 255);
}

}  // namespace
}  // namespace hardnet
