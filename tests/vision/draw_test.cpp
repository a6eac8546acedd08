// Colours, letters, boxes and the contact sheet, pixel by pixel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/memory.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;

constexpr hardnet_color kGreen{0, 255, 0};

std::vector<hardnet_color> palette(int classes) {
    std::vector<hardnet_color> colors(static_cast<size_t>(classes));
    EXPECT_EQ(hardnet_palette(classes, colors.data()), HARDNET_VISION_OK);
    return colors;
}

TEST(Palette, is_that_of_cityscapes_for_19_classes) {
    const std::vector<hardnet_color> colors = palette(19);
    EXPECT_EQ(colors[0].red, 128);
    EXPECT_EQ(colors[13].blue, 142);
    EXPECT_EQ(colors[18].blue, 32);
}

TEST(Palette, tells_classes_apart) {
    for (const int classes : {2, 11, 19, 81}) {
        const std::vector<hardnet_color> colors = palette(classes);
        int nearest = 3 * 255;
        for (size_t a = 0; a < colors.size(); a++)
            for (size_t b = 0; b < a; b++)
                nearest = std::min(nearest, std::abs(colors[a].red - colors[b].red) +
                                                std::abs(colors[a].green - colors[b].green) +
                                                std::abs(colors[a].blue - colors[b].blue));
        RecordProperty("nearest_of_" + std::to_string(classes), nearest);
        EXPECT_GE(nearest, classes == 81 ? 20 : classes == 19 ? 20 : 60) << classes;
    }
    palette(16384);
    EXPECT_EQ(hardnet_text_color_on({255, 255, 0}).red, 0);
    EXPECT_EQ(hardnet_text_color_on({0, 0, 255}).red, 255);
}

TEST(Text, is_drawn_as_far_as_the_picture_reaches) {
    Pixels pixels(12, 7);
    const hardnet_picture picture = pixels.view();
    ASSERT_EQ(hardnet_draw_text(&picture, 0, 0, "L\xc3\xa4", kRed, 1), HARDNET_VISION_OK);
    std::string drawn;
    for (int y = 0; y < 7; y++) {
        for (int x = 0; x < 12; x++) drawn += pixels.at(x, y)[0] ? '#' : '.';
        drawn += '\n';
    }
    EXPECT_EQ(drawn,  // the byte behind the L is no ASCII: a question mark
              "#......###..\n"
              "#.....#...#.\n"
              "#.........#.\n"
              "#........#..\n"
              "#.......#...\n"
              "#...........\n"
              "#####...#...\n");
    for (const int32_t x : {INT32_MIN, -1000, INT32_MAX})
        ASSERT_EQ(hardnet_draw_text(&picture, x, x, "far outside", kGreen, INT32_MAX), HARDNET_VISION_OK);
}

TEST(Text, has_a_letter_for_all_of_printable_ascii) {
    const auto drawn = [](char c) {
        Pixels pixels(5, 7);
        const hardnet_picture picture = pixels.view();
        const char text[2] = {c, 0};
        EXPECT_EQ(hardnet_draw_text(&picture, 0, 0, text, kRed, 1), HARDNET_VISION_OK);
        return pixels.rgb;
    };
    for (char c = ' '; c <= '~'; c++) EXPECT_EQ(drawn(c) == drawn('?'), c == '?') << c;
    EXPECT_EQ(drawn('\x7f'), drawn('?'));
}

TEST(Rectangles, are_cut_at_the_edges) {
    Pixels pixels(3, 2);
    const hardnet_picture picture = pixels.view();
    ASSERT_EQ(hardnet_fill_rectangle(&picture, 2, INT32_MIN, {INT32_MAX, INT32_MAX}, kRed),
              HARDNET_VISION_OK);
    EXPECT_THAT(pixels.color(2, 0), ElementsAre(0, 0, 0)) << "it ends above the picture";
    ASSERT_EQ(hardnet_fill_rectangle(&picture, 2, -5, {INT32_MAX, 6}, kRed), HARDNET_VISION_OK);
    EXPECT_THAT(pixels.color(2, 0), ElementsAre(255, 0, 0));
    EXPECT_THAT(pixels.color(1, 0), ElementsAre(0, 0, 0));
    EXPECT_THAT(pixels.color(2, 1), ElementsAre(0, 0, 0));
}

void draw(Pixels &pixels, hardnet_box box, const char *caption, hardnet_color color) {
    const hardnet_picture picture = pixels.view();
    EXPECT_EQ(hardnet_draw_box(&picture, &box, caption, color), HARDNET_VISION_OK);
}

TEST(DrawBox, frames_what_lies_inside) {
    Pixels picture(100, 60);
    draw(picture, {20, 30, 60, 50}, nullptr, kRed);
    draw(picture, {0, 0, 100, 60}, "cat 0.91", kGreen);
    for (const auto &[x, y] : {std::pair(20, 40), {59, 40}, {40, 30}, {40, 49}, {21, 31}})
        EXPECT_THAT(picture.color(x, y), ElementsAre(255, 0, 0)) << x << " " << y;
    for (const auto &[x, y] : {std::pair(40, 40), {19, 40}, {60, 40}, {40, 50}, {22, 32}})
        EXPECT_THAT(picture.color(x, y), ElementsAre(0, 0, 0)) << x << " " << y;
    EXPECT_THAT(picture.color(0, 59), ElementsAre(0, 255, 0));
    EXPECT_THAT(picture.color(99, 30), ElementsAre(0, 255, 0));
    EXPECT_THAT(picture.color(6, 4), ElementsAre(0, 255, 0))
        << "the caption lies inside a box that reaches the top";
    // A box of less than a pixel and one in the last corner leave the picture whole.
    draw(picture, {0.25f, 0.25f, 0.5f, 0.5f}, "x", {1, 2, 3});
    draw(picture, {99, 59, 100, 60}, "y", {4, 5, 6});
    EXPECT_THAT(picture.color(99, 59), ElementsAre(4, 5, 6));
}

TEST(DrawBox, leaves_out_what_lies_outside) {
    Pixels picture(20, 20);
    draw(picture, {-INFINITY, -1e30f, INFINITY, 1e30f}, nullptr, kRed);
    draw(picture, {-50, 5, -40, 15}, nullptr, kRed);
    draw(picture, {100, 5, 110, 15}, nullptr, kRed);
    EXPECT_EQ(picture.rgb, Pixels(20, 20).rgb);
    draw(picture, {-50, 5, 10, 15}, nullptr, kRed);
    EXPECT_THAT(picture.color(0, 5), ElementsAre(255, 0, 0));
    EXPECT_THAT(picture.color(0, 10), ElementsAre(0, 0, 0)) << "its left side lies outside";
}

TEST(Sheet, frames_mistakes_and_cuts_captions) {
    Pixels right(16, 16, 50), wrong(16, 16, 90);
    const std::string title = "two pictures", caption = "a caption longer than its picture";
    const std::vector<hardnet_sheet_tile> tiles = {{right.view(), "7", 0},
                                                   {wrong.view(), caption.c_str(), 1}};
    hardnet_size size = {};
    ASSERT_EQ(hardnet_sheet_size(tiles.data(), 2, title.c_str(), &size), HARDNET_VISION_OK);
    EXPECT_EQ(size.width, 2 * 24 + int(title.size()) * 6 * 3 - 3) << "the title is wider than the pictures";
    Pixels sheet(size.width, size.height);
    const hardnet_picture out = sheet.view();
    ASSERT_EQ(hardnet_draw_sheet(tiles.data(), 2, title.c_str(), &out), HARDNET_VISION_OK);
    int pixels_of_right = 0, pixels_of_wrong = 0, red = 0, first_red = sheet.width, last_red = 0;
    for (int y = 0; y < sheet.height; y++)
        for (int x = 0; x < sheet.width; x++) {
            const std::vector<int> color = sheet.color(x, y);
            pixels_of_right += color == std::vector<int>{50, 50, 50};
            pixels_of_wrong += color == std::vector<int>{90, 90, 90};
            if (color != std::vector<int>{255, 92, 92}) continue;
            red++;
            first_red = std::min(first_red, x);
            last_red = std::max(last_red, x);
        }
    EXPECT_EQ(pixels_of_right, 16 * 16);
    EXPECT_EQ(pixels_of_wrong, 16 * 16);
    EXPECT_GT(red, 22 * 22 - 16 * 16) << "a frame of 3 pixels, and letters";
    EXPECT_EQ(last_red - first_red + 1, 22) << "the caption is no wider than the frame";
    EXPECT_EQ(hardnet_sheet_size(nullptr, 0, "", &size), HARDNET_VISION_OK);
}

}  // namespace
}  // namespace hardnet::testing
