// Resizing and cropping against torchvision's results (tools/oracle/make_preprocess_golden.py), and the
// rule's corners.
#include "cli/preprocess.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

Image read(const std::string &path) {
    const Result<Image> image = read_image(std::string(HARDNET_TEST_DIR) + "/" + path);
    if (image) return *image;
    ADD_FAILURE() << image.error().what;
    return {};
}

Image cropped(const Image &image, int left, int top, int right, int bottom) {
    Image part{right - left, bottom - top, {}};
    for (int y = top; y < bottom; y++)
        part.rgb.insert(part.rgb.end(), image.at(left, y), image.at(left, y) + part.width * 3);
    return part;
}

Image plain(int width, int height, uint8_t value) {
    return {width, height, std::vector<uint8_t>(size_t(width) * height * 3, value)};
}

constexpr InputSize kOwn{224, 224};

// The goldens are rounded to whole steps of 255, which is half a step of difference by itself.
void expect_golden(const Image &image, InputSize input, const std::string &name) {
    const Image golden = read("golden/preprocess/" + name + ".png");
    ASSERT_EQ(golden.width, input.width);
    ASSERT_EQ(golden.height, input.height);
    const ResizePlan plan = plan_resize(image.width, image.height, Preprocessing(), kOwn, input);
    const std::vector<float> found = resized_crop(image, plan, input);
    ASSERT_EQ(found.size(), golden.rgb.size());
    double worst = 0;
    for (size_t i = 0; i < found.size(); i++)
        worst = std::max(worst, std::abs(double(found[i]) - golden.rgb[i]));
    testing::Test::RecordProperty("worst_" + name, std::to_string(worst));
    EXPECT_LE(worst, 0.501) << name;
}

TEST(Preprocess, agrees_with_torchvision) {
    const Image china = read("data/china.jpg"), flower = read("data/flower.jpg");
    expect_golden(china, {224, 224}, "china_224x224_short256");
    expect_golden(flower, {224, 224}, "flower_224x224_short256");
    expect_golden(flower, {96, 64}, "flower_96x64_short256");
    expect_golden(cropped(china, 300, 100, 340, 160), {224, 224}, "china_enlarged_224x224_short256");
}

TEST(Preprocess, plans_like_torchvision_for_square_inputs) {
    const ResizePlan wide = plan_resize(640, 427, Preprocessing(), kOwn, {224, 224});
    EXPECT_EQ(wide.height, 256);
    EXPECT_EQ(wide.width, 383);  // int(256 * 640 / 427 = 383.7)
    EXPECT_EQ(wide.top, 16);
    EXPECT_EQ(wide.left, 80);  // round(79.5), halves to even
    const ResizePlan tall = plan_resize(427, 640, Preprocessing(), kOwn, {224, 224});
    EXPECT_EQ(tall.height, 383);
    EXPECT_EQ(tall.width, 256);
    const ResizePlan odd = plan_resize(1000, 994, Preprocessing(), kOwn, {224, 224});
    EXPECT_EQ(odd.width, 257);
    EXPECT_EQ(odd.left, 16);  // round(16.5), halves to even
}

TEST(Preprocess, covers_the_crop_whatever_the_shapes) {
    Preprocessing narrow;
    narrow.resize_short = 100;  // less than the input: the picture must still cover it
    for (const InputSize input : {InputSize{224, 224}, {200, 264}, {264, 200}, {1, 1}, {7, 500}, {512, 512}})
        for (const auto &[width, height] :
             {std::pair(1, 1), {1, 65535}, {65535, 1}, {3, 2}, {640, 427}, {224, 224}})
            for (const Preprocessing &preprocessing : {Preprocessing(), narrow}) {
                const ResizePlan plan = plan_resize(width, height, preprocessing, kOwn, input);
                EXPECT_GE(plan.left, 0);
                EXPECT_GE(plan.top, 0);
                EXPECT_LE(plan.left + input.width, plan.width);
                EXPECT_LE(plan.top + input.height, plan.height);
            }
}

TEST(Preprocess, keeps_flat_pictures_flat) {
    for (const auto &[width, height] : {std::pair(1, 1), {1, 3000}, {3000, 1}, {33, 17}}) {
        const Image image = plain(width, height, 200);
        const ResizePlan plan = plan_resize(width, height, Preprocessing(), kOwn, {30, 40});
        for (const float value : resized_crop(image, plan, {30, 40})) ASSERT_NEAR(value, 200, 1e-3);
    }
}

TEST(Preprocess, leaves_pictures_of_the_inputs_own_size_as_they_are) {
    Preprocessing own;
    own.resize_short = 32;
    Image image = plain(32, 32, 0);
    for (size_t i = 0; i < image.rgb.size(); i++) image.rgb[i] = uint8_t(i * 7);
    std::vector<float> input(3 * 32 * 32);
    preprocess(image, own, {32, 32}, {32, 32}, input.data());
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 32 * 32; i++) {
            const float expected = (image.rgb[i * 3 + c] / 255.0f - own.mean[c]) / own.deviation[c];
            ASSERT_NEAR(input[c * 32 * 32 + i], expected, 1e-6);
        }
}

// Both sides, each by its own factor: nothing is cut away, whatever the shapes.
TEST(Preprocess, resizes_both_sides_where_no_short_side_is_asked_for) {
    Preprocessing whole;
    whole.resize_short = 0;
    for (const auto &[width, height] : {std::pair(640, 427), {1, 3000}, {3000, 1}, {4, 2}}) {
        const ResizePlan plan = plan_resize(width, height, whole, kOwn, {2, 4});
        EXPECT_EQ(plan.width, 4);
        EXPECT_EQ(plan.height, 2);
        EXPECT_EQ(plan.left, 0);
        EXPECT_EQ(plan.top, 0);
    }
    Image image{2, 4, std::vector<uint8_t>(24)};  // 2x4 to 4x2: stretched along x, shrunk along y
    for (int y = 0; y < 4; y++) image.at(0, y)[0] = uint8_t(40 * y);
    const std::vector<float> pixels = resized_crop(image, plan_resize(2, 4, whole, kOwn, {2, 4}), {2, 4});
    // Along y the triangle filter's weights are (3 3 1) / 7 and (1 3 3) / 7, along x 1, 3/4, 1/4, 0.
    const float upper = (0 * 3 + 40 * 3 + 80 * 1) / 7.0f, lower = (40 * 1 + 80 * 3 + 120 * 3) / 7.0f;
    const float expected[2][4] = {{upper, upper * 3 / 4, upper / 4, 0}, {lower, lower * 3 / 4, lower / 4, 0}};
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 4; x++) EXPECT_NEAR(pixels[(y * 4 + x) * 3], expected[y][x], 1e-4);
}

TEST(Preprocess, puts_blue_first_where_the_network_wants_it) {
    Preprocessing bgr;
    bgr.resize_short = 0;
    bgr.bgr = true;
    bgr.mean = {0.125f, 0.25f, 0.5f};
    bgr.deviation = {0.5f, 0.25f, 0.125f};
    float input[3];
    preprocess({1, 1, {51, 102, 153}}, bgr, {1, 1}, {1, 1}, input);
    EXPECT_NEAR(input[0], (0.6 - 0.125) / 0.5, 1e-6);
    EXPECT_NEAR(input[1], (0.4 - 0.25) / 0.25, 1e-6);
    EXPECT_NEAR(input[2], (0.2 - 0.5) / 0.125, 1e-6);
}

}  // namespace
}  // namespace hardnet
