/* Segmentation's output as a class per pixel, of the input and of the picture, and each class's share. */
#include <math.h>
#include <string.h>

#include "checks.h"

hardnet_vision_status hardnet_best_classes(const float *logits, int32_t classes,
                                           const hardnet_label_map *map) {
    if (!logits || classes < 1 || classes > HARDNET_UNSEEN || !map_is_fine(map))
        return HARDNET_VISION_INVALID_ARGUMENT;
    enum { kPixels = 256 }; /* at a time, so that their best logits stay in the cache */
    float best[kPixels];
    const size_t area = (size_t)map->size.width * (size_t)map->size.height;
    for (size_t first = 0; first < area; first += kPixels) {
        const size_t count = area - first < kPixels ? area - first : kPixels;
        uint16_t *labels = map->labels + first;
        for (size_t i = 0; i < count; i++) best[i] = comparable(logits[first + i]), labels[i] = 0;
        for (int32_t label = 1; label < classes; label++) {
            const float *values = logits + (size_t)label * area + first;
            for (size_t i = 0; i < count; i++)
                if (comparable(values[i]) > best[i]) best[i] = values[i], labels[i] = (uint16_t)label;
        }
    }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_one_class(const float *logits, float threshold, const hardnet_label_map *map) {
    if (!logits || !(threshold >= 0 && threshold <= 1) || !map_is_fine(map))
        return HARDNET_VISION_INVALID_ARGUMENT;
    const size_t area = (size_t)map->size.width * (size_t)map->size.height;
    for (size_t i = 0; i < area; i++) map->labels[i] = sigmoid(logits[i]) > threshold;
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_class_numbers(const float *mask, const hardnet_label_map *map) {
    if (!mask || !map_is_fine(map)) return HARDNET_VISION_INVALID_ARGUMENT;
    const size_t area = (size_t)map->size.width * (size_t)map->size.height;
    for (size_t i = 0; i < area; i++)
        map->labels[i] = mask[i] >= 0 && mask[i] < HARDNET_UNSEEN ? (uint16_t)mask[i] : HARDNET_UNSEEN;
    return HARDNET_VISION_OK;
}

/* Along one side of a picture of `pixels`, `resized` of them once resized, the input begins at `first` of these. The
 * middle of pixel i lies (2 i + 1) resized / (2 pixels) - first pixels from the input's edge: `at` whole ones and `rest`
 * of 2 pixels-ths, which go on from pixel to pixel without a division. */
typedef struct walk {
    int64_t at, rest, step, step_rest, whole;
} walk;

static bool begin(int64_t pixels, int64_t resized, int64_t first, walk *w) {
    const int64_t whole = 2 * pixels;
    if (resized > INT64_MAX / whole) return false; /* and first is smaller */
    const int64_t distance = resized - first * whole;
    w->whole = whole;
    w->at = distance / whole;
    w->rest = distance % whole;
    if (w->rest < 0) w->at--, w->rest += whole;
    w->step = 2 * resized / whole;
    w->step_rest = 2 * resized % whole;
    return true;
}

static void advance(walk *w) {
    w->at += w->step;
    w->rest += w->step_rest;
    if (w->rest >= w->whole) w->at++, w->rest -= w->whole;
}

hardnet_vision_status hardnet_map_in_picture(const hardnet_label_map *input, const hardnet_resize_plan *plan,
                                             const hardnet_label_map *picture) {
    if (!map_is_fine(input) || !map_is_fine(picture)) return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = hardnet_check_plan(plan, input->size);
    if (status != HARDNET_VISION_OK) return status;
    const int64_t width = picture->size.width, height = picture->size.height;
    walk rows, columns;
    if (!begin(height, plan->height, plan->top, &rows) || !begin(width, plan->width, plan->left, &columns))
        return HARDNET_VISION_TOO_LARGE;
    uint16_t *labels = picture->labels;
    for (int64_t y = 0; y < height; y++, advance(&rows)) {
        const bool seen = rows.at >= 0 && rows.at < input->size.height;
        const uint16_t *row = seen ? input->labels + rows.at * input->size.width : NULL;
        walk at = columns;
        for (int64_t x = 0; x < width; x++, advance(&at))
            *labels++ = row && at.at >= 0 && at.at < input->size.width ? row[at.at] : HARDNET_UNSEEN;
    }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_class_shares(const hardnet_label_map *map, int32_t classes,
                                           hardnet_class_share *shares, int32_t *count) {
    if (!map_is_fine(map) || classes < 1 || classes > HARDNET_UNSEEN || !shares || !count)
        return HARDNET_VISION_INVALID_ARGUMENT;
    memset(shares, 0, (size_t)classes * sizeof *shares);
    const size_t area = (size_t)map->size.width * (size_t)map->size.height;
    int64_t seen = 0;
    for (size_t i = 0; i < area; i++) {
        const uint16_t label = map->labels[i];
        if (label == HARDNET_UNSEEN) continue;
        if (label >= classes) return HARDNET_VISION_INVALID_ARGUMENT;
        shares[label].pixels++;
        seen++;
    }
    int32_t found = 0;
    for (int32_t label = 0; label < classes; label++) {
        const int64_t pixels = shares[label].pixels;
        if (pixels == 0) continue;
        int32_t place = found++;
        for (; place > 0 && shares[place - 1].pixels < pixels; place--) shares[place] = shares[place - 1];
        const hardnet_class_share share = {label, pixels, (double)pixels / (double)seen};
        shares[place] = share;
    }
    *count = found;
    return HARDNET_VISION_OK;
}
