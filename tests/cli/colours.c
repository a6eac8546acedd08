/* A network without a compiler: the mean of each colour channel of a 4x4 picture, as a package's shared
 * library holds it. Layer "mean", a level that every CPU runs and one for CUDA, whose kernel is in colours_cuda.cpp, two
 * images per run. And one of a single class, the mean
 * of the red channel, one image per run.
 */
#include "hardnet/plan.h"
#include "runtime/src/buffers.h"

/* input (x, y, channel) and output (class), cut to the classes of this call */
static int mean(void **arguments) {
    const hardnet_halide_buffer *in = arguments[0], *out = arguments[1];
    for (int32_t i = 0; i < out->dim[0].extent; i++) {
        const int32_t class = out->dim[0].min + i;
        float sum = 0;
        for (int32_t p = 0; p < 16; p++) sum += ((const float *)in->host)[class * in->dim[2].stride + p];
        ((float *)out->host)[i] = sum / 16;
    }
    return 0;
}

static const hardnet_kernel kernels[] = {mean};
static const hardnet_view views[] = {
    {HARDNET_INPUT, 0, HARDNET_FLOAT32, 3, 0, 0, {{0, 4, 1}, {0, 4, 4}, {0, 3, 16}}},
    {HARDNET_OUTPUT, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 3, 1}}},
};
static const hardnet_view one_class_views[] = {
    {HARDNET_INPUT, 0, HARDNET_FLOAT32, 3, 0, 0, {{0, 4, 1}, {0, 4, 4}, {0, 3, 16}}},
    {HARDNET_OUTPUT, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 1, 1}}},
};
static const hardnet_argument arguments[] = {{0, HARDNET_WHOLE, 0, 0}, {1, HARDNET_CROP, 0, 1}};
static const hardnet_call calls[] = {{0, 0, 2}};
static const hardnet_part parts[] = {{0, 1, 3, 0, 1}}, one_class_parts[] = {{0, 1, 1, 0, 1}};
static const hardnet_step steps[] = {{HARDNET_STEP_GLOBAL_POOL, 0, 0, 1}};
static const int32_t layer_views[] = {-1};
static const hardnet_argument cuda_arguments[] = {{0, HARDNET_WHOLE, 0, 0}, {1, HARDNET_WHOLE, 0, 0}};
static const uint8_t order[] = {1, 0};
static const hardnet_launch launches[] = {{"mean", {3, 1, 2}, {1, 1, 1}, 0, order, 2}};
static const hardnet_module module = {"colours", 8};
static const hardnet_level levels[] = {
    {
        .name = "plain",
        .kernels = kernels,
        .kernel_count = 1,
        .views = views,
        .view_count = 2,
        .arguments = arguments,
        .argument_count = 2,
        .calls = calls,
        .call_count = 1,
        .parts = parts,
        .part_count = 1,
        .steps = steps,
        .step_count = 1,
        .layer_views = layer_views,
    },
    {
        .name = "cuda",
        .kernel_count = 1,
        .views = views,
        .view_count = 2,
        .arguments = cuda_arguments,
        .argument_count = 2,
        .calls = calls,
        .call_count = 1,
        .parts = one_class_parts,
        .part_count = 1,
        .steps = steps,
        .step_count = 1,
        .layer_views = layer_views,
        .device = HARDNET_DEVICE_CUDA,
        .launches = launches,
        .module = &module,
    },
};
static const hardnet_level one_class_levels[] = {{
    .name = "plain",
    .kernels = kernels,
    .kernel_count = 1,
    .views = one_class_views,
    .view_count = 2,
    .arguments = arguments,
    .argument_count = 2,
    .calls = calls,
    .call_count = 1,
    .parts = one_class_parts,
    .part_count = 1,
    .steps = steps,
    .step_count = 1,
    .layer_views = layer_views,
}};
static const char *const layer_names[] = {"mean"};
static const hardnet_port outputs[] = {{"logits", HARDNET_FLOAT32, 2, {2, 3}}};

static const hardnet_port one_class_outputs[] = {{"logits", HARDNET_FLOAT32, 2, {1, 1}}};

extern const hardnet_network colours, one_class;
const hardnet_network colours = {
    .plan_version = HARDNET_PLAN_VERSION,
    .name = "colours",
    .batch = 2,
    .input_float = {"image", HARDNET_FLOAT32, 4, {2, 3, 4, 4}},
    .input_uint8 = {"image", HARDNET_UINT8, 4, {2, 4, 4, 3}},
    .outputs = outputs,
    .output_count = 1,
    .layer_names = layer_names,
    .layer_count = 1,
    .levels = levels,
    .level_count = 2,
};

const hardnet_network one_class = {
    .plan_version = HARDNET_PLAN_VERSION,
    .name = "one_class",
    .batch = 1,
    .input_float = {"image", HARDNET_FLOAT32, 4, {1, 3, 4, 4}},
    .input_uint8 = {"image", HARDNET_UINT8, 4, {1, 4, 4, 3}},
    .outputs = one_class_outputs,
    .output_count = 1,
    .layer_names = layer_names,
    .layer_count = 1,
    .levels = one_class_levels,
    .level_count = 1,
};
