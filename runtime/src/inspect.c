#include "inspect.h"

#include "context.h"

const hardnet_level *hardnet_context_level(const hardnet_context *context) {
    return context && context->open ? context->level : NULL;
}

const hardnet_network *hardnet_context_network(const hardnet_context *context) {
    return context && context->open ? context->network : NULL;
}

int32_t hardnet_step_count(const hardnet_context *context) {
    return context && context->open ? (int32_t)context->schedule.step_count : 0;
}

const hardnet_step *hardnet_step_at(const hardnet_context *context, int32_t step) {
    if (step < 0 || step >= hardnet_step_count(context)) return NULL;
    return &context->level->steps[context->schedule.steps[step]];
}

void hardnet_set_trace(hardnet_context *context, hardnet_trace trace, void *user) {
    if (!context) return;
    context->trace = trace;
    context->trace_user = user;
}

const char *hardnet_step_kind_name(int kind) {
    static const char *const kNames[] = {
        "normalize",        "stem",          "input transform", "product",
        "output transform", "winograd band", "conv1x1",         "conv3x3",
        "depthwise",        "max pool",      "global pool",     "fully connected",
        "transposed conv",  "average pool",  "resize",          "norm",
        "output",           "elementwise"};
    return kind >= 0 && kind < (int)(sizeof kNames / sizeof kNames[0]) ? kNames[kind] : "?";
}

void *hardnet_view_data(const hardnet_context *context, int32_t view, int32_t image, int32_t thread) {
    if (!context || !context->open || view < 0 || (uint32_t)view >= context->level->view_count) return NULL;
    if (image < 0 || image >= context->network->batch || thread < 0 || thread >= context->runner.threads)
        return NULL;
    return context->device->view_data(context, &context->level->views[view], image, thread);
}

hardnet_memory hardnet_context_memory(const hardnet_context *context) {
    if (!context || !context->open) return (hardnet_memory){0};
    return (hardnet_memory){.arena = context->blocks[HARDNET_BLOCK_ARENA].memory,
                            .packed = (const float *)context->packed,
                            .prepacked = context->blocks[HARDNET_BLOCK_MAPPED].memory != NULL,
                            .arena_bytes = (size_t)context->level->arena_elems * sizeof(float),
                            .scratch_bytes = context->scratch_stride,
                            .packed_weight_bytes = (size_t)context->level->weight_elems * sizeof(float),
                            .table_bytes = context->blocks[HARDNET_BLOCK_TABLES].bytes,
                            .port_bytes = context->blocks[HARDNET_BLOCK_PORTS].bytes,
                            .threads = context->runner.threads,
                            .calls = (int32_t)context->schedule.call_count};
}
