/* What all detectors' boxes go through: overlaps, suppression, the way back to the picture. */
#include "boxes.h"

#include <math.h>

static float area(float width, float height) { return larger(0.0f, width) * larger(0.0f, height); }

float hardnet_overlap(hardnet_box a, hardnet_box b) {
    const float both = area(smaller(a.right, b.right) - larger(a.left, b.left),
                            smaller(a.bottom, b.bottom) - larger(a.top, b.top));
    const float either =
        area(a.right - a.left, a.bottom - a.top) + area(b.right - b.left, b.bottom - b.top) - both;
    return both > 0 ? both / either : 0;
}

/* Of what is left the first of the best is kept and takes what overlaps it away, so that nothing needs to be sorted and
 * equals keep their order: [0, kept) are kept, [kept, count) are left. */
hardnet_vision_status hardnet_suppress_overlaps(hardnet_detections *list, float most_overlap, int64_t limit) {
    if (!list_is_fine(list) || isnan(most_overlap) || limit < 0) return HARDNET_VISION_INVALID_ARGUMENT;
    hardnet_detection *items = list->items;
    int64_t kept = 0, count = list->count;
    for (; kept < count && kept < limit; kept++) {
        int64_t best = kept;
        for (int64_t i = kept + 1; i < count; i++)
            if (items[i].score > items[best].score || (isnan(items[best].score) && !isnan(items[i].score)))
                best = i;
        const hardnet_detection taken = items[best];
        for (int64_t i = best; i > kept; i--) items[i] = items[i - 1];
        items[kept] = taken;
        int64_t left = kept + 1;
        for (int64_t i = left; i < count; i++)
            if (items[i].label != taken.label || !(hardnet_overlap(taken.box, items[i].box) > most_overlap))
                items[left++] = items[i];
        count = left;
    }
    list->count = kept;
    return HARDNET_VISION_OK;
}

static float back(float at, int64_t first, int64_t resized, int32_t pixels) {
    return smaller(larger((at + (float)first) * (float)pixels / (float)resized, 0.0f), (float)pixels);
}

hardnet_vision_status hardnet_boxes_in_picture(hardnet_detections *list, const hardnet_resize_plan *plan,
                                               hardnet_size picture) {
    const hardnet_size least_input = {1, 1};
    if (!list_is_fine(list) || !size_is_fine(picture)) return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = hardnet_check_plan(plan, least_input);
    if (status != HARDNET_VISION_OK) return status;
    int64_t left = 0;
    for (int64_t i = 0; i < list->count; i++) {
        hardnet_detection moved = list->items[i];
        hardnet_box *box = &moved.box;
        box->left = back(box->left, plan->left, plan->width, picture.width);
        box->top = back(box->top, plan->top, plan->height, picture.height);
        box->right = back(box->right, plan->left, plan->width, picture.width);
        box->bottom = back(box->bottom, plan->top, plan->height, picture.height);
        if (box->right > box->left && box->bottom > box->top) list->items[left++] = moved; /* not of a NaN */
    }
    list->count = left;
    return HARDNET_VISION_OK;
}
