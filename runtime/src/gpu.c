#include "gpu.h"

#include <unistd.h>

enum { kPlaceAlignment = 256 }; /* of inputs and outputs, as drivers align their own allocations */

hardnet_gpu *hardnet_gpu_state(const hardnet_context *context) {
    return (hardnet_gpu *)context->blocks[HARDNET_BLOCK_DEVICE].memory;
}

/* ---- what fails */

bool hardnet_gpu_is_forked(const hardnet_gpu *gpu) { return gpu->process != getpid(); }

hardnet_status hardnet_gpu_check(hardnet_context *context) {
    const hardnet_gpu *gpu = hardnet_gpu_state(context);
    if (hardnet_gpu_is_forked(gpu)) {
        return hardnet_refuse(context, HARDNET_DEVICE_LOST,
                              "device: expected the process that opened the context, found a fork of it");
    }
    if (!gpu->lost[0]) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_DEVICE_LOST, "device: expected one that works, found it lost: %s",
                        gpu->lost);
}

hardnet_status hardnet_gpu_after(hardnet_context *context, hardnet_status status) {
    hardnet_gpu *gpu = hardnet_gpu_state(context);
    if (status == HARDNET_DEVICE_LOST) {
        hardnet_text text = hardnet_text_in(gpu->lost, sizeof gpu->lost);
        hardnet_put(&text, "%s", hardnet_last_error(context));
    }
    return status;
}

hardnet_status hardnet_gpu_launch_failed(hardnet_context *context, const hardnet_step *step, const char *call,
                                         const hardnet_launch *launch, const char *success,
                                         const char *error) {
    const hardnet_network *network = context->network;
    const bool named = step->layer >= 0 && (uint32_t)step->layer < network->layer_count;
    return hardnet_fail(context, HARDNET_DEVICE_LOST, "layer %.80s: %s of %.80s: expected %s, found %s",
                        named ? network->layer_names[step->layer] : "?", call, launch->name, success, error);
}

hardnet_status hardnet_gpu_no_memory(hardnet_context *context, const char *what, size_t bytes,
                                     const char *error) {
    return hardnet_fail(context, HARDNET_DEVICE_OUT_OF_MEMORY,
                        "%s: expected %zu bytes of the device's memory, found %s", what, bytes, error);
}

/* ---- what runs */

void hardnet_gpu_list_steps(hardnet_context *context, uint32_t *steps) {
    const hardnet_level *level = context->level;
    context->schedule.steps = steps;
    for (uint32_t s = 0; s < level->step_count; s++) {
        if (hardnet_step_runs(context, &level->steps[s])) steps[context->schedule.step_count++] = s;
    }
}

/* ---- where things lie */

size_t hardnet_gpu_arena_bytes(const hardnet_context *context) {
    return (size_t)context->level->arena_elems * sizeof(float) * (size_t)context->network->batch;
}

size_t hardnet_gpu_weight_bytes(const hardnet_context *context) {
    return (size_t)context->level->weight_elems * sizeof(float);
}

static size_t float_input_bytes(const hardnet_context *context) {
    const hardnet_port *port = &context->network->input_float;
    size_t bytes = context->options.input_type == HARDNET_UINT8 ? sizeof(float) : 0;
    for (int32_t d = 0; d < port->rank; d++) bytes *= (size_t)port->shape[d];
    return bytes;
}

size_t hardnet_gpu_port_bytes(const hardnet_context *context) {
    size_t bytes = hardnet_round_up(float_input_bytes(context), kPlaceAlignment);
    for (uint32_t i = 0; i < context->port_count; i++)
        bytes += hardnet_round_up(context->ports[i].bytes, kPlaceAlignment);
    return bytes;
}

void hardnet_gpu_place_ports(hardnet_context *context) {
    hardnet_gpu *gpu = hardnet_gpu_state(context);
    gpu->float_input = gpu->ports;
    uint64_t at = gpu->ports + hardnet_round_up(float_input_bytes(context), kPlaceAlignment);
    for (uint32_t i = 0; i < context->port_count; i++) {
        context->ports[i].device = context->ports[i].device_own = at;
        at += hardnet_round_up(context->ports[i].bytes, kPlaceAlignment);
    }
}

void hardnet_gpu_drop_packed(hardnet_context *context) {
    hardnet_unmap_packed(context);
    hardnet_drop(context, HARDNET_BLOCK_PACKED);
    context->packed = NULL;
}

uint64_t hardnet_gpu_place(const hardnet_context *context, const hardnet_view *view, int32_t image) {
    const hardnet_gpu *gpu = hardnet_gpu_state(context);
    const bool u8 = context->options.input_type == HARDNET_UINT8;
    const hardnet_port_state *port = &context->ports[view->base == HARDNET_OUTPUT ? 1 + view->port : 0];
    uint64_t base = port->device, image_bytes = port->image_bytes;
    switch (view->base) {
        case HARDNET_ARENA:
            base = gpu->arena;
            image_bytes = (uint64_t)context->level->arena_elems * sizeof(float);
            break;
        case HARDNET_WEIGHTS:
            base = gpu->weights;
            image_bytes = 0;
            break;
        case HARDNET_INPUT:
            if (!u8) break;
            base = gpu->float_input;
            image_bytes = float_input_bytes(context) / (size_t)context->network->batch;
            break;
        case HARDNET_INPUT_U8:
            if (!u8) base = 0; /* of a float32 context no step reads it */
            break;
        default:
            break;
    }
    return base + (uint64_t)image * image_bytes + (uint64_t)view->offset * hardnet_element_bytes(view->type);
}

/* ---- the rest */

void hardnet_gpu_follow_ports(hardnet_context *context) {
    (void)context;
} /* copies look up where the data is */

void *hardnet_gpu_view_data(const hardnet_context *context, const hardnet_view *view, int32_t image,
                            int32_t thread) {
    (void)context, (void)view, (void)image, (void)thread;
    return NULL;
}
