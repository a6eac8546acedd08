// Pictures: decoded, then turned into a network's input. A PNG's checksums are set right behind every
// mutation; without that, nothing but the first chunk's would ever be read.
#include <zlib.h>

#include <array>
#include <cstring>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "vision/pictures/images.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

namespace hardnet {
namespace {

constexpr int64_t kMaxPixels = 1 << 14;  // larger ones only take longer
constexpr uint8_t kPngSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

// A chunk: 4 bytes of size, big endian; 4 of type; the data; 4 of checksum over type and data.
void set_checksums(uint8_t *file, size_t size) {
    if (size < sizeof kPngSignature || std::memcmp(file, kPngSignature, sizeof kPngSignature) != 0) return;
    for (size_t at = sizeof kPngSignature; size - at >= 12;) {
        const uint8_t *s = file + at;
        const size_t bytes = size_t{s[0]} << 24 | size_t{s[1]} << 16 | size_t{s[2]} << 8 | s[3];
        if (bytes > size - at - 12) return;
        const uint32_t sum = uint32_t(crc32(0, s + 4, uInt(bytes + 4)));
        for (int i = 0; i < 4; i++) file[at + 8 + bytes + i] = uint8_t(sum >> (24 - 8 * i));
        at += 12 + bytes;
    }
}

}  // namespace
}  // namespace hardnet

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned) {
    const size_t mutated = LLVMFuzzerMutate(data, size, max_size);
    hardnet::set_checksums(data, mutated);
    return mutated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    ImageLimits limits;
    limits.max_pixels = kMaxPixels;
    const Result<Image> image = decode_image({data, size}, "x", limits);
    const Result<Image> stored = decode_image({data, size}, "x", limits, Orientation::kAsStored);
    require(bool(image) == bool(stored));
    if (!image) return require_error(image.error()), 0;
    require(image->width == stored->width ? image->height == stored->height
                                          : image->width == stored->height && image->height == stored->width);
    require(image->rgb.size() == size_t(image->width) * size_t(image->height) * 3);
    const Result<Image> kept =
        decode_image({data, size}, "x", limits, Orientation::kUpright, Transparency::kKept);
    require(kept && kept->rgb == image->rgb && kept->alpha.size() * 3 == kept->rgb.size());
    const hardnet_picture picture = image->view();
    const hardnet_preprocessing how = {
        256, {224, 224}, 0, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
    const hardnet_size extents = {4, 5};
    hardnet_resize_plan plan = {};
    size_t bytes = 0;
    require(hardnet_plan_resize(picture.size, &how, extents, &plan) == HARDNET_VISION_OK);
    require(hardnet_resize_scratch(picture.size, &plan, extents, &bytes) == HARDNET_VISION_OK);
    std::vector<double> scratch(bytes / sizeof(double) + 1);
    std::array<float, 3 * 5 * 4> input;
    require(hardnet_preprocess(&picture, &how, &plan, extents, input.data(), scratch.data(), bytes) ==
            HARDNET_VISION_OK);
    for (const float value : input) require(value > -10 && value < 10);
    return 0;
}
