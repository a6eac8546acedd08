// From segmentation's logits to what is seen: a class per pixel of the picture, shares, a mask, an overlay.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cli/font.h"
#include "cli/preprocess.h"

namespace hardnet {

constexpr uint16_t kUnseen = 0xffff;  // instead of a class: the network did not see that pixel

struct LabelMap {
    int width = 0, height = 0;
    std::vector<uint16_t> labels;  // [y][x]
};

// The largest of `logits` [class][y][x] at each pixel; the first of equals, NaN below all.
LabelMap best_classes(const float *logits, int classes, int width, int height);

// A mask of the network's own, [y][x].
LabelMap class_numbers(const float *mask, int width, int height);

// Classes of the network's input as classes of the picture that was resized to it: of the nearest pixel.
LabelMap in_picture(const LabelMap &input, const ResizePlan &plan, int width, int height);

struct ClassShare {
    int label = 0;
    int64_t pixels = 0;
    double share = 0;  // of the pixels that the network saw
};

// The classes that occur, the largest first, equals in the order of the classes.
std::vector<ClassShare> class_shares(const LabelMap &map);

// Every pixel in its class's colour, black where the network saw nothing.
Image mask_image(const LabelMap &map, const std::vector<Color> &colors);

struct LegendEntry {
    std::string text;
    Color color;
};

// The picture, half of it its mask's colours, with the legend in rows below, so that it hides nothing. Where a class is
// black, the background, the picture stays as it is.
Image overlay_image(const Image &picture, const LabelMap &map, const std::vector<Color> &colors,
                    const std::vector<LegendEntry> &legend);

}  // namespace hardnet
