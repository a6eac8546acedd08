/* From a level's tables to the calls that each thread makes: everything that a run would compute again is
 * computed here, once, for the context's thread count.
 *
 * Where all parts of a step have many units each is cut into equal shares: what a unit of one costs beside one of
 * another is a guess. Else they are laid end to end by cost, and that line is cut at unit boundaries. Two passes
 * over the same code: the first counts (its arrays are NULL), the second writes. A thread's calls lie in the
 * order in which it makes them, their buffers likewise, so that a run reads this memory forwards.
 */
#include <string.h>

#include "context.h"

typedef struct hardnet_builder {
    const hardnet_context *context;
    hardnet_resolved_call *calls;
    void **pointers;
    hardnet_fixup *fixups;
    uint8_t *buffers;
    hardnet_halide_buffer *
        *shared; /* per view, a buffer for all calls that read it whole; NULL where there is none */
    bool writing;
    uint32_t call_count, pointer_count, fixup_count;
    size_t buffer_bytes;
} hardnet_builder;

/* A buffer and behind it its dimensions, on cache lines of their own: kernels may set flags of what they
 * write. */
static hardnet_halide_buffer *new_buffer(hardnet_builder *b, const hardnet_view *view) {
    const size_t bytes = sizeof(hardnet_halide_buffer) + view->rank * sizeof(hardnet_halide_dim);
    hardnet_halide_buffer *buffer =
        b->writing ? (hardnet_halide_buffer *)(b->buffers + b->buffer_bytes) : NULL;
    b->buffer_bytes += hardnet_round_up(bytes, HARDNET_ALIGNMENT);
    return buffer;
}

static void describe(hardnet_halide_buffer *buffer, const hardnet_view *view) {
    memset(buffer, 0, sizeof *buffer);
    buffer->type.code = view->type == HARDNET_UINT8     ? HARDNET_HALIDE_UINT
                        : view->type == HARDNET_FLOAT32 ? HARDNET_HALIDE_FLOAT
                                                        : HARDNET_HALIDE_INT;
    buffer->type.bits = (uint8_t)(8 * hardnet_element_bytes(view->type));
    buffer->type.lanes = 1;
    buffer->dimensions = view->rank;
    buffer->dim = (hardnet_halide_dim *)(buffer + 1);
    for (uint32_t d = 0; d < view->rank; d++) {
        const hardnet_dim *dim = &view->dims[d];
        buffer->dim[d] = (hardnet_halide_dim){dim->min, dim->extent, dim->stride, 0};
    }
}

/* Elements by which the pointer moves for a chunk. */
static int64_t apply_split(hardnet_halide_buffer *buffer, const hardnet_view *view,
                           const hardnet_argument *argument, hardnet_range chunk) {
    if (argument->split == HARDNET_WHOLE) return 0;
    const int64_t from = (int64_t)chunk.begin * argument->unit;
    if (argument->split == HARDNET_SHIFT) return from;
    const hardnet_dim *whole = &view->dims[argument->dim];
    int64_t to = (int64_t)chunk.end * argument->unit;
    const int64_t end = (int64_t)whole->min + whole->extent;
    if (argument->split == HARDNET_CROP && to > end) to = end;
    buffer->dim[argument->dim].min = (int32_t)from;
    buffer->dim[argument->dim].extent = (int32_t)(to - from);
    return argument->split == HARDNET_CROP ? (from - whole->min) * whole->stride : 0;
}

/* Sets the pointer, and notes it where it moves with a port. */
static void place(hardnet_builder *b, hardnet_halide_buffer *buffer, const hardnet_view *view, int64_t moved,
                  int32_t thread) {
    const size_t element = hardnet_element_bytes(view->type);
    int32_t port;
    size_t offset = 0;
    uint8_t *base = hardnet_view_base(b->context, view, thread, &port, &offset);
    if (b->writing) buffer->host = base ? base + moved * (int64_t)element : NULL;
    if (port < 0) return;
    if (b->writing) {
        const size_t moved_bytes = (size_t)(moved * (int64_t)element);
        b->fixups[b->fixup_count] = (hardnet_fixup){&buffer->host, (uint32_t)port, offset + moved_bytes};
    }
    b->fixup_count++;
}

static bool sharable(const hardnet_view *view) { return view->base != HARDNET_SCRATCH && !view->written; }

static void emit_shared(hardnet_builder *b) {
    const hardnet_level *level = b->context->level;
    for (uint32_t i = 0; i < level->view_count; i++) {
        const hardnet_view *view = &level->views[i];
        if (!sharable(view)) continue;
        hardnet_halide_buffer *buffer = new_buffer(b, view);
        if (b->writing) {
            describe(buffer, view);
            b->shared[i] = buffer;
        }
        place(b, buffer, view, 0, 0);
    }
}

static hardnet_halide_buffer *emit_argument(hardnet_builder *b, const hardnet_argument *argument,
                                            hardnet_range chunk, int32_t thread) {
    const hardnet_view *view = &b->context->level->views[argument->view];
    if (argument->split == HARDNET_WHOLE && sharable(view))
        return b->writing ? b->shared[argument->view] : NULL;
    hardnet_halide_buffer *buffer = new_buffer(b, view);
    int64_t moved = 0;
    if (b->writing) {
        describe(buffer, view);
        moved = apply_split(buffer, view, argument, chunk);
    }
    place(b, buffer, view, moved, thread);
    return buffer;
}

static void emit_chunk(hardnet_builder *b, const hardnet_step *step, const hardnet_part *part,
                       hardnet_range chunk, int32_t thread) {
    const hardnet_level *level = b->context->level;
    for (uint32_t c = 0; c < part->calls; c++) {
        const hardnet_call *call = &level->calls[part->first_call + c];
        void **pointers = b->writing ? b->pointers + b->pointer_count : NULL;
        b->pointer_count += call->arguments;
        for (uint32_t a = 0; a < call->arguments; a++) {
            hardnet_halide_buffer *buffer =
                emit_argument(b, &level->arguments[call->first_argument + a], chunk, thread);
            if (b->writing) pointers[a] = buffer;
        }
        if (b->writing) {
            b->calls[b->call_count] =
                (hardnet_resolved_call){level->kernels[call->kernel], pointers, call->arguments, step->layer};
        }
        b->call_count++;
    }
}

static double cost_of(const hardnet_part *part) { return part->unit_cost > 0 ? part->unit_cost : 1e-6; }

/* Whether every part has units enough for equal shares of its own. */
static bool divides_each(const hardnet_part *parts, uint32_t count, int32_t threads) {
    enum { kUnitsPerThread = 8 };
    for (uint32_t p = 0; p < count; p++)
        if (parts[p].units / kUnitsPerThread < (uint32_t)threads) return false;
    return true;
}

/* The first unit of a part, which begins at cost `start`, that belongs to a share beginning at cost `cut`. */
static uint32_t unit_at(const hardnet_part *part, double start, double cut) {
    const double unit = (cut - start) / cost_of(part) + 0.5; /* to the nearest */
    return unit < 1 ? 0 : unit >= part->units ? part->units : (uint32_t)unit;
}

static void emit_step(hardnet_builder *b, const hardnet_step *step, int32_t thread) {
    const hardnet_part *parts = b->context->level->parts + step->first_part;
    const int32_t threads = b->context->runner.threads;
    const bool each = divides_each(parts, step->parts, threads);
    double total = 0, start = 0;
    for (uint32_t p = 0; p < step->parts; p++) total += parts[p].units * cost_of(&parts[p]);
    for (uint32_t p = 0; p < step->parts; p++) {
        const hardnet_part *part = &parts[p];
        const double cost = part->units * cost_of(part), line = each ? cost : total;
        const uint32_t begin = thread == 0 ? 0 : unit_at(part, start, line * thread / threads);
        const uint32_t end =
            thread + 1 == threads ? part->units : unit_at(part, start, line * (thread + 1) / threads);
        const uint32_t chunk = part->chunk ? part->chunk : part->units;
        for (uint32_t u = begin, stop; u < end; u = stop) {
            stop = end - u < chunk ? end : u + chunk;
            emit_chunk(b, step, part, (hardnet_range){u, stop}, thread);
        }
        if (!each) start += cost;
    }
}

bool hardnet_step_runs(const hardnet_context *context, const hardnet_step *step) {
    return step->kind != HARDNET_STEP_NORMALIZE || context->options.input_type == HARDNET_UINT8;
}

static void emit_all(hardnet_builder *b, hardnet_schedule *schedule) {
    const hardnet_level *level = b->context->level;
    b->call_count = b->pointer_count = b->fixup_count = 0;
    b->buffer_bytes = 0;
    emit_shared(b);
    for (int32_t thread = 0; thread < b->context->runner.threads; thread++) {
        uint32_t number = 0;
        for (uint32_t s = 0; s < level->step_count; s++) {
            if (!hardnet_step_runs(b->context, &level->steps[s])) continue;
            const uint32_t first = b->call_count;
            emit_step(b, &level->steps[s], thread);
            if (b->writing) {
                schedule->steps[number] = s;
                schedule->spans[thread * schedule->step_count + number] =
                    (hardnet_span){first, b->call_count};
            }
            number++;
        }
        schedule->step_count = number;
    }
}

/* Cuts `bytes` off the block at *at, on a cache line. */
static void *carve(uint8_t **at, size_t bytes) {
    void *memory = *at;
    *at += hardnet_round_up(bytes, HARDNET_ALIGNMENT);
    return memory;
}

hardnet_status hardnet_make_schedule(hardnet_context *context) {
    hardnet_schedule *schedule = &context->schedule;
    hardnet_builder b = {.context = context};
    emit_all(&b, schedule);

    const size_t bytes[] = {schedule->step_count * sizeof *schedule->steps,
                            (size_t)schedule->step_count * context->runner.threads * sizeof *schedule->spans,
                            b.call_count * sizeof *b.calls,
                            b.pointer_count * sizeof *b.pointers,
                            b.fixup_count * sizeof *b.fixups,
                            context->level->view_count * sizeof *b.shared,
                            b.buffer_bytes};
    size_t total = 0;
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++)
        total += hardnet_round_up(bytes[i], HARDNET_ALIGNMENT);
    uint8_t *at = hardnet_take(context, HARDNET_BLOCK_TABLES, total, "calls");
    if (!at) return HARDNET_OUT_OF_MEMORY;
    schedule->steps = carve(&at, bytes[0]);
    schedule->spans = carve(&at, bytes[1]);
    schedule->calls = b.calls = carve(&at, bytes[2]);
    b.pointers = carve(&at, bytes[3]);
    schedule->fixups = b.fixups = carve(&at, bytes[4]);
    b.shared = carve(&at, bytes[5]);
    b.buffers = at;
    b.writing = true;
    emit_all(&b, schedule);
    schedule->call_count = b.call_count;
    schedule->fixup_count = b.fixup_count;
    hardnet_point_ports(context, 0);
    return HARDNET_OK;
}
