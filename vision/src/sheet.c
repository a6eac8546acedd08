/* One picture of many classified pictures: a grid of thumbnails, the guess under each, mistakes in a red frame. */
#include <math.h>

#include "draw.h"

static const hardnet_color kTitle = {236, 238, 242}, kText = {168, 174, 186}, kMistake = {255, 92, 92};
enum {
    kMargin = 24,
    kGap = 10,
    kFrame = 3,
    kCaptionGap = 5,
    kCaptionScale = 2,
    kTitleScale = 3,
    kTitleHeight = kGlyphHeight * kTitleScale + 20,
    kSideOfNone = 64
};
static const double kShape = 16.0 / 10; /* of the whole sheet, about */

typedef struct grid {
    int64_t side, columns, rows, cell_width, cell_height;
    int64_t width; /* of all columns */
} grid;

static grid grid_of(int64_t tiles, int64_t side) {
    grid made = {side, 1, 1, side + kGap, side + kCaptionGap + kGlyphHeight * kCaptionScale + kGap, 0};
    const double columns = sqrt((double)tiles * kShape * (double)made.cell_height / (double)made.cell_width);
    made.columns = most(1, least(lround(columns), most(tiles, 1)));
    made.rows = (tiles + made.columns - 1) / made.columns;
    made.width = made.columns * made.cell_width - kGap;
    return made;
}

static size_t letters_that_fit(int64_t side, int32_t scale) {
    return (size_t)((side + kGap) / (kGlyphAdvance * scale));
}

static void draw_caption(const hardnet_picture *sheet, int64_t x, int64_t y, int64_t side,
                         const char *caption, hardnet_color color) {
    size_t length = strlen(caption);
    const int32_t scale = length <= letters_that_fit(side, kCaptionScale) ? kCaptionScale : 1;
    const size_t fit = letters_that_fit(side, scale);
    const bool cut = length > fit;
    if (cut) length = fit;
    const size_t whole = cut ? length - 1 : length; /* then a point */
    const int64_t left = x + (side - text_width(length, scale)) / 2;
    hardnet_write(sheet, left, y, caption, whole, color, scale);
    if (cut) hardnet_write(sheet, left + (int64_t)whole * kGlyphAdvance * scale, y, ".", 1, color, scale);
}

static void draw_tile(const hardnet_picture *sheet, int64_t x, int64_t y, const hardnet_sheet_tile *tile) {
    const int64_t side = tile->thumbnail.size.width;
    const hardnet_color color = tile->wrong ? kMistake : kText;
    if (tile->wrong)
        hardnet_paint(sheet, x - kFrame, y - kFrame, side + 2 * kFrame, side + 2 * kFrame, color);
    for (int64_t row = 0; row < side; row++)
        memcpy(pixel_at(sheet, x, y + row), pixel_at(&tile->thumbnail, 0, row), (size_t)side * 3);
    draw_caption(sheet, x, y + side + kCaptionGap, side, tile->caption, color);
}

static bool tiles_are_fine(const hardnet_sheet_tile *tiles, int32_t count) {
    if (count < 0 || (count > 0 && !tiles)) return false;
    for (int32_t i = 0; i < count; i++) {
        const hardnet_size size = tiles[i].thumbnail.size;
        if (!picture_is_fine(&tiles[i].thumbnail) || size.width != size.height ||
            !same_size(size, tiles[0].thumbnail.size) || !tiles[i].caption)
            return false;
    }
    return true;
}

hardnet_vision_status hardnet_sheet_size(const hardnet_sheet_tile *tiles, int32_t tile_count,
                                         const char *title, hardnet_size *size) {
    if (!tiles_are_fine(tiles, tile_count) || !title || !size) return HARDNET_VISION_INVALID_ARGUMENT;
    const grid g = grid_of(tile_count, tile_count > 0 ? tiles[0].thumbnail.size.width : kSideOfNone);
    const int64_t width = 2 * kMargin + most(g.width, text_width(strlen(title), kTitleScale));
    if (width > INT32_MAX || g.rows > INT32_MAX / g.cell_height) return HARDNET_VISION_TOO_LARGE;
    const int64_t height = 2 * kMargin + kTitleHeight + g.rows * g.cell_height - kGap;
    if (height > INT32_MAX) return HARDNET_VISION_TOO_LARGE;
    size->width = (int32_t)width;
    size->height = (int32_t)height;
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_draw_sheet(const hardnet_sheet_tile *tiles, int32_t tile_count,
                                         const char *title, const hardnet_picture *out) {
    hardnet_size wanted;
    const hardnet_vision_status status = hardnet_sheet_size(tiles, tile_count, title, &wanted);
    if (status != HARDNET_VISION_OK) return status;
    if (!picture_is_fine(out) || !same_size(out->size, wanted)) return HARDNET_VISION_INVALID_ARGUMENT;
    const grid g = grid_of(tile_count, tile_count > 0 ? tiles[0].thumbnail.size.width : kSideOfNone);
    hardnet_paint(out, 0, 0, wanted.width, wanted.height, kPaper);
    hardnet_write(out, kMargin, kMargin, title, strlen(title), kTitle, kTitleScale);
    const int64_t left = (wanted.width - g.width) / 2;
    for (int64_t i = 0; i < tile_count; i++)
        draw_tile(out, left + i % g.columns * g.cell_width,
                  kMargin + kTitleHeight + i / g.columns * g.cell_height, &tiles[i]);
    return HARDNET_VISION_OK;
}
