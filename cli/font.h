// Letters of 5x7 pixels, drawn for the contact sheet.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "cli/images.h"

namespace hardnet {

constexpr int kGlyphWidth = 5, kGlyphHeight = 7, kGlyphAdvance = 6;

// Rows from the top; bit 4 is the left pixel. A character outside printable ASCII is drawn as '?'.
std::array<uint8_t, kGlyphHeight> glyph(char c);

struct Color {
    uint8_t red, green, blue;
};

inline int text_width(const std::string &text, int scale) {
    return int(text.size()) * kGlyphAdvance * scale - scale;
}

// Every pixel of a letter becomes `scale` x `scale`. Pixels outside the image are not drawn.
void draw_text(Image &image, int x, int y, const std::string &text, Color color, int scale);
void fill_rectangle(Image &image, int x, int y, int width, int height, Color color);

}  // namespace hardnet
