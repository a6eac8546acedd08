/* A run: per image, every thread walks its own calls, with a barrier behind each step. Nothing is allocated,
 * locked or looked up here. */
#include "context.h"

/* The next call's buffers: a network streams more weights than the caches hold between two uses of them. */
static void prefetch(const hardnet_resolved_call *call) {
    for (uint32_t i = 0; i < call->count; i++) {
        const char *buffer = call->buffers[i];
        __builtin_prefetch(buffer, 1);
        __builtin_prefetch(buffer + 64, 1);
    }
}

static void run_span(hardnet_context *context, int32_t thread, uint32_t step) {
    const hardnet_schedule *schedule = &context->schedule;
    const int64_t begin_ns = context->trace ? hardnet_now_ns() : 0;
    const hardnet_span span = schedule->spans[(uint32_t)thread * schedule->step_count + step];
    for (uint32_t c = span.first; c < span.end; c++) {
        const hardnet_resolved_call *call = &schedule->calls[c];
        if (c + 1 < schedule->call_count) prefetch(call + 1);
        const int code = call->kernel(call->buffers);
        if (code != 0) {
            long long none = 0;
            const long long failure = (long long)((uint64_t)(uint32_t)call->layer << 32 | (uint32_t)code);
            atomic_compare_exchange_strong(&context->kernel_failure, &none, failure);
        }
    }
    if (context->trace) {
        context->trace(context->trace_user, thread, (int32_t)step, begin_ns, hardnet_now_ns());
    }
}

typedef struct hardnet_walk {
    hardnet_context *context;
    uint32_t first, end; /* steps */
} hardnet_walk;

static void walk_with_barriers(void *argument, int32_t thread, uint32_t *phase) {
    const hardnet_walk *walk = argument;
    for (uint32_t step = walk->first; step < walk->end; step++) {
        run_span(walk->context, thread, step);
        if (step + 1 < walk->end)
            hardnet_barrier(&walk->context->runner, phase); /* the runner has one at the end */
    }
}

static void walk_one_step(void *argument, int32_t thread) {
    const hardnet_walk *walk = argument;
    run_span(walk->context, thread, walk->first);
}

/* The caller's task runner knows no barriers, and a forked child has no workers: there a step is a call of
 * its own. */
static void run_steps(hardnet_context *context, uint32_t first, uint32_t end) {
    hardnet_walk walk = {context, first, end};
    if (!context->options.parallel && !hardnet_runner_orphaned(&context->runner)) {
        hardnet_runner_run(&context->runner, walk_with_barriers, &walk);
        return;
    }
    for (; walk.first < end; walk.first++) hardnet_on_all_threads(context, walk_one_step, &walk);
}

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

static hardnet_status kernel_status(hardnet_context *context) {
    const long long failure = atomic_exchange(&context->kernel_failure, 0);
    if (failure == 0) return HARDNET_OK;
    const uint32_t layer = (uint32_t)(failure >> 32);
    const hardnet_network *network = context->network;
    return hardnet_fail(context, HARDNET_INTERNAL, "layer %s: expected its kernel to return 0, found %d",
                        layer < network->layer_count ? network->layer_names[layer] : "?",
                        (int)(uint32_t)failure);
}

static hardnet_status not_open(hardnet_context *context) {
    return hardnet_refuse(context, HARDNET_INVALID_ARGUMENT,
                          "context: expected an open one, found one that failed to open");
}

hardnet_status hardnet_run(hardnet_context *context) {
    if (!context) return HARDNET_INVALID_ARGUMENT;
    if (!context->open) return not_open(context);
    hardnet_status status = hardnet_enter(context);
    if (status != HARDNET_OK) return status;
    for (int32_t image = 0; image < context->network->batch; image++) {
        hardnet_point_ports(context, image);
        run_steps(context, 0, context->schedule.step_count);
    }
    status = kernel_status(context);
    hardnet_leave(context);
    return status;
}

hardnet_status hardnet_run_step(hardnet_context *context, int32_t step, int32_t image) {
    if (!context) return HARDNET_INVALID_ARGUMENT;
    if (!context->open) return not_open(context);
    hardnet_status status = hardnet_enter(context);
    if (status != HARDNET_OK) return status;
    if (step < 0 || step >= hardnet_step_count(context) || image < 0 || image >= context->network->batch) {
        status = hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                              "step: expected one of %d on one of %d images, found step %d on image %d",
                              hardnet_step_count(context), context->network->batch, step, image);
    } else {
        hardnet_point_ports(context, image);
        run_steps(context, (uint32_t)step, (uint32_t)step + 1);
        status = kernel_status(context);
    }
    hardnet_leave(context);
    return status;
}
