// BMP and WebP that are damaged, hostile or of a kind that is not read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "vision/pictures/images.h"

namespace hardnet {
namespace {

using PictureBytes = std::vector<uint8_t>;

void put_word(PictureBytes &file, size_t at, int64_t value, size_t bytes = 4) {
    for (size_t i = 0; i < bytes; i++) file[at + i] = uint8_t(uint64_t(value) >> (8 * i));
}

// Of 3x2 pixels, which count up; with up to 8 bits a palette of 4 colours.
PictureBytes bmp_file(int bits) {
    const size_t colors = bits <= 8 ? 4 : 0, stride = size_t(3 * bits + 31) / 32 * 4;
    PictureBytes file(54 + 4 * colors + 2 * stride);
    file[0] = 'B', file[1] = 'M';
    put_word(file, 10, int64_t(54 + 4 * colors));
    put_word(file, 14, 40);
    put_word(file, 18, 3);
    put_word(file, 22, 2);
    put_word(file, 28, bits, 2);
    put_word(file, 46, int64_t(colors));
    for (size_t i = 54; i < 54 + 4 * colors; i++) file[i] = uint8_t(i);
    for (size_t i = 54 + 4 * colors; i < file.size(); i++) file[i] = bits == 8 ? uint8_t(i % 4) : uint8_t(i);
    return file;
}

std::string fault_of(const PictureBytes &file, const ImageLimits &limits = {}) {
    const Result<Image> image = decode_image(file, "x", limits);
    EXPECT_FALSE(image);
    return image ? "" : image.error().what;
}

std::string fault_with(int bits, size_t at, int64_t value, size_t bytes = 4) {
    PictureBytes file = bmp_file(bits);
    put_word(file, at, value, bytes);
    return fault_of(file);
}

TEST(BadBmp, headers_that_are_not_read) {
    EXPECT_EQ(fault_with(24, 14, 12),
              "bad image: x: expected a BMP with a header of 40 to 124 bytes, found 12");
    EXPECT_EQ(fault_with(24, 28, 16, 2), "bad image: x: expected a BMP of 1, 4, 8, 24 or 32 bits, found 16");
    EXPECT_EQ(fault_with(8, 30, 1), "bad image: x: expected a BMP without compression, found compression 1");
    EXPECT_EQ(fault_with(24, 30, 3), "bad image: x: expected a BMP without compression, found compression 3");
    EXPECT_EQ(fault_with(8, 46, 2), "bad image: x: expected a BMP of 2 colours, found colour 2");
    EXPECT_EQ(fault_with(8, 46, 200),
              "bad image: x: expected a BMP with its palette, found a truncated file");
    EXPECT_EQ(fault_with(24, 10, 0xffffffff),
              "bad image: x: expected a BMP with all its rows, found a truncated file");
    EXPECT_EQ(fault_of({'B', 'M'}), "bad image: x: expected a JPEG, PNG, WebP or BMP, found another format");
}

TEST(BadBmp, sizes_are_refused_before_they_are_allocated) {
    EXPECT_EQ(fault_with(24, 18, 0), "bad image: x: expected a picture with pixels, found 0x2");
    EXPECT_EQ(fault_with(24, 18, -3), "bad image: x: expected a picture with pixels, found -3x2");
    EXPECT_EQ(fault_with(24, 22, 0), "bad image: x: expected a picture with pixels, found 3x0");
    EXPECT_EQ(fault_with(24, 22, int64_t{1} << 31),
              "bad image: x: expected at most 100000000 pixels, found 3x2147483648");
    EXPECT_EQ(fault_with(24, 18, 0x7fffffff),
              "bad image: x: expected at most 100000000 pixels, found 2147483647x2");
    EXPECT_EQ(fault_of(bmp_file(24), {5, 1 << 20}), "bad image: x: expected at most 5 pixels, found 3x2");
}

// Bits that say which are red, green and blue stand behind the header of 40 bytes, or in a longer one.
TEST(Bmp, with_bit_fields) {
    PictureBytes file = bmp_file(32);
    file.insert(file.begin() + 54, 12, 0);
    put_word(file, 10, 66);
    put_word(file, 30, 3);
    put_word(file, 54, 0xff0000);
    put_word(file, 58, 0xff00);
    put_word(file, 62, 0xff);
    const Result<Image> image = decode_image(file, "x"), plain = decode_image(bmp_file(32), "x");
    ASSERT_TRUE(image) << image.error().what;
    ASSERT_TRUE(plain) << plain.error().what;
    EXPECT_EQ(image->rgb, plain->rgb);
    put_word(file, 54, 0xff);
    EXPECT_EQ(fault_of(file),
              "bad image: x: expected a BMP with blue, green and red in this order, found another order");
}

TEST(Bmp, of_four_bits) {
    PictureBytes file = bmp_file(4);
    file[70] = 0x01, file[71] = 0x20, file[74] = 0x33, file[75] = 0x30;  // the lower row first
    const Result<Image> image = decode_image(file, "x");
    ASSERT_TRUE(image) << image.error().what;
    EXPECT_EQ(image->rgb,
              (PictureBytes{68, 67, 66, 68, 67, 66, 68, 67, 66, 56, 55, 54, 60, 59, 58, 64, 63, 62}));
}

PictureBytes stored_picture(const std::string &name) {
    const Result<FileBytes> file = read_regular_file(HARDNET_TEST_DIR "/data/pictures/" + name, 1 << 20);
    if (file) return PictureBytes(file->data.get(), file->data.get() + file->size);
    ADD_FAILURE() << file.error().what;
    return {};
}

TEST(BadWebp, sizes_are_refused_before_they_are_allocated) {
    for (const char *name : {"lossy.webp", "lossless.webp", "turned_webp_8.webp"})
        EXPECT_EQ(fault_of(stored_picture(name), {76, 1 << 20}),
                  "bad image: x: expected at most 76 pixels, found 11x7");
}

TEST(BadPictures, truncated_anywhere_are_one_line) {
    for (const PictureBytes &file : {bmp_file(8), bmp_file(24), bmp_file(32), stored_picture("lossy.webp"),
                                     stored_picture("lossless.webp"), stored_picture("see_through.webp")}) {
        ASSERT_TRUE(decode_image(file, "x"));
        int read = 0;  // without a byte of padding, or of what stands behind the pixels
        for (size_t size = 0; size < file.size(); size++) {
            const Result<Image> image = decode_image(PictureBytes(file.begin(), file.begin() + size), "x");
            if (image)
                read++;
            else
                EXPECT_THAT(image.error().what, ::testing::MatchesRegex("bad image: x: expected [^\n]*"));
        }
        EXPECT_LE(read, 4);
    }
}

TEST(BadPictures, damaged_are_read_or_refused) {
    std::mt19937 random(1);
    for (const PictureBytes &file :
         {bmp_file(1), bmp_file(4), bmp_file(8), bmp_file(24), stored_picture("lossy.webp"),
          stored_picture("lossless.webp"), stored_picture("turned_webp_8.webp"),
          stored_picture("animation.webp"), stored_picture("turned_6.jpg"), stored_picture("ycck.jpg")})
        for (int i = 0; i < 2000; i++) {
            PictureBytes damaged = file;
            for (int flips = 0; flips < 1 + i % 4; flips++)
                damaged[random() % damaged.size()] = uint8_t(random());
            const Result<Image> image = decode_image(damaged, "x", {1 << 20, 1 << 20});
            if (image) {
                EXPECT_EQ(image->rgb.size(), size_t(image->width) * image->height * 3);
            }
        }
}

}  // namespace
}  // namespace hardnet
