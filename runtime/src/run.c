/* Running: the context taken for the caller, its device called. Nothing is allocated, locked or looked up
 * here. */
#include <string.h>

#include "context.h"

typedef struct hardnet_everywhere {
    void (*body)(void *argument, int32_t thread);
    void *argument;
} hardnet_everywhere;

static void everywhere_on_worker(void *argument, int32_t thread, uint32_t *phase) {
    (void)phase;
    const hardnet_everywhere *everywhere = argument;
    everywhere->body(everywhere->argument, thread);
}

void hardnet_on_all_threads(hardnet_context *context, void (*body)(void *argument, int32_t thread),
                            void *argument) {
    const int32_t threads = context->runner.threads;
    if (context->options.parallel && threads > 1) {
        context->options.parallel(context->options.user, threads, body, argument);
    } else if (hardnet_runner_orphaned(&context->runner)) {
        for (int32_t thread = 0; thread < threads; thread++) body(argument, thread);
    } else {
        hardnet_everywhere everywhere = {body, argument};
        hardnet_runner_run(&context->runner, everywhere_on_worker, &everywhere);
    }
}

hardnet_status hardnet_enter(hardnet_context *context) {
    if (atomic_exchange_explicit(&context->running, 1, memory_order_acquire) == 0) return HARDNET_OK;
    return hardnet_refuse(context, HARDNET_BUSY,
                          "context: expected an idle one, found it running in another thread");
}

void hardnet_leave(hardnet_context *context) {
    atomic_store_explicit(&context->running, 0, memory_order_release);
}

static hardnet_status not_open(hardnet_context *context) {
    return hardnet_refuse(context, HARDNET_INVALID_ARGUMENT,
                          "context: expected an open one, found one that failed to open");
}

/* Takes an open context. */
static hardnet_status enter_open(hardnet_context *context) {
    if (!context) return HARDNET_INVALID_ARGUMENT;
    return context->open ? hardnet_enter(context) : not_open(context);
}

/* Integers have no NaN: a product of one would be a number, and nothing of it would show at the end. */
static hardnet_status check_numbers(hardnet_context *context) {
    const hardnet_port_state *input = &context->ports[0];
    if (context->level->rounding_count == 0 || input->type != HARDNET_FLOAT32) return HARDNET_OK;
    const uint32_t infinity = 0x7f800000, magnitude = 0x7fffffff;
    const size_t count = input->bytes / sizeof(float);
    const uint8_t *at = input->data;
    uint32_t greatest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, at + i * sizeof bits, sizeof bits);
        bits &= magnitude;
        greatest = bits > greatest ? bits : greatest;
    }
    if (greatest < infinity) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                        "input: expected finite numbers for integers, found %s",
                        greatest > infinity ? "a NaN" : "an infinity");
}

static hardnet_status run_all(hardnet_context *context) {
    const hardnet_status status = check_numbers(context);
    if (status != HARDNET_OK) return status;
    const hardnet_range steps = {0, context->schedule.step_count},
                        images = {0, (uint32_t)context->network->batch};
    return context->device->run(context, steps, images);
}

hardnet_status hardnet_run(hardnet_context *context) {
    hardnet_status status = enter_open(context);
    if (status != HARDNET_OK) return status;
    status = run_all(context);
    hardnet_leave(context);
    return status;
}

hardnet_status hardnet_enqueue(hardnet_context *context) {
    hardnet_status status = enter_open(context);
    if (status != HARDNET_OK) return status;
    status = context->device->enqueue ? context->device->enqueue(context) : run_all(context);
    hardnet_leave(context);
    return status;
}

hardnet_status hardnet_wait(hardnet_context *context) {
    hardnet_status status = enter_open(context);
    if (status != HARDNET_OK) return status;
    if (context->device->wait) status = context->device->wait(context);
    hardnet_leave(context);
    return status;
}

hardnet_status hardnet_run_step(hardnet_context *context, int32_t step, int32_t image) {
    hardnet_status status = enter_open(context);
    if (status != HARDNET_OK) return status;
    if (step < 0 || step >= hardnet_step_count(context) || image < 0 || image >= context->network->batch) {
        status = hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                              "step: expected one of %d on one of %d images, found step %d on image %d",
                              hardnet_step_count(context), context->network->batch, step, image);
    } else {
        const hardnet_range steps = {(uint32_t)step, (uint32_t)step + 1};
        const hardnet_range images = {(uint32_t)image, (uint32_t)image + 1};
        status = context->device->run(context, steps, images);
    }
    hardnet_leave(context);
    return status;
}
