/* What the arguments of every function are held to, and the products that must not overflow. */
#ifndef HARDNET_VISION_CHECKS_H
#define HARDNET_VISION_CHECKS_H

#include <math.h>
#include <stdbool.h>

#include "hardnet/vision.h"

static inline bool size_is_fine(hardnet_size size) { return size.width > 0 && size.height > 0; }

static inline bool picture_is_fine(const hardnet_picture *picture) {
    return picture && picture->rgb && size_is_fine(picture->size) &&
           picture->row_bytes >= 3 * (int64_t)picture->size.width;
}

#define HARDNET_MOST_CHANNELS 4 /* of samples */

static inline bool samples_are_fine(const hardnet_samples *samples) {
    return samples && samples->values && size_is_fine(samples->size) && samples->channels >= 1 &&
           samples->channels <= HARDNET_MOST_CHANNELS &&
           samples->row_bytes >= samples->channels * (int64_t)samples->size.width;
}

static inline bool map_is_fine(const hardnet_label_map *map) {
    return map && map->labels && size_is_fine(map->size);
}

static inline bool same_size(hardnet_size a, hardnet_size b) {
    return a.width == b.width && a.height == b.height;
}

static inline uint8_t *pixel_at(const hardnet_picture *picture, int64_t x, int64_t y) {
    return picture->rgb + y * picture->row_bytes + 3 * x;
}

/* a * b; false where it is more than size_t holds. */
static inline bool multiply(size_t a, size_t b, size_t *product) {
    if (b != 0 && a > SIZE_MAX / b) return false;
    *product = a * b;
    return true;
}

/* The larger and the smaller as std::max and std::min have it: the first of equals, and of what is not comparable. */
static inline float larger(float a, float b) { return a < b ? b : a; }
static inline float smaller(float a, float b) { return b < a ? b : a; }
static inline int64_t least(int64_t a, int64_t b) { return b < a ? b : a; }
static inline int64_t most(int64_t a, int64_t b) { return a < b ? b : a; }

/* A NaN compares like the smallest number, so that the order stays an order. */
static inline float comparable(float logit) { return isnan(logit) ? -INFINITY : logit; }

static inline double sigmoid(float logit) { return 1 / (1 + exp(-(double)logit)); }

/* The resized picture covers the input, and its extents are exact in double precision. */
hardnet_vision_status hardnet_check_plan(const hardnet_resize_plan *plan, hardnet_size input);

#endif
