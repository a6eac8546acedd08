/* The package's weights: read whole, parsed by the bounded reader, and every tensor that the network names
 * found with exactly its type and shape. The file is read, never mapped: one that changes or shrinks later
 * harms nobody. */
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
    uint32_t problems;
    uint32_t guess; /* the weight behind the last one found: files are mostly in the network's order */
    hardnet_text text;
} hardnet_check;

static hardnet_status io_error(hardnet_context *context, const char *expected) {
    char memory[96];
    return hardnet_fail(context, HARDNET_IO, "weights %.300s: expected %s, found: %s",
                        context->options.weights_path, expected, strerror_r(errno, memory, sizeof memory));
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

static hardnet_status read_file(hardnet_context *context, int file, size_t *size) {
    const char *path = context->options.weights_path;
    struct stat info;
    if (fstat(file, &info) != 0) return io_error(context, "its size");
    if (!S_ISREG(info.st_mode)) {
        return hardnet_fail(context, HARDNET_BAD_WEIGHTS, "weights %.300s: expected a regular file, found %s",
                            path, S_ISDIR(info.st_mode) ? "a directory" : "a device, pipe or socket");
    }
    const uint64_t largest = largest_file(context->network);
    if ((uint64_t)info.st_size > largest) {
        return hardnet_fail(context, HARDNET_BAD_WEIGHTS,
                            "weights %.300s: expected at most %llu bytes, found %lld", path,
                            (unsigned long long)largest, (long long)info.st_size);
    }
    *size = (size_t)info.st_size;
    /* One byte more than the file has, so that a file that grows meanwhile is noticed. */
    uint8_t *memory = hardnet_take(context, HARDNET_BLOCK_FILE, *size + 1, "weights' file");
    if (!memory) return HARDNET_OUT_OF_MEMORY;
    size_t done = 0;
    while (done <= *size) {
        const ssize_t got = read(file, memory + done, *size + 1 - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error(context, "to be read");
        if (got == 0) break;
        done += (size_t)got;
    }
    if (done == *size) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_BAD_WEIGHTS,
                        "weights %.300s: expected %zu bytes, found %s (the file changed)", path, *size,
                        done < *size ? "fewer" : "more");
}

static hardnet_status open_and_read(hardnet_context *context, size_t *size) {
    /* O_NONBLOCK: opening a pipe that nobody writes must not hang. */
    const int file = open(context->options.weights_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return io_error(context, "a readable file");
    const hardnet_status status = read_file(context, file, size);
    close(file);
    return status;
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

static bool named(const hardnet_weight *weight, const hardnet_safetensor *tensor) {
    return strlen(weight->name) == tensor->name_size &&
           memcmp(weight->name, tensor->name, tensor->name_size) == 0;
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
        if (!named(weight, tensor)) continue;
        check->guess = i + 1;
        check->context->tensors[i] = tensor->data;
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

static hardnet_status check_tensors(hardnet_context *context, const char *source, const void *file,
                                    size_t size) {
    const hardnet_network *network = context->network;
    const size_t list_bytes = network->weight_count * sizeof *context->tensors;
    void *scratch = hardnet_take(context, HARDNET_BLOCK_PARSE, hardnet_safetensors_scratch(file, size),
                                 "weights' header");
    if (!scratch) return HARDNET_OUT_OF_MEMORY;
    context->tensors = hardnet_take(context, HARDNET_BLOCK_TENSORS, list_bytes, "weights' index");
    if (!context->tensors) return HARDNET_OUT_OF_MEMORY;
    memset(context->tensors, 0, list_bytes);

    char problems[640], error[256];
    hardnet_check check = {context, 0, 0, hardnet_text_in(problems, sizeof problems)};
    const hardnet_safetensors_visitor visitor = {&check, visit, NULL};
    if (hardnet_safetensors_parse(file, size, scratch, &visitor, error, sizeof error) != 0) {
        return hardnet_fail(context, HARDNET_BAD_WEIGHTS, "weights %.300s: %s", source, error);
    }
    for (uint32_t i = 0; i < network->weight_count; i++) {
        if (!context->tensors[i] && check.problems <= kListed && next_problem(&check)) {
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
    if (!options->weights_path == !options->weights_data) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "weights: expected weights_path or weights_data, found %s",
                            options->weights_path ? "both" : "neither");
    }
    if (options->weights_data) {
        return check_tensors(context, "in memory", options->weights_data, options->weights_size);
    }
    size_t size = 0;
    const hardnet_status status = open_and_read(context, &size);
    if (status != HARDNET_OK) return status;
    return check_tensors(context, options->weights_path, context->blocks[HARDNET_BLOCK_FILE].memory, size);
}
