// The rule's corners: which part of a picture becomes the input, resizing in small numbers, normalising.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/memory.h"

namespace hardnet::testing {
namespace {

hardnet_resize_plan planned(hardnet_size picture, const hardnet_preprocessing &how, hardnet_size input) {
    hardnet_resize_plan plan = {};
    EXPECT_EQ(hardnet_plan_resize(picture, &how, input, &plan), HARDNET_VISION_OK);
    return plan;
}

std::vector<float> resized(Pixels picture, const hardnet_resize_plan &plan, hardnet_size input) {
    Scratch scratch({picture.width, picture.height}, plan, input);
    std::vector<float> out(size_t(input.width) * input.height * 3);
    const hardnet_picture view = picture.view();
    EXPECT_EQ(hardnet_resize(&view, &plan, input, out.data(), scratch.data(), scratch.bytes),
              HARDNET_VISION_OK);
    return out;
}

std::vector<float> preprocessed(Pixels picture, const hardnet_preprocessing &how, hardnet_size input) {
    const hardnet_picture view = picture.view();
    const hardnet_resize_plan plan = planned(view.size, how, input);
    Scratch scratch(view.size, plan, input);
    std::vector<float> out(size_t(input.width) * input.height * 3);
    EXPECT_EQ(hardnet_preprocess(&view, &how, &plan, input, out.data(), scratch.data(), scratch.bytes),
              HARDNET_VISION_OK);
    return out;
}

TEST(Preprocess, plans_like_torchvision_for_square_inputs) {
    const hardnet_resize_plan wide = planned({640, 427}, of_224(), {224, 224});
    EXPECT_EQ(wide.height, 256);
    EXPECT_EQ(wide.width, 383);  // int(256 * 640 / 427 = 383.7)
    EXPECT_EQ(wide.top, 16);
    EXPECT_EQ(wide.left, 80);  // round(79.5), halves to even
    const hardnet_resize_plan tall = planned({427, 640}, of_224(), {224, 224});
    EXPECT_EQ(tall.height, 383);
    EXPECT_EQ(tall.width, 256);
    const hardnet_resize_plan odd = planned({1000, 994}, of_224(), {224, 224});
    EXPECT_EQ(odd.width, 257);
    EXPECT_EQ(odd.left, 16);  // round(16.5), halves to even
}

TEST(Preprocess, covers_the_crop_whatever_the_shapes) {
    hardnet_preprocessing narrow = of_224();
    narrow.resize_short = 100;  // less than the input: the picture must still cover it
    for (const hardnet_size input :
         {hardnet_size{224, 224}, {264, 200}, {200, 264}, {1, 1}, {500, 7}, {512, 512}})
        for (const hardnet_size picture :
             {hardnet_size{1, 1}, {1, 65535}, {65535, 1}, {3, 2}, {640, 427}, {224, 224}})
            for (const hardnet_preprocessing &how : {of_224(), narrow}) {
                const hardnet_resize_plan plan = planned(picture, how, input);
                EXPECT_GE(plan.left, 0);
                EXPECT_GE(plan.top, 0);
                EXPECT_LE(plan.left + input.width, plan.width);
                EXPECT_LE(plan.top + input.height, plan.height);
            }
}

TEST(Preprocess, keeps_flat_pictures_flat) {
    const hardnet_size input{40, 30};
    for (const hardnet_size size : {hardnet_size{1, 1}, {1, 3000}, {3000, 1}, {33, 17}}) {
        const hardnet_resize_plan plan = planned(size, of_224(), input);
        for (const float value : resized(Pixels(size.width, size.height, 200), plan, input))
            ASSERT_NEAR(value, 200, 1e-3);
    }
}

TEST(Preprocess, leaves_pictures_of_the_inputs_own_size_as_they_are) {
    hardnet_preprocessing own = of_224();
    own.resize_short = 32;
    own.own = {32, 32};
    Pixels picture(32, 32);
    for (size_t i = 0; i < picture.rgb.size(); i++) picture.rgb[i] = uint8_t(i * 7);
    const std::vector<float> input = preprocessed(picture, own, {32, 32});
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 32 * 32; i++) {
            const float expected = (picture.rgb[i * 3 + c] / 255.0f - own.mean[c]) / own.deviation[c];
            ASSERT_NEAR(input[c * 32 * 32 + i], expected, 1e-6);
        }
}

// Both sides, each by its own factor: nothing is cut away, whatever the shapes.
TEST(Preprocess, resizes_both_sides_where_no_short_side_is_asked_for) {
    hardnet_preprocessing whole = of_224();
    whole.resize_short = 0;
    const hardnet_size input{4, 2};
    for (const hardnet_size size : {hardnet_size{640, 427}, {1, 3000}, {3000, 1}, {4, 2}}) {
        const hardnet_resize_plan plan = planned(size, whole, input);
        EXPECT_EQ(plan.width, 4);
        EXPECT_EQ(plan.height, 2);
        EXPECT_EQ(plan.left, 0);
        EXPECT_EQ(plan.top, 0);
    }
    Pixels picture(2, 4);  // 2x4 to 4x2: stretched along x, shrunk along y
    for (int y = 0; y < 4; y++) picture.at(0, y)[0] = uint8_t(40 * y);
    const std::vector<float> pixels = resized(picture, planned({2, 4}, whole, input), input);
    // Along y the triangle filter's weights are (3 3 1) / 7 and (1 3 3) / 7, along x 1, 3/4, 1/4, 0.
    const float upper = (0 * 3 + 40 * 3 + 80 * 1) / 7.0f, lower = (40 * 1 + 80 * 3 + 120 * 3) / 7.0f;
    const float expected[2][4] = {{upper, upper * 3 / 4, upper / 4, 0}, {lower, lower * 3 / 4, lower / 4, 0}};
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 4; x++) EXPECT_NEAR(pixels[(y * 4 + x) * 3], expected[y][x], 1e-4);
}

TEST(Preprocess, puts_blue_first_where_the_network_wants_it) {
    const hardnet_preprocessing bgr = {0, {1, 1}, 1, {0.125f, 0.25f, 0.5f}, {0.5f, 0.25f, 0.125f}};
    const std::vector<float> input = preprocessed(Pixels(1, 1, {51, 102, 153}), bgr, {1, 1});
    EXPECT_NEAR(input[0], (0.6 - 0.125) / 0.5, 1e-6);
    EXPECT_NEAR(input[1], (0.4 - 0.25) / 0.25, 1e-6);
    EXPECT_NEAR(input[2], (0.2 - 0.5) / 0.125, 1e-6);
}

Pixels noise(int width, int height) {
    Pixels picture(width, height);
    for (size_t i = 0; i < picture.rgb.size(); i++) picture.rgb[i] = uint8_t(i * i * 31 + i * 7);
    return picture;
}

TEST(Preprocess, rounds_to_8_bits_what_it_resizes) {
    const hardnet_size input{24, 20};
    Pixels picture = noise(61, 47), out(24, 20);
    const hardnet_picture from = picture.view(), to = out.view();
    const hardnet_resize_plan plan = planned(from.size, of_224(), input);
    Scratch scratch(from.size, plan, input);
    ASSERT_EQ(hardnet_resize_8bit(&from, &plan, &to, scratch.data(), scratch.bytes), HARDNET_VISION_OK);
    const std::vector<float> expected = resized(picture, plan, input);
    for (size_t i = 0; i < expected.size(); i++) EXPECT_EQ(out.rgb[i], std::lround(expected[i])) << i;
}

// What lies between the rows of a camera's picture is not read, and what lies between those of the result not written.
TEST(Preprocess, goes_from_row_to_row_as_it_is_told) {
    const hardnet_size input{24, 20};
    Pixels dense = noise(61, 47);
    std::vector<uint8_t> padded(47 * 200, 99), out(20 * 80, 77);
    for (int y = 0; y < 47; y++) std::copy_n(dense.at(0, y), 61 * 3, &padded[size_t(y) * 200]);
    const hardnet_picture from = {padded.data(), {61, 47}, 200}, to = {out.data(), input, 80};
    const hardnet_resize_plan plan = planned(from.size, of_224(), input);
    Scratch scratch(from.size, plan, input);
    ASSERT_EQ(hardnet_resize_8bit(&from, &plan, &to, scratch.data(), scratch.bytes), HARDNET_VISION_OK);
    const std::vector<float> expected = resized(dense, plan, input);
    for (int y = 0; y < 20; y++) {
        for (int i = 0; i < 72; i++) EXPECT_EQ(out[y * 80 + i], std::lround(expected[y * 72 + i]));
        for (int i = 72; i < 80; i++) EXPECT_EQ(out[y * 80 + i], 77);
    }
}

// Samples of one channel and of four against the same numbers as pictures of three.
TEST(Preprocess, takes_samples_of_one_to_four_channels) {
    const hardnet_size size{61, 47}, input{24, 20};
    Pixels picture = noise(61, 47);
    const hardnet_preprocessing how = {0, input, 0, {0.25f, 0.25f, 0.25f}, {0.5f, 0.5f, 0.5f}};
    const std::vector<float> expected = preprocessed(picture, how, input);
    const hardnet_resize_plan plan = planned(size, how, input);
    Scratch scratch(size, plan, input);
    const float mean[] = {0.25f, 0.25f, 0.25f, 0.25f}, deviation[] = {0.5f, 0.5f, 0.5f, 0.5f};
    const size_t area = 24 * 20;
    for (const int channels : {1, 2, 3, 4}) {
        std::vector<uint8_t> values(size_t(61) * 47 * channels), bytes(area * channels);
        for (size_t i = 0; i < values.size(); i++) {
            const size_t pixel = i / channels, c = i % channels;
            values[i] = picture.rgb[3 * pixel + c % 3];  // the fourth is the first again
        }
        const hardnet_samples samples = {values.data(), size, 61 * channels, channels},
                              out = {bytes.data(), input, 24 * channels, channels};
        std::vector<float> found(area * channels);
        ASSERT_EQ(hardnet_preprocess_samples(&samples, mean, deviation, &plan, input, found.data(),
                                             scratch.data(), scratch.bytes),
                  HARDNET_VISION_OK);
        for (size_t i = 0; i < found.size(); i++)
            ASSERT_EQ(found[i], expected[i % (3 * area)]) << channels << " channels, " << i;
        ASSERT_EQ(hardnet_resize_samples_8bit(&samples, &plan, &out, scratch.data(), scratch.bytes),
                  HARDNET_VISION_OK);
        for (size_t i = 0; i < bytes.size(); i++) {
            const float value = expected[i % channels % 3 * area + i / channels] * 0.5f + 0.25f;
            ASSERT_NEAR(bytes[i], value * 255, 0.501) << channels << " channels, " << i;
        }
    }
}

TEST(Preprocess, writes_no_further_than_the_scratch_that_it_asks_for) {
    for (const hardnet_size size : {hardnet_size{1, 1}, {7, 300}, {300, 7}, {61, 47}})
        for (const hardnet_size input : {hardnet_size{1, 1}, {24, 20}, {100, 3}}) {
            Pixels picture = noise(size.width, size.height);
            const hardnet_picture from = picture.view();
            const hardnet_resize_plan plan = planned(size, of_224(), input);
            size_t bytes = 0;
            ASSERT_EQ(hardnet_resize_scratch(size, &plan, input, &bytes), HARDNET_VISION_OK);
            std::vector<double> memory(bytes / sizeof(double) + 4, 0.5);
            uint8_t *behind = reinterpret_cast<uint8_t *>(memory.data()) + bytes;
            const std::vector<uint8_t> before(behind, behind + 16);
            std::vector<float> out(size_t(input.width) * input.height * 3);
            EXPECT_EQ(hardnet_resize(&from, &plan, input, out.data(), memory.data(), bytes - 1),
                      HARDNET_VISION_NO_ROOM);
            EXPECT_EQ(hardnet_resize(&from, &plan, input, out.data(), memory.data(), bytes),
                      HARDNET_VISION_OK);
            EXPECT_EQ(std::vector<uint8_t>(behind, behind + 16), before);
        }
}

}  // namespace
}  // namespace hardnet::testing
