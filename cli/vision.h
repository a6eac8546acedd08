// hardnet/vision.h for the program: memory in vectors, sizes as the rest of the program has them. A status that no
// picture, package or option can bring about is a broken invariant and throws.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/network.h"
#include "hardnet/vision.h"
#include "vision/pictures/images.h"

namespace hardnet {

void check(hardnet_vision_status status);

inline hardnet_size size_of(InputSize size) { return {size.width, size.height}; }
inline hardnet_size size_of(const Image &image) { return {image.width, image.height}; }

// Whether pictures become inputs of so many planes: grey, colours, colours with alpha, for which they are read with it.
inline bool are_of_pictures(int planes) { return planes == 1 || planes == 3 || planes == 4; }
inline Transparency transparency_for(int planes) {
    return planes == 4 ? Transparency::kKept : Transparency::kDropped;
}

// The picture as the network's input, in `out` [channel][y][x], and how it was resized to it; `name` is the
// picture's, for errors.
Result<hardnet_resize_plan> preprocess(const Image &image, const Preprocessing &preprocessing,
                                       InputSize input, float *out, const std::string &name);

Image thumbnail_of(const Image &image, int side);  // the middle of the picture as a square

std::vector<hardnet_guess> best_guesses(const float *logits, int classes, int top);

struct LabelMap {
    int width = 0, height = 0;
    std::vector<uint16_t> labels;  // [y][x]
    hardnet_label_map view() const { return {const_cast<uint16_t *>(labels.data()), {width, height}}; }
};

LabelMap best_classes(const float *logits, int classes, int width, int height);
LabelMap one_class(const float *logits, float threshold, int width, int height);
LabelMap class_numbers(const float *mask, int width, int height);
Result<LabelMap> in_picture(const LabelMap &input, const hardnet_resize_plan &plan, int width, int height,
                            const std::string &name);
std::vector<hardnet_class_share> class_shares(const LabelMap &map, int classes);

std::vector<hardnet_color> palette(int classes);
Image mask_image(const LabelMap &map, const std::vector<hardnet_color> &colors);
// The classes' numbers themselves, of at most kMostGreyClasses; kGreyUnseen where the network saw nothing.
constexpr int kMostGreyClasses = 255;
constexpr uint8_t kGreyUnseen = 255;
GreyImage number_image(const LabelMap &map);
Image overlay_image(const Image &picture, const LabelMap &map, const std::vector<hardnet_color> &colors,
                    const std::vector<hardnet_legend_entry> &legend);

Image contact_sheet(const std::vector<hardnet_sheet_tile> &tiles, const std::string &title);

using Detections = std::vector<hardnet_detection>;
using Priors = std::vector<hardnet_prior>;

Priors ssd_priors(const Network &network);
Detections decode_ssd(const Priors &priors, const float *loc, const float *conf, int classes, InputSize image,
                      float threshold);
Detections decode_centernet(const float *hm, const float *wh, int classes, int height, int width,
                            float threshold);
Detections in_picture(Detections detections, const hardnet_resize_plan &plan, int width, int height);

}  // namespace hardnet
