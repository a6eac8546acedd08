/* Memory from the application's own block and work on its own threads.
 *
 *     hooks hardnet_digits.safetensors
 *
 * Opens the network twice, once with hooks, runs both on the same picture and compares the logits' bits.
 */
#define _POSIX_C_SOURCE 200809L
#include <hardnet/hardnet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "hardnet_digits.h"

enum { kBlockBytes = 16 << 20, kThreads = 2, kMostTasks = 64 };

/* What the hooks work with; the runtime hands it to each of them. */
typedef struct host {
    size_t used, live; /* bytes of the block handed out; allocations not yet released */
    int calls, tasks;  /* of the task runner */
} host;

static unsigned char block[kBlockBytes];

static void *allocate(void *user, size_t bytes, size_t alignment) {
    host *h = user;
    const uintptr_t start = (uintptr_t)block + h->used;
    const size_t skip = (size_t)(-start & (alignment - 1)); /* alignments are powers of two */
    if (bytes > kBlockBytes - h->used || skip > kBlockBytes - h->used - bytes) return NULL;
    h->used += skip + bytes;
    h->live++;
    return (void *)(start + skip);
}

/* The block goes back as a whole. */
static void release(void *user, void *memory, size_t bytes) {
    host *h = user;
    (void)memory;
    (void)bytes;
    if (--h->live == 0) h->used = 0;
}

typedef struct job {
    hardnet_task task;
    void *argument;
    int32_t index;
} job;

static void *do_job(void *argument) {
    const job *j = argument;
    j->task(j->argument, j->index);
    return NULL;
}

/* One thread per task but the last, which runs here. A real program would hand them to its pool. */
static void parallel(void *user, int32_t count, hardnet_task task, void *argument) {
    host *h = user;
    pthread_t threads[kMostTasks];
    job jobs[kMostTasks];
    int32_t started = 0;
    h->calls++;
    h->tasks += count;
    while (started < count - 1 && started < kMostTasks) {
        jobs[started] = (job){task, argument, started};
        if (pthread_create(&threads[started], NULL, do_job, &jobs[started]) != 0) break;
        started++;
    }
    for (int32_t i = started; i < count; i++) task(argument, i);
    for (int32_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

/* Runs a picture of diagonal stripes; the logits go to `logits`. */
static hardnet_status classify(hardnet_context *context, float *logits) {
    hardnet_tensor input, output;
    hardnet_status status = hardnet_input(context, 0, &input);
    if (status == HARDNET_OK) status = hardnet_output(context, 0, &output);
    if (status != HARDNET_OK) return status;
    uint8_t *pixels = input.data;
    for (int y = 0; y < HARDNET_DIGITS_HEIGHT; y++)
        for (int x = 0; x < HARDNET_DIGITS_WIDTH; x++)
            for (int c = 0; c < 3; c++) *pixels++ = (uint8_t)(16 * ((x + y) % 16));
    status = hardnet_run(context);
    if (status == HARDNET_OK) memcpy(logits, output.data, HARDNET_DIGITS_CLASSES * sizeof(float));
    return status;
}

static hardnet_status open_and_classify(const hardnet_options *options, float *logits) {
    hardnet_context *context = NULL;
    hardnet_status status = hardnet_open(&hardnet_digits, options, &context);
    if (status == HARDNET_OK) status = classify(context, logits);
    if (status != HARDNET_OK)
        fprintf(stderr, "hooks: %s\n", context ? hardnet_last_error(context) : hardnet_status_text(status));
    hardnet_close(context);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: hooks WEIGHTS.safetensors\n");
        return 2;
    }
    float expected[HARDNET_DIGITS_CLASSES], found[HARDNET_DIGITS_CLASSES];
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_path = argv[1];
    options.input_type = HARDNET_UINT8;
    options.threads = kThreads;
    if (open_and_classify(&options, expected) != HARDNET_OK) return 1;

    host h = {0, 0, 0, 0};
    options.allocate = allocate;
    options.release = release;
    options.parallel = parallel;
    options.user = &h;
    if (open_and_classify(&options, found) != HARDNET_OK) return 1;
    const int same = memcmp(expected, found, sizeof expected) == 0;
    printf("%s bits; %d calls of the task runner, %d tasks; %d allocations left\n",
           same ? "the same" : "other", h.calls, h.tasks, (int)h.live);
    return !(same && h.live == 0 && h.calls > 0);
}
