// The two decoders behind read_image, and the size check that they share.
#pragma once
#include "vision/pictures/images.h"

namespace hardnet {

Result<Image> decode_jpeg(ByteView file, const std::string &name, const ImageLimits &limits);
Result<Image> decode_png(ByteView file, const std::string &name, const ImageLimits &limits);

Error bad_image(const std::string &name, const std::string &expected, const std::string &found);

// "" if an image of that size may be allocated, else what to report as "expected <...>, found <...>".
std::string size_fault(int64_t width, int64_t height, const ImageLimits &limits);

}  // namespace hardnet
