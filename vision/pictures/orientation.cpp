// How the camera was held: EXIF's orientation, one number in a TIFF directory that JPEG, PNG and WebP carry. It is read
// without a library, since it is one entry of one directory. Whatever is broken counts as upright: the pixels are
// there all the same.
#include <algorithm>
#include <string_view>

#include "vision/pictures/codecs.h"

namespace hardnet {
namespace {

using namespace std::string_view_literals;

constexpr int kUpright = 1;
constexpr uint32_t kOrientationTag = 0x0112, kShortType = 3;

// An unsigned number of `count` bytes; 0 where it does not lie in `bytes`.
uint32_t number_at(ByteView bytes, size_t at, size_t count, bool big_endian) {
    if (at > bytes.size() || bytes.size() - at < count) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) value = value << 8 | bytes[at + (big_endian ? i : count - 1 - i)];
    return value;
}

ByteView part_of(ByteView bytes, size_t at, size_t size) {
    if (at >= bytes.size()) return {nullptr, 0};
    return {bytes.data() + at, std::min(size, bytes.size() - at)};
}

bool has_at(ByteView bytes, size_t at, std::string_view text) {
    const ByteView part = part_of(bytes, at, text.size());
    return part.size() == text.size() && std::equal(part.begin(), part.end(), text.begin(),
                                                    [](uint8_t a, char b) { return a == uint8_t(b); });
}

// The order of bytes, 42, and where the first directory lies: 2 bytes of count, then entries of 12 bytes: 2 of tag, 2 of
// type, 4 of count, 4 of value.
int orientation_in_tiff(ByteView tiff) {
    const bool big_endian = has_at(tiff, 0, "MM\0*"sv);
    if (!big_endian && !has_at(tiff, 0, "II*\0"sv)) return kUpright;
    const size_t directory = number_at(tiff, 4, 4, big_endian);
    const uint32_t entries = number_at(tiff, directory, 2, big_endian);
    for (uint32_t i = 0; i < entries; i++) {
        const size_t entry = directory + 2 + size_t{12} * i;
        if (entry >= tiff.size()) break;
        if (number_at(tiff, entry, 2, big_endian) != kOrientationTag) continue;
        if (number_at(tiff, entry + 2, 2, big_endian) != kShortType) break;
        const uint32_t value = number_at(tiff, entry + 8, 2, big_endian);
        return value >= 1 && value <= 8 ? int(value) : kUpright;
    }
    return kUpright;
}

ByteView without_exif_prefix(ByteView exif) {
    return has_at(exif, 0, "Exif\0\0"sv) ? part_of(exif, 6, exif.size()) : exif;
}

// Segments: 0xff, the marker, 2 bytes of size that count themselves. EXIF is the first APP1 that says so; the scan ends
// the headers.
ByteView exif_in_jpeg(ByteView file) {
    constexpr uint8_t kApp1 = 0xe1, kScan = 0xda;
    for (size_t at = 2; at + 4 <= file.size() && file[at] == 0xff && file[at + 1] != kScan;) {
        if (file[at + 1] == 0xff) {  // fills the space between segments
            at++;
            continue;
        }
        const uint32_t size = number_at(file, at + 2, 2, true);
        if (size < 2) break;
        if (file[at + 1] == kApp1 && has_at(file, at + 4, "Exif\0\0"sv))
            return without_exif_prefix(part_of(file, at + 4, size - 2));
        at += 2 + size_t{size};
    }
    return {nullptr, 0};
}

// Chunks behind the signature: 4 bytes of size, 4 of type, the data, 4 of checksum.
ByteView exif_in_png(ByteView file) {
    for (size_t at = 8; at < file.size();) {
        const size_t size = number_at(file, at, 4, true);
        if (has_at(file, at + 4, "eXIf")) return without_exif_prefix(part_of(file, at + 8, size));
        if (size > file.size() - at) break;
        at += 12 + size;
    }
    return {nullptr, 0};
}

// Chunks behind "RIFF", the size and "WEBP": 4 bytes of type, 4 of size, the data, filled up to an even size.
ByteView exif_in_webp(ByteView file) {
    for (size_t at = 12; at < file.size();) {
        const size_t size = number_at(file, at + 4, 4, false);
        if (has_at(file, at, "EXIF")) return without_exif_prefix(part_of(file, at + 8, size));
        if (size > file.size() - at) break;
        at += 8 + size + size % 2;
    }
    return {nullptr, 0};
}

int orientation_of(ByteView file, std::string_view kind) {
    if (kind == "JPEG") return orientation_in_tiff(exif_in_jpeg(file));
    if (kind == "PNG") return orientation_in_tiff(exif_in_png(file));
    if (kind == "WebP") return orientation_in_tiff(exif_in_webp(file));
    return kUpright;
}

}  // namespace

// Orientations 5 to 8 exchange the sides; then these are flipped:
//     1 none   2 left-right   3 both   4 top-bottom   5 none   6 top-bottom   7 both   8 left-right
void turn_upright(ByteView file, std::string_view kind, Image &image) {
    const int orientation = orientation_of(file, kind);
    if (orientation == kUpright) return;
    const bool exchanged = orientation >= 5;
    const bool flips_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flips_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    Image upright{exchanged ? image.height : image.width, exchanged ? image.width : image.height, {}};
    upright.rgb.resize(image.rgb.size());
    upright.alpha.resize(image.alpha.size());
    for (int y = 0; y < upright.height; y++)
        for (int x = 0; x < upright.width; x++) {
            const int from_x = exchanged ? y : x, from_y = exchanged ? x : y;
            const size_t from = size_t(flips_y ? image.height - 1 - from_y : from_y) * size_t(image.width) +
                                size_t(flips_x ? image.width - 1 - from_x : from_x);
            std::copy_n(&image.rgb[3 * from], 3, upright.at(x, y));
            if (!image.alpha.empty())
                upright.alpha[size_t(y) * size_t(upright.width) + size_t(x)] = image.alpha[from];
        }
    image = std::move(upright);
}

}  // namespace hardnet
