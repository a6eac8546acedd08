/* Boxes on a picture, each with a caption. */
#include <math.h>

#include "draw.h"

enum { kPixelsPerScale = 400 }; /* of the picture's short side, for another step of letter size */

static void draw_frame(const hardnet_picture *picture, int64_t left, int64_t top, int64_t right,
                       int64_t bottom, int64_t line, hardnet_color color) {
    const int64_t width = right - left, height = bottom - top;
    hardnet_paint(picture, left, top, width, line, color);
    hardnet_paint(picture, left, bottom - line, width, line, color);
    hardnet_paint(picture, left, top, line, height, color);
    hardnet_paint(picture, right - line, top, line, height, color);
}

/* Above the box, or in it where there is no room; moved left where it would leave the picture. */
static void draw_caption(const hardnet_picture *picture, int64_t left, int64_t top, const char *caption,
                         hardnet_color color, int32_t scale) {
    const int64_t padding = scale, width = text_width(strlen(caption), scale) + 2 * padding,
                  height = kGlyphHeight * scale + 2 * padding,
                  x = most(0, least(left, picture->size.width - width)),
                  y = top >= height ? top - height : top;
    hardnet_paint(picture, x, y, width, height, color);
    hardnet_write(picture, x + padding, y + padding, caption, strlen(caption), hardnet_text_color_on(color),
                  scale);
}

static const float kFar = 4294967296.0f; /* no picture reaches there, and 64 bits hold sums of it */

static int64_t whole(float at) { return (int64_t)smaller(larger(at, -kFar), kFar); }

hardnet_vision_status hardnet_draw_box(const hardnet_picture *picture, const hardnet_box *box,
                                       const char *caption, hardnet_color color) {
    if (!picture_is_fine(picture) || !box || isnan(box->left) || isnan(box->top) || isnan(box->right) ||
        isnan(box->bottom))
        return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_size size = picture->size;
    const int32_t scale = 1 + (int32_t)least(size.width, size.height) / kPixelsPerScale;
    const int64_t left = whole(floorf(box->left)), top = whole(floorf(box->top)),
                  right = whole(ceilf(box->right)), bottom = whole(ceilf(box->bottom));
    draw_frame(picture, left, top, right, bottom, least(scale + 1, least(right - left, bottom - top)), color);
    if (caption && caption[0]) draw_caption(picture, left, top, caption, color, scale);
    return HARDNET_VISION_OK;
}
