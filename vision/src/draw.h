/* Rectangles and letters, cut at the picture's edges; in 64 bits, so that no place overflows. */
#ifndef HARDNET_VISION_DRAW_H
#define HARDNET_VISION_DRAW_H

#include <string.h>

#include "checks.h"

enum { kGlyphWidth = 5, kGlyphHeight = 7, kGlyphAdvance = 6 };

static const hardnet_color kPaper = {24, 26, 31}; /* behind legends and sheets */

/* Rows from the top; bit 4 is the left pixel. A character outside printable ASCII is that of '?'. */
const uint8_t *hardnet_glyph(char c);

void hardnet_paint(const hardnet_picture *picture, int64_t x, int64_t y, int64_t width, int64_t height,
                   hardnet_color color);
void hardnet_write(const hardnet_picture *picture, int64_t x, int64_t y, const char *text, size_t length,
                   hardnet_color color, int32_t scale);

/* Of a text that is drawn; the gap behind the last letter does not count. */
static inline int64_t text_width(size_t length, int32_t scale) {
    return ((int64_t)(length < INT32_MAX ? length : INT32_MAX) * kGlyphAdvance - 1) * scale;
}

#endif
