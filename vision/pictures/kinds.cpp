// What kind of picture a file is, by its first bytes: those that are read, and those that a user may hand in and that
// an error should call by their name.
#include <algorithm>

#include "vision/pictures/images.h"

namespace hardnet {
namespace {

using namespace std::string_view_literals;

struct Magic {
    size_t at;  // where the bytes lie
    std::string_view bytes;
    const char *kind;
};

constexpr Magic kMagics[] = {
    {0, "\xff\xd8"sv, "JPEG"},
    {0, "\x89PNG\r\n\x1a\n"sv, "PNG"},
    {8, "WEBP"sv, "WebP"},
    {0, "GIF8"sv, "GIF"},
    {0, "II*\0"sv, "TIFF"},
    {0, "MM\0*"sv, "TIFF"},
    {0, "II+\0"sv, "TIFF"},
    {0, "MM\0+"sv, "TIFF"},
    {4, "ftypavif"sv, "AVIF"},
    {4, "ftypavis"sv, "AVIF"},
    {4, "ftyphei"sv, "HEIC"},
    {4, "ftyphev"sv, "HEIC"},
    {4, "ftypmif1"sv, "HEIC"},
    {4, "ftypmsf1"sv, "HEIC"},
    {4, "ftyp"sv, "MP4"},
    {0, "\0\0\0\x0cJXL "sv, "JPEG XL"},
    {0, "\xff\x0a"sv, "JPEG XL"},
    {0, "\0\0\0\x0cjP  "sv, "JPEG 2000"},
    {0, "\xff\x4f\xff\x51"sv, "JPEG 2000"},
    {0, "8BPS"sv, "PSD"},
    {0, "%PDF-"sv, "PDF"},
    {0, "<svg"sv, "SVG"},
    {0, "\0\0\x01\0"sv, "ICO"},
    {0, "P5\n"sv, "PGM"},
    {0, "P6\n"sv, "PPM"},
    {0, "#?RADIANCE"sv, "HDR"},
    {0, "v/1\x01"sv, "EXR"},
};

// "BM" alone begins many a text: behind it stand 12 bytes of sizes and the size of the next header.
bool is_bmp(std::string_view start) {
    return start.size() >= 18 && start.substr(0, 2) == "BM" && start.substr(15, 3) == "\0\0\0"sv &&
           uint8_t(start[14]) >= 12 && uint8_t(start[14]) <= 124;
}

}  // namespace

std::string_view picture_kind(ByteView file) {
    const std::string_view start(reinterpret_cast<const char *>(file.data()),
                                 std::min(file.size(), kPictureKindBytes));
    for (const Magic &magic : kMagics)
        if (start.size() >= magic.at && start.substr(magic.at, magic.bytes.size()) == magic.bytes)
            return magic.kind;
    return is_bmp(start) ? "BMP" : std::string_view();
}

}  // namespace hardnet
