#include "vision/pictures/images.h"

#include "vision/pictures/codecs.h"

namespace hardnet {
namespace {

bool starts_with(ByteView file, std::initializer_list<uint8_t> bytes) {
    return file.size() >= bytes.size() && std::equal(bytes.begin(), bytes.end(), file.begin());
}

}  // namespace

Error bad_image(const std::string &name, const std::string &expected, const std::string &found) {
    return bad_input("bad image: " + name + ": expected " + expected + ", found " + found);
}

bool make_room(int64_t width, int64_t height, const ImageLimits &limits, Image &image, std::string &fault) {
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
    image.rgb.resize(size_t(width) * size_t(height) * 3);
    return true;
}

Result<Image> decode_image(ByteView file, const std::string &name, const ImageLimits &limits) {
    if (file.empty()) return bad_image(name, "a JPEG or PNG", "an empty file");
    if (starts_with(file, {0xff, 0xd8})) return decode_jpeg(file, name, limits);
    if (starts_with(file, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}))
        return decode_png(file, name, limits);
    return bad_image(name, "a JPEG or PNG", "another format");
}

Result<Image> read_image(const std::string &path, const ImageLimits &limits) {
    const Result<FileBytes> file = read_regular_file(path, limits.max_file_bytes);
    if (!file) {
        Error error = file.error();
        error.what = "bad image: " + error.what;
        return error;
    }
    return decode_image(*file, path, limits);
}

}  // namespace hardnet
