#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "context.h"

/* From this size on memory is aligned and advised for huge pages: a network streams its packed weights on
 * every image, which with 4 KiB pages is a TLB miss per 21 cycles of product. */
enum { kHugePage = 2 << 20, kHugeFrom = 1 << 20 };

static void *own_allocate(size_t bytes) {
    const bool huge = bytes >= kHugeFrom;
    void *memory = NULL;
    if (huge) bytes = hardnet_round_up(bytes, kHugePage); /* whole pages: the tail would be 4 KiB ones */
    if (posix_memalign(&memory, huge ? kHugePage : HARDNET_ALIGNMENT, bytes) != 0) return NULL;
    if (huge) madvise(memory, bytes, MADV_HUGEPAGE); /* advice: where it is refused, pages are small */
    return memory;
}

static void release(const hardnet_options *options, void *memory, size_t bytes) {
    if (options->release) {
        options->release(options->user, memory, bytes);
    } else {
        free(memory);
    }
}

static void *allocate(const hardnet_options *options, size_t bytes) {
    if (!options->allocate) return own_allocate(bytes);
    return options->allocate(options->user, bytes, HARDNET_ALIGNMENT);
}

static bool aligned(const void *memory) { return (uintptr_t)memory % HARDNET_ALIGNMENT == 0; }

hardnet_context *hardnet_context_new(const hardnet_options *options) {
    hardnet_context *context = allocate(options, sizeof *context);
    if (!context) return NULL;
    if (!aligned(context)) {
        release(options, context, sizeof *context);
        return NULL;
    }
    memset(context, 0, sizeof *context);
    context->options = *options;
    context->pointed_image = -1;
    context->weights.file = -1;
    return context;
}

void hardnet_context_free(hardnet_context *context) {
    const hardnet_options options = context->options;
    release(&options, context, sizeof *context);
}

void *hardnet_take(hardnet_context *context, hardnet_block_name name, size_t bytes, const char *what) {
    if (bytes == 0) bytes = 1;
    uint8_t *memory = allocate(&context->options, bytes);
    if (!memory) {
        hardnet_fail(context, HARDNET_OUT_OF_MEMORY, "%s: expected %zu bytes of memory, found none", what,
                     bytes);
        return NULL;
    }
    if (!aligned(memory)) {
        hardnet_fail(
            context, HARDNET_OUT_OF_MEMORY,
            "%s: expected %zu bytes aligned to %d from the allocate hook, found an address that is not", what,
            bytes, HARDNET_ALIGNMENT);
        release(&context->options, memory, bytes);
        return NULL;
    }
    context->blocks[name] = (hardnet_block){memory, bytes};
    return memory;
}

void hardnet_drop(hardnet_context *context, hardnet_block_name name) {
    hardnet_block *block = &context->blocks[name];
    if (block->memory) release(&context->options, block->memory, block->bytes);
    *block = (hardnet_block){NULL, 0};
}
