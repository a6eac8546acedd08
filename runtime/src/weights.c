/* The package's weights: the header read and parsed by the bounded reader, every tensor that the network
 * names found with exactly its type and shape, and their data fetched piece by piece. The file is read, never
 * mapped: one that changes or shrinks harms nobody. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "safetensors.h"

enum { kListed = 10 }; /* problems that an error's text lists */

typedef struct hardnet_check {
    hardnet_context *context;
    const void *file;
    uint32_t problems;
    uint32_t guess; /* the weight behind the last one found: files are mostly in the network's order */
    hardnet_text text;
} hardnet_check;

static hardnet_status io_error(hardnet_context *context, const char *expected) {
    char memory[96];
    return hardnet_fail(context, HARDNET_IO, "weights %.300s: expected %s, found: %s",
                        context->options.weights_path, expected,
                        hardnet_error_text(errno, memory, sizeof memory));
}

static int64_t elements(int32_t rank, const int64_t *shape) {
    int64_t count = 1;
    for (int32_t d = 0; d < rank; d++) count *= shape[d];
    return count;
}

static uint64_t largest_file(const hardnet_network *network) {
    uint64_t bytes = 8 + HARDNET_SAFETENSORS_MAX_HEADER;
    for (uint32_t i = 0; i < network->weight_count; i++) {
        bytes += (uint64_t)elements(network->weights[i].rank, network->weights[i].shape) * sizeof(float);
    }
    return bytes;
}

/* Fills memory[0, bytes) from byte `from` of the file on; false where it ends before or cannot be read. */
static bool read_all(int file, uint8_t *memory, size_t bytes, uint64_t from) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(file, memory + done, bytes - done, (off_t)(from + done));
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO; /* it became shorter meanwhile */
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

/* Checks the file's kind and size, and reads what the parser needs of it into the block of the header. */
static hardnet_status read_header(hardnet_context *context) {
    const char *path = context->options.weights_path;
    hardnet_weights *weights = &context->weights;
    /* O_NONBLOCK: opening a pipe that nobody writes must not hang. */
    weights->file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (weights->file < 0) return io_error(context, "a readable file");
    struct stat info;
    if (fstat(weights->file, &info) != 0) return io_error(context, "its size");
    if (!S_ISREG(info.st_mode)) {
        return hardnet_fail(context, HARDNET_BAD_WEIGHTS, "weights %.300s: expected a regular file, found %s",
                            path, S_ISDIR(info.st_mode) ? "a directory" : "a device, pipe or socket");
    }
    const uint64_t largest = largest_file(context->network);
    weights->size = (uint64_t)info.st_size;
    if (weights->size > largest) {
        return hardnet_fail(context, HARDNET_BAD_WEIGHTS,
                            "weights %.300s: expected at most %llu bytes, found %lld", path,
                            (unsigned long long)largest, (long long)info.st_size);
    }
    uint8_t begin[8] = {0};
    const size_t first = weights->size < sizeof begin ? (size_t)weights->size : sizeof begin;
    if (!read_all(weights->file, begin, first, 0)) return io_error(context, "to be read");
    const size_t front = hardnet_safetensors_front(begin, (size_t)weights->size);
    uint8_t *memory = hardnet_take(context, HARDNET_BLOCK_HEADER, front, "weights' header");
    if (!memory) return HARDNET_OUT_OF_MEMORY;
    memcpy(memory, begin, first); /* what was measured is what is parsed */
    if (!read_all(weights->file, memory + first, front - first, first))
        return io_error(context, "to be read");
    return HARDNET_OK;
}

const uint8_t *hardnet_weights_bytes(const hardnet_context *context, uint32_t tensor, uint64_t first,
                                     size_t bytes, uint8_t *buffer) {
    const hardnet_weights *weights = &context->weights;
    const uint64_t from = weights->offsets[tensor] + first;
    if (weights->memory) return weights->memory + from;
    return read_all(weights->file, buffer, bytes, from) ? buffer : NULL;
}

void hardnet_forget_weights(hardnet_context *context) {
    for (hardnet_block_name name = HARDNET_BLOCK_HEADER; name <= HARDNET_BLOCK_UNROUNDED; name++) {
        hardnet_drop(context, name);
    }
    if (context->weights.file >= 0) close(context->weights.file);
    context->weights = (hardnet_weights){.file = -1};
}

/* Begins the text of the next problem; false past those that are listed. */
static bool next_problem(hardnet_check *check) {
    if (check->problems++ >= kListed) return false;
    if (check->problems > 1) hardnet_put(&check->text, "; ");
    hardnet_put(&check->text, "tensor ");
    return true;
}

static void put_found(hardnet_text *text, const hardnet_safetensor *tensor) {
    hardnet_put(text, ", found ");
    hardnet_put_name(text, tensor->type, tensor->type_size);
    hardnet_put(text, " ");
    hardnet_put_shape(text, tensor->rank, tensor->shape);
}

static void put_expected(hardnet_text *text, const hardnet_weight *weight) {
    hardnet_put(text, "%.80s: expected F32 ", weight->name);
    hardnet_put_shape(text, weight->rank, weight->shape);
}

static void visit(void *user, const hardnet_safetensor *tensor) {
    hardnet_check *check = user;
    const hardnet_network *network = check->context->network;
    /* A hostile file may hold a million foreign names: past what is listed they are counted, not looked up.
     */
    const uint32_t tries = check->problems > kListed ? 0 : network->weight_count;
    for (uint32_t k = 0; k < tries; k++) {
        const uint32_t i = (check->guess + k) % network->weight_count;
        const hardnet_weight *weight = &network->weights[i];
        if (!hardnet_name_is((hardnet_name){tensor->name, tensor->name_size}, weight->name)) continue;
        check->guess = i + 1;
        check->context->weights.offsets[i] = (uint64_t)((uintptr_t)tensor->data - (uintptr_t)check->file);
        bool fits =
            tensor->rank == weight->rank && tensor->type_size == 3 && memcmp(tensor->type, "F32", 3) == 0;
        for (int32_t d = 0; fits && d < weight->rank; d++) fits = tensor->shape[d] == weight->shape[d];
        if (!fits && next_problem(check)) {
            put_expected(&check->text, weight);
            put_found(&check->text, tensor);
        }
        return;
    }
    if (next_problem(check)) {
        hardnet_put_name(&check->text, tensor->name, tensor->name_size);
        hardnet_put(&check->text, ": expected no such tensor");
        put_found(&check->text, tensor);
    }
}

static void visit_metadata(void *user, const char *key, size_t key_size, const char *value,
                           size_t value_size) {
    const hardnet_check *check = user;
    if (hardnet_name_is((hardnet_name){key, key_size}, "content"))
        check->context->weights.content = (hardnet_name){value, value_size};
}

static hardnet_status check_tensors(hardnet_context *context, const char *source, const void *file,
                                    size_t size) {
    const hardnet_network *network = context->network;
    uint64_t **offsets = &context->weights.offsets;
    const size_t list_bytes = network->weight_count * sizeof **offsets;
    void *scratch = hardnet_take(context, HARDNET_BLOCK_PARSE, hardnet_safetensors_scratch(file, size),
                                 "weights' header");
    if (!scratch) return HARDNET_OUT_OF_MEMORY;
    *offsets = hardnet_take(context, HARDNET_BLOCK_TENSORS, list_bytes, "weights' index");
    if (!*offsets) return HARDNET_OUT_OF_MEMORY;
    memset(*offsets, 0, list_bytes);

    char problems[640], error[256];
    hardnet_check check = {context, file, 0, 0, hardnet_text_in(problems, sizeof problems)};
    const hardnet_safetensors_visitor visitor = {&check, visit, visit_metadata};
    if (hardnet_safetensors_parse(file, size, scratch, &visitor, error, sizeof error) != 0) {
        return hardnet_fail(context, HARDNET_BAD_WEIGHTS, "weights %.300s: %s", source, error);
    }
    for (uint32_t i = 0; i < network->weight_count; i++) {
        if (!(*offsets)[i] && check.problems <= kListed && next_problem(&check)) {
            put_expected(&check.text, &network->weights[i]);
            hardnet_put(&check.text, ", found none");
        }
    }
    if (check.problems == 0) return HARDNET_OK;
    if (check.problems > kListed) hardnet_put(&check.text, "; and more");
    return hardnet_fail(context, HARDNET_BAD_WEIGHTS, "weights %.300s: %s", source, problems);
}

hardnet_status hardnet_load_weights(hardnet_context *context) {
    const hardnet_options *options = &context->options;
    if (context->network->weight_count == 0) return HARDNET_OK;
    if (options->packed_folder && !options->weights_path && !options->weights_data) return HARDNET_OK;
    if (!options->weights_path == !options->weights_data) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "weights: expected weights_path or weights_data, found %s",
                            options->weights_path ? "both" : "neither");
    }
    context->weights.memory = options->weights_data;
    context->weights.size = options->weights_size;
    if (options->weights_data) {
        return check_tensors(context, "in memory", options->weights_data, options->weights_size);
    }
    const hardnet_status status = read_header(context);
    if (status != HARDNET_OK) return status;
    return check_tensors(context, options->weights_path, context->blocks[HARDNET_BLOCK_HEADER].memory,
                         (size_t)context->weights.size);
}
