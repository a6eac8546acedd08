/* What lists of detections are held to. */
#ifndef HARDNET_VISION_BOXES_H
#define HARDNET_VISION_BOXES_H

#include "checks.h"

static inline bool list_is_fine(const hardnet_detections *list) {
    return list && list->count >= 0 && list->count <= list->room && (list->items || list->room == 0);
}

/* Of a list that is filled anew. */
static inline bool list_can_be_filled(const hardnet_detections *list) {
    return list && list->room >= 0 && (list->items || list->room == 0);
}

#endif
