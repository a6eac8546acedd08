#include "cli/palette.h"

#include <array>

namespace hardnet {
namespace {

// In the order of the train ids: https://www.cityscapes-dataset.com
constexpr std::array<Color, 19> kCityscapes = {{{128, 64, 128},
                                                {244, 35, 232},
                                                {70, 70, 70},
                                                {102, 102, 156},
                                                {190, 153, 153},
                                                {153, 153, 153},
                                                {250, 170, 30},
                                                {220, 220, 0},
                                                {107, 142, 35},
                                                {152, 251, 152},
                                                {70, 130, 180},
                                                {220, 20, 60},
                                                {255, 0, 0},
                                                {0, 0, 142},
                                                {0, 0, 70},
                                                {0, 60, 100},
                                                {0, 80, 100},
                                                {0, 0, 230},
                                                {119, 11, 32}}};

constexpr int kHues = 1536;    // six sectors of 256
constexpr int kHueStep = 949;  // kHues times the golden section; has no factor in common with kHues

Color color_of(int hue, int saturation, int value) {
    const int sector = hue / 256, along = hue % 256;
    const auto faded = [&](int by) { return uint8_t(value * (255 * 255 - saturation * by) / (255 * 255)); };
    const uint8_t full = uint8_t(value), low = faded(255), falling = faded(along),
                  rising = faded(255 - along);
    switch (sector) {
        case 0:
            return {full, rising, low};
        case 1:
            return {falling, full, low};
        case 2:
            return {low, full, rising};
        case 3:
            return {low, falling, full};
        case 4:
            return {rising, low, full};
        default:
            return {full, low, falling};
    }
}

}  // namespace

std::vector<Color> palette(int classes) {
    if (classes == int(kCityscapes.size())) return {kCityscapes.begin(), kCityscapes.end()};
    constexpr int kShades[3][2] = {{230, 255}, {160, 255}, {230, 160}};  // saturation, value
    std::vector<Color> colors;
    for (int64_t i = 0; i < classes; i++)
        colors.push_back(color_of(int(i * kHueStep % kHues), kShades[i % 3][0], kShades[i % 3][1]));
    return colors;
}

Color text_color_on(Color background) {
    const int luma = 299 * background.red + 587 * background.green + 114 * background.blue;  // Rec. 601
    return luma > 128 * 1000 ? Color{0, 0, 0} : Color{255, 255, 255};
}

}  // namespace hardnet
