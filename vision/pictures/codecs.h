// The decoders behind read_image, and what they share. `channels` is 3, or 4 with alpha: so many samples of each pixel
// lie in the decoded image's `rgb`.
#pragma once
#include "vision/pictures/images.h"

namespace hardnet {

Result<Image> decode_jpeg(ByteView file, const std::string &name, const ImageLimits &limits, int channels);
Result<Image> decode_png(ByteView file, const std::string &name, const ImageLimits &limits, int channels);
Result<Image> decode_webp(ByteView file, const std::string &name, const ImageLimits &limits, int channels);
Result<Image> decode_bmp(ByteView file, const std::string &name, const ImageLimits &limits, int channels);

Error bad_image(const std::string &name, const std::string &expected, const std::string &found);

// Gives `image` room for that many pixels of `channels`. False if it may have no such size: `fault` is what to report as
// "expected <...>, found <...>". A decoder's frame that longjmp returns to makes no string itself.
bool make_room(int64_t width, int64_t height, const ImageLimits &limits, int channels, Image &image,
               std::string &fault);

// Turns a picture as the EXIF in its file says; `kind` is picture_kind's. Without EXIF, or with a broken one, it stays.
void turn_upright(ByteView file, std::string_view kind, Image &image);

}  // namespace hardnet
