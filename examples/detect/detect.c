/* Finds discs, squares, triangles and stars in a picture, and draws boxes around them:
 *
 *     detect shapes_detector.safetensors in.ppm out.ppm
 *
 * Pictures are binary PPM files of any size. Prints a line per box: name, score, left, top, right, bottom.
 */
#include <hardnet/hardnet.h>
#include <hardnet/vision.h>
#include <stdio.h>
#include <stdlib.h>

#include "shapes_detector.h" /* the package's: declares `shapes_detector` */

/* What the package's manifest, shapes_detector.json, says of the network. */
enum { kWidth = 128, kHeight = 128, kClasses = 5, kSources = 2, kPriors = (16 * 16 + 8 * 8) * 6 };
static const char *const kNames[kClasses] = {"background", "disc", "square", "triangle", "star"};
static const hardnet_preprocessing kPreprocessing = {
    0, {kWidth, kHeight}, 0, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}};
static const hardnet_ssd_source kMaps[kSources] = {{{16, 16}, 6}, {{8, 8}, 6}};
static const float kThreshold = 0.3f;

static hardnet_prior priors[kPriors];
static hardnet_detection detections[kPriors * (kClasses - 1)]; /* more cannot pass the threshold */
static float class_scratch[kClasses];

static int fail(const char *what, const char *found) {
    fprintf(stderr, "detect: %s: %s\n", what, found);
    return 1;
}

static int read_ppm(const char *path, hardnet_picture *picture) {
    FILE *file = fopen(path, "rb");
    if (!file) return fail(path, "expected a readable file");
    int width = 0, height = 0, read = 0;
    if (fscanf(file, "P6 %d %d 255", &width, &height) == 2 && fgetc(file) != EOF && width > 0 && height > 0 &&
        width < 32768 && height < 32768) {
        const size_t bytes = (size_t)width * (size_t)height * 3;
        const hardnet_picture made = {malloc(bytes), {width, height}, 3 * (int64_t)width};
        *picture = made;
        read = made.rgb && fread(made.rgb, 1, bytes, file) == bytes;
    }
    fclose(file);
    return read ? 0 : fail(path, "expected a whole binary PPM picture");
}

static int write_ppm(const char *path, const hardnet_picture *picture) {
    FILE *file = fopen(path, "wb");
    if (!file) return fail(path, "expected a file to write");
    const size_t bytes = (size_t)picture->row_bytes * (size_t)picture->size.height;
    fprintf(file, "P6\n%d %d\n255\n", (int)picture->size.width, (int)picture->size.height);
    const int written = fwrite(picture->rgb, 1, bytes, file) == bytes;
    return fclose(file) == 0 && written ? 0 : fail(path, "expected room for the picture");
}

/* The picture into the network's input; `plan` leads from its boxes back to the picture. */
static hardnet_vision_status prepare(const hardnet_picture *picture, float *input,
                                     hardnet_resize_plan *plan) {
    const hardnet_size size = {kWidth, kHeight};
    size_t bytes = 0;
    hardnet_vision_status status = hardnet_plan_resize(picture->size, &kPreprocessing, size, plan);
    if (status == HARDNET_VISION_OK) status = hardnet_resize_scratch(picture->size, plan, size, &bytes);
    if (status != HARDNET_VISION_OK) return status;
    void *scratch = malloc(bytes); /* a camera's pictures are of one size: this is done once then */
    status = hardnet_preprocess(picture, &kPreprocessing, plan, size, input, scratch, bytes);
    free(scratch);
    return status;
}

/* The network's outputs to boxes in the picture. */
static hardnet_vision_status find(const float *loc, const float *conf, const hardnet_resize_plan *plan,
                                  hardnet_size picture, hardnet_detections *found) {
    const hardnet_ssd ssd = {priors, kPriors, kClasses, {kWidth, kHeight}};
    hardnet_vision_status status = hardnet_ssd_priors(kMaps, kSources, ssd.image, priors, kPriors);
    if (status == HARDNET_VISION_OK)
        status = hardnet_decode_ssd(&ssd, loc, conf, kThreshold, class_scratch, found);
    if (status == HARDNET_VISION_OK) status = hardnet_boxes_in_picture(found, plan, picture);
    return status;
}

static hardnet_vision_status draw(const hardnet_picture *picture, const hardnet_detections *found) {
    hardnet_color colors[kClasses];
    hardnet_vision_status status = hardnet_palette(kClasses, colors);
    for (int64_t i = found->count; i-- > 0 && status == HARDNET_VISION_OK;) { /* the best on top */
        const hardnet_detection *one = &found->items[i];
        status = hardnet_draw_box(picture, &one->box, kNames[one->label], colors[one->label]);
    }
    for (int64_t i = 0; i < found->count; i++) {
        const hardnet_detection *one = &found->items[i];
        printf("%s %.2f %.1f %.1f %.1f %.1f\n", kNames[one->label], one->score, one->box.left, one->box.top,
               one->box.right, one->box.bottom);
    }
    return status;
}

static int detect(hardnet_context *context, const hardnet_picture *picture) {
    hardnet_tensor input, loc, conf;
    hardnet_resize_plan plan;
    hardnet_detections found = {detections, kPriors * (kClasses - 1), 0};
    if (hardnet_input(context, 0, &input) != HARDNET_OK || hardnet_output(context, 0, &loc) != HARDNET_OK ||
        hardnet_output(context, 1, &conf) != HARDNET_OK)
        return 1;
    hardnet_vision_status status = prepare(picture, input.data, &plan);
    if (status == HARDNET_VISION_OK && hardnet_run(context) != HARDNET_OK) return 1;
    if (status == HARDNET_VISION_OK) status = find(loc.data, conf.data, &plan, picture->size, &found);
    if (status == HARDNET_VISION_OK) status = draw(picture, &found);
    return status == HARDNET_VISION_OK ? 0 : fail("picture", hardnet_vision_status_text(status));
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: detect WEIGHTS.safetensors IN.ppm OUT.ppm\n");
        return 2;
    }
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_path = argv[1];
    hardnet_context *context = NULL;
    hardnet_picture picture = {NULL, {0, 0}, 0};
    int failed = read_ppm(argv[2], &picture);
    if (!failed) failed = hardnet_open(&shapes_detector, &options, &context) != HARDNET_OK;
    if (!failed) failed = detect(context, &picture);
    if (!failed) failed = write_ppm(argv[3], &picture);
    if (hardnet_last_error(context)[0]) fprintf(stderr, "detect: %s\n", hardnet_last_error(context));
    hardnet_close(context);
    free(picture.rgb);
    return failed;
}
