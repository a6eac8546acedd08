/* Packed weights that were made beforehand (`hardnet compile --prepack`): a file beside the package's that is
 * mapped, so that an open neither transforms nor copies them, and processes share them.
 *
 * The file is a safetensors file of one tensor, "packed", and says in its metadata what it is: "packing", the
 * identity of the tables that say where each weight goes, and "content", the identity of the weights. It is
 * as trusted as the package's code: it must not change while a context is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "safetensors.h"

#ifndef MADV_POPULATE_READ /* Linux 5.14; before it pages come one by one */
#define MADV_POPULATE_READ 22
#endif

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t hash, const void *data, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t mix_number(uint64_t hash, int64_t number) { return mix(hash, &number, sizeof number); }

static uint64_t mix_transform(uint64_t hash, const hardnet_transform *t) {
    hash = mix_number(mix_number(hash, t->row_points), t->column_points);
    hash = mix(hash, t->rows, t->row_points * sizeof t->rows[0]);
    hash = mix(hash, t->columns, t->column_points * sizeof t->columns[0]);
    hash = mix_number(hash, t->positions);
    return mix(hash, t->points, t->positions * sizeof t->points[0]);
}

static uint64_t mix_rounding(uint64_t hash, const hardnet_rounding *rounding, size_t positions) {
    const int64_t numbers[] = {rounding->most, rounding->in_step, rounding->summed};
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) hash = mix_number(hash, numbers[n]);
    for (uint32_t s = 0; s < rounding->sources; s++) {
        hash = mix_number(hash, rounding->source[s].channels);
        hash = mix_number(hash, rounding->source[s].shift);
        hash = mix(hash, rounding->source[s].units, positions * sizeof rounding->source[s].units[0]);
    }
    return hash;
}

void hardnet_packing_identity(const hardnet_network *network, const hardnet_level *level, char text[17]) {
    uint64_t hash = mix_number(0xcbf29ce484222325u, level->weight_elems);
    for (uint32_t i = 0; i < level->packing_count; i++) {
        const hardnet_packing *p = &level->packings[i];
        const hardnet_weight *w = &network->weights[p->tensor];
        const int64_t numbers[] = {p->kind, p->first_out, p->out, p->block, p->offset, w->rank};
        for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) hash = mix_number(hash, numbers[n]);
        for (int32_t d = 0; d < w->rank; d++) hash = mix_number(hash, w->shape[d]);
        hash = mix(hash, w->name, strlen(w->name) + 1);
        hash =
            p->transform < 0 ? mix_number(hash, -1) : mix_transform(hash, &level->transforms[p->transform]);
        if (p->kind != HARDNET_PACK_ROUNDED) continue;
        size_t positions = 1;
        if (p->transform >= 0) {
            positions = level->transforms[p->transform].positions;
        } else {
            for (int32_t d = 2; d < w->rank; d++) positions *= (size_t)w->shape[d];
        }
        hash = mix_rounding(hash, &level->roundings[p->rounding], positions);
    }
    hardnet_text out = hardnet_text_in(text, 17);
    hardnet_put(&out, "%016llx", (unsigned long long)hash);
}

typedef struct hardnet_prepacked { /* what the file holds, as far as it is known */
    const uint8_t *data;           /* of the tensor "packed", if it is float32 and one-dimensional */
    int64_t elems;
    hardnet_name packing, content;
} hardnet_prepacked;

static void on_tensor(void *user, const hardnet_safetensor *tensor) {
    hardnet_prepacked *found = user;
    const hardnet_name name = {tensor->name, tensor->name_size}, type = {tensor->type, tensor->type_size};
    if (!hardnet_name_is(name, "packed") || !hardnet_name_is(type, "F32") || tensor->rank != 1) return;
    found->data = tensor->data;
    found->elems = tensor->shape[0];
}

static void on_metadata(void *user, const char *key, size_t key_size, const char *value, size_t value_size) {
    hardnet_prepacked *found = user;
    const hardnet_name name = {key, key_size};
    if (hardnet_name_is(name, "packing")) found->packing = (hardnet_name){value, value_size};
    if (hardnet_name_is(name, "content")) found->content = (hardnet_name){value, value_size};
}

/* What is wrong with the mapped file, as text; its weights otherwise. */
static const uint8_t *check_file(hardnet_context *context, hardnet_text *why) {
    const hardnet_level *level = context->level;
    const hardnet_block *file = &context->blocks[HARDNET_BLOCK_MAPPED];
    char error[256], identity[17];
    hardnet_prepacked found = {0};
    const hardnet_safetensors_visitor visitor = {&found, on_tensor, on_metadata};
    hardnet_drop(context, HARDNET_BLOCK_PARSE);
    void *scratch = hardnet_take(context, HARDNET_BLOCK_PARSE,
                                 hardnet_safetensors_scratch(file->memory, file->bytes), "weights' header");
    if (!scratch) {
        hardnet_put(why, "expected memory to read it, found none");
    } else if (hardnet_safetensors_parse(file->memory, file->bytes, scratch, &visitor, error, sizeof error)) {
        hardnet_put(why, "%s", error);
    } else if (hardnet_packing_identity(context->network, level, identity),
               !hardnet_name_is(found.packing, identity)) {
        hardnet_put(why, "expected packing %s, found ", identity);
        hardnet_put_name(why, found.packing.size ? found.packing.text : "none",
                         found.packing.size ? found.packing.size : 4);
    } else if (!found.data || found.elems != level->weight_elems ||
               (uintptr_t)found.data % HARDNET_ALIGNMENT != 0) {
        hardnet_put(why, "expected a tensor packed, F32 [%lld] aligned to %d, found none",
                    (long long)level->weight_elems, HARDNET_ALIGNMENT);
    } else if (context->weights.offsets &&
               (found.content.size == 0 || found.content.size != context->weights.content.size ||
                memcmp(found.content.text, context->weights.content.text, found.content.size) != 0)) {
        hardnet_put(why, "expected the packed weights of %.300s, found those of others",
                    context->options.weights_path ? context->options.weights_path : "the weights in memory");
    } else {
        return found.data;
    }
    return NULL;
}

/* Maps the file; false, with the reason, where that cannot be. */
static bool map_file(hardnet_context *context, const char *path, hardnet_text *why) {
    char memory[96];
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    void *mapped = MAP_FAILED;
    if (file >= 0 && fstat(file, &info) == 0) {
        if (!S_ISREG(info.st_mode))
            errno = EINVAL;
        else
            mapped = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    if (mapped == MAP_FAILED) {
        hardnet_put(why, "expected a readable file, found: %s",
                    hardnet_error_text(errno, memory, sizeof memory));
    } else {
        context->blocks[HARDNET_BLOCK_MAPPED] = (hardnet_block){mapped, (size_t)info.st_size};
        madvise(mapped, (size_t)info.st_size, MADV_POPULATE_READ); /* advice, as where it is unknown */
    }
    if (file >= 0) close(file);
    return mapped != MAP_FAILED;
}

void hardnet_unmap_packed(hardnet_context *context) {
    hardnet_block *block = &context->blocks[HARDNET_BLOCK_MAPPED];
    if (block->memory) munmap(block->memory, block->bytes);
    *block = (hardnet_block){NULL, 0};
}

hardnet_status hardnet_use_prepacked(hardnet_context *context) {
    const char *folder = context->options.packed_folder;
    if (!folder || context->network->weight_count == 0) return HARDNET_OK;
    char path[4096], reason[640];
    hardnet_text text = hardnet_text_in(path, sizeof path), why = hardnet_text_in(reason, sizeof reason);
    hardnet_put(&text, "%s/%s.%s.safetensors", folder, context->network->name, context->level->name);
    const bool weights = context->weights.offsets != NULL;
    if (weights && access(path, F_OK) != 0) return HARDNET_OK; /* a package need not have it */
    if (map_file(context, path, &why)) context->packed = check_file(context, &why);
    if (context->packed) return HARDNET_OK;
    hardnet_unmap_packed(context);
    if (!weights) return hardnet_fail(context, HARDNET_BAD_WEIGHTS, "%.300s: %s", path, reason);
    hardnet_log(context, "%.300s: %s: packing the weights anew", path, reason);
    return HARDNET_OK;
}
