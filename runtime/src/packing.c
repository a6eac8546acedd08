/* From the file's weights to packed weights: channel blocks innermost, Winograd transforms applied.
 *
 * Items of work are single blocks, handed out by a counter: every item writes its own memory, so which thread
 * does it changes nothing. A block's weights are contiguous in the file and are read from it into the
 * thread's own buffer, so the file never lies in memory whole. All arithmetic is double, multiplied and added
 * in one order without fusing (see CMakeLists.txt): the same packed bits on every machine.
 */
#include <float.h>
#include <string.h>

#include "context.h"

/* Input channels x block are handled as one run of lanes this long, so that gathered taps (9 x 8 bytes a
 * lane) and row products (3 x 8) stay in a 32 KiB L1. */
enum { kLanes = HARDNET_MAX_BLOCK };

typedef struct hardnet_job {
    hardnet_context *context;
    size_t buffer_bytes;    /* per thread, where the weights lie in a file */
    size_t unrounded_bytes; /* per thread, where weights are rounded */
    atomic_uint next;
    atomic_bool failed; /* a read did */
} hardnet_job;

typedef struct hardnet_item { /* a block of a packing with its tensor's extents; of channels, all of them */
    const hardnet_packing *packing;
    int32_t in, taps, positions;
    int32_t block;
    int32_t first, outs;    /* output channels of the file */
    const uint8_t *weights; /* [o][i][tap], possibly unaligned: read by memcpy only */
    float *packed;
} hardnet_item;

static bool in_blocks(const hardnet_packing *p) {
    return p->kind == HARDNET_PACK_BLOCKED || p->kind == HARDNET_PACK_ROUNDED;
}

static uint32_t blocks_of(const hardnet_packing *p) {
    if (!in_blocks(p)) return 1;
    return (uint32_t)((p->out - 1) / p->block + 1);
}

static hardnet_item item_of(const hardnet_context *context, const hardnet_packing *p, int32_t block) {
    const hardnet_weight *w = &context->network->weights[p->tensor];
    hardnet_item item = {.packing = p, .in = 1, .taps = 1, .first = p->first_out, .outs = p->out};
    item.packed = (float *)context->blocks[HARDNET_BLOCK_PACKED].memory + p->offset;
    if (w->rank >= 2) item.in = (int32_t)w->shape[1];
    for (int32_t d = 2; d < w->rank; d++) item.taps *= (int32_t)w->shape[d];
    item.positions = item.taps;
    if (!in_blocks(p)) return item;
    if (p->transform >= 0) item.positions = (int32_t)context->level->transforms[p->transform].positions;
    const int32_t left = p->out - block * p->block;
    item.block = block;
    item.first += block * p->block;
    item.outs = left < p->block ? left : p->block;
    if (p->kind == HARDNET_PACK_BLOCKED) item.packed += (int64_t)block * item.positions * item.in * p->block;
    return item;
}

static size_t bytes_of(const hardnet_item *item) {
    return (size_t)item->outs * (size_t)item->in * (size_t)item->taps * sizeof(float);
}

static const uint8_t *weights_at(const hardnet_item *item, int32_t o, int32_t i) {
    return item->weights + ((int64_t)o * item->in + i) * item->taps * (int64_t)sizeof(float);
}

/* taps[tap][i * width + o] of `ins` input channels from i0 on; lanes past the last output channel are zero.
 */
static void gather(const hardnet_item *item, int32_t i0, int32_t ins, double taps[9][kLanes]) {
    const int32_t width = item->packing->block;
    if (item->outs < width) memset(taps, 0, 9 * sizeof taps[0]);
    for (int32_t o = 0; o < item->outs; o++) {
        const uint8_t *from = weights_at(item, o, i0);
        for (int32_t i = 0; i < ins; i++, from += 9 * sizeof(float)) {
            float kernel[9];
            memcpy(kernel, from, sizeof kernel);
            for (int32_t tap = 0; tap < 9; tap++) taps[tap][i * width + o] = kernel[tap];
        }
    }
}

/* Which position is of a row point and a column point; -1: none. */
typedef struct hardnet_positions {
    int32_t of[HARDNET_MAX_POINTS][HARDNET_MAX_POINTS];
} hardnet_positions;

static hardnet_positions positions_of(const hardnet_transform *t) {
    hardnet_positions positions;
    memset(&positions, -1, sizeof positions);
    for (uint32_t p = 0; p < t->positions; p++) positions.of[t->points[p][0]][t->points[p][1]] = (int32_t)p;
    return positions;
}

/* sums[x][lane] = sum over y of row[y] * taps[3y + x][lane] */
static void row_product(const double row[3], double taps[9][kLanes], int32_t lanes, double sums[3][kLanes]) {
    for (int32_t x = 0; x < 3; x++) {
        const double *t0 = taps[x], *t1 = taps[3 + x], *t2 = taps[6 + x];
        double *restrict sum = sums[x];
        for (int32_t n = 0; n < lanes; n++) sum[n] = row[0] * t0[n] + row[2] * t2[n] + row[1] * t1[n];
    }
}

static void column_product(const double column[3], double sums[3][kLanes], int32_t lanes,
                           float *restrict out) {
    for (int32_t n = 0; n < lanes; n++) {
        out[n] = (float)(column[0] * sums[0][n] + column[2] * sums[2][n] + column[1] * sums[1][n]);
    }
}

/* Of the points a and -a at once: their even terms are equal, their odd ones opposite. The same bits as two
 * products. */
static void mirrored_products(const double column[3], double sums[3][kLanes], int32_t lanes,
                              float *restrict plus, float *restrict minus) {
    for (int32_t n = 0; n < lanes; n++) {
        const double even = column[0] * sums[0][n] + column[2] * sums[2][n], odd = column[1] * sums[1][n];
        plus[n] = (float)(even + odd);
        minus[n] = (float)(even - odd);
    }
}

static bool mirrored(const double a[3], const double b[3]) {
    return a[0] == b[0] && a[1] == -b[1] && a[2] == b[2];
}

/* [position][i][lane]: for a position, (i, lane) is contiguous, so a run of input channels is one row. */
static void pack_winograd_block(const hardnet_item *item, const hardnet_transform *t) {
    double taps[9][kLanes], sums[3][kLanes];
    const hardnet_positions positions = positions_of(t);
    const int32_t width = item->packing->block, run = kLanes / width;
    for (int32_t i0 = 0; i0 < item->in; i0 += run) {
        const int32_t ins = item->in - i0 < run ? item->in - i0 : run, lanes = ins * width;
        gather(item, i0, ins, taps);
        for (uint32_t r = 0; r < t->row_points; r++) {
            float *out[HARDNET_MAX_POINTS] = {NULL};
            for (uint32_t c = 0; c < t->column_points; c++) {
                const int32_t p = positions.of[r][c];
                if (p >= 0) out[c] = item->packed + ((int64_t)p * item->in + i0) * width;
            }
            row_product(t->rows[r], taps, lanes, sums);
            for (uint32_t c = 0; c < t->column_points; c++) {
                const bool pair = c + 1 < t->column_points && out[c] && out[c + 1] &&
                                  mirrored(t->columns[c], t->columns[c + 1]);
                if (pair) {
                    mirrored_products(t->columns[c], sums, lanes, out[c], out[c + 1]);
                    c++;
                } else if (out[c]) {
                    column_product(t->columns[c], sums, lanes, out[c]);
                }
            }
        }
    }
}

static void pack_plain_block(const hardnet_item *item) {
    const int32_t width = item->packing->block, taps = item->taps;
    for (int32_t i = 0; i < item->in; i++) {
        for (int32_t lane = 0; lane < width; lane++) {
            for (int32_t tap = 0; tap < taps; tap++) {
                float value = 0;
                if (lane < item->outs)
                    memcpy(&value, weights_at(item, lane, i) + tap * sizeof value, sizeof value);
                item->packed[((int64_t)tap * item->in + i) * width + lane] = value;
            }
        }
    }
}

/* DEPTHWISE [tap][c] and VECTOR [c] (one tap): `block` channels in all. */
static void pack_channels(const hardnet_item *item) {
    for (int32_t tap = 0; tap < item->taps; tap++) {
        for (int32_t c = 0; c < item->packing->block; c++) {
            float value = 0;
            if (c < item->outs) memcpy(&value, weights_at(item, c, 0) + tap * sizeof value, sizeof value);
            item->packed[(int64_t)tap * item->packing->block + c] = value;
        }
    }
}

static int32_t steps_of(const hardnet_rounding *rounding) {
    int32_t steps = 0;
    for (uint32_t s = 0; s < rounding->sources; s++)
        steps += (rounding->source[s].channels - 1) / rounding->in_step + 1;
    return steps;
}

static bool is_shifted(const hardnet_rounding *rounding) {
    for (uint32_t s = 0; s < rounding->sources; s++)
        if (rounding->source[s].shift != 0) return true;
    return false;
}

static double greatest_weight(const hardnet_rounding *rounding) {
    return rounding->in_step == 2 ? INT16_MAX : INT8_MAX;
}

/* What `count` weights that are added to one sum are multiplied by: see hardnet_rounding. `sum` and `greatest` are of
 * their magnitudes; rounding adds at most 1/2 to each. */
static double rounding_scale(const hardnet_rounding *rounding, double sum, double greatest, int32_t count) {
    const double limit = (double)(INT32_MAX / rounding->most) - 0.5 * count;
    const double most = greatest_weight(rounding);
    if (sum == 0) return 1;
    return limit / sum < most / greatest ? limit / sum : most / greatest;
}

static double magnitude(double value) { return value < 0 ? -value : value; }

/* Positions whose products are added to one sum, so that they share a scale. */
static int32_t summed_positions(const hardnet_rounding *rounding, int32_t positions) {
    return rounding->summed ? positions : 1;
}

/* The scale of a lane's weights of `positions` positions, of which `weights` is the first. */
static double scale_of(const hardnet_item *item, const hardnet_rounding *rounding, int32_t first,
                       int32_t positions, const float *weights) {
    double sum = 0, greatest = 0;
    for (int32_t p = first; p < first + positions; p++) {
        for (uint32_t s = 0; s < rounding->sources; s++) {
            const double unit = rounding->source[s].units[p];
            for (int32_t c = 0; c < rounding->source[s].channels; c++, weights += item->packing->block) {
                const double u = magnitude(*weights * unit);
                sum += u;
                if (u > greatest) greatest = u;
            }
        }
    }
    return rounding_scale(rounding, sum, greatest, positions * item->in);
}

/* Into a step of 32 bits, whose other channels stay as they are. */
static void put_weight(const hardnet_rounding *rounding, void *step, int32_t channel, int32_t weight) {
    if (rounding->in_step == 2)
        ((int16_t *)step)[channel] = (int16_t)weight;
    else
        ((int8_t *)step)[channel] = (int8_t)weight;
}

/* A lane's weights of a position; returns their sum times the shifts of their sources. */
static int32_t round_lane(const hardnet_item *item, const hardnet_rounding *rounding, int32_t p, double scale,
                          const float *from, uint32_t *to) {
    const int32_t width = item->packing->block, in_step = rounding->in_step;
    const double most = greatest_weight(rounding) + 0.5; /* weights may be infinite or no numbers */
    int32_t shifted = 0;
    for (uint32_t s = 0; s < rounding->sources; s++) {
        const hardnet_source *source = &rounding->source[s];
        const double unit = source->units[p] * scale;
        for (int32_t c = 0; c < source->channels; c++, from += width) {
            const double u = *from * unit;
            const int32_t weight = magnitude(u) < most ? (int32_t)(u < 0 ? u - 0.5 : u + 0.5) : 0;
            if (c % in_step == 0) memset(to, 0, sizeof *to);
            put_weight(rounding, to, c % in_step, weight);
            shifted += source->shift * weight;
            if (c % in_step == in_step - 1 || c + 1 == source->channels) to += width;
        }
    }
    return shifted;
}

/* From [position][i][lane], as the packings above make it, to steps. */
static void round_block(const hardnet_item *item, const hardnet_rounding *rounding, const float *weights) {
    const int32_t width = item->packing->block, steps = steps_of(rounding), positions = item->positions;
    const int32_t summed = summed_positions(rounding, positions);
    const int64_t blocks = blocks_of(item->packing), row = (int64_t)item->in * width;
    uint32_t *packed = (uint32_t *)item->packed + (int64_t)item->block * positions * steps * width;
    float *scales = item->packed + (blocks * steps + item->block) * positions * width;
    int32_t *offsets = (int32_t *)scales + blocks * positions * width;
    const bool shifted = is_shifted(rounding);
    for (int32_t first = 0; first < positions; first += summed) {
        for (int32_t lane = 0; lane < width; lane++) {
            const double scale = scale_of(item, rounding, first, summed, weights + first * row + lane);
            int32_t offset = 0;
            for (int32_t p = first; p < first + summed; p++) {
                scales[(int64_t)p * width + lane] = (float)(1 / scale);
                offset -= round_lane(item, rounding, p, scale, weights + p * row + lane,
                                     packed + (int64_t)p * steps * width + lane);
            }
            for (int32_t p = first; shifted && p < first + summed; p++)
                offsets[(int64_t)p * width + lane] = offset;
        }
    }
}

static void pack_block(hardnet_job *job, hardnet_item *item, int32_t thread) {
    hardnet_context *context = job->context;
    const hardnet_packing *p = item->packing;
    uint8_t *buffer = context->blocks[HARDNET_BLOCK_READ].memory;
    if (buffer) buffer += (size_t)thread * job->buffer_bytes;
    const size_t row = (size_t)item->in * (size_t)item->taps * sizeof(float);
    item->weights =
        hardnet_weights_bytes(context, p->tensor, (uint64_t)item->first * row, bytes_of(item), buffer);
    if (!item->weights) {
        atomic_store_explicit(&job->failed, true, memory_order_relaxed);
        return;
    }
    if (!in_blocks(p)) {
        pack_channels(item);
        return;
    }
    hardnet_item unrounded = *item;
    if (p->kind == HARDNET_PACK_ROUNDED) {
        uint8_t *memory = context->blocks[HARDNET_BLOCK_UNROUNDED].memory;
        unrounded.packed = (float *)(memory + (size_t)thread * job->unrounded_bytes);
    }
    if (p->transform < 0) {
        pack_plain_block(&unrounded);
    } else {
        pack_winograd_block(&unrounded, &context->level->transforms[p->transform]);
    }
    if (p->kind == HARDNET_PACK_ROUNDED)
        round_block(item, &context->level->roundings[p->rounding], unrounded.packed);
}

static void pack_on_thread(void *argument, int32_t thread) {
    hardnet_job *job = argument;
    const hardnet_level *level = job->context->level;
    uint32_t first = 0, packing = 0; /* `first`: number of the packing's first block */
    for (;;) {
        const uint32_t number = atomic_fetch_add(&job->next, 1);
        while (packing < level->packing_count && number - first >= blocks_of(&level->packings[packing])) {
            first += blocks_of(&level->packings[packing++]);
        }
        if (packing == level->packing_count) return;
        hardnet_item item = item_of(job->context, &level->packings[packing], (int32_t)(number - first));
        pack_block(job, &item, thread);
    }
}

static hardnet_status check_transform(hardnet_context *context, uint32_t number) {
    const hardnet_transform *t = &context->level->transforms[number];
    bool seen[HARDNET_MAX_POINTS][HARDNET_MAX_POINTS] = {{false}};
    if (t->row_points > HARDNET_MAX_POINTS || t->column_points > HARDNET_MAX_POINTS) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "transform %u: expected at most %d distinct rows and columns, found more", number,
                            HARDNET_MAX_POINTS);
    }
    for (uint32_t p = 0; p < t->positions; p++) {
        const uint8_t row = t->points[p][0], column = t->points[p][1];
        if (row >= t->row_points || column >= t->column_points) {
            return hardnet_fail(context, HARDNET_INTERNAL,
                                "transform %u, position %u: expected points below %u and %u, found %u and %u",
                                number, p, t->row_points, t->column_points, row, column);
        }
        if (seen[row][column]) {
            return hardnet_fail(
                context, HARDNET_INTERNAL,
                "transform %u, position %u: expected points of its own, found %u and %u again", number, p,
                row, column);
        }
        seen[row][column] = true;
    }
    return HARDNET_OK;
}

/* Whether its sources have `in` channels and units of `positions`, and sums have room. */
static bool is_of(const hardnet_rounding *rounding, int64_t in, int64_t positions) {
    const int64_t count = in * summed_positions(rounding, (int32_t)positions); /* of a sum */
    int64_t sum = 0;
    for (uint32_t s = 0; s < rounding->sources; s++) {
        const hardnet_source *source = &rounding->source[s];
        if (source->channels < 1 || source->shift < 0 || source->shift > rounding->most) return false;
        for (int64_t p = 0; p < positions; p++)
            if (!(source->units[p] > 0 && source->units[p] <= FLT_MAX)) return false;
        sum += source->channels;
    }
    return sum == in && (rounding->in_step == 2 || rounding->in_step == 4) && rounding->most >= 1 &&
           rounding->most <= INT16_MAX && INT32_MAX / rounding->most > count;
}

/* Elements that a packing fills; -1 where it or its tensor is none that the code here can pack. */
static int64_t packed_elems(const hardnet_context *context, const hardnet_packing *p) {
    const hardnet_weight *w = &context->network->weights[p->tensor];
    int64_t in = 1, taps = 1;
    if (w->rank < 1 || w->rank > HARDNET_MAX_RANK || p->block < 1 || p->out < 1) return -1;
    if (p->first_out < 0 || (int64_t)p->first_out + p->out > w->shape[0]) return -1;
    for (int32_t d = 1; d < w->rank; d++) {
        int64_t *count = d == 1 ? &in : &taps;
        if (w->shape[d] < 1 || w->shape[d] > INT32_MAX / (in * taps)) return -1; /* in x taps fits 31 bits */
        *count *= w->shape[d];
    }
    if (!in_blocks(p)) return in == 1 && p->out <= p->block ? taps * p->block : -1;
    if (p->transform >= 0 && taps != 9) return -1;
    const int64_t positions = p->transform < 0 ? taps : context->level->transforms[p->transform].positions;
    const int64_t lanes = (int64_t)blocks_of(p) * p->block; /* below 2^32 */
    int64_t row = in * positions;                           /* below 2^40 */
    if (p->kind == HARDNET_PACK_ROUNDED) {
        const hardnet_rounding *rounding = &context->level->roundings[p->rounding];
        if (!is_of(rounding, in, positions)) return -1;
        row = (steps_of(rounding) + 1 + is_shifted(rounding)) * positions; /* a step is as large as a float */
    }
    return row <= INT64_MAX / lanes ? row * lanes : -1;
}

static hardnet_status check_packing(hardnet_context *context, uint32_t number) {
    const hardnet_level *level = context->level;
    const hardnet_packing *p = &level->packings[number];
    if (p->kind > HARDNET_PACK_ROUNDED || p->tensor >= context->network->weight_count ||
        (p->transform >= 0 && (uint32_t)p->transform >= level->transform_count)) {
        return hardnet_fail(
            context, HARDNET_INTERNAL,
            "packing %u: expected a kind, a tensor and a transform that exist, found %u, %u and %d", number,
            p->kind, p->tensor, p->transform);
    }
    if (p->kind == HARDNET_PACK_ROUNDED && (uint32_t)p->rounding >= level->rounding_count) {
        return hardnet_fail(context, HARDNET_INTERNAL, "packing %u: expected a rounding below %u, found %d",
                            number, level->rounding_count, p->rounding);
    }
    if (in_blocks(p) && p->transform >= 0 && p->block > kLanes) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "packing %u: expected a block of at most %d channels, found %d", number, kLanes,
                            p->block);
    }
    const int64_t elems = packed_elems(context, p);
    if (elems < 0) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "packing %u: expected channels of tensor %.80s, found others", number,
                            context->network->weights[p->tensor].name);
    }
    if (p->offset >= 0 && p->offset <= level->weight_elems && elems <= level->weight_elems - p->offset)
        return HARDNET_OK;
    return hardnet_fail(context, HARDNET_INTERNAL,
                        "packing %u: expected elements below %lld, found %lld from %lld on", number,
                        (long long)level->weight_elems, (long long)elems, (long long)p->offset);
}

/* What the code here takes for granted of a level's packings. */
hardnet_status hardnet_check_packings(hardnet_context *context) {
    hardnet_status status = HARDNET_OK;
    for (uint32_t i = 0; status == HARDNET_OK && i < context->level->transform_count; i++)
        status = check_transform(context, i);
    for (uint32_t i = 0; status == HARDNET_OK && i < context->level->packing_count; i++)
        status = check_packing(context, i);
    return status;
}

/* The most bytes of weights that a block needs. */
static size_t most_bytes(const hardnet_context *context) {
    size_t most = 0;
    for (uint32_t i = 0; i < context->level->packing_count; i++) {
        const hardnet_item item = item_of(context, &context->level->packings[i], 0);
        if (bytes_of(&item) > most) most = bytes_of(&item);
    }
    return most;
}

/* The most bytes of a block before it is rounded. */
static size_t most_unrounded_bytes(const hardnet_context *context) {
    size_t most = 0;
    for (uint32_t i = 0; i < context->level->packing_count; i++) {
        const hardnet_packing *p = &context->level->packings[i];
        const hardnet_item item = item_of(context, p, 0);
        const size_t bytes = (size_t)item.positions * (size_t)item.in * (size_t)p->block * sizeof(float);
        if (p->kind == HARDNET_PACK_ROUNDED && bytes > most) most = bytes;
    }
    return most;
}

hardnet_status hardnet_pack_weights(hardnet_context *context) {
    const size_t bytes = (size_t)context->level->weight_elems * sizeof(float);
    if (!hardnet_take(context, HARDNET_BLOCK_PACKED, bytes, "packed weights")) return HARDNET_OUT_OF_MEMORY;
    hardnet_job job = {.context = context};
    job.buffer_bytes =
        hardnet_round_up(most_bytes(context), HARDNET_ALIGNMENT); /* items point into the block */
    const size_t buffers = job.buffer_bytes * (size_t)context->runner.threads;
    if (context->weights.file >= 0 && !hardnet_take(context, HARDNET_BLOCK_READ, buffers, "weights")) {
        return HARDNET_OUT_OF_MEMORY;
    }
    job.unrounded_bytes = hardnet_round_up(most_unrounded_bytes(context), HARDNET_ALIGNMENT);
    const size_t unrounded = job.unrounded_bytes * (size_t)context->runner.threads;
    if (unrounded && !hardnet_take(context, HARDNET_BLOCK_UNROUNDED, unrounded, "weights"))
        return HARDNET_OUT_OF_MEMORY;
    context->packed = context->blocks[HARDNET_BLOCK_PACKED].memory;
    atomic_init(&job.next, 0);
    atomic_init(&job.failed, false);
    hardnet_on_all_threads(context, pack_on_thread, &job);
    if (!atomic_load(&job.failed)) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_IO,
                        "weights %.300s: expected %llu bytes, found fewer or a failing disk",
                        context->options.weights_path, (unsigned long long)context->weights.size);
}
