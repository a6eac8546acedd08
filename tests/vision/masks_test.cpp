// Masks by hand: the best class per pixel, the way back to the picture's size, shares, colours, the legend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/vision/memory.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;

constexpr hardnet_color kBlue{0, 0, 255}, kBlack{0, 0, 0};
constexpr int kGlyph = 7;  // pixels of a letter's height, and of a legend's swatch

TEST(BestClasses, are_the_first_of_the_largest) {
    const std::vector<float> logits = {1, 5, 0,   NAN, NAN, -INFINITY,   // class 0
                                       2, 5, -1,  0,   NAN, -INFINITY,   // class 1
                                       3, 4, NAN, 1,   NAN, -INFINITY};  // class 2
    Labels labels(3, 2);
    const hardnet_label_map map = labels.view();
    ASSERT_EQ(hardnet_best_classes(logits.data(), 3, &map), HARDNET_VISION_OK);
    EXPECT_THAT(labels.values, ElementsAre(2, 0, 0, 2, 0, 0));
}

// More pixels than are taken at a time, and no multiple of these.
TEST(BestClasses, are_those_of_every_pixel) {
    Labels labels(100, 7);
    std::vector<float> logits(5 * 700);
    for (size_t i = 0; i < 700; i++) logits[(i * 3 % 5) * 700 + i] = 1;
    const hardnet_label_map map = labels.view();
    ASSERT_EQ(hardnet_best_classes(logits.data(), 5, &map), HARDNET_VISION_OK);
    for (size_t i = 0; i < 700; i++) ASSERT_EQ(labels.values[i], i * 3 % 5);
}

TEST(OneClass, is_where_its_probability_is_above_the_threshold) {
    const std::vector<float> logits = {0, 0.125f, -0.125f, NAN, INFINITY, -INFINITY};
    Labels labels(3, 2);
    const hardnet_label_map map = labels.view();
    ASSERT_EQ(hardnet_one_class(logits.data(), 0.5f, &map), HARDNET_VISION_OK);
    EXPECT_THAT(labels.values, ElementsAre(0, 1, 0, 0, 1, 0));
    ASSERT_EQ(hardnet_one_class(logits.data(), 0.46875f, &map), HARDNET_VISION_OK);  // of the logit -0.12516
    EXPECT_THAT(labels.values, ElementsAre(1, 1, 1, 0, 1, 0));
    ASSERT_EQ(hardnet_one_class(logits.data(), 0.5625f, &map), HARDNET_VISION_OK);
    EXPECT_THAT(labels.values, ElementsAre(0, 0, 0, 0, 1, 0));
}

TEST(ClassNumbers, are_the_mask) {
    const std::vector<float> mask = {0, 2, 18, 1, 0, 300, NAN, -1, 65535};
    Labels labels(3, 3);
    const hardnet_label_map map = labels.view();
    ASSERT_EQ(hardnet_class_numbers(mask.data(), &map), HARDNET_VISION_OK);
    EXPECT_THAT(labels.values,
                ElementsAre(0, 2, 18, 1, 0, 300, HARDNET_UNSEEN, HARDNET_UNSEEN, HARDNET_UNSEEN));
}

std::vector<uint16_t> in_picture(Labels input, const hardnet_resize_plan &plan, int width, int height) {
    Labels picture(width, height);
    const hardnet_label_map from = input.view(), to = picture.view();
    EXPECT_EQ(hardnet_map_in_picture(&from, &plan, &to), HARDNET_VISION_OK);
    return picture.values;
}

TEST(InPicture, takes_the_nearest_pixel) {
    const Labels input(2, 2, {1, 2, 3, 4});
    const hardnet_resize_plan whole{2, 2, 0, 0};
    EXPECT_EQ(in_picture(input, whole, 2, 2), input.values);
    EXPECT_THAT(in_picture(input, whole, 5, 1), ElementsAre(3, 3, 4, 4, 4))
        << "the middle is the right one's";
    EXPECT_THAT(in_picture(input, whole, 1, 4), ElementsAre(2, 2, 4, 4));
    EXPECT_THAT(in_picture(Labels(4, 1, {1, 2, 3, 4}), {4, 1, 0, 0}, 2, 1), ElementsAre(2, 4));
}

constexpr uint16_t kUnseen = HARDNET_UNSEEN;

TEST(InPicture, marks_what_the_network_did_not_see) {
    // A picture of 6x2, kept at its size, of which the network saw the middle 2x2.
    const std::vector<uint16_t> found = in_picture(Labels(2, 2, {1, 2, 3, 4}), {6, 2, 2, 0}, 6, 2);
    EXPECT_THAT(found, ElementsAre(kUnseen, kUnseen, 1, 2, kUnseen, kUnseen, kUnseen, kUnseen, 3, 4, kUnseen,
                                   kUnseen));
}

// The rule itself, with a division per pixel.
TEST(InPicture, agrees_with_the_rule_for_all_extents) {
    for (int pixels = 1; pixels < 40; pixels++)
        for (int resized = 1; resized < 50; resized += 3)
            for (int first = 0; first < resized; first += 4) {
                const int input = std::min(resized - first, 17);
                Labels row(input, 1);
                for (int i = 0; i < input; i++) row.values[size_t(i)] = uint16_t(i);
                const std::vector<uint16_t> found = in_picture(row, {resized, 1, first, 0}, pixels, 1);
                for (int i = 0; i < pixels; i++) {
                    const double at = std::floor((i + 0.5) * resized / pixels - first + 1e-9);
                    const uint16_t expected = at < 0 || at >= input ? kUnseen : uint16_t(at);
                    ASSERT_EQ(found[size_t(i)], expected) << pixels << " " << resized << " " << first;
                }
            }
}

std::vector<hardnet_class_share> shares_of(Labels labels, int classes) {
    std::vector<hardnet_class_share> shares(static_cast<size_t>(classes));
    int32_t count = 0;
    const hardnet_label_map map = labels.view();
    EXPECT_EQ(hardnet_class_shares(&map, classes, shares.data(), &count), HARDNET_VISION_OK);
    shares.resize(size_t(count));
    return shares;
}

TEST(ClassShares, are_those_that_occur_largest_first) {
    const std::vector<hardnet_class_share> shares =
        shares_of(Labels(5, 2, {7, 7, 7, 7, 3, 3, 1, 1, 7, 7}), 8);
    ASSERT_EQ(shares.size(), 3u);
    EXPECT_EQ(shares[0].label, 7);
    EXPECT_EQ(shares[0].pixels, 6);
    EXPECT_EQ(shares[0].share, 0.6);
    EXPECT_EQ(shares[1].label, 1);
    EXPECT_EQ(shares[2].label, 3);
}

TEST(ClassShares, are_of_what_the_network_saw) {
    const std::vector<hardnet_class_share> shares = shares_of(Labels(3, 1, {kUnseen, 1, 2}), 3);
    ASSERT_EQ(shares.size(), 2u);
    EXPECT_EQ(shares[0].label, 1);
    EXPECT_EQ(shares[0].share, 0.5);
    EXPECT_TRUE(shares_of(Labels(1, 1, {kUnseen}), 3).empty());
}

TEST(Mask, is_black_where_the_network_saw_nothing) {
    Labels labels(2, 1, {kUnseen, 1});
    Pixels out(2, 1, 9);
    const hardnet_color colors[] = {kBlue, kRed};
    const hardnet_label_map map = labels.view();
    const hardnet_picture picture = out.view();
    ASSERT_EQ(hardnet_draw_mask(&map, colors, 2, &picture), HARDNET_VISION_OK);
    EXPECT_THAT(out.rgb, ElementsAre(0, 0, 0, 255, 0, 0));
}

Pixels overlay(Pixels picture, Labels labels, const std::vector<hardnet_color> &colors,
               const std::vector<hardnet_legend_entry> &legend) {
    const hardnet_picture from = picture.view();
    const hardnet_label_map map = labels.view();
    const int32_t entries = int32_t(legend.size());
    hardnet_size size = {};
    EXPECT_EQ(hardnet_overlay_size(from.size, legend.data(), entries, &size), HARDNET_VISION_OK);
    Pixels out(size.width, size.height);
    const hardnet_picture to = out.view();
    EXPECT_EQ(
        hardnet_draw_overlay(&from, &map, colors.data(), int32_t(colors.size()), legend.data(), entries, &to),
        HARDNET_VISION_OK);
    return out;
}

TEST(Overlay, blends_the_picture_and_hides_nothing) {
    const Pixels picture(2, 1, {100, 100, 101, 40, 50, 60});
    const Labels labels(2, 1, {1, kUnseen});
    const std::vector<hardnet_legend_entry> legend = {{"road 60.0 %", kBlue},
                                                      {"a much longer name 40.0 %", kRed}};
    Pixels out = overlay(picture, labels, {kRed, kBlue}, legend);
    EXPECT_THAT(out.color(0, 0), ElementsAre(50, 50, 178));
    EXPECT_THAT(out.color(1, 0), ElementsAre(40, 50, 60)) << "not seen: as it is";
    EXPECT_GE(out.width, int(std::strlen(legend[1].text)) * 6 - 1) << "as wide as the longest entry";
    std::vector<int> rows_of_blue, rows_of_red;
    for (int y = 1; y < out.height; y++)
        for (int x = 0; x < out.width; x++) {
            if (out.color(x, y) == std::vector<int>{0, 0, 255}) rows_of_blue.push_back(y);
            if (out.color(x, y) == std::vector<int>{255, 0, 0}) rows_of_red.push_back(y);
        }
    EXPECT_EQ(rows_of_blue.size(), size_t(kGlyph * kGlyph));
    EXPECT_EQ(rows_of_red.size(), size_t(kGlyph * kGlyph));
    EXPECT_LT(rows_of_blue.back(), rows_of_red.front()) << "one row each: the two do not fit side by side";
    EXPECT_EQ(overlay(picture, labels, {kRed, kBlue}, {}).height, 1);
    EXPECT_EQ(overlay(picture, labels, {kBlack, kBlack}, {}).rgb, picture.rgb)
        << "a class in black was drawn over the picture";
}

TEST(Overlay, puts_entries_side_by_side_where_they_fit) {
    const auto size_with = [](const std::vector<hardnet_legend_entry> &legend) {
        hardnet_size size = {};
        EXPECT_EQ(hardnet_overlay_size({300, 1}, legend.data(), int32_t(legend.size()), &size),
                  HARDNET_VISION_OK);
        return size;
    };
    const hardnet_size one = size_with({{"a", kRed}});
    EXPECT_EQ(one.width, 300);
    EXPECT_EQ(size_with({{"a", kRed}, {"b", kBlue}}).height, one.height);
    EXPECT_GT(size_with(std::vector<hardnet_legend_entry>(30, {"a", kRed})).height, one.height);
}

}  // namespace
}  // namespace hardnet::testing
