/* Grey of a colour picture. */
#include "checks.h"

hardnet_vision_status hardnet_grey(const hardnet_picture *picture, const hardnet_samples *out) {
    if (!picture_is_fine(picture) || !samples_are_fine(out) || out->channels != 1 ||
        !same_size(picture->size, out->size))
        return HARDNET_VISION_INVALID_ARGUMENT;
    for (int64_t y = 0; y < out->size.height; y++) {
        const uint8_t *rgb = pixel_at(picture, 0, y);
        uint8_t *grey = out->values + y * out->row_bytes;
        for (int32_t x = 0; x < out->size.width; x++, rgb += 3) /* ITU-R 601's weights, in 1 / 65536 */
            grey[x] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
    }
    return HARDNET_VISION_OK;
}
