#include "vision/pictures/images.h"

#include <algorithm>

#include "vision/pictures/codecs.h"

namespace hardnet {
namespace {

struct Decoder {
    std::string_view kind;
    Result<Image> (*decode)(ByteView file, const std::string &name, const ImageLimits &limits, int channels);
};

constexpr Decoder kDecoders[] = {
    {"JPEG", decode_jpeg}, {"PNG", decode_png}, {"WebP", decode_webp}, {"BMP", decode_bmp}};

const Decoder *decoder_of(std::string_view kind) {
    for (const Decoder &decoder : kDecoders)
        if (decoder.kind == kind) return &decoder;
    return nullptr;
}

// Four samples of each pixel become three and its alpha, where they lie.
void take_alpha_out(Image &image) {
    const size_t pixels = image.rgb.size() / 4;
    image.alpha.resize(pixels);
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *from = &image.rgb[4 * i];
        image.alpha[i] = from[3];
        std::copy(from, from + 3, &image.rgb[3 * i]);
    }
    image.rgb.resize(3 * pixels);
}

}  // namespace

Error bad_image(const std::string &name, const std::string &expected, const std::string &found) {
    return bad_input("bad image: " + name + ": expected " + expected + ", found " + found);
}

bool make_room(int64_t width, int64_t height, const ImageLimits &limits, int channels, Image &image,
               std::string &fault) {
    const std::string size = std::to_string(width) + "x" + std::to_string(height);
    if (width < 1 || height < 1) {
        fault = "expected a picture with pixels, found " + size;
        return false;
    }
    if (width > limits.max_pixels / height) {  // cannot overflow
        fault = "expected at most " + std::to_string(limits.max_pixels) + " pixels, found " + size;
        return false;
    }
    image.width = int(width);
    image.height = int(height);
    image.rgb.resize(size_t(width) * size_t(height) * size_t(channels));
    return true;
}

bool reads_picture(std::string_view kind) { return decoder_of(kind) != nullptr; }

Result<Image> decode_image(ByteView file, const std::string &name, const ImageLimits &limits,
                           Orientation orientation, Transparency transparency) {
    const std::string expected = std::string("a ") + kReadPictures;
    if (file.empty()) return bad_image(name, expected, "an empty file");
    const std::string_view kind = picture_kind(file);
    const Decoder *decoder = decoder_of(kind);
    if (!decoder)
        return bad_image(name, expected,
                         kind.empty() ? "another format" : "another format, " + std::string(kind));
    const bool keeps = transparency == Transparency::kKept;
    Result<Image> image = decoder->decode(file, name, limits, keeps ? 4 : 3);
    if (image && keeps) take_alpha_out(*image);
    if (image && orientation == Orientation::kUpright) turn_upright(file, kind, *image);
    return image;
}

Result<Image> read_image(const std::string &path, const ImageLimits &limits, Orientation orientation,
                         Transparency transparency) {
    const Result<FileBytes> file = read_regular_file(path, limits.max_file_bytes);
    if (!file) {
        Error error = file.error();
        error.what = "bad image: " + error.what;
        return error;
    }
    return decode_image(*file, path, limits, orientation, transparency);
}

}  // namespace hardnet
