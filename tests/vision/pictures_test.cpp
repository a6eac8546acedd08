// Pictures in files against PIL's reading of them (tools/oracle/make_pictures.py): the same size and the same samples.
#include <gtest/gtest.h>

#include "vision/pictures/images.h"

namespace hardnet::testing {
namespace {

Image picture_at(const std::string &path, Orientation orientation = Orientation::kUpright) {
    const Result<Image> image = read_image(std::string(HARDNET_TEST_DIR) + "/" + path, {}, orientation);
    if (image) return *image;
    ADD_FAILURE() << image.error().what;
    return {};
}

void expect_same(const Image &found, const Image &expected, const std::string &name) {
    EXPECT_EQ(found.width, expected.width) << name;
    EXPECT_EQ(found.height, expected.height) << name;
    EXPECT_EQ(found.rgb, expected.rgb) << name;
}

void expect_as_pil(const std::string &name, const std::string &kind) {
    SCOPED_TRACE(name);
    expect_same(picture_at("data/pictures/" + name + "." + kind),
                picture_at("golden/pictures/" + name + ".png"), name);
}

TEST(Pictures, are_turned_upright_in_all_eight_orientations) {
    for (int orientation = 1; orientation <= 8; orientation++)
        expect_as_pil("turned_" + std::to_string(orientation), "jpg");
    expect_as_pil("turned_png_6", "png");
    const Image upright = picture_at("data/pictures/turned_1.jpg");
    EXPECT_EQ(upright.width, 11);
    EXPECT_EQ(picture_at("data/pictures/turned_6.jpg").width, 7);
    for (int orientation = 1; orientation <= 8; orientation++) {
        const std::string path = "data/pictures/turned_" + std::to_string(orientation) + ".jpg";
        expect_same(picture_at(path, Orientation::kAsStored), upright, path);
    }
}

TEST(Pictures, in_webp) {
    for (const char *name : {"lossy", "lossless", "see_through", "turned_webp_8"})
        expect_as_pil(name, "webp");
    const Result<Image> moving = read_image(HARDNET_TEST_DIR "/data/pictures/animation.webp");
    ASSERT_FALSE(moving);
    EXPECT_EQ(moving.error().what, "bad image: " HARDNET_TEST_DIR
                                   "/data/pictures/animation.webp: expected a WebP of one picture, found an "
                                   "animation");
}

TEST(Pictures, in_bmp) {
    for (const char *name : {"bits1", "bits8", "bits24", "bits32"}) expect_as_pil(name, "bmp");
    for (const char *name : {"bits8_top_first", "bits24_top_first", "bits32_top_first"})
        expect_as_pil(name, "bmp");
}

TEST(Pictures, of_four_inks_become_rgb) {
    for (const char *name : {"cmyk_adobe", "cmyk_plain", "ycck"}) expect_as_pil(name, "jpg");
}

}  // namespace
}  // namespace hardnet::testing
