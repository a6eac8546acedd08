/* Networks without a compiler for segmentation and detection, beside colours.c in one library. Each is one
 * kernel; a picture's pixels are 0 to 1. Three classes.
 */
#include "hardnet/plan.h"
#include "runtime/src/buffers.h"

enum { MAP = 16, PRIORS = 32756 };

static float at(const hardnet_halide_buffer *b, int32_t x, int32_t y, int32_t c) {
    return ((const float *)b->host)[x * b->dim[0].stride + y * b->dim[1].stride + c * b->dim[2].stride];
}

/* segmentation, 32x32: the logits are the picture's channels */
static int copy(void **arguments) {
    const hardnet_halide_buffer *in = arguments[0], *out = arguments[1];
    for (int32_t i = 0; i < 3 * 32 * 32; i++) ((float *)out->host)[i] = ((const float *)in->host)[i];
    return 0;
}

/* segmentation of one class, 32x32: the logit is twice channel 0 less a half */
static int redness_of(void **arguments) {
    const hardnet_halide_buffer *in = arguments[0], *out = arguments[1];
    for (int32_t i = 0; i < 32 * 32; i++) ((float *)out->host)[i] = 2 * ((const float *)in->host)[i] - 0.5f;
    return 0;
}

/* CenterNet, 64x64: class c is where channel c is, at every fourth pixel; boxes of 2x3, half a pixel to the
 * right */
static int peaks(void **arguments) {
    const hardnet_halide_buffer *in = arguments[0], *hm = arguments[1], *wh = arguments[2];
    const float fixed[4] = {2, 3, 0.5f, 0};
    for (int32_t c = 0; c < 4; c++)
        for (int32_t y = 0; y < MAP; y++)
            for (int32_t x = 0; x < MAP; x++) {
                const int32_t i = (c * MAP + y) * MAP + x;
                if (c < 3) ((float *)hm->host)[i] = 20 * at(in, 4 * x, 4 * y, c) - 10;
                ((float *)wh->host)[i] = fixed[c];
            }
    return 0;
}

/* SSD, 512x512: class 1 in the first box of the first source's pixels where channel 0 is, class 2 where
 * channel 1 is, each in its prior's place */
static int priors(void **arguments) {
    const hardnet_halide_buffer *in = arguments[0], *loc = arguments[1], *conf = arguments[2];
    for (int32_t i = 0; i < PRIORS; i++) {
        float *logits = (float *)conf->host + 3 * i;
        for (int32_t d = 0; d < 4; d++) ((float *)loc->host)[4 * i + d] = 0;
        logits[0] = 10, logits[1] = logits[2] = 0;
        if (i >= 64 * 64 * 6 || i % 6 != 0) continue;
        for (int32_t c = 0; c < 2; c++)
            logits[1 + c] = 20 * at(in, 8 * (i / 6 % 64) + 4, 8 * (i / 6 / 64) + 4, c);
    }
    return 0;
}

static const hardnet_kernel kernels[] = {copy, peaks, priors, redness_of};
static const hardnet_call calls[] = {{0, 0, 2}, {1, 0, 3}, {2, 0, 3}, {3, 0, 2}};
static const hardnet_argument arguments[] = {
    {0, HARDNET_WHOLE, 0, 0}, {1, HARDNET_WHOLE, 0, 0}, {2, HARDNET_WHOLE, 0, 0}};
static const hardnet_view views[] = {
    {HARDNET_INPUT, 0, HARDNET_FLOAT32, 3, 0, 0, {{0, 32, 1}, {0, 32, 32}, {0, 3, 1024}}},
    {HARDNET_OUTPUT, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 3072, 1}}},
    {HARDNET_INPUT, 0, HARDNET_FLOAT32, 3, 0, 0, {{0, 64, 1}, {0, 64, 64}, {0, 3, 4096}}},
    {HARDNET_OUTPUT, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 768, 1}}},
    {HARDNET_OUTPUT, 1, HARDNET_FLOAT32, 1, 1, 0, {{0, 1024, 1}}},
    {HARDNET_INPUT, 0, HARDNET_FLOAT32, 3, 0, 0, {{0, 512, 1}, {0, 512, 512}, {0, 3, 262144}}},
    {HARDNET_OUTPUT, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 4 * PRIORS, 1}}},
    {HARDNET_OUTPUT, 1, HARDNET_FLOAT32, 1, 1, 0, {{0, 3 * PRIORS, 1}}},
    {HARDNET_INPUT, 0, HARDNET_FLOAT32, 3, 0, 0, {{0, 32, 1}, {0, 32, 32}, {0, 3, 1024}}},
    {HARDNET_OUTPUT, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 1024, 1}}},
};
static const hardnet_part parts[] = {{0, 1, 1, 0, 1}, {1, 1, 1, 0, 1}, {2, 1, 1, 0, 1}, {3, 1, 1, 0, 1}};
static const hardnet_step steps[] = {{HARDNET_STEP_STEM, 0, 0, 1},
                                     {HARDNET_STEP_STEM, 0, 1, 1},
                                     {HARDNET_STEP_STEM, 0, 2, 1},
                                     {HARDNET_STEP_STEM, 0, 3, 1}};
static const int32_t layer_views[] = {-1};
static const char *const layer_names[] = {"all"};
static const hardnet_level levels[] = {
    // a network's is the one with its step and its views
    {"plain", 0, kernels, 4, views, 2, arguments, 2, calls, 4, parts, 4, steps, 1,
     .layer_views = layer_views},
    {"plain", 0, kernels, 4, views + 2, 3, arguments, 3, calls, 4, parts, 4, steps + 1, 1,
     .layer_views = layer_views},
    {"plain", 0, kernels, 4, views + 5, 3, arguments, 3, calls, 4, parts, 4, steps + 2, 1,
     .layer_views = layer_views},
    {"plain", 0, kernels, 4, views + 8, 2, arguments, 2, calls, 4, parts, 4, steps + 3, 1,
     .layer_views = layer_views},
};

extern const hardnet_network regions, centers, boxes, redness;

static const hardnet_port regions_outputs[] = {{"logits", HARDNET_FLOAT32, 4, {2, 3, 32, 32}}};
const hardnet_network regions = {
    .plan_version = HARDNET_PLAN_VERSION,
    .name = "regions",
    .batch = 2,
    .input_float = {"image", HARDNET_FLOAT32, 4, {2, 3, 32, 32}},
    .input_uint8 = {"image", HARDNET_UINT8, 4, {2, 32, 32, 3}},
    .outputs = regions_outputs,
    .output_count = 1,
    .layer_names = layer_names,
    .layer_count = 1,
    .levels = levels,
    .level_count = 1,
};

static const hardnet_port centers_outputs[] = {{"hm", HARDNET_FLOAT32, 4, {2, 3, MAP, MAP}},
                                               {"wh", HARDNET_FLOAT32, 4, {2, 4, MAP, MAP}}};
const hardnet_network centers = {
    .plan_version = HARDNET_PLAN_VERSION,
    .name = "centers",
    .batch = 2,
    .input_float = {"image", HARDNET_FLOAT32, 4, {2, 3, 64, 64}},
    .input_uint8 = {"image", HARDNET_UINT8, 4, {2, 64, 64, 3}},
    .outputs = centers_outputs,
    .output_count = 2,
    .layer_names = layer_names,
    .layer_count = 1,
    .levels = levels + 1,
    .level_count = 1,
};

static const hardnet_port boxes_outputs[] = {{"loc", HARDNET_FLOAT32, 3, {1, PRIORS, 4}},
                                             {"conf", HARDNET_FLOAT32, 3, {1, PRIORS, 3}}};
const hardnet_network boxes = {
    .plan_version = HARDNET_PLAN_VERSION,
    .name = "boxes",
    .batch = 1,
    .input_float = {"image", HARDNET_FLOAT32, 4, {1, 3, 512, 512}},
    .input_uint8 = {"image", HARDNET_UINT8, 4, {1, 512, 512, 3}},
    .outputs = boxes_outputs,
    .output_count = 2,
    .layer_names = layer_names,
    .layer_count = 1,
    .levels = levels + 2,
    .level_count = 1,
};

static const hardnet_port redness_outputs[] = {{"logits", HARDNET_FLOAT32, 4, {1, 1, 32, 32}}};
const hardnet_network redness = {
    .plan_version = HARDNET_PLAN_VERSION,
    .name = "redness",
    .batch = 1,
    .input_float = {"image", HARDNET_FLOAT32, 4, {1, 3, 32, 32}},
    .input_uint8 = {"image", HARDNET_UINT8, 4, {1, 32, 32, 3}},
    .outputs = redness_outputs,
    .output_count = 1,
    .layer_names = layer_names,
    .layer_count = 1,
    .levels = levels + 3,
    .level_count = 1,
};
