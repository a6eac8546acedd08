#include "cli/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "cli/font.h"

namespace hardnet {
namespace {

constexpr Color kPaper{24, 26, 31}, kTitle{236, 238, 242}, kText{168, 174, 186}, kMistake{255, 92, 92};
constexpr int kMargin = 24, kGap = 10, kFrame = 3, kCaptionGap = 5, kCaptionScale = 2;
constexpr int kTitleScale = 3, kTitleHeight = kGlyphHeight * kTitleScale + 20;
constexpr double kShape = 16.0 / 10;  // of the whole sheet, about

struct Grid {
    int side = 0, columns = 1, rows = 1, cell_width = 0, cell_height = 0;
};

Grid grid_of(size_t tiles, int side) {
    Grid grid;
    grid.side = side;
    grid.cell_width = side + kGap;
    grid.cell_height = side + kCaptionGap + kGlyphHeight * kCaptionScale + kGap;
    const double columns = std::sqrt(double(tiles) * kShape * grid.cell_height / grid.cell_width);
    grid.columns = std::clamp(int(std::lround(columns)), 1, int(std::max<size_t>(tiles, 1)));
    grid.rows = int((tiles + grid.columns - 1) / grid.columns);
    return grid;
}

void draw_tile(Image &sheet, int x, int y, const SheetTile &tile) {
    const int side = tile.thumbnail.width;
    if (tile.wrong)
        fill_rectangle(sheet, x - kFrame, y - kFrame, side + 2 * kFrame, side + 2 * kFrame, kMistake);
    for (int row = 0; row < side; row++)
        std::copy_n(tile.thumbnail.at(0, row), side * 3, sheet.at(x, y + row));
    const auto fits = [&](int scale) { return size_t((side + kGap) / (kGlyphAdvance * scale)); };
    const int scale = tile.caption.size() <= fits(kCaptionScale) ? kCaptionScale : 1;
    const std::string caption =
        tile.caption.size() <= fits(scale) ? tile.caption : tile.caption.substr(0, fits(scale) - 1) + ".";
    const int left = x + (side - text_width(caption, scale)) / 2;
    draw_text(sheet, left, y + side + kCaptionGap, caption, tile.wrong ? kMistake : kText, scale);
}

}  // namespace

int sheet_thumbnail_side(size_t pictures) { return pictures <= 12 ? 192 : pictures <= 60 ? 128 : 80; }

Image contact_sheet(const std::vector<SheetTile> &tiles, const std::string &title) {
    const int side = tiles.empty() ? 64 : tiles.front().thumbnail.width;
    const Grid grid = grid_of(tiles.size(), side);
    const int needed = grid.columns * grid.cell_width - kGap;
    Image sheet;
    sheet.width = 2 * kMargin + std::max(needed, text_width(title, kTitleScale));
    sheet.height = 2 * kMargin + kTitleHeight + grid.rows * grid.cell_height - kGap;
    sheet.rgb.resize(size_t(sheet.width) * sheet.height * 3);
    fill_rectangle(sheet, 0, 0, sheet.width, sheet.height, kPaper);
    draw_text(sheet, kMargin, kMargin, title, kTitle, kTitleScale);
    const int left = (sheet.width - needed) / 2;
    for (size_t i = 0; i < tiles.size(); i++)
        draw_tile(sheet, left + int(i) % grid.columns * grid.cell_width,
                  kMargin + kTitleHeight + int(i) / grid.columns * grid.cell_height, tiles[i]);
    return sheet;
}

}  // namespace hardnet
