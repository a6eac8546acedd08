// Colours for classes: one each, told apart by eye as far as their number allows.
#pragma once
#include <string>
#include <vector>

#include "cli/font.h"

namespace hardnet {

// Of 19 classes Cityscapes' own; else hues a golden section apart, in three shades in turn.
std::vector<Color> palette(int classes);

Color text_color_on(Color background);  // black or white

}  // namespace hardnet
