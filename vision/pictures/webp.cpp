// WebP through libwebp: lossy or lossless, the first and only picture of a file. It reports by status and never jumps.
#include <webp/decode.h>

#include "vision/pictures/codecs.h"

namespace hardnet {
namespace {

const char *text_of(VP8StatusCode status) {
    switch (status) {
        case VP8_STATUS_OUT_OF_MEMORY:
            return "no memory for it";
        case VP8_STATUS_NOT_ENOUGH_DATA:
        case VP8_STATUS_SUSPENDED:
            return "a truncated file";
        case VP8_STATUS_UNSUPPORTED_FEATURE:
            return "a feature that libwebp does not know";
        default:
            return "corrupt data";
    }
}

}  // namespace

Result<Image> decode_webp(ByteView file, const std::string &name, const ImageLimits &limits, int channels) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return environment_error("libwebp: expected version 1, found another");
    VP8StatusCode status = WebPGetFeatures(file.data(), file.size(), &config.input);
    if (status != VP8_STATUS_OK) return bad_image(name, "a WebP", text_of(status));
    if (config.input.has_animation) return bad_image(name, "a WebP of one picture", "an animation");
    Image image;
    std::string fault;
    if (!make_room(config.input.width, config.input.height, limits, channels, image, fault))
        return bad_input("bad image: " + name + ": " + fault);
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;  // else transparency is dropped
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {image.rgb.data(), image.width * channels, image.rgb.size()};
    status = WebPDecode(file.data(), file.size(), &config);
    WebPFreeDecBuffer(&config.output);
    if (status != VP8_STATUS_OK) return bad_image(name, "a WebP", text_of(status));
    return image;
}

}  // namespace hardnet
