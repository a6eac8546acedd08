// Pictures that are damaged, hostile or merely unusual: an error of one line, or the right pixels, never
// anything else.
#include "vision/pictures/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

// clang-format off: jpeglib.h needs <cstdio> before it
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>
// clang-format on

namespace hardnet {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr int kWidth = 19, kHeight = 13;

// A picture of `channels` samples per pixel in libjpeg's colour space `space`.
Bytes jpeg_file(J_COLOR_SPACE space, int channels, bool progressive = false) {
    jpeg_compress_struct jpeg;
    jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char *file = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&jpeg, &file, &size);
    jpeg.image_width = kWidth;
    jpeg.image_height = kHeight;
    jpeg.input_components = channels;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    Bytes row(size_t(kWidth) * channels);
    for (int y = 0; y < kHeight; y++) {
        for (size_t i = 0; i < row.size(); i++) row[i] = uint8_t(i * 5 + y * 11);
        JSAMPROW at = row.data();
        jpeg_write_scanlines(&jpeg, &at, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    Bytes bytes(file, file + size);
    std::free(file);
    return bytes;
}

struct PngKind {
    int color, depth, interlace;
};

// Every row is `row`, as the file stores it.
Bytes png_file(const PngKind &kind, int width, int height, const Bytes &row) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    Bytes bytes;
    png_set_write_fn(
        png, &bytes,
        [](png_structp p, png_bytep data, size_t size) {
            Bytes *to = static_cast<Bytes *>(png_get_io_ptr(p));
            to->insert(to->end(), data, data + size);
        },
        [](png_structp) {});
    png_set_IHDR(png, info, width, height, kind.depth, kind.color, kind.interlace, 0, 0);
    const png_color palette[2] = {{10, 20, 30}, {200, 100, 50}};
    const png_byte alpha[2] = {0, 128};
    if (kind.color == PNG_COLOR_TYPE_PALETTE) {
        png_set_PLTE(png, info, palette, 2);
        png_set_tRNS(png, info, alpha, 2, nullptr);
    }
    png_write_info(png, info);
    const int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < height; y++) png_write_row(png, row.data());
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    return bytes;
}

Bytes rgb_png() {
    Bytes row(kWidth * 3);
    for (size_t i = 0; i < row.size(); i++) row[i] = uint8_t(i * 3);
    return png_file({PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_ADAM7}, kWidth, kHeight, row);
}

std::string error_of(const Bytes &file, const ImageLimits &limits = {}) {
    const Result<Image> image = decode_image(file, "x", limits);
    EXPECT_FALSE(image);
    return image ? "" : image.error().what;
}

Bytes pixels_of(const Bytes &file) {
    const Result<Image> image = decode_image(file, "x");
    EXPECT_TRUE(image) << image.error().what;
    return image ? image->rgb : Bytes();
}

// The frame header's height and width lie 5 bytes behind its marker.
Bytes resized_jpeg(Bytes file, int width, int height) {
    for (size_t i = 0; i + 8 < file.size(); i++) {
        if (file[i] != 0xff || file[i + 1] != 0xc0) continue;
        file[i + 5] = uint8_t(height >> 8), file[i + 6] = uint8_t(height);
        file[i + 7] = uint8_t(width >> 8), file[i + 8] = uint8_t(width);
        return file;
    }
    ADD_FAILURE() << "no frame header";
    return file;
}

// Width and height are the first 8 bytes of the first chunk, whose checksum starts at byte 29.
Bytes resized_png(Bytes file, uint32_t width, uint32_t height) {
    const auto put = [&](size_t at, uint32_t value) {
        for (int i = 0; i < 4; i++) file[at + i] = uint8_t(value >> (24 - 8 * i));
    };
    put(16, width);
    put(20, height);
    put(29, uint32_t(crc32(0, &file[12], 17)));
    return file;
}

TEST(BadImages, no_pictures_at_all) {
    EXPECT_EQ(error_of({}), "bad image: x: expected a JPEG, PNG, WebP or BMP, found an empty file");
    EXPECT_EQ(error_of({0xff}), "bad image: x: expected a JPEG, PNG, WebP or BMP, found another format");
    const auto error_of_text = [](std::string_view text) {
        return error_of(Bytes(text.begin(), text.end()));
    };
    for (const auto &[start, kind] :
         std::vector<std::pair<std::string, std::string>>{{"GIF89a", "GIF"},
                                                          {std::string("II*\0", 4), "TIFF"},
                                                          {std::string("\0\0\0\x18"
                                                                       "ftypheic",
                                                                       12),
                                                           "HEIC"},
                                                          {std::string("\0\0\0\x18"
                                                                       "ftypavif",
                                                                       12),
                                                           "AVIF"},
                                                          {std::string("\0\0\0\x18"
                                                                       "ftypisom",
                                                                       12),
                                                           "MP4"},
                                                          {"\xff\x0a", "JPEG XL"},
                                                          {"%PDF-1.7", "PDF"}})
        EXPECT_EQ(error_of_text(start),
                  "bad image: x: expected a JPEG, PNG, WebP or BMP, found another format, " + kind);
    EXPECT_THAT(error_of({0xff, 0xd8}),
                HasSubstr("bad image: x: expected a JPEG in grey, RGB or CMYK, found "));
    EXPECT_THAT(error_of({0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}),
                "bad image: x: expected a PNG, found a truncated file");
}

TEST(BadImages, truncated_anywhere) {
    for (const Bytes &file :
         {jpeg_file(JCS_RGB, 3), jpeg_file(JCS_RGB, 3, true), jpeg_file(JCS_CMYK, 4), rgb_png()}) {
        pixels_of(file);
        for (size_t size = 8; size < file.size(); size++)
            EXPECT_THAT(error_of(Bytes(file.begin(), file.begin() + size)),
                        MatchesRegex("bad image: x: [^\n]*"))
                << size << " of " << file.size();
    }
    Bytes jpeg = jpeg_file(JCS_RGB, 3);
    jpeg.resize(jpeg.size() - 20);
    EXPECT_EQ(error_of(jpeg), "bad image: x: expected a JPEG in grey, RGB or CMYK, found a truncated file");
}

TEST(BadImages, random_damage_never_crashes) {
    std::mt19937 random(1);
    for (const Bytes &file :
         {jpeg_file(JCS_RGB, 3), jpeg_file(JCS_RGB, 3, true), jpeg_file(JCS_CMYK, 4), rgb_png()})
        for (int i = 0; i < 3000; i++) {
            Bytes damaged = file;
            for (int flips = 0; flips < 1 + i % 4; flips++)
                damaged[random() % damaged.size()] = uint8_t(random());
            const Result<Image> image = decode_image(damaged, "x", {1 << 20, 1 << 20});
            if (image) {
                EXPECT_EQ(image->rgb.size(), size_t(image->width) * image->height * 3);
            }
        }
}

TEST(BadImages, huge_sizes_are_refused_before_they_are_allocated) {
    EXPECT_EQ(error_of(resized_jpeg(jpeg_file(JCS_RGB, 3), 65500, 65500)),
              "bad image: x: expected at most 100000000 pixels, found 65500x65500");
    EXPECT_EQ(error_of(resized_png(rgb_png(), 65535, 65535)),
              "bad image: x: expected at most 100000000 pixels, found 65535x65535");
    EXPECT_EQ(error_of(resized_png(rgb_png(), 0x7fffffff, 0x7fffffff)),
              "bad image: x: expected at most 100000000 pixels, found 2147483647x2147483647");
    EXPECT_EQ(error_of(rgb_png(), {kWidth * kHeight - 1, 1 << 20}),
              "bad image: x: expected at most 246 pixels, found 19x13");
}

// A chunk of text says that it holds 2 GB: libpng would allocate them, and clear them, before it reads any.
TEST(BadImages, chunks_that_lie_take_no_memory) {
    Bytes file = rgb_png();
    const uint8_t chunk[] = {0x7e, 0, 0, 0, 't', 'E', 'X', 't'};
    file.insert(file.begin() + 33, chunk, chunk + sizeof chunk);  // behind the first chunk
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    EXPECT_EQ(error_of(file), "bad image: x: expected a PNG, found a truncated file");
    getrusage(RUSAGE_SELF, &after);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 << 10);  // KiB
}

TEST(BadImages, no_pixels) {
    EXPECT_THAT(error_of(resized_jpeg(jpeg_file(JCS_RGB, 3), 0, 0)),
                HasSubstr("bad image: x: expected a JPEG"));
    EXPECT_THAT(error_of(resized_png(rgb_png(), 0, 7)), HasSubstr("bad image: x: expected a PNG"));
}

// EXIF behind a PNG's first chunk, with a checksum of its own making: it is not looked at.
Bytes with_exif(const Bytes &exif) {
    Bytes file = rgb_png();
    Bytes chunk = {0, 0, 0, uint8_t(exif.size()), 'e', 'X', 'I', 'f'};
    chunk.insert(chunk.end(), exif.begin(), exif.end());
    const uint32_t sum = uint32_t(crc32(0, &chunk[4], uInt(chunk.size() - 4)));
    for (int i = 0; i < 4; i++) chunk.push_back(uint8_t(sum >> (24 - 8 * i)));
    file.insert(file.begin() + 33, chunk.begin(), chunk.end());
    return file;
}

TEST(Images, keep_their_sides_where_exif_is_broken) {
    const Bytes good = {'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
    const auto width_of = [](const Bytes &exif) {
        const Result<Image> image = decode_image(with_exif(exif), "x");
        EXPECT_TRUE(image) << image.error().what;
        return image ? image->width : 0;
    };
    EXPECT_EQ(width_of(good), kHeight);
    for (size_t size = 0; size < 20; size++)  // the number itself ends at 20
        EXPECT_EQ(width_of(Bytes(good.begin(), good.begin() + size)), kWidth) << size;
    const auto changed = [&](size_t at, uint8_t value) {
        Bytes exif = good;
        exif[at] = value;
        return width_of(exif);
    };
    EXPECT_EQ(changed(18, 0), kWidth);
    EXPECT_EQ(changed(18, 9), kWidth);
    EXPECT_EQ(changed(18, 8), kHeight);
    EXPECT_EQ(changed(12, 2), kWidth) << "text";
    EXPECT_EQ(changed(0, 'M'), kWidth);
    EXPECT_EQ(changed(4, 9), kWidth) << "a directory elsewhere";
    EXPECT_EQ(changed(7, 0xff), kWidth) << "a directory far behind the file";
    EXPECT_EQ(changed(9, 0xff), kHeight) << "more entries than there are";
}

TEST(Images, grey_jpeg_becomes_rgb) {
    const Bytes pixels = pixels_of(jpeg_file(JCS_GRAYSCALE, 1));
    ASSERT_EQ(pixels.size(), size_t(kWidth) * kHeight * 3);
    for (size_t i = 0; i < pixels.size(); i += 3) {
        EXPECT_EQ(pixels[i], pixels[i + 1]);
        EXPECT_EQ(pixels[i], pixels[i + 2]);
    }
}

TEST(Images, every_kind_of_png_becomes_rgb) {
    const auto rgb_of = [](int color, int depth, const Bytes &row) {
        return pixels_of(png_file({color, depth, PNG_INTERLACE_NONE}, 2, 1, row));
    };
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_RGB, 8, {1, 2, 3, 4, 5, 6}), (Bytes{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_RGB, 16, {1, 99, 2, 99, 3, 200, 4, 200, 5, 255, 6, 255}),
              (Bytes{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_GRAY, 8, {7, 9}), (Bytes{7, 7, 7, 9, 9, 9}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_GRAY, 16, {7, 200, 9, 200}), (Bytes{7, 7, 7, 9, 9, 9}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_GRAY, 1, {0x40}), (Bytes{0, 0, 0, 255, 255, 255}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_GRAY, 2, {0x60}), (Bytes{85, 85, 85, 170, 170, 170}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_GRAY_ALPHA, 8, {7, 0, 9, 128}), (Bytes{7, 7, 7, 9, 9, 9}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_RGB_ALPHA, 8, {1, 2, 3, 0, 4, 5, 6, 128}), (Bytes{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(rgb_of(PNG_COLOR_TYPE_PALETTE, 1, {0x40}), (Bytes{10, 20, 30, 200, 100, 50}));
}

class ImageFiles : public testing::Test {
protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "hardnet_images_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }
    std::string error_of_path(const std::string &path) {
        const Result<Image> image = read_image(path);
        EXPECT_FALSE(image);
        return image ? "" : image.error().what;
    }
    std::string folder_;
};

TEST_F(ImageFiles, that_are_no_files) {
    EXPECT_EQ(error_of_path(folder_),
              "bad image: " + folder_ + ": expected a regular file, found a directory");
    const std::string fifo = folder_ + "/fifo.png";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(error_of_path(fifo), "bad image: " + fifo + ": expected a regular file, found a FIFO");
    EXPECT_EQ(
        error_of_path(folder_ + "/absent.png"),
        "bad image: " + folder_ + "/absent.png: expected a readable file, found: No such file or directory");
}

TEST_F(ImageFiles, png_survives_the_round_trip) {
    const Image image{2, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    const std::string path = folder_ + "/a.png";
    ASSERT_TRUE(write_png(path, image));
    const Result<Image> read = read_image(path);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->rgb, image.rgb);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "a temporary file is left";
}

TEST_F(ImageFiles, that_cannot_be_written_are_named) {
    const Image image{1, 1, {1, 2, 3}};
    const Status status = write_png(folder_ + "/no/such/folder/a.png", image);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ExitCode::kEnvironment);
    EXPECT_THAT(status.error().what,
                MatchesRegex(".*/a.png: expected to write [0-9]+ bytes, found: No such file.*"));
    const std::string fifo = folder_ + "/fifo.png";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    const Status over = write_png(fifo, image);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().what, fifo + ": expected a file to write, found a FIFO");
    EXPECT_TRUE(fs::is_fifo(fifo)) << "it was replaced by a file";
}

}  // namespace
}  // namespace hardnet
