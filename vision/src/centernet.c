/* CenterNet's boxes: peaks of a heat map per class, each with its extents and offset. */
#include <math.h>

#include "boxes.h"

static const int64_t kMostBoxes = 100;
static const float kStride = 4; /* input pixels per pixel of the map */

/* A NaN is no peak, and none beside one. */
static bool is_peak(const float *heat, hardnet_size map, int64_t x, int64_t y) {
    const float value = heat[y * map.width + x];
    for (int64_t j = most(0, y - 1); j <= least(map.height - 1, y + 1); j++)
        for (int64_t i = most(0, x - 1); i <= least(map.width - 1, x + 1); i++)
            if (!(value >= heat[j * map.width + i])) return false;
    return true;
}

static hardnet_box box_of(const float *wh, hardnet_size map, int64_t at) {
    const int64_t area = (int64_t)map.width * map.height;
    const float half_width = wh[at] / 2, half_height = wh[area + at] / 2;
    const float x = (float)(at % map.width) + wh[2 * area + at],
                y = (float)(at / map.width) + wh[3 * area + at];
    const hardnet_box box = {(x - half_width) * kStride, (y - half_height) * kStride,
                             (x + half_width) * kStride, (y + half_height) * kStride};
    return box;
}

/* Into a list that is sorted, behind its equals; the last one falls out where there is no room. */
static void insert(hardnet_detections *list, int64_t room, const hardnet_detection *one) {
    int64_t place = list->count;
    while (place > 0 && one->score > list->items[place - 1].score) place--;
    if (place == room) return;
    if (list->count < room) list->count++;
    for (int64_t i = list->count - 1; i > place; i--) list->items[i] = list->items[i - 1];
    list->items[place] = *one;
}

hardnet_vision_status hardnet_decode_centernet(const float *hm, const float *wh, int32_t classes,
                                               hardnet_size map, float threshold, hardnet_detections *found) {
    if (!hm || !wh || classes < 1 || !size_is_fine(map) || isnan(threshold) || !list_can_be_filled(found))
        return HARDNET_VISION_INVALID_ARGUMENT;
    const int64_t area = (int64_t)map.width * map.height;
    if (area > INT64_MAX / 4 / classes) return HARDNET_VISION_TOO_LARGE;
    found->count = 0;
    for (int32_t label = 0; label < classes; label++) {
        const float *heat = hm + label * area;
        for (int64_t at = 0; at < area; at++) {
            const float score = 1 / (1 + expf(-heat[at]));
            if (!(score >= threshold) || !is_peak(heat, map, at % map.width, at / map.width)) continue;
            const hardnet_detection one = {label, score, box_of(wh, map, at)};
            insert(found, least(found->room, kMostBoxes), &one);
        }
    }
    return HARDNET_VISION_OK;
}
