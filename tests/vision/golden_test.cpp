// Resizing and cropping against torchvision's results (tools/oracle/make_preprocess_golden.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/vision/memory.h"
#include "vision/pictures/images.h"

namespace hardnet::testing {
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

// The goldens are rounded to whole steps of 255, which is half a step of difference by itself.
void expect_golden(const Image &image, hardnet_size input, const std::string &name) {
    const Image golden = read("golden/preprocess/" + name + ".png");
    ASSERT_EQ(golden.width, input.width);
    ASSERT_EQ(golden.height, input.height);
    const hardnet_picture picture = image.view();
    const hardnet_preprocessing how = of_224();
    hardnet_resize_plan plan = {};
    ASSERT_EQ(hardnet_plan_resize(picture.size, &how, input, &plan), HARDNET_VISION_OK);
    Scratch scratch(picture.size, plan, input);
    std::vector<float> found(golden.rgb.size());
    ASSERT_EQ(hardnet_resize(&picture, &plan, input, found.data(), scratch.data(), scratch.bytes),
              HARDNET_VISION_OK);
    double worst = 0;
    for (size_t i = 0; i < found.size(); i++)
        worst = std::max(worst, std::abs(double(found[i]) - golden.rgb[i]));
    ::testing::Test::RecordProperty("worst_" + name, std::to_string(worst));
    EXPECT_LE(worst, 0.501) << name;
}

TEST(Preprocess, agrees_with_torchvision) {
    const Image china = read("data/china.jpg"), flower = read("data/flower.jpg");
    expect_golden(china, {224, 224}, "china_224x224_short256");
    expect_golden(flower, {224, 224}, "flower_224x224_short256");
    expect_golden(flower, {64, 96}, "flower_96x64_short256");
    expect_golden(cropped(china, 300, 100, 340, 160), {224, 224}, "china_enlarged_224x224_short256");
}

}  // namespace
}  // namespace hardnet::testing
