#include "cli/vision.h"

#include <algorithm>
#include <stdexcept>

namespace hardnet {
namespace {

constexpr size_t kFirstRoom = 1024;  // for detections; grows where more pass the threshold
constexpr int kMostCenterNetBoxes = 100;

Error no_picture(const std::string &name, int width, int height) {
    return bad_input("bad image: " + name + ": expected extents that can be resized, found " +
                     std::to_string(width) + "x" + std::to_string(height));
}

Image blank(hardnet_size size) {
    return {size.width, size.height, std::vector<uint8_t>(size_t(size.width) * size_t(size.height) * 3)};
}

// In doubles, which are aligned as scratch has to be.
std::vector<double> scratch_for(const Image &image, const hardnet_resize_plan &plan, hardnet_size input) {
    size_t bytes = 0;
    check(hardnet_resize_scratch(size_of(image), &plan, input, &bytes));
    return std::vector<double>(bytes / sizeof(double) + 1);
}

hardnet_preprocessing for_vision(const Preprocessing &from) {
    hardnet_preprocessing how = {from.resize_short, size_of(from.own), from.bgr, {}, {}};
    if (from.mean.size() == 3) {
        std::copy(from.mean.begin(), from.mean.end(), how.mean);
        std::copy(from.deviation.begin(), from.deviation.end(), how.deviation);
    }
    return how;
}

// One sample per pixel, or four with alpha.
std::vector<uint8_t> samples_of(const Image &image, int channels) {
    const size_t pixels = size_t(image.width) * size_t(image.height);
    std::vector<uint8_t> values(pixels * size_t(channels));
    if (channels == 1) {
        const hardnet_picture picture = image.view();
        const hardnet_samples grey = {values.data(), picture.size, image.width, 1};
        check(hardnet_grey(&picture, &grey));
        return values;
    }
    for (size_t i = 0; i < pixels; i++) {
        std::copy_n(&image.rgb[3 * i], 3, &values[4 * i]);
        values[4 * i + 3] = image.alpha[i];
    }
    return values;
}

}  // namespace

void check(hardnet_vision_status status) {
    if (status != HARDNET_VISION_OK)
        throw std::logic_error(std::string("vision: ") + hardnet_vision_status_text(status));
}

Result<hardnet_resize_plan> preprocess(const Image &image, const Preprocessing &preprocessing,
                                       InputSize input, float *out, const std::string &name) {
    const hardnet_preprocessing how = for_vision(preprocessing);
    const hardnet_picture picture = image.view();
    hardnet_resize_plan plan = {};
    const hardnet_vision_status status = hardnet_plan_resize(picture.size, &how, size_of(input), &plan);
    if (status == HARDNET_VISION_TOO_LARGE) return no_picture(name, image.width, image.height);
    check(status);
    std::vector<double> scratch = scratch_for(image, plan, size_of(input));
    const size_t scratch_bytes = scratch.size() * sizeof(double);
    const int planes = int(preprocessing.mean.size());
    if (planes == 3) {
        check(hardnet_preprocess(&picture, &how, &plan, size_of(input), out, scratch.data(), scratch_bytes));
        return plan;
    }
    std::vector<uint8_t> values = samples_of(image, planes);
    const hardnet_samples samples = {values.data(), picture.size, int64_t{planes} * image.width, planes};
    check(hardnet_preprocess_samples(&samples, preprocessing.mean.data(), preprocessing.deviation.data(),
                                     &plan, size_of(input), out, scratch.data(), scratch_bytes));
    return plan;
}

Image thumbnail_of(const Image &image, int side) {
    const hardnet_preprocessing whole = {side, {side, side}, 0, {}, {}};
    const hardnet_picture picture = image.view();
    Image thumbnail = blank({side, side});
    const hardnet_picture out = thumbnail.view();
    hardnet_resize_plan plan = {};
    check(hardnet_plan_resize(picture.size, &whole, out.size, &plan));
    std::vector<double> scratch = scratch_for(image, plan, out.size);
    check(hardnet_resize_8bit(&picture, &plan, &out, scratch.data(), scratch.size() * sizeof(double)));
    return thumbnail;
}

std::vector<hardnet_guess> best_guesses(const float *logits, int classes, int top) {
    std::vector<hardnet_guess> guesses(size_t(std::min(top, classes)));
    int32_t count = 0;
    check(hardnet_best_labels(logits, classes, guesses.data(), int32_t(guesses.size()), &count));
    return guesses;
}

LabelMap best_classes(const float *logits, int classes, int width, int height) {
    LabelMap map{width, height, std::vector<uint16_t>(size_t(width) * height)};
    const hardnet_label_map view = map.view();
    check(hardnet_best_classes(logits, classes, &view));
    return map;
}

LabelMap one_class(const float *logits, float threshold, int width, int height) {
    LabelMap map{width, height, std::vector<uint16_t>(size_t(width) * height)};
    const hardnet_label_map view = map.view();
    check(hardnet_one_class(logits, threshold, &view));
    return map;
}

LabelMap class_numbers(const float *mask, int width, int height) {
    LabelMap map{width, height, std::vector<uint16_t>(size_t(width) * height)};
    const hardnet_label_map view = map.view();
    check(hardnet_class_numbers(mask, &view));
    return map;
}

Result<LabelMap> in_picture(const LabelMap &input, const hardnet_resize_plan &plan, int width, int height,
                            const std::string &name) {
    LabelMap map{width, height, std::vector<uint16_t>(size_t(width) * height)};
    const hardnet_label_map from = input.view(), to = map.view();
    const hardnet_vision_status status = hardnet_map_in_picture(&from, &plan, &to);
    if (status == HARDNET_VISION_TOO_LARGE) return no_picture(name, width, height);
    check(status);
    return map;
}

std::vector<hardnet_class_share> class_shares(const LabelMap &map, int classes) {
    const hardnet_label_map view = map.view();
    std::vector<hardnet_class_share> shares(static_cast<size_t>(classes));
    int32_t count = 0;
    check(hardnet_class_shares(&view, classes, shares.data(), &count));
    shares.resize(size_t(count));
    return shares;
}

std::vector<hardnet_color> palette(int classes) {
    std::vector<hardnet_color> colors(static_cast<size_t>(classes));
    check(hardnet_palette(classes, colors.data()));
    return colors;
}

Image mask_image(const LabelMap &map, const std::vector<hardnet_color> &colors) {
    Image image = blank({map.width, map.height});
    const hardnet_label_map view = map.view();
    const hardnet_picture out = image.view();
    check(hardnet_draw_mask(&view, colors.data(), int32_t(colors.size()), &out));
    return image;
}

GreyImage number_image(const LabelMap &map) {
    GreyImage image{map.width, map.height, std::vector<uint8_t>(map.labels.size())};
    std::transform(map.labels.begin(), map.labels.end(), image.grey.begin(),
                   [](uint16_t label) { return label < kMostGreyClasses ? uint8_t(label) : kGreyUnseen; });
    return image;
}

Image overlay_image(const Image &picture, const LabelMap &map, const std::vector<hardnet_color> &colors,
                    const std::vector<hardnet_legend_entry> &legend) {
    const hardnet_picture from = picture.view();
    const hardnet_label_map view = map.view();
    const int32_t entries = int32_t(legend.size());
    hardnet_size size = {};
    check(hardnet_overlay_size(from.size, legend.data(), entries, &size));
    Image image = blank(size);
    const hardnet_picture out = image.view();
    check(hardnet_draw_overlay(&from, &view, colors.data(), int32_t(colors.size()), legend.data(), entries,
                               &out));
    return image;
}

Image contact_sheet(const std::vector<hardnet_sheet_tile> &tiles, const std::string &title) {
    const int32_t count = int32_t(tiles.size());
    hardnet_size size = {};
    check(hardnet_sheet_size(tiles.data(), count, title.c_str(), &size));
    Image sheet = blank(size);
    const hardnet_picture out = sheet.view();
    check(hardnet_draw_sheet(tiles.data(), count, title.c_str(), &out));
    return sheet;
}

Priors ssd_priors(const Network &network) {
    std::vector<hardnet_ssd_source> sources;
    for (const int layer : network.outputs.front().layers) {
        const Shape &shape = network.layers[size_t(layer)].out;
        sources.push_back({{shape.width, shape.height}, shape.channels / 4});
    }
    const int32_t source_count = int32_t(sources.size());
    int64_t count = 0;
    check(hardnet_ssd_prior_count(sources.data(), source_count, &count));
    Priors priors(static_cast<size_t>(count));
    const hardnet_size image = {network.input.width, network.input.height};
    check(hardnet_ssd_priors(sources.data(), source_count, image, priors.data(), count));
    return priors;
}

Detections decode_ssd(const Priors &priors, const float *loc, const float *conf, int classes, InputSize image,
                      float threshold) {
    const hardnet_ssd ssd = {priors.data(), int64_t(priors.size()), classes, size_of(image)};
    std::vector<float> scratch(static_cast<size_t>(classes));
    Detections found(kFirstRoom);
    hardnet_detections list = {found.data(), int64_t(found.size()), 0};
    hardnet_vision_status status = hardnet_decode_ssd(&ssd, loc, conf, threshold, scratch.data(), &list);
    if (status == HARDNET_VISION_NO_ROOM) {
        found.resize(size_t(list.count));
        list = {found.data(), list.count, 0};
        status = hardnet_decode_ssd(&ssd, loc, conf, threshold, scratch.data(), &list);
    }
    check(status);
    found.resize(size_t(list.count));
    return found;
}

Detections decode_centernet(const float *hm, const float *wh, int classes, int height, int width,
                            float threshold) {
    Detections found(kMostCenterNetBoxes);
    hardnet_detections list = {found.data(), int64_t(found.size()), 0};
    check(hardnet_decode_centernet(hm, wh, classes, {width, height}, threshold, &list));
    found.resize(size_t(list.count));
    return found;
}

Detections in_picture(Detections detections, const hardnet_resize_plan &plan, int width, int height) {
    const int64_t count = int64_t(detections.size());
    hardnet_detections list = {detections.data(), count, count};
    check(hardnet_boxes_in_picture(&list, &plan, {width, height}));
    detections.resize(size_t(list.count));
    return detections;
}

}  // namespace hardnet
