#include "inspect.h"

#include <string.h>

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

typedef struct hardnet_span_bytes { /* of a view, around its data */
    int64_t before, behind;
} hardnet_span_bytes;

static hardnet_span_bytes span_of(const hardnet_view *view) {
    const int64_t element = (int64_t)hardnet_element_bytes(view->type);
    hardnet_span_bytes span = {0, element};
    for (uint32_t d = 0; d < view->rank; d++) {
        const int64_t reach = ((int64_t)view->dims[d].extent - 1) * view->dims[d].stride * element;
        if (reach < 0)
            span.before -= reach;
        else
            span.behind += reach;
    }
    return span;
}

static size_t elements_of(const hardnet_view *view) {
    size_t count = 1;
    for (uint32_t d = 0; d < view->rank; d++)
        count *= view->dims[d].extent < 1 ? 0 : (size_t)view->dims[d].extent;
    return count;
}

/* The innermost dimension first, as a counter counts. */
static void gather(const hardnet_view *view, const uint8_t *data, uint8_t *to) {
    const size_t element = hardnet_element_bytes(view->type);
    int32_t at[HARDNET_VIEW_RANK] = {0};
    for (size_t left = elements_of(view); left > 0; left--, to += element) {
        int64_t offset = 0;
        for (uint32_t d = 0; d < view->rank; d++) offset += (int64_t)at[d] * view->dims[d].stride;
        memcpy(to, data + offset * (int64_t)element, element);
        for (uint32_t d = 0; d < view->rank && ++at[d] == view->dims[d].extent; d++) at[d] = 0;
    }
}

static hardnet_status read_view(hardnet_context *context, const hardnet_view *view, int32_t image,
                                void *host) {
    if (view->base == HARDNET_INPUT_U8 && context->options.input_type != HARDNET_UINT8) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "view: expected one of the context's float32 input, found one of uint8 input");
    }
    if (elements_of(view) == 0) return HARDNET_OK;
    if (!context->device->read) {
        gather(view, context->device->view_data(context, view, image, 0), host);
        return HARDNET_OK;
    }
    const hardnet_span_bytes span = span_of(view);
    const size_t bytes = (size_t)(span.before + span.behind);
    uint8_t *fetched = hardnet_take(context, HARDNET_BLOCK_FETCHED, bytes, "view");
    if (!fetched) return HARDNET_OUT_OF_MEMORY;
    const hardnet_status status = context->device->read(context, view, image, -span.before, fetched, bytes);
    if (status == HARDNET_OK) gather(view, fetched + span.before, host);
    hardnet_drop(context, HARDNET_BLOCK_FETCHED);
    return status;
}

hardnet_status hardnet_read_view(hardnet_context *context, int32_t view, int32_t image, void *host) {
    if (!context || !context->open) return HARDNET_INVALID_ARGUMENT;
    hardnet_status status = hardnet_enter(context);
    if (status != HARDNET_OK) return status;
    const hardnet_level *level = context->level;
    if (view < 0 || (uint32_t)view >= level->view_count || level->views[view].base == HARDNET_SCRATCH ||
        image < 0 || image >= context->network->batch) {
        status = hardnet_fail(
            context, HARDNET_INVALID_ARGUMENT,
            "view: expected one of %u, outside scratch, of one of %d images, found %d of image %d",
            level->view_count, context->network->batch, view, image);
    } else {
        status = read_view(context, &level->views[view], image, host);
    }
    hardnet_leave(context);
    return status;
}

bool hardnet_context_device(const hardnet_context *context, hardnet_device_info *info) {
    *info = (hardnet_device_info){0};
    if (!context || !context->open || !context->device->describe) return false;
    context->device->describe(context, info);
    return true;
}

hardnet_memory hardnet_context_memory(const hardnet_context *context) {
    if (!context || !context->open) return (hardnet_memory){0};
    return (hardnet_memory){
        .arena = context->blocks[HARDNET_BLOCK_ARENA].memory,
        .packed = (const float *)context->packed,
        .prepacked = context->blocks[HARDNET_BLOCK_MAPPED].memory != NULL,
        .arena_bytes = (size_t)context->level->arena_elems * sizeof(float) *
                       (context->level->device == HARDNET_DEVICE_CPU ? 1 : (size_t)context->network->batch),
        .scratch_bytes = context->scratch_stride,
        .packed_weight_bytes = (size_t)context->level->weight_elems * sizeof(float),
        .table_bytes = context->blocks[HARDNET_BLOCK_TABLES].bytes,
        .port_bytes = context->blocks[HARDNET_BLOCK_PORTS].bytes,
        .threads = context->runner.threads,
        .calls = (int32_t)context->schedule.call_count};
}
