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

// A PNG of grey: one sample of each pixel.
std::vector<uint8_t> golden_plane(const std::string &name) {
    const Image image = picture_at("golden/pictures/" + name + ".png");
    std::vector<uint8_t> plane;
    for (size_t i = 0; i < image.rgb.size(); i += 3) plane.push_back(image.rgb[i]);
    return plane;
}

std::vector<uint8_t> grey_of(const Image &image) {
    std::vector<uint8_t> values(size_t(image.width) * size_t(image.height));
    const hardnet_picture picture = image.view();
    const hardnet_samples grey = {values.data(), picture.size, image.width, 1};
    EXPECT_EQ(hardnet_grey(&picture, &grey), HARDNET_VISION_OK);
    return values;
}

void expect_as_pil(const std::string &name, const std::string &kind) {
    SCOPED_TRACE(name);
    const Image image = picture_at("data/pictures/" + name + "." + kind);
    expect_same(image, picture_at("golden/pictures/" + name + ".png"), name);
    EXPECT_TRUE(image.alpha.empty());
    EXPECT_EQ(grey_of(image), golden_plane(name + "_grey"));
}

void expect_alpha(const std::string &name, const std::string &kind, const std::vector<uint8_t> &alpha) {
    SCOPED_TRACE(name);
    const Result<Image> kept = read_image(HARDNET_TEST_DIR "/data/pictures/" + name + "." + kind, {},
                                          Orientation::kUpright, Transparency::kKept);
    ASSERT_TRUE(kept) << kept.error().what;
    expect_same(*kept, picture_at("data/pictures/" + name + "." + kind), name);
    EXPECT_EQ(kept->alpha, alpha);
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

TEST(Pictures, keep_their_alpha_where_it_is_asked_for) {
    const std::pair<const char *, const char *> all[] = {{"see_through", "webp"},   {"alpha_colors", "png"},
                                                         {"alpha_turned_6", "png"}, {"alpha_grey", "png"},
                                                         {"alpha_palette", "png"},  {"alpha_key", "png"},
                                                         {"alpha_grey_key", "png"}, {"alpha_bits32", "bmp"}};
    for (const auto &[name, kind] : all) {
        expect_as_pil(name, kind);
        expect_alpha(name, kind, golden_plane(std::string(name) + "_alpha"));
    }
    const std::vector<uint8_t> opaque(11 * 7, 255);
    for (const auto &[name, kind] : {std::pair("turned_6", "jpg"),
                                     {"cmyk_adobe", "jpg"},
                                     {"turned_png_6", "png"},
                                     {"lossy", "webp"},
                                     {"bits8", "bmp"},
                                     {"bits24", "bmp"},
                                     {"bits32", "bmp"}})
        expect_alpha(name, kind, opaque);
}

TEST(Pictures, of_four_inks_become_rgb) {
    for (const char *name : {"cmyk_adobe", "cmyk_plain", "ycck"}) expect_as_pil(name, "jpg");
}

}  // namespace
}  // namespace hardnet::testing
