// Pictures in files: JPEG, PNG, WebP and BMP in, PNG out. Files may be hostile: everything they say is checked before it
// is used.
//
// Every picture becomes 8-bit RGB, as PIL's convert("RGB") makes it: grey is repeated, palettes are looked
// up, 16-bit samples lose their low byte, transparency is dropped (not composited) unless it is asked for, colour
// profiles are ignored. It
// stands upright, as EXIF's orientation says. CMYK becomes what its inks
// leave of white, without a profile.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "hardnet/vision.h"

namespace hardnet {

struct Image {
    int width = 0, height = 0;
    std::vector<uint8_t> rgb;      // [y][x][channel]
    std::vector<uint8_t> alpha{};  // [y][x], where it was asked for: 255 is opaque, as of kinds without one
    const uint8_t *at(int x, int y) const { return &rgb[(size_t(y) * width + x) * 3]; }
    uint8_t *at(int x, int y) { return &rgb[(size_t(y) * width + x) * 3]; }
    // For hardnet/vision.h, whose functions write only to pictures that they are given to write to.
    hardnet_picture view() const {
        return {const_cast<uint8_t *>(rgb.data()), {width, height}, 3 * int64_t{width}};
    }
};

// One sample per pixel, such as the number of its class.
struct GreyImage {
    int width = 0, height = 0;
    std::vector<uint8_t> grey;  // [y][x]
};

struct ImageLimits {
    int64_t max_pixels = 100'000'000;    // checked before pixels are allocated: 300 MB of RGB
    int64_t max_file_bytes = 512 << 20;  // no camera's JPEG of that many pixels is larger
};

enum class Orientation { kUpright, kAsStored };
enum class Transparency { kDropped, kKept };  // kept, also of palettes and of one transparent colour

// The kind is told by the first bytes, not by the name. Errors read "bad image: <path>: expected ..., found
// ...".
Result<Image> read_image(const std::string &path, const ImageLimits &limits = {},
                         Orientation orientation = Orientation::kUpright,
                         Transparency transparency = Transparency::kDropped);
Result<Image> decode_image(ByteView file, const std::string &name, const ImageLimits &limits = {},
                           Orientation orientation = Orientation::kUpright,
                           Transparency transparency = Transparency::kDropped);

// "JPEG", "GIF"..., by a file's first bytes: those that are read, and those that are known by name only. Empty: neither.
constexpr size_t kPictureKindBytes = 64;
std::string_view picture_kind(ByteView file);
bool reads_picture(std::string_view kind);
constexpr const char *kReadPictures = "JPEG, PNG, WebP or BMP";  // for messages

// To a temporary file beside `path`, then renamed: a failure leaves an old file as it was.
Status write_png(const std::string &path, const Image &image);
Status write_png(const std::string &path, const GreyImage &image);

// The same for what `run` makes of pictures; it says so in the file, by which it is known again.
Status write_result_png(const std::string &path, const Image &image);
Status write_result_png(const std::string &path, const GreyImage &image);
bool is_result_png(ByteView file);  // its first kPictureKindBytes are enough

}  // namespace hardnet
