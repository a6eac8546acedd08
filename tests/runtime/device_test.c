/* Everything that a context does with its device goes through hardnet_device, and a run is one call of it:
 * here the CPU's is wrapped by one that counts. C, as the runtime's inside is. */
#include <stdio.h>

#include "runtime/src/context.h"

enum { kRun, kFollow, kView, kClose, kCalls };
static int counted[kCalls];
static hardnet_range last_steps, last_images;

static hardnet_status count_run(hardnet_context *context, hardnet_range steps, hardnet_range images) {
    counted[kRun]++;
    last_steps = steps;
    last_images = images;
    return hardnet_cpu_device.run(context, steps, images);
}
static void count_follow(hardnet_context *context) {
    counted[kFollow]++;
    hardnet_cpu_device.follow_ports(context);
}
static void *count_view(const hardnet_context *context, const hardnet_view *view, int32_t image,
                        int32_t thread) {
    counted[kView]++;
    return hardnet_cpu_device.view_data(context, view, image, thread);
}
static void count_close(hardnet_context *context) {
    counted[kClose]++;
    hardnet_cpu_device.close(context);
}

/* output(0) = input(0) + 1, twice over */
static int add(void **arguments) {
    const hardnet_halide_buffer *in = arguments[0], *out = arguments[1];
    *(float *)out->host = *(const float *)in->host + 1;
    return 0;
}
static const hardnet_kernel kernels[] = {add};
static const hardnet_view views[] = {
    {HARDNET_INPUT, 0, HARDNET_FLOAT32, 1, 0, 0, {{0, 1, 1}}},
    {HARDNET_ARENA, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 1, 1}}},
    {HARDNET_OUTPUT, 0, HARDNET_FLOAT32, 1, 1, 0, {{0, 1, 1}}},
};
static const hardnet_argument arguments[] = {
    {0, HARDNET_WHOLE, 0, 0}, {1, HARDNET_WHOLE, 0, 0}, {1, HARDNET_WHOLE, 0, 0}, {2, HARDNET_WHOLE, 0, 0}};
static const hardnet_call calls[] = {{0, 0, 2}, {0, 2, 2}};
static const hardnet_part parts[] = {{0, 1, 1, 0, 1}, {1, 1, 1, 0, 1}};
static const hardnet_step steps[] = {{HARDNET_STEP_CONV1X1, 0, 0, 1}, {HARDNET_STEP_CONV1X1, 0, 1, 1}};
static const char *const layer_names[] = {"add"};
static const hardnet_level levels[] = {{.name = "plain",
                                        .kernels = kernels,
                                        .kernel_count = 1,
                                        .views = views,
                                        .view_count = 3,
                                        .arguments = arguments,
                                        .argument_count = 4,
                                        .calls = calls,
                                        .call_count = 2,
                                        .parts = parts,
                                        .part_count = 2,
                                        .steps = steps,
                                        .step_count = 2,
                                        .arena_elems = 1}};
static const hardnet_port outputs[] = {{"out", HARDNET_FLOAT32, 2, {3, 1}}};
static const hardnet_network network = {.plan_version = HARDNET_PLAN_VERSION,
                                        .name = "adder",
                                        .batch = 3,
                                        .input_float = {"image", HARDNET_FLOAT32, 4, {3, 1, 1, 1}},
                                        .outputs = outputs,
                                        .output_count = 1,
                                        .layer_names = layer_names,
                                        .layer_count = 1,
                                        .levels = levels,
                                        .level_count = 1};

static int failures;
static void expect(const char *what, long long expected, long long found) {
    if (expected == found) return;
    failures++;
    printf("%s: expected %lld, found %lld\n", what, expected, found);
}
static void expect_range(const char *what, uint32_t begin, uint32_t end, hardnet_range found) {
    expect(what, begin, found.begin);
    expect(what, end, found.end);
}

int main(void) {
    hardnet_context *context = NULL;
    expect("status of open", HARDNET_OK, hardnet_open(&network, NULL, &context));
    if (!context || failures) return 1;
    hardnet_device device = hardnet_cpu_device;
    device.run = count_run, device.follow_ports = count_follow, device.view_data = count_view;
    device.close = count_close;
    context->device = &device;

    hardnet_tensor input, output;
    hardnet_input(context, 0, &input);
    hardnet_output(context, 0, &output);
    for (int i = 0; i < 3; i++) ((float *)input.data)[i] = (float)i;
    expect("status of run", HARDNET_OK, hardnet_run(context));
    expect("runs of the device", 1, counted[kRun]);
    expect_range("steps of a run", 0, 2, last_steps);
    expect_range("images of a run", 0, 3, last_images);
    for (int i = 0; i < 3; i++) expect("output", i + 2, (long long)((float *)output.data)[i]);

    expect("status of a step", HARDNET_OK, hardnet_run_step(context, 1, 2));
    expect_range("steps of a step", 1, 2, last_steps);
    expect_range("images of a step", 2, 3, last_images);

    /* Bound behind image 0, which the next run begins with. */
    expect("status of a step", HARDNET_OK, hardnet_run_step(context, 0, 0));
    float bound[3] = {0, 0, 0};
    output.data = bound;
    expect("status of bind", HARDNET_OK, hardnet_bind_output(context, 0, &output));
    expect("ports followed", 1, counted[kFollow]);
    expect("status of run", HARDNET_OK, hardnet_run(context));
    for (int i = 0; i < 3; i++) expect("bound output", i + 2, (long long)bound[i]);
    expect("place of the bound output", 0, (float *)hardnet_view_data(context, 2, 1, 0) - (bound + 1));
    expect("views", 1, counted[kView]);
    hardnet_close(context);
    expect("closes", 1, counted[kClose]);
    return failures != 0;
}
