// One picture of many classified pictures: a grid of thumbnails, the guess under each, mistakes in a red
// frame.
#pragma once
#include <string>
#include <vector>

#include "cli/images.h"

namespace hardnet {

struct SheetTile {
    Image thumbnail;      // square, all of one side
    std::string caption;  // small where it is long, then cut to the width
    bool wrong = false;   // the guess is known to be a mistake
};

constexpr size_t kMaxSheetTiles = 1000;  // 10 megapixels; more would not be looked at

// The side of thumbnails for so many pictures: few are shown larger.
int sheet_thumbnail_side(size_t pictures);

Image contact_sheet(const std::vector<SheetTile> &tiles, const std::string &title);

}  // namespace hardnet
