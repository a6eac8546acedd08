#include "cli/draw_boxes.h"

#include <algorithm>
#include <cmath>

#include "cli/palette.h"

namespace hardnet {
namespace {

constexpr int kPixelsPerScale = 400;  // of the picture's short side, for another step of letter size

void draw_frame(Image &picture, int left, int top, int right, int bottom, int line, Color color) {
    const int width = right - left, height = bottom - top;
    fill_rectangle(picture, left, top, width, line, color);
    fill_rectangle(picture, left, bottom - line, width, line, color);
    fill_rectangle(picture, left, top, line, height, color);
    fill_rectangle(picture, right - line, top, line, height, color);
}

}  // namespace

void draw_boxes(Image &picture, const std::vector<CaptionedBox> &boxes) {
    const int scale = 1 + std::min(picture.width, picture.height) / kPixelsPerScale;
    const int line = scale + 1, padding = scale;
    for (const CaptionedBox &one : boxes) {
        const int left = int(std::floor(one.box.left)), top = int(std::floor(one.box.top));
        const int right = int(std::ceil(one.box.right)), bottom = int(std::ceil(one.box.bottom));
        draw_frame(picture, left, top, right, bottom, std::min({line, right - left, bottom - top}),
                   one.color);
        // Above the box, or in it where there is no room; moved left where it would leave the picture.
        const int width = text_width(one.caption, scale) + 2 * padding;
        const int height = kGlyphHeight * scale + 2 * padding;
        const int x = std::max(0, std::min(left, picture.width - width));
        const int y = top >= height ? top - height : top;
        fill_rectangle(picture, x, y, width, height, one.color);
        draw_text(picture, x + padding, y + padding, one.caption, text_color_on(one.color), scale);
    }
}

}  // namespace hardnet
