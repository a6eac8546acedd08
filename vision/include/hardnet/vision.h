/* What an application does around a run: a picture becomes a network's input; outputs become labels, masks and
 * boxes; these are drawn on pictures. C99, on libm alone; it knows no network and needs no runtime.
 *
 *     hardnet_plan_resize(photo.size, &how, input_size, &plan);    // which part of it the network sees
 *     hardnet_resize_scratch(photo.size, &plan, input_size, &bytes);
 *     hardnet_preprocess(&photo, &how, &plan, input_size, input.data, scratch, bytes);
 *     hardnet_run(context);
 *     hardnet_decode_ssd(&ssd, loc.data, conf.data, 0.3f, class_scratch, &found);
 *     hardnet_boxes_in_picture(&found, &plan, photo.size);
 *     hardnet_draw_box(&photo, &found.items[0].box, "star", color);
 *
 * All memory is the caller's, of as many elements as is said, and none of it may overlap another argument's
 * unless that is said. Nothing here allocates, prints, exits or keeps anything, so any thread may call
 * anything. Every failure is a status.
 */
#ifndef HARDNET_VISION_H
#define HARDNET_VISION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hardnet_vision_status {
    HARDNET_VISION_OK = 0,
    HARDNET_VISION_INVALID_ARGUMENT = 1, /* NULL, an extent below 1, no number, a label that is no class */
    HARDNET_VISION_TOO_LARGE = 2,        /* extents that no picture has: their products do not fit */
    HARDNET_VISION_NO_ROOM = 3           /* the caller's memory is too small */
} hardnet_vision_status;

const char *hardnet_vision_status_text(hardnet_vision_status status);

typedef struct hardnet_size {
    int32_t width, height;
} hardnet_size;

/* 8-bit pixels, [y][x][red, green, blue]. */
typedef struct hardnet_picture {
    uint8_t *rgb;
    hardnet_size size;
    int64_t row_bytes; /* from one row to the next: 3 * width where nothing lies between them */
} hardnet_picture;

typedef struct hardnet_color {
    uint8_t red, green, blue;
} hardnet_color;

/* ---- From a picture to an input
 *
 * Resizing is bilinear with antialiasing (a triangle filter as wide as the reduction), as torchvision does it on
 * float tensors, with nothing rounded in between. The crop is centred, halves rounded to even, as torchvision
 * does. */

/* As a package's manifest has it. Mean and deviation are of values from 0 to 1, in the order of the input's channels. */
typedef struct hardnet_preprocessing {
    int32_t resize_short; /* 0: both sides become the input's; else see hardnet_plan_resize */
    hardnet_size own;     /* the size that resize_short is for: the record's */
    int32_t bgr;          /* 1: the input's channels are blue, green, red; 0: red, green, blue */
    float mean[3], deviation[3];
} hardnet_preprocessing;

/* The picture as it is resized, and the part of it that the network sees. */
typedef struct hardnet_resize_plan {
    int64_t width, height; /* of the whole picture after resizing */
    int64_t left, top;     /* of the input in it */
} hardnet_resize_plan;

/* With a resize_short of 0 both sides become the input's, whatever the picture's shape, and nothing is cut away.
 * Else, for a square input of the network's own size: the short side becomes resize_short, the long one
 * int(resize_short * long / short). In general resize_short says which share of the picture the network sees:
 * with r = max(1, resize_short / min(own.height, own.width)), the picture becomes the smallest one of its own
 * shape that covers round(r * input.height) x round(r * input.width). So a network compiled for another size, or
 * for one that is not square, still sees the same share of the side that limits it, and the crop always lies
 * inside. */
hardnet_vision_status hardnet_plan_resize(hardnet_size picture, const hardnet_preprocessing *how,
                                          hardnet_size input, hardnet_resize_plan *plan);

/* What the functions below need as scratch, aligned as malloc's. It holds, per pixel of an input's row, the
 * weights of the picture's columns that make it, and as many rows of that width as make one of the input's. */
hardnet_vision_status hardnet_resize_scratch(hardnet_size picture, const hardnet_resize_plan *plan,
                                             hardnet_size input, size_t *bytes);

/* out [channel][y][x] of `input`, (value / 255 - mean) / deviation: the input of a network in float32. */
hardnet_vision_status hardnet_preprocess(const hardnet_picture *picture, const hardnet_preprocessing *how,
                                         const hardnet_resize_plan *plan, hardnet_size input, float *out,
                                         void *scratch, size_t scratch_bytes);

/* out [y][x][red, green, blue] of `input`, in [0, 255]. */
hardnet_vision_status hardnet_resize(const hardnet_picture *picture, const hardnet_resize_plan *plan,
                                     hardnet_size input, float *out, void *scratch, size_t scratch_bytes);

/* The same rounded, as large as `out` is: a thumbnail, or the input of a network opened with HARDNET_UINT8. */
hardnet_vision_status hardnet_resize_8bit(const hardnet_picture *picture, const hardnet_resize_plan *plan,
                                          const hardnet_picture *out, void *scratch, size_t scratch_bytes);

/* ---- For networks whose input has another number of planes than three: one, of grey pictures, or four, of red, green,
 * blue and alpha. The plan and the scratch are as above. */

/* 8-bit samples, [y][x][channel]. */
typedef struct hardnet_samples {
    uint8_t *values;
    hardnet_size size;
    int64_t row_bytes; /* from one row to the next: channels * width where nothing lies between them */
    int32_t channels;  /* 1 to 4 */
} hardnet_samples;

/* (19595 red + 38470 green + 7471 blue + 32768) / 65536, as PIL's convert("L"); `out` has the picture's size and one
 * channel. */
hardnet_vision_status hardnet_grey(const hardnet_picture *picture, const hardnet_samples *out);

/* As hardnet_preprocess; mean, deviation [channel], and channels stay in their order. */
hardnet_vision_status hardnet_preprocess_samples(const hardnet_samples *samples, const float *mean,
                                                 const float *deviation, const hardnet_resize_plan *plan,
                                                 hardnet_size input, float *out, void *scratch,
                                                 size_t scratch_bytes);

/* As hardnet_resize_8bit, to as many channels. */
hardnet_vision_status hardnet_resize_samples_8bit(const hardnet_samples *samples,
                                                  const hardnet_resize_plan *plan, const hardnet_samples *out,
                                                  void *scratch, size_t scratch_bytes);

/* ---- Classification */

typedef struct hardnet_guess {
    int32_t label; /* class index */
    float logit;
    double probability; /* softmax over all classes, the sigmoid of a single one */
} hardnet_guess;

/* The largest of `logits` [classes], best first, equals in the order of the classes, NaN last: as many as there is
 * room for. */
hardnet_vision_status hardnet_best_labels(const float *logits, int32_t classes, hardnet_guess *guesses,
                                          int32_t room, int32_t *count);

/* ---- Segmentation */

#define HARDNET_UNSEEN 0xffff /* instead of a class: the network did not see that pixel */

typedef struct hardnet_label_map {
    uint16_t *labels; /* [y][x] */
    hardnet_size size;
} hardnet_label_map;

/* The largest of `logits` [class][y][x] at each pixel of `map`; the first of equals, NaN below all. */
hardnet_vision_status hardnet_best_classes(const float *logits, int32_t classes,
                                           const hardnet_label_map *map);

/* Of a network of one class, [y][x]: 1 where the sigmoid of the logit is above `threshold`, 0 elsewhere and where the
 * logit is NaN. */
hardnet_vision_status hardnet_one_class(const float *logits, float threshold, const hardnet_label_map *map);

/* A mask of the network's own, [y][x]; what is no class number becomes HARDNET_UNSEEN. */
hardnet_vision_status hardnet_class_numbers(const float *mask, const hardnet_label_map *map);

/* Classes of the network's input as classes of the picture that was resized to it: of the nearest pixel. */
hardnet_vision_status hardnet_map_in_picture(const hardnet_label_map *input, const hardnet_resize_plan *plan,
                                             const hardnet_label_map *picture);

typedef struct hardnet_class_share {
    int32_t label;
    int64_t pixels;
    double share; /* of the pixels that the network saw */
} hardnet_class_share;

/* The classes that occur, the largest first, equals in the order of the classes. There is room for `classes`. */
hardnet_vision_status hardnet_class_shares(const hardnet_label_map *map, int32_t classes,
                                           hardnet_class_share *shares, int32_t *count);

/* ---- Detection: SSD (Liu et al., 2016) and CenterNet (Zhou et al., 2019) */

typedef struct hardnet_box {
    float left, top, right, bottom; /* pixels, of what is said where */
} hardnet_box;

typedef struct hardnet_detection {
    int32_t label; /* class index */
    float score;
    hardnet_box box;
} hardnet_detection;

typedef struct hardnet_detections {
    hardnet_detection *items;
    int64_t room, count;
} hardnet_detections;

typedef struct hardnet_ssd_source { /* a feature map that boxes are told on */
    hardnet_size size;
    int32_t boxes; /* per pixel: 2, and 2 for each aspect ratio of 2, 3... */
} hardnet_ssd_source;

typedef struct hardnet_prior {
    float x, y, width, height; /* of the centre, and extents; shares of the image's sides */
} hardnet_prior;

#define HARDNET_MOST_SSD_SOURCES 7

/* In the order of the outputs' rows: sources, then y, x, boxes. Of 7 sources SSD512's for COCO, whose pixels lie 8,
 * 16, 32... image pixels apart. Fewer divide what lies between 15 % and 90 % of the image evenly (SSD's ratios), and
 * their pixels lie as far apart as the network halves the image. `image` is the network's input. */
hardnet_vision_status hardnet_ssd_prior_count(const hardnet_ssd_source *sources, int32_t source_count,
                                              int64_t *count);
hardnet_vision_status hardnet_ssd_priors(const hardnet_ssd_source *sources, int32_t source_count,
                                         hardnet_size image, hardnet_prior *priors, int64_t room);

typedef struct hardnet_ssd {
    const hardnet_prior *priors;
    int64_t prior_count;
    int32_t classes; /* with the background, class 0 */
    hardnet_size image;
} hardnet_ssd;

/* loc [priors][4] and conf [priors][classes] -> boxes in the input's pixels, best first: softmax, scores from
 * `threshold`, overlaps above 0.45 suppressed, the best 200. `scratch` has a float per class. There must be room for
 * what passes the threshold before anything is suppressed; else HARDNET_VISION_NO_ROOM, and found->count says how
 * much that is. */
hardnet_vision_status hardnet_decode_ssd(const hardnet_ssd *ssd, const float *loc, const float *conf,
                                         float threshold, float *scratch, hardnet_detections *found);

/* hm [class][y][x] and wh [4][y][x] (width, height, offset in x and y), `map` being a quarter of the input's extents
 * -> boxes in the input's pixels, best first: of the sigmoids from `threshold` that nothing in the 3x3 pixels around
 * surpasses as many as there is room for, at most 100. */
hardnet_vision_status hardnet_decode_centernet(const float *hm, const float *wh, int32_t classes,
                                               hardnet_size map, float threshold, hardnet_detections *found);

/* Intersection over union; 0 where a box is empty. */
float hardnet_overlap(hardnet_box a, hardnet_box b);

/* Greedy non-maximum suppression within each class: best first, without those that overlap a better one of their
 * class by more than `most_overlap`; at most `limit` of all classes together. Equal scores keep their order. */
hardnet_vision_status hardnet_suppress_overlaps(hardnet_detections *list, float most_overlap, int64_t limit);

/* Boxes in the input's pixels become boxes in those of the picture that was resized to it, cut at its edges; what lies
 * outside is left out. */
hardnet_vision_status hardnet_boxes_in_picture(hardnet_detections *list, const hardnet_resize_plan *plan,
                                               hardnet_size picture);

/* ---- Drawing. Texts end with a NUL; a character outside printable ASCII is drawn as '?'. What lies outside a picture
 * is not drawn. */

/* One colour per class, told apart by eye as far as their number allows: of 19 classes Cityscapes' own; else hues a
 * golden section apart, in three shades in turn. */
hardnet_vision_status hardnet_palette(int32_t classes, hardnet_color *colors);

hardnet_color hardnet_text_color_on(hardnet_color background); /* black or white */

hardnet_vision_status hardnet_fill_rectangle(const hardnet_picture *picture, int32_t x, int32_t y,
                                             hardnet_size size, hardnet_color color);

/* Letters of 5x7 pixels, 6 apart, each pixel drawn as `scale` x `scale`. */
hardnet_vision_status hardnet_draw_text(const hardnet_picture *picture, int32_t x, int32_t y,
                                        const char *text, hardnet_color color, int32_t scale);

/* A box in the picture's pixels, and its caption unless that is NULL or empty. Later boxes lie over earlier ones, so the
 * best comes last. Lines and letters grow with the picture. */
hardnet_vision_status hardnet_draw_box(const hardnet_picture *picture, const hardnet_box *box,
                                       const char *caption, hardnet_color color);

/* Every pixel in its class's colour, black where the network saw nothing; as large as the map. */
hardnet_vision_status hardnet_draw_mask(const hardnet_label_map *map, const hardnet_color *colors,
                                        int32_t classes, const hardnet_picture *out);

typedef struct hardnet_legend_entry {
    const char *text;
    hardnet_color color;
} hardnet_legend_entry;

/* The picture, half of it its mask's colours, with the legend in rows below, so that it hides nothing. Where a class
 * is black, the background, the picture stays as it is. `out` has the size that hardnet_overlay_size says. */
hardnet_vision_status hardnet_overlay_size(hardnet_size picture, const hardnet_legend_entry *legend,
                                           int32_t entries, hardnet_size *size);
hardnet_vision_status hardnet_draw_overlay(const hardnet_picture *picture, const hardnet_label_map *map,
                                           const hardnet_color *colors, int32_t classes,
                                           const hardnet_legend_entry *legend, int32_t entries,
                                           const hardnet_picture *out);

typedef struct hardnet_sheet_tile {
    hardnet_picture thumbnail; /* square, all of one side */
    const char *caption;       /* small where it is long, then cut to the width */
    int32_t wrong;             /* 1: in red, with a frame */
} hardnet_sheet_tile;

/* A title above a grid of thumbnails with their captions. `out` has the size that hardnet_sheet_size says. */
hardnet_vision_status hardnet_sheet_size(const hardnet_sheet_tile *tiles, int32_t tile_count,
                                         const char *title, hardnet_size *size);
hardnet_vision_status hardnet_draw_sheet(const hardnet_sheet_tile *tiles, int32_t tile_count,
                                         const char *title, const hardnet_picture *out);

#ifdef __cplusplus
}
#endif
#endif
