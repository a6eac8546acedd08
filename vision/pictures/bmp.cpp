// BMP: rows of 1, 4 or 8 bits with a palette, or of 24 or 32 bits in the order blue, green, red, bottom row first unless
// the height is negative. It is a table and a loop, for which Debian has no library of its size.
#include "vision/pictures/codecs.h"

namespace hardnet {
namespace {

constexpr size_t kFileHeader = 14, kInfoHeader = 40, kAlphaHeader = 56, kLargestHeader = 124;
constexpr uint32_t kUncompressed = 0, kBitFields = 3;

// Little endian; the caller has checked that it lies in the file.
uint32_t word_at(ByteView file, size_t at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | file[at + i];
    return value;
}

struct BmpHeader {
    int64_t width, height;  // height below 0: the first row is the top one
    uint32_t bits;
    size_t palette, colors;  // where it lies, how many it has
    size_t pixels;           // where they lie
    bool alpha;              // the fourth byte of a pixel is its alpha; else it means nothing
};

std::string bmp_fault(const std::string &expected, const std::string &found) {
    return "expected a BMP " + expected + ", found " + found;
}

// Empty, or what is wrong with it.
std::string read_header(ByteView file, BmpHeader &header) {
    if (file.size() < kFileHeader + kInfoHeader) return bmp_fault("with its header", "a truncated file");
    const size_t info = word_at(file, kFileHeader, 4);
    if (info < kInfoHeader || info > kLargestHeader)
        return bmp_fault("with a header of 40 to 124 bytes", std::to_string(info));
    header.width = int32_t(word_at(file, 18, 4));
    header.height = int32_t(word_at(file, 22, 4));
    header.bits = word_at(file, 28, 2);
    const uint32_t bits = header.bits, compression = word_at(file, 30, 4);
    if (bits != 1 && bits != 4 && bits != 8 && bits != 24 && bits != 32)
        return bmp_fault("of 1, 4, 8, 24 or 32 bits", std::to_string(bits));
    if (compression != kUncompressed && !(compression == kBitFields && bits == 32))
        return bmp_fault("without compression", "compression " + std::to_string(compression));
    header.palette = kFileHeader + info;
    header.pixels = word_at(file, 10, 4);
    if (compression == kBitFields) {  // which bits are red, green and blue
        if (file.size() < 66) return bmp_fault("with its header", "a truncated file");
        if (word_at(file, 54, 4) != 0xff0000 || word_at(file, 58, 4) != 0xff00 ||
            word_at(file, 62, 4) != 0xff)
            return bmp_fault("with blue, green and red in this order", "another order");
        header.alpha = info >= kAlphaHeader && file.size() >= 70 && word_at(file, 66, 4) == 0xff000000;
    }
    const size_t colors = word_at(file, 46, 4), most = bits <= 8 ? size_t{1} << bits : 0;
    header.colors = colors == 0 || colors > most ? most : colors;
    if (header.palette + 4 * header.colors > file.size())
        return bmp_fault("with its palette", "a truncated file");
    return {};
}

// Empty, or what is wrong with the row.
std::string read_row(ByteView file, const BmpHeader &header, const uint8_t *row, int width, int channels,
                     uint8_t *rgb) {
    const uint32_t bits = header.bits;
    for (int x = 0; x < width; x++, rgb += channels) {
        const uint8_t *bgr = row + size_t(x) * (bits / 8);
        if (bits <= 8) {
            const uint32_t at = uint32_t(x) * bits % 8;
            const uint32_t index = row[size_t(x) * bits / 8] >> (8 - bits - at) & ((1u << bits) - 1);
            if (index >= header.colors)
                return bmp_fault("of " + std::to_string(header.colors) + " colours",
                                 "colour " + std::to_string(index));
            bgr = file.data() + header.palette + 4 * index;
        }
        rgb[0] = bgr[2], rgb[1] = bgr[1], rgb[2] = bgr[0];
        if (channels == 4) rgb[3] = header.alpha ? bgr[3] : 255;
    }
    return {};
}

std::string read_bmp(ByteView file, const ImageLimits &limits, int channels, Image &image) {
    BmpHeader header = {};
    if (std::string fault = read_header(file, header); !fault.empty()) return fault;
    const bool top_first = header.height < 0;
    std::string fault;
    if (!make_room(header.width, top_first ? -header.height : header.height, limits, channels, image, fault))
        return fault;
    const uint64_t row_bits = uint64_t(image.width) * header.bits, stride = (row_bits + 31) / 32 * 4;
    const uint64_t end = header.pixels + stride * uint64_t(image.height - 1) + (row_bits + 7) / 8;
    if (end > file.size()) return bmp_fault("with all its rows", "a truncated file");
    for (int y = 0; y < image.height; y++) {
        const uint64_t row = uint64_t(top_first ? y : image.height - 1 - y);
        fault = read_row(file, header, file.data() + header.pixels + row * stride, image.width, channels,
                         &image.rgb[size_t(y) * size_t(image.width) * size_t(channels)]);
        if (!fault.empty()) return fault;
    }
    return {};
}

}  // namespace

Result<Image> decode_bmp(ByteView file, const std::string &name, const ImageLimits &limits, int channels) {
    Image image;
    const std::string fault = read_bmp(file, limits, channels, image);
    if (!fault.empty()) return bad_input("bad image: " + name + ": " + fault);
    return image;
}

}  // namespace hardnet
