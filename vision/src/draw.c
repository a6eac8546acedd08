#include "draw.h"

void hardnet_paint(const hardnet_picture *picture, int64_t x, int64_t y, int64_t width, int64_t height,
                   hardnet_color color) {
    const int64_t right = least(picture->size.width, x + width),
                  bottom = least(picture->size.height, y + height);
    for (int64_t j = most(0, y); j < bottom; j++)
        for (int64_t i = most(0, x); i < right; i++) {
            uint8_t *pixel = pixel_at(picture, i, j);
            pixel[0] = color.red;
            pixel[1] = color.green;
            pixel[2] = color.blue;
        }
}

void hardnet_write(const hardnet_picture *picture, int64_t x, int64_t y, const char *text, size_t length,
                   hardnet_color color, int32_t scale) {
    for (size_t i = 0; i < length && x < picture->size.width; i++, x += (int64_t)kGlyphAdvance * scale) {
        const uint8_t *rows = hardnet_glyph(text[i]);
        for (int64_t row = 0; row < kGlyphHeight; row++)
            for (int64_t column = 0; column < kGlyphWidth; column++)
                if (rows[row] >> (kGlyphWidth - 1 - column) & 1)
                    hardnet_paint(picture, x + column * scale, y + row * scale, scale, scale, color);
    }
}

hardnet_vision_status hardnet_fill_rectangle(const hardnet_picture *picture, int32_t x, int32_t y,
                                             hardnet_size size, hardnet_color color) {
    if (!picture_is_fine(picture) || size.width < 0 || size.height < 0)
        return HARDNET_VISION_INVALID_ARGUMENT;
    hardnet_paint(picture, x, y, size.width, size.height, color);
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_draw_text(const hardnet_picture *picture, int32_t x, int32_t y,
                                        const char *text, hardnet_color color, int32_t scale) {
    if (!picture_is_fine(picture) || !text || scale < 1) return HARDNET_VISION_INVALID_ARGUMENT;
    hardnet_write(picture, x, y, text, strlen(text), color, scale);
    return HARDNET_VISION_OK;
}
