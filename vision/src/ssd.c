/* SSD's boxes: offsets against priors, softmax, suppression. */
#include <math.h>

#include "boxes.h"

static const float kMostOverlap = 0.45f;
static const int64_t kMostBoxes = 200;
static const float kCenterVariance = 0.1f, kSizeVariance = 0.2f;

/* SSD512 for COCO: a source's boxes reach from its size to the next source's, in shares of the image. */
static const double kSizes[HARDNET_MOST_SSD_SOURCES + 1] = {20.48 / 512,  51.2 / 512,   133.12 / 512,
                                                            215.04 / 512, 296.96 / 512, 378.88 / 512,
                                                            460.8 / 512,  542.72 / 512};
static const double kLeastSize = 0.15, kMostSize = 0.9; /* of fewer sources */

static float clipped(double share) { return (float)(share < 0.0 ? 0.0 : 1.0 < share ? 1.0 : share); }

/* Where the boxes of source `index` of `sources` begin to reach; those of the one before end there. */
static double size_of(int32_t index, int32_t sources) {
    if (sources >= HARDNET_MOST_SSD_SOURCES) return kSizes[index];
    return kLeastSize + (kMostSize - kLeastSize) * (double)index / (double)sources;
}

/* Image pixels per pixel of the first source; doubles with each. Some pools round up and some down, so that the image's
 * extent is no exact multiple. */
static double first_step(const hardnet_ssd_source *first, int32_t sources, hardnet_size image) {
    if (sources >= HARDNET_MOST_SSD_SOURCES) return 8;
    return exp2(round(log2((double)image.height / first->size.height)));
}

/* Box `index` of a pixel, without its place: the source's size, the one between this and the next source's, then wide
 * and tall by turns for each aspect ratio. */
static hardnet_prior shape_of(int32_t index, double least_size, double between) {
    const double root = sqrt((double)(index / 2 + 1));
    const double along = least_size * root, across = least_size / root;
    hardnet_prior prior = {0, 0, clipped(least_size), clipped(least_size)};
    if (index == 1) prior.width = prior.height = clipped(between);
    if (index >= 2) {
        prior.width = clipped(index % 2 == 0 ? along : across);
        prior.height = clipped(index % 2 == 0 ? across : along);
    }
    return prior;
}

hardnet_vision_status hardnet_ssd_prior_count(const hardnet_ssd_source *sources, int32_t source_count,
                                              int64_t *count) {
    if (!sources || source_count < 1 || source_count > HARDNET_MOST_SSD_SOURCES || !count)
        return HARDNET_VISION_INVALID_ARGUMENT;
    int64_t sum = 0;
    for (int32_t i = 0; i < source_count; i++) {
        const hardnet_ssd_source *source = &sources[i];
        if (!size_is_fine(source->size) || source->boxes < 2 || source->boxes % 2 != 0)
            return HARDNET_VISION_INVALID_ARGUMENT;
        const int64_t pixels = (int64_t)source->size.width * source->size.height;
        if (pixels > (INT32_MAX - sum) / source->boxes) return HARDNET_VISION_TOO_LARGE;
        sum += pixels * source->boxes;
    }
    *count = sum;
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_ssd_priors(const hardnet_ssd_source *sources, int32_t source_count,
                                         hardnet_size image, hardnet_prior *priors, int64_t room) {
    int64_t count;
    const hardnet_vision_status status = hardnet_ssd_prior_count(sources, source_count, &count);
    if (status != HARDNET_VISION_OK) return status;
    if (!size_is_fine(image) || !priors) return HARDNET_VISION_INVALID_ARGUMENT;
    if (room < count) return HARDNET_VISION_NO_ROOM;
    for (int32_t i = 0; i < source_count; i++) {
        const hardnet_ssd_source *source = &sources[i];
        const double least_size = size_of(i, source_count),
                     between = sqrt(least_size * size_of(i + 1, source_count)),
                     step = ldexp(first_step(sources, source_count, image), i);
        for (int32_t y = 0; y < source->size.height; y++)
            for (int32_t x = 0; x < source->size.width; x++)
                for (int32_t box = 0; box < source->boxes; box++) {
                    hardnet_prior prior = shape_of(box, least_size, between);
                    prior.x = clipped((x + 0.5) * step / image.width);
                    prior.y = clipped((y + 0.5) * step / image.height);
                    *priors++ = prior;
                }
    }
    return HARDNET_VISION_OK;
}

static hardnet_box box_of(const hardnet_prior *prior, const float *loc, hardnet_size image) {
    const float x = prior->x + loc[0] * kCenterVariance * prior->width;
    const float y = prior->y + loc[1] * kCenterVariance * prior->height;
    const float half_width = prior->width * expf(loc[2] * kSizeVariance) / 2;
    const float half_height = prior->height * expf(loc[3] * kSizeVariance) / 2;
    const float w = (float)image.width, h = (float)image.height;
    const hardnet_box box = {(x - half_width) * w, (y - half_height) * h, (x + half_width) * w,
                             (y + half_height) * h};
    return box;
}

hardnet_vision_status hardnet_decode_ssd(const hardnet_ssd *ssd, const float *loc, const float *conf,
                                         float threshold, float *scratch, hardnet_detections *found) {
    if (!ssd || !ssd->priors || ssd->prior_count < 1 || ssd->classes < 2 || !size_is_fine(ssd->image) ||
        !loc || !conf || isnan(threshold) || !scratch || !list_can_be_filled(found))
        return HARDNET_VISION_INVALID_ARGUMENT;
    const int32_t classes = ssd->classes;
    int64_t count = 0;
    for (int64_t p = 0; p < ssd->prior_count; p++) {
        const float *logits = conf + p * classes;
        float largest = logits[0];
        for (int32_t c = 1; c < classes; c++) largest = larger(largest, logits[c]);
        double sum = 0;
        for (int32_t c = 0; c < classes; c++) {
            scratch[c] = expf(logits[c] - largest);
            sum += scratch[c];
        }
        for (int32_t c = 1; c < classes; c++) {
            const float score = (float)(scratch[c] / sum);
            if (!(score >= threshold)) continue;
            if (count < found->room) {
                const hardnet_detection one = {c, score, box_of(&ssd->priors[p], loc + 4 * p, ssd->image)};
                found->items[count] = one;
            }
            count++;
        }
    }
    found->count = count;
    if (count > found->room) return HARDNET_VISION_NO_ROOM;
    return hardnet_suppress_overlaps(found, kMostOverlap, kMostBoxes);
}
