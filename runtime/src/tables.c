/* What runs take for granted of a level's tables, checked once at open: sizes that do not overflow, numbers
 * of things that exist, and no call whose arguments reach past the memory of their views. Wrong tables are a
 * defect of the compiler: they end in a text, not in a crash. (Weights' packings: packing.c.) */
#include "context.h"

/* Elements of anything here: more than an address space holds, and far from 2^63 when multiplied by an
 * element's bytes and 256 threads. */
#define HARDNET_MOST_ELEMS ((int64_t)1 << 48)

/* Elements of a port in one image; -1 where its shape is none. */
static int64_t image_elems(const hardnet_network *network, const hardnet_port *port) {
    int64_t count = 1;
    if (port->rank < 0 || port->rank > HARDNET_MAX_RANK) return -1;
    for (int32_t d = 0; d < port->rank; d++) {
        const int64_t extent = port->shape[d];
        if (extent < 1 || extent > HARDNET_MOST_ELEMS / count) return -1;
        count *= extent;
    }
    return port->rank == 0 ? 0 : count % network->batch == 0 ? count / network->batch : -1;
}

/* `types`: bits of those that it may have. */
static hardnet_status check_port(hardnet_context *context, const hardnet_port *port, const char *what,
                                 uint32_t number, uint32_t types) {
    const int64_t elems = image_elems(context->network, port);
    if (port->rank != 0 && (port->type > HARDNET_UINT8 || !(types >> port->type & 1))) {
        return hardnet_fail(context, HARDNET_INTERNAL, "%s %u: expected type %s, found %u", what, number,
                            types == 3   ? "0 or 1"
                            : types == 2 ? "1"
                                         : "0",
                            port->type);
    }
    if (elems >= 0) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_INTERNAL,
                        "%s %u: expected a shape of %d images and fewer than 2^48 elements, found another",
                        what, number, context->network->batch);
}

static hardnet_status check_sizes(hardnet_context *context) {
    const hardnet_network *network = context->network;
    const hardnet_level *level = context->level;
    const int64_t sizes[] = {level->arena_elems, level->scratch_elems, level->weight_elems};
    for (int i = 0; i < 3; i++) {
        if (sizes[i] >= 0 && sizes[i] <= HARDNET_MOST_ELEMS) continue;
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "memory of level %s: expected 0 to 2^48 elements, found %lld", level->name,
                            (long long)sizes[i]);
    }
    if (network->batch < 1)
        return hardnet_fail(context, HARDNET_INTERNAL, "batch: expected at least 1, found %d",
                            network->batch);
    if (level->device != HARDNET_DEVICE_CPU && level->arena_elems > HARDNET_MOST_ELEMS / network->batch) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "memory of level %s: expected 0 to 2^48 elements for %d images, found %lld for each", level->name,
            network->batch, (long long)level->arena_elems);
    }
    hardnet_status status =
        check_port(context, &network->input_float, "float input", 0, 1u << HARDNET_FLOAT32);
    if (status == HARDNET_OK)
        status = check_port(context, &network->input_uint8, "uint8 input", 0, 1u << HARDNET_UINT8);
    for (uint32_t i = 0; status == HARDNET_OK && i < network->output_count; i++)
        status = check_port(context, &network->outputs[i], "output", i,
                            1u << HARDNET_FLOAT32 | 1u << HARDNET_UINT8);
    return status;
}

/* Elements that a view of this base may reach. */
static int64_t elems_of(const hardnet_context *context, const hardnet_view *view) {
    const hardnet_network *network = context->network;
    const int64_t per_float = (int64_t)(sizeof(float) / hardnet_element_bytes(view->type));
    switch (view->base) {
        case HARDNET_ARENA:
            return per_float * context->level->arena_elems;
        case HARDNET_SCRATCH:
            return per_float * context->level->scratch_elems;
        case HARDNET_WEIGHTS:
            return per_float * context->level->weight_elems;
        case HARDNET_INPUT:
            return image_elems(network, &network->input_float);
        case HARDNET_INPUT_U8:
            return image_elems(network, &network->input_uint8);
        default:
            return image_elems(network, &network->outputs[view->port]);
    }
}

/* What elements of this base are, as a view must be to scale its offset rightly. The context's own memory holds any
 * type. */
static uint8_t type_of(const hardnet_context *context, const hardnet_view *view) {
    if (view->base == HARDNET_OUTPUT) return context->network->outputs[view->port].type;
    if (view->base <= HARDNET_WEIGHTS && view->type <= HARDNET_INT32) return view->type;
    return view->base == HARDNET_INPUT_U8 ? HARDNET_UINT8 : HARDNET_FLOAT32;
}

typedef struct hardnet_reach { /* elements, both inclusive */
    int64_t first, last;
} hardnet_reach;

/* Widens by `count` further places `stride` apart, each of at most 31 bits: nothing here overflows, as a
 * reach that is past any memory stays where it is. */
static void widen(hardnet_reach *reach, int64_t count, int64_t stride) {
    if (reach->first < 0 || reach->last > HARDNET_MOST_ELEMS || count <= 0) return;
    if (stride < 0)
        reach->first += count * stride;
    else
        reach->last += count * stride;
}

static hardnet_status check_reach(hardnet_context *context, const hardnet_view *view, hardnet_reach reach) {
    const int64_t elems = elems_of(context, view);
    if (reach.first >= 0 && reach.last < elems) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_INTERNAL,
                        "view %zu of level %s: expected elements below %lld, found %lld to %lld",
                        (size_t)(view - context->level->views), context->level->name, (long long)elems,
                        (long long)reach.first, (long long)reach.last);
}

static hardnet_status check_view(hardnet_context *context, uint32_t number) {
    const hardnet_view *view = &context->level->views[number];
    const char *level = context->level->name;
    const uint32_t ports = view->base == HARDNET_OUTPUT ? context->network->output_count : 1;
    if (view->base > HARDNET_OUTPUT || view->rank > HARDNET_VIEW_RANK) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "view %u of level %s: expected a base below %d and at most %d dimensions, found %u and %u",
            number, level, HARDNET_OUTPUT + 1, HARDNET_VIEW_RANK, view->base, view->rank);
    }
    if (view->port >= ports) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "view %u of level %s: expected a port below %u, found %u", number, level, ports,
                            view->port);
    }
    if (view->type != type_of(context, view)) {
        return hardnet_fail(context, HARDNET_INTERNAL, "view %u of level %s: expected type %u, found %u",
                            number, level, type_of(context, view), view->type);
    }
    if (view->base == HARDNET_SCRATCH)
        return HARDNET_OK; /* a slid one is of the whole, of which it holds a chunk */
    hardnet_reach reach = {view->offset, view->offset};
    for (uint32_t d = 0; d < view->rank; d++)
        widen(&reach, (int64_t)view->dims[d].extent - 1, view->dims[d].stride);
    return check_reach(context, view, reach);
}

/* All that the calls of a part reach through an argument. */
static hardnet_status check_argument(hardnet_context *context, const hardnet_part *part,
                                     const hardnet_argument *argument) {
    const hardnet_level *level = context->level;
    if (argument->view >= level->view_count || argument->split > HARDNET_SHIFT) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "argument %zu of level %s: expected a view below %u and a split below %d, found %u and %u",
            (size_t)(argument - level->arguments), level->name, level->view_count, HARDNET_SHIFT + 1,
            argument->view, argument->split);
    }
    const hardnet_view *view = &level->views[argument->view];
    const bool along = argument->split == HARDNET_CROP || argument->split == HARDNET_SLIDE;
    const int64_t covered = (int64_t)part->units * argument->unit;
    if (along && (argument->dim >= view->rank || covered < 0 || covered > INT32_MAX)) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "argument %zu of level %s: expected up to 2^31 of a dimension below %u, found %lld of %u",
            (size_t)(argument - level->arguments), level->name, view->rank, (long long)covered,
            argument->dim);
    }
    const uint32_t chunk = part->chunk && part->chunk < part->units ? part->chunk : part->units;
    hardnet_reach reach = {view->offset, view->offset};
    for (uint32_t d = 0; d < view->rank; d++) {
        int64_t extent = view->dims[d].extent;
        if (argument->split == HARDNET_SLIDE && d == argument->dim) extent = (int64_t)chunk * argument->unit;
        widen(&reach, extent - 1, view->dims[d].stride);
    }
    if (argument->split == HARDNET_SHIFT) widen(&reach, (int64_t)part->units - 1, argument->unit);
    return check_reach(context, view, reach);
}

static bool inside(uint32_t first, uint32_t count, uint32_t all) {
    return first <= all && count <= all - first;
}

/* ---- a GPU's */

static bool is_permutation(const uint8_t *order, uint32_t count) {
    bool seen[256] = {false};
    for (uint32_t p = 0; p < count; p++) {
        if (order[p] >= count || seen[order[p]]) return false;
        seen[order[p]] = true;
    }
    return true;
}

static hardnet_status check_launch(hardnet_context *context, uint32_t number) {
    const hardnet_level *level = context->level;
    const hardnet_launch *launch = &level->launches[number];
    const uint32_t *grid = launch->grid, *block = launch->block;
    const uint64_t threads = (uint64_t)block[0] * block[1] * block[2];
    const char *name = launch->name ? launch->name : "?";
    if (!launch->name || !grid[0] || !grid[1] || threads < 1 || threads > 1024 || block[0] > 1024 ||
        block[1] > 1024) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "launch %u of level %s, %.80s: expected a name, a grid and a block of 1 to 1024 threads, "
            "found grid %ux%u, block %ux%ux%u",
            number, level->name, name, grid[0], grid[1], block[0], block[1], block[2]);
    }
    if (grid[2] != (uint32_t)context->network->batch) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "launch %u of level %s, %.80s: expected a grid of %d images, found %u", number,
                            level->name, name, context->network->batch, grid[2]);
    }
    if (launch->parameters && (!launch->order || !is_permutation(launch->order, launch->parameters))) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "launch %u of level %s, %.80s: expected an order of all %u parameters, found another", number,
            level->name, name, launch->parameters);
    }
    return HARDNET_OK;
}

static hardnet_status check_device_level(hardnet_context *context) {
    const hardnet_level *level = context->level;
    const hardnet_module *module = level->module;
    if (level->device == HARDNET_DEVICE_CPU) return HARDNET_OK;
    if (!module || !module->bytes || !module->size || (level->kernel_count && !level->launches)) {
        return hardnet_fail(context, HARDNET_INTERNAL, "level %s: expected a module and launches, found none",
                            level->name);
    }
    if (level->scratch_elems != 0) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "level %s: expected no scratch on a device, found %lld elements", level->name,
                            (long long)level->scratch_elems);
    }
    hardnet_status status = HARDNET_OK;
    for (uint32_t i = 0; status == HARDNET_OK && i < level->kernel_count; i++)
        status = check_launch(context, i);
    return status;
}

/* What a device makes of a call: one launch, of the whole of every view. */
static hardnet_status check_device_call(hardnet_context *context, const hardnet_call *call) {
    const hardnet_level *level = context->level;
    if (level->device == HARDNET_DEVICE_CPU) return HARDNET_OK;
    const size_t number = (size_t)(call - level->calls);
    const uint32_t each = level->device == HARDNET_DEVICE_OPENCL ? 2 : 1, wanted = each * call->arguments;
    const uint32_t parameters = level->launches[call->kernel].parameters;
    if (parameters != wanted) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "call %zu of level %s: expected a kernel of %u parameters, found one of %u",
                            number, level->name, wanted, parameters);
    }
    for (uint32_t a = 0; a < call->arguments; a++) {
        const uint8_t split = level->arguments[call->first_argument + a].split;
        if (split != HARDNET_WHOLE) {
            return hardnet_fail(context, HARDNET_INTERNAL,
                                "argument %zu of level %s: expected a whole view on a device, found split %u",
                                (size_t)call->first_argument + a, level->name, split);
        }
    }
    return HARDNET_OK;
}

static hardnet_status check_call(hardnet_context *context, const hardnet_part *part,
                                 const hardnet_call *call) {
    const hardnet_level *level = context->level;
    if (call->kernel >= level->kernel_count ||
        !inside(call->first_argument, call->arguments, level->argument_count)) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "call %zu of level %s: expected a kernel below %u and arguments below %u, found others",
            (size_t)(call - level->calls), level->name, level->kernel_count, level->argument_count);
    }
    hardnet_status status = check_device_call(context, call);
    for (uint32_t a = 0; status == HARDNET_OK && a < call->arguments; a++)
        status = check_argument(context, part, &level->arguments[call->first_argument + a]);
    return status;
}

static hardnet_status check_part(hardnet_context *context, const hardnet_part *part) {
    const hardnet_level *level = context->level;
    if (!inside(part->first_call, part->calls, level->call_count) || part->units > INT32_MAX) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "part %zu of level %s: expected calls below %u and fewer than 2^31 units, found others",
            (size_t)(part - level->parts), level->name, level->call_count);
    }
    if (level->device != HARDNET_DEVICE_CPU && part->units != 1) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "part %zu of level %s: expected one unit on a device, found %u",
                            (size_t)(part - level->parts), level->name, part->units);
    }
    hardnet_status status = HARDNET_OK;
    for (uint32_t c = 0; status == HARDNET_OK && part->units && c < part->calls; c++)
        status = check_call(context, part, &level->calls[part->first_call + c]);
    return status;
}

static hardnet_status check_step(hardnet_context *context, const hardnet_step *step) {
    const hardnet_level *level = context->level;
    if (!inside(step->first_part, step->parts, level->part_count)) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "step %zu of level %s: expected parts below %u, found others",
                            (size_t)(step - level->steps), level->name, level->part_count);
    }
    hardnet_status status = HARDNET_OK;
    for (uint32_t p = 0; status == HARDNET_OK && p < step->parts; p++)
        status = check_part(context, &level->parts[step->first_part + p]);
    return status;
}

hardnet_status hardnet_check_tables(hardnet_context *context) {
    const hardnet_level *level = context->level;
    hardnet_status status = check_sizes(context);
    if (status == HARDNET_OK) status = check_device_level(context);
    for (uint32_t i = 0; status == HARDNET_OK && i < level->view_count; i++) status = check_view(context, i);
    for (uint32_t s = 0; status == HARDNET_OK && s < level->step_count; s++)
        status = check_step(context, &level->steps[s]);
    return status;
}
