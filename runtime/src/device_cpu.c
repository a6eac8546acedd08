/* The CPU as a device: the context's threads walk their own calls (schedule.c), with a barrier behind each
 * step, on memory of the host. */
#include <string.h>

#include "context.h"
#include "device.h"

static hardnet_status make_memory(hardnet_context *context) {
    const hardnet_level *level = context->level;
    const size_t arena = (size_t)level->arena_elems * sizeof(float);
    context->scratch_stride =
        hardnet_round_up((size_t)level->scratch_elems * sizeof(float), HARDNET_ALIGNMENT);
    const size_t scratch = context->scratch_stride * (size_t)context->runner.threads;
    if (!hardnet_take(context, HARDNET_BLOCK_ARENA, arena, "arena") ||
        !hardnet_take(context, HARDNET_BLOCK_SCRATCH, scratch, "scratch")) {
        return HARDNET_OUT_OF_MEMORY;
    }
    memset(context->blocks[HARDNET_BLOCK_ARENA].memory, 0, arena);
    memset(context->blocks[HARDNET_BLOCK_SCRATCH].memory, 0, scratch);
    return HARDNET_OK;
}

uint8_t *hardnet_view_base(const hardnet_context *context, const hardnet_view *view, int32_t thread,
                           int32_t *port, size_t *port_offset) {
    const bool u8 = context->options.input_type == HARDNET_UINT8;
    const size_t offset = (size_t)view->offset * hardnet_element_bytes(view->type);
    *port = -1;
    switch (view->base) {
        case HARDNET_ARENA:
            return context->blocks[HARDNET_BLOCK_ARENA].memory + offset;
        case HARDNET_SCRATCH:
            return context->blocks[HARDNET_BLOCK_SCRATCH].memory + (size_t)thread * context->scratch_stride +
                   offset;
        case HARDNET_WEIGHTS:
            return (uint8_t *)(uintptr_t)context->packed + offset; /* kernels only read it */
        case HARDNET_INPUT:
            if (u8) return context->staging + offset;
            *port = 0;
            break;
        case HARDNET_INPUT_U8:
            if (!u8) return NULL;
            *port = 0;
            break;
        default:
            *port = 1 + view->port;
            break;
    }
    *port_offset = offset;
    return context->ports[*port].data + offset;
}

void hardnet_point_ports(hardnet_context *context, int32_t image) {
    if (context->pointed_image == image) return;
    const hardnet_schedule *schedule = &context->schedule;
    for (uint32_t i = 0; i < schedule->fixup_count; i++) {
        const hardnet_fixup *fixup = &schedule->fixups[i];
        const hardnet_port_state *port = &context->ports[fixup->port];
        *fixup->host = port->data + (size_t)image * port->image_bytes + fixup->offset;
    }
    context->pointed_image = image;
}

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
    hardnet_range steps;
} hardnet_walk;

static void walk_with_barriers(void *argument, int32_t thread, uint32_t *phase) {
    const hardnet_walk *walk = argument;
    for (uint32_t step = walk->steps.begin; step < walk->steps.end; step++) {
        run_span(walk->context, thread, step);
        if (step + 1 < walk->steps.end)
            hardnet_barrier(&walk->context->runner, phase); /* the runner has one at the end */
    }
}

static void walk_one_step(void *argument, int32_t thread) {
    const hardnet_walk *walk = argument;
    run_span(walk->context, thread, walk->steps.begin);
}

/* The caller's task runner knows no barriers, and a forked child has no workers: there a step is a call of
 * its own. */
static void run_steps(hardnet_context *context, hardnet_range steps) {
    hardnet_walk walk = {context, steps};
    if (!context->options.parallel && !hardnet_runner_orphaned(&context->runner)) {
        hardnet_runner_run(&context->runner, walk_with_barriers, &walk);
        return;
    }
    for (; walk.steps.begin < steps.end; walk.steps.begin++)
        hardnet_on_all_threads(context, walk_one_step, &walk);
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

static hardnet_status run(hardnet_context *context, hardnet_range steps, hardnet_range images) {
    for (uint32_t image = images.begin; image < images.end; image++) {
        hardnet_point_ports(context, (int32_t)image);
        run_steps(context, steps);
    }
    return kernel_status(context);
}

static void follow_ports(hardnet_context *context) {
    context->pointed_image = -1;
    hardnet_point_ports(context, 0);
}

static void *view_data(const hardnet_context *context, const hardnet_view *view, int32_t image,
                       int32_t thread) {
    int32_t port;
    size_t offset;
    uint8_t *memory = hardnet_view_base(context, view, thread, &port, &offset);
    return memory && port >= 0 ? memory + (size_t)image * context->ports[port].image_bytes : memory;
}

static void close_memory(hardnet_context *context) {
    hardnet_drop(context, HARDNET_BLOCK_ARENA);
    hardnet_drop(context, HARDNET_BLOCK_SCRATCH);
    hardnet_drop(context, HARDNET_BLOCK_TABLES);
}

const hardnet_device hardnet_cpu_device = {
    .make_memory = make_memory,
    .make_tables = hardnet_make_schedule,
    .follow_ports = follow_ports,
    .run = run,
    .view_data = view_data,
    .close = close_memory,
};
