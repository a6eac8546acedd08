#include "cli/masks.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace hardnet {
namespace {

constexpr Color kPaper{24, 26, 31}, kText{236, 238, 242};
constexpr int kMargin = 8, kGap = 14;  // around the legend and between its entries
constexpr int kLargeFrom = 600;        // pixels of width from which letters are doubled

// Where the entries of a legend lie, left to right in as many rows as it takes.
struct LegendLayout {
    int scale = 1, row_height = 0, width = 0, height = 0;
    std::vector<std::pair<int, int>> places;  // (x, y) per entry
};

int entry_width(const LegendEntry &entry, int scale) {
    const int swatch = kGlyphHeight * scale, gap = kGlyphAdvance * scale;
    return swatch + gap + text_width(entry.text, scale);
}

LegendLayout lay_out(const std::vector<LegendEntry> &legend, int width) {
    LegendLayout layout;
    layout.scale = width >= kLargeFrom ? 2 : 1;
    layout.row_height = kGlyphHeight * layout.scale + kMargin;
    layout.width = width;
    for (const LegendEntry &entry : legend)
        layout.width = std::max(layout.width, entry_width(entry, layout.scale) + 2 * kMargin);
    int x = kMargin, y = kMargin;
    for (const LegendEntry &entry : legend) {
        const int wide = entry_width(entry, layout.scale);
        if (x > kMargin && x + wide + kMargin > layout.width) x = kMargin, y += layout.row_height;
        layout.places.push_back({x, y});
        x += wide + kGap;
    }
    layout.height = legend.empty() ? 0 : y + layout.row_height;
    return layout;
}

// Per pixel along one side of the picture the pixel of the map of `seen`, or -1 where that was cut away. The
// picture's side has `pixels`, `resized` of them once resized, and the input begins at `first` of these.
std::vector<int> nearest_pixels(int pixels, int64_t resized, int64_t first, int input) {
    std::vector<int> nearest;
    for (int64_t i = 0; i < pixels; i++) {
        const int64_t twice =
            (2 * i + 1) * resized - 2 * first * pixels;  // 2 pixels times the place in the input
        const int64_t at = twice < 0 ? -1 : twice / (2 * int64_t{pixels});
        nearest.push_back(at < input ? int(at) : -1);
    }
    return nearest;
}

}  // namespace

LabelMap best_classes(const float *logits, int classes, int width, int height) {
    const size_t area = size_t(width) * height;
    const auto key = [](float value) { return std::isnan(value) ? -INFINITY : value; };
    LabelMap map{width, height, std::vector<uint16_t>(area, 0)};
    std::vector<float> best(area);
    std::transform(logits, logits + area, best.begin(), key);
    for (int label = 1; label < classes; label++) {
        const float *values = logits + area * label;
        for (size_t i = 0; i < area; i++)
            if (key(values[i]) > best[i]) best[i] = values[i], map.labels[i] = uint16_t(label);
    }
    return map;
}

LabelMap class_numbers(const float *mask, int width, int height) {
    LabelMap map{width, height, {}};
    std::transform(mask, mask + size_t(width) * height, std::back_inserter(map.labels),
                   [](float number) { return uint16_t(number); });
    return map;
}

LabelMap in_picture(const LabelMap &input, const ResizePlan &plan, int width, int height) {
    const std::vector<int> columns = nearest_pixels(width, plan.width, plan.left, input.width);
    const std::vector<int> rows = nearest_pixels(height, plan.height, plan.top, input.height);
    LabelMap map{width, height, {}};
    map.labels.reserve(size_t(width) * height);
    for (const int y : rows)
        for (const int x : columns)
            map.labels.push_back(x < 0 || y < 0 ? kUnseen : input.labels[size_t(y) * input.width + x]);
    return map;
}

std::vector<ClassShare> class_shares(const LabelMap &map) {
    std::vector<int64_t> pixels(kUnseen, 0);
    int64_t seen = 0;
    for (const uint16_t label : map.labels)
        if (label != kUnseen) pixels[label]++, seen++;
    std::vector<ClassShare> shares;
    for (int label = 0; label < kUnseen; label++)
        if (pixels[label] > 0) shares.push_back({label, pixels[label], double(pixels[label]) / double(seen)});
    std::stable_sort(shares.begin(), shares.end(),
                     [](const ClassShare &a, const ClassShare &b) { return a.pixels > b.pixels; });
    return shares;
}

Image mask_image(const LabelMap &map, const std::vector<Color> &colors) {
    Image image{map.width, map.height, {}};
    image.rgb.reserve(map.labels.size() * 3);
    for (const uint16_t label : map.labels) {
        const Color color = label == kUnseen ? Color{0, 0, 0} : colors[label];
        image.rgb.insert(image.rgb.end(), {color.red, color.green, color.blue});
    }
    return image;
}

Image overlay_image(const Image &picture, const LabelMap &map, const std::vector<Color> &colors,
                    const std::vector<LegendEntry> &legend) {
    const LegendLayout layout = lay_out(legend, picture.width);
    Image image{layout.width, picture.height + layout.height, {}};
    image.rgb.resize(size_t(image.width) * image.height * 3);
    fill_rectangle(image, 0, 0, image.width, image.height, kPaper);
    for (int y = 0; y < picture.height; y++)
        for (int x = 0; x < picture.width; x++) {
            const uint16_t label = map.labels[size_t(y) * map.width + x];
            const uint8_t *own = picture.at(x, y);
            uint8_t *pixel = image.at(x, y);
            Color color{own[0], own[1], own[2]};
            const Color wanted = label == kUnseen ? color : colors[label];
            if (wanted.red || wanted.green || wanted.blue) color = wanted;
            pixel[0] = uint8_t((own[0] + color.red + 1) / 2);
            pixel[1] = uint8_t((own[1] + color.green + 1) / 2);
            pixel[2] = uint8_t((own[2] + color.blue + 1) / 2);
        }
    const int swatch = kGlyphHeight * layout.scale;
    for (size_t i = 0; i < legend.size(); i++) {
        const int x = layout.places[i].first, y = picture.height + layout.places[i].second;
        fill_rectangle(image, x, y, swatch, swatch, legend[i].color);
        draw_text(image, x + swatch + kGlyphAdvance * layout.scale, y, legend[i].text, kText, layout.scale);
    }
    return image;
}

}  // namespace hardnet
