/* From the file's weights to packed weights: channel blocks innermost, Winograd transforms applied.
 *
 * Items of work are single blocks, handed out by a counter: every item writes its own memory, so which thread
 * does it changes nothing. All arithmetic is double, multiplied and added in one order without fusing (see
 * CMakeLists.txt): the same packed bits on every machine.
 */
#include <string.h>

#include "context.h"

/* Input channels x block are handled as one run of lanes this long, so that gathered taps (9 x 8 bytes a
 * lane) and row products (3 x 8) stay in a 32 KiB L1. */
enum { kLanes = HARDNET_MAX_BLOCK };

typedef struct hardnet_job {
    hardnet_context *context;
    atomic_uint next;
} hardnet_job;

typedef struct hardnet_item { /* a packing with its tensor's extents */
    const hardnet_packing *packing;
    const float *weights; /* [o][i][tap], possibly unaligned: read by memcpy only */
    float *packed;
    int32_t in, taps;
} hardnet_item;

static uint32_t blocks_of(const hardnet_packing *p) {
    if (p->kind != HARDNET_PACK_BLOCKED) return 1;
    return (uint32_t)((p->out + p->block - 1) / p->block);
}

static hardnet_item item_of(const hardnet_context *context, const hardnet_packing *p) {
    const hardnet_weight *w = &context->network->weights[p->tensor];
    hardnet_item item = {p, context->tensors[p->tensor],
                         (float *)context->blocks[HARDNET_BLOCK_PACKED].memory + p->offset, 1, 1};
    if (w->rank >= 2) item.in = (int32_t)w->shape[1];
    for (int32_t d = 2; d < w->rank; d++) item.taps *= (int32_t)w->shape[d];
    return item;
}

static const uint8_t *weights_at(const hardnet_item *item, int32_t o, int32_t i) {
    const int64_t channel = (int64_t)(item->packing->first_out + o) * item->in + i;
    return (const uint8_t *)item->weights + channel * item->taps * (int64_t)sizeof(float);
}

/* taps[tap][i * block + o % block] of `ins` input channels from i0 on; lanes past the last channel are zero.
 */
static void gather(const hardnet_item *item, int32_t block, int32_t i0, int32_t ins, double taps[9][kLanes]) {
    const int32_t width = item->packing->block;
    for (int32_t lane = 0; lane < width; lane++) {
        const int32_t o = block * width + lane;
        for (int32_t i = 0; i < ins; i++) {
            float kernel[9] = {0};
            if (o < item->packing->out) memcpy(kernel, weights_at(item, o, i0 + i), sizeof kernel);
            for (int32_t tap = 0; tap < 9; tap++) taps[tap][i * width + lane] = kernel[tap];
        }
    }
}

/* sums[x][lane] = sum over y of row[y] * taps[3y + x][lane] */
static void row_product(const double row[3], double taps[9][kLanes], int32_t lanes, double sums[3][kLanes]) {
    for (int32_t x = 0; x < 3; x++) {
        const double *t0 = taps[x], *t1 = taps[3 + x], *t2 = taps[6 + x];
        double *restrict sum = sums[x];
        for (int32_t n = 0; n < lanes; n++) sum[n] = row[0] * t0[n] + row[1] * t1[n] + row[2] * t2[n];
    }
}

static void column_product(const double column[3], double sums[3][kLanes], int32_t lanes,
                           float *restrict out) {
    for (int32_t n = 0; n < lanes; n++) {
        out[n] = (float)(column[0] * sums[0][n] + column[1] * sums[1][n] + column[2] * sums[2][n]);
    }
}

/* One block of [position][i][lane]: for a position, (i, lane) is contiguous, so a run of input channels is
 * one row. */
static void pack_winograd_block(const hardnet_item *item, const hardnet_transform *t, int32_t block) {
    double taps[9][kLanes], sums[3][kLanes];
    const int32_t width = item->packing->block, run = kLanes / width;
    float *out = item->packed + (int64_t)block * t->positions * item->in * width;
    for (int32_t i0 = 0; i0 < item->in; i0 += run) {
        const int32_t ins = item->in - i0 < run ? item->in - i0 : run, lanes = ins * width;
        gather(item, block, i0, ins, taps);
        for (uint32_t p = 0; p < t->positions; p++) { /* neighbouring positions mostly share their row */
            if (p == 0 || memcmp(t->rows[p], t->rows[p - 1], sizeof t->rows[p]) != 0) {
                row_product(t->rows[p], taps, lanes, sums);
            }
            column_product(t->columns[p], sums, lanes, out + ((int64_t)p * item->in + i0) * width);
        }
    }
}

static void pack_plain_block(const hardnet_item *item, int32_t block) {
    const int32_t width = item->packing->block, taps = item->taps;
    float *out = item->packed + (int64_t)block * taps * item->in * width;
    for (int32_t i = 0; i < item->in; i++) {
        for (int32_t lane = 0; lane < width; lane++) {
            const int32_t o = block * width + lane;
            for (int32_t tap = 0; tap < taps; tap++) {
                float value = 0;
                if (o < item->packing->out)
                    memcpy(&value, weights_at(item, o, i) + tap * sizeof value, sizeof value);
                out[((int64_t)tap * item->in + i) * width + lane] = value;
            }
        }
    }
}

/* DEPTHWISE [tap][c] and VECTOR [c] (one tap): `block` channels in all. */
static void pack_channels(const hardnet_item *item) {
    for (int32_t tap = 0; tap < item->taps; tap++) {
        for (int32_t c = 0; c < item->packing->block; c++) {
            float value = 0;
            if (c < item->packing->out)
                memcpy(&value, weights_at(item, c, 0) + tap * sizeof value, sizeof value);
            item->packed[(int64_t)tap * item->packing->block + c] = value;
        }
    }
}

static void pack_block(const hardnet_context *context, const hardnet_packing *p, int32_t block) {
    const hardnet_item item = item_of(context, p);
    if (p->kind != HARDNET_PACK_BLOCKED) {
        pack_channels(&item);
    } else if (p->transform < 0) {
        pack_plain_block(&item, block);
    } else {
        pack_winograd_block(&item, &context->level->transforms[p->transform], block);
    }
}

static void pack_on_thread(void *argument, int32_t thread) {
    (void)thread;
    hardnet_job *job = argument;
    const hardnet_level *level = job->context->level;
    uint32_t first = 0, packing = 0; /* `first`: number of the packing's first block */
    for (;;) {
        const uint32_t number = atomic_fetch_add(&job->next, 1);
        while (packing < level->packing_count && number - first >= blocks_of(&level->packings[packing])) {
            first += blocks_of(&level->packings[packing++]);
        }
        if (packing == level->packing_count) return;
        pack_block(job->context, &level->packings[packing], (int32_t)(number - first));
    }
}

hardnet_status hardnet_pack_weights(hardnet_context *context) {
    const hardnet_level *level = context->level;
    for (uint32_t i = 0; i < level->packing_count; i++) {
        const hardnet_packing *p = &level->packings[i];
        if (p->kind == HARDNET_PACK_BLOCKED && p->transform >= 0 && p->block > kLanes) {
            return hardnet_fail(context, HARDNET_INTERNAL,
                                "packing %u: expected a block of at most %d channels, found %d", i, kLanes,
                                p->block);
        }
    }
    const size_t bytes = (size_t)level->weight_elems * sizeof(float);
    if (!hardnet_take(context, HARDNET_BLOCK_PACKED, bytes, "packed weights")) return HARDNET_OUT_OF_MEMORY;
    hardnet_job job = {.context = context};
    atomic_init(&job.next, 0);
    hardnet_on_all_threads(context, pack_on_thread, &job);
    return HARDNET_OK;
}
