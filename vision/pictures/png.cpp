// PNG through libpng. As with JPEG, its fatal errors jump back, so nothing with a destructor is made below
// the target.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include "vision/pictures/codecs.h"

namespace hardnet {
namespace {

struct Coder {
    png_structp png;
    png_infop info;
    std::jmp_buf failure;
    char found[200];
    const uint8_t *file;
    size_t size, read;
    std::vector<uint8_t> *written;
};

[[noreturn]] void fail(Coder *coder, const char *found) {
    std::snprintf(coder->found, sizeof(coder->found), "%s", found);
    std::longjmp(coder->failure, 1);
}

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
    fail(static_cast<Coder *>(png_get_error_ptr(png)), message);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep data, size_t bytes) {
    Coder *coder = static_cast<Coder *>(png_get_io_ptr(png));
    if (bytes > coder->size - coder->read) fail(coder, "a truncated file");
    std::memcpy(data, coder->file + coder->read, bytes);
    coder->read += bytes;
}

void on_write(png_structp png, png_bytep data, size_t bytes) {
    std::vector<uint8_t> *written = static_cast<Coder *>(png_get_io_ptr(png))->written;
    try {
        written->insert(written->end(), data, data + bytes);
    } catch (const std::bad_alloc &) {  // must not unwind through libpng
        png_error(png, "no memory for it");
    }
}

void on_flush(png_structp) {}

void start_reading(Coder &coder) {
    coder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &coder, on_error, on_warning);
    if (coder.png == nullptr) fail(&coder, "no memory for it");
    coder.info = png_create_info_struct(coder.png);
    if (coder.info == nullptr) fail(&coder, "no memory for it");
    png_set_user_limits(coder.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // make_room has the limit
    // Profiles, text and the like are skipped: libpng would first allocate what a chunk says it holds.
    png_set_keep_unknown_chunks(coder.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_read_fn(coder.png, &coder, on_read);
    png_read_info(coder.png, coder.info);
}

void read_pixels(Coder &coder, int channels, Image &image) {
    const int color = png_get_color_type(coder.png, coder.info);
    png_set_strip_16(coder.png);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(coder.png);
    if (color == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(coder.png);
    if (!(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(coder.png);
    if (channels == 4) {
        if (png_get_valid(coder.png, coder.info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(coder.png);
        png_set_add_alpha(coder.png, 255, PNG_FILLER_AFTER);
    } else {
        png_set_strip_alpha(coder.png);
    }
    const int passes = png_set_interlace_handling(coder.png);
    png_read_update_info(coder.png, coder.info);
    const size_t row_bytes = size_t(image.width) * size_t(channels);
    if (png_get_rowbytes(coder.png, coder.info) != row_bytes) fail(&coder, "an unknown pixel format");
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < image.height; y++)
            png_read_row(coder.png, &image.rgb[size_t(y) * row_bytes], nullptr);
    png_read_end(coder.png, nullptr);
}

// False where libpng failed. Everything that changes after setjmp lies outside this frame.
bool read_guarded(Coder &coder, const ImageLimits &limits, int channels, Image &image, std::string &fault) {
    if (setjmp(coder.failure) != 0) return false;
    start_reading(coder);
    const png_uint_32 width = png_get_image_width(coder.png, coder.info);
    const png_uint_32 height = png_get_image_height(coder.png, coder.info);
    if (make_room(width, height, limits, channels, image, fault)) read_pixels(coder, channels, image);
    return true;
}

// Eight bits a sample; `channels` is 1 or 3.
struct Rows {
    const uint8_t *pixels;
    int width, height, channels;
    bool is_result;
};

// What marks a result: the chunk that libpng writes right behind the header's, which ends at byte 33.
constexpr size_t kMarkStart = 33;
constexpr char kMarkKey[] = "Software", kMarkText[] = "hardnet run";
constexpr uint8_t kMark[] = "\0\0\0\x14tEXtSoftware\0hardnet run";  // its size, type and data

void mark_as_result(Coder &coder) {
    png_text text = {};
    text.compression = PNG_TEXT_COMPRESSION_NONE;
    text.key = const_cast<char *>(kMarkKey);
    text.text = const_cast<char *>(kMarkText);
    png_set_text(coder.png, coder.info, &text, 1);
}

void write_pixels(Coder &coder, const Rows &rows) {
    coder.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &coder, on_error, on_warning);
    if (coder.png == nullptr) fail(&coder, "no memory for it");
    coder.info = png_create_info_struct(coder.png);
    if (coder.info == nullptr) fail(&coder, "no memory for it");
    png_set_write_fn(coder.png, &coder, on_write, on_flush);
    png_set_IHDR(coder.png, coder.info, png_uint_32(rows.width), png_uint_32(rows.height), 8,
                 rows.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (rows.is_result) mark_as_result(coder);
    png_write_info(coder.png, coder.info);
    for (int y = 0; y < rows.height; y++)
        png_write_row(coder.png, rows.pixels + size_t(y) * size_t(rows.width) * size_t(rows.channels));
    png_write_end(coder.png, nullptr);
}

bool write_guarded(Coder &coder, const Rows &rows) {
    if (setjmp(coder.failure) != 0) return false;
    write_pixels(coder, rows);
    return true;
}

Status write_rows(const std::string &path, const Rows &rows) {
    Coder coder = {};
    std::vector<uint8_t> file;
    coder.written = &file;
    const bool made = write_guarded(coder, rows);
    png_destroy_write_struct(&coder.png, &coder.info);
    if (!made) return environment_error(path + ": expected to write a PNG, found " + coder.found);
    return write_file(path, {{file.data(), file.size()}});
}

}  // namespace

Result<Image> decode_png(ByteView file, const std::string &name, const ImageLimits &limits, int channels) {
    Coder coder = {};
    coder.file = file.data();
    coder.size = file.size();
    Image image;
    std::string fault;
    if (!read_guarded(coder, limits, channels, image, fault))
        fault = std::string("expected a PNG, found ") + coder.found;
    png_destroy_read_struct(&coder.png, &coder.info, nullptr);
    if (!fault.empty()) return bad_input("bad image: " + name + ": " + fault);
    return image;
}

Status write_png(const std::string &path, const Image &image) {
    return write_rows(path, {image.rgb.data(), image.width, image.height, 3, false});
}

Status write_png(const std::string &path, const GreyImage &image) {
    return write_rows(path, {image.grey.data(), image.width, image.height, 1, false});
}

Status write_result_png(const std::string &path, const Image &image) {
    return write_rows(path, {image.rgb.data(), image.width, image.height, 3, true});
}

Status write_result_png(const std::string &path, const GreyImage &image) {
    return write_rows(path, {image.grey.data(), image.width, image.height, 1, true});
}

bool is_result_png(ByteView file) {
    constexpr size_t kBytes = sizeof kMark - 1;
    return file.size() >= kMarkStart + kBytes && picture_kind(file) == "PNG" &&
           std::equal(kMark, kMark + kBytes, file.data() + kMarkStart);
}

}  // namespace hardnet
