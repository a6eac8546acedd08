/* The runtime: open a compiled network, run it, close it. C99, no C++ runtime, no Halide runtime.
 *
 *     hardnet_context *context;
 *     hardnet_options options = HARDNET_OPTIONS_DEFAULT;
 *     options.weights_path = "hardnet68.safetensors";
 *     if (hardnet_open(&hardnet68, &options, &context) != HARDNET_OK) ... hardnet_last_error(context) ...
 *     hardnet_tensor input, output;
 *     hardnet_input(context, 0, &input);       // write the image to input.data
 *     hardnet_output(context, 0, &output);     // read the logits from output.data, after the run
 *     hardnet_run(context);
 *     hardnet_close(context);
 *
 * A network is immutable and may be shared by any number of contexts. A context belongs to one thread at a
 * time; contexts run side by side. Memory is allocated by hardnet_open and freed by hardnet_close, never by
 * hardnet_run. The same package, level and input give the same bits for every thread count. Every failure is
 * a status with a text; nothing here prints, exits or aborts.
 */
#ifndef HARDNET_HARDNET_H
#define HARDNET_HARDNET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef HARDNET_API
#define HARDNET_API /* the shared library's build exports what carries it */
#endif

#define HARDNET_VERSION_MAJOR 0
#define HARDNET_VERSION_MINOR 1
#define HARDNET_VERSION_PATCH 0

typedef enum hardnet_status {
    HARDNET_OK = 0,
    HARDNET_INVALID_ARGUMENT = 1,
    HARDNET_OUT_OF_MEMORY = 2,
    HARDNET_BAD_WEIGHTS = 3,
    HARDNET_VERSION_MISMATCH = 4,
    HARDNET_UNSUPPORTED_CPU = 5,
    HARDNET_NO_DEVICE = 6,
    HARDNET_DEVICE_OUT_OF_MEMORY = 7,
    HARDNET_DEVICE_LOST = 8,
    HARDNET_BUSY = 9,
    HARDNET_IO = 10,
    HARDNET_INTERNAL = 11
} hardnet_status;

typedef enum hardnet_type {
    HARDNET_FLOAT32 = 0,
    HARDNET_UINT8 = 1,
    HARDNET_INT16 = 2, /* this and the following within networks alone: of no input and no output */
    HARDNET_INT8 = 3,
    HARDNET_INT32 = 4
} hardnet_type;

#define HARDNET_MAX_RANK 4

/* A dense or strided tensor. Strides are in elements, outermost dimension first, as the shape. */
typedef struct hardnet_tensor {
    void *data;
    hardnet_type type;
    int32_t rank;
    int64_t shape[HARDNET_MAX_RANK];
    int64_t strides[HARDNET_MAX_RANK];
} hardnet_tensor;

typedef struct hardnet_network hardnet_network; /* a compiled network: constant tables, see plan.h */
typedef struct hardnet_context hardnet_context;

/* Runs task(argument, 0), ..., task(argument, count - 1), in any order and on any threads, and returns when
 * all are done. */
typedef void (*hardnet_task)(void *argument, int32_t index);

typedef struct hardnet_options {
    size_t struct_size; /* sizeof(hardnet_options): fields are only ever appended */

    /* The package's weights: a file, or memory that holds one (then weights_path is NULL). */
    const char *weights_path;
    const void *weights_data;
    size_t weights_size;

    /* 1 to 256, or 0: as many as this process may use (affinity, cgroup quota), at most 64. */
    int32_t threads;
    /* "avx512", "avx2"...; NULL: $HARDNET_CPU_LEVEL, else the best that this CPU runs. */
    const char *level;
    /* FLOAT32: NCHW, normalised. UINT8: NHWC (RGB of three planes), normalised as the package records it. */
    hardnet_type input_type;

    /* Hooks; NULL means the runtime's own. `allocate` returns memory aligned to `alignment` or
     * NULL; it and `release` go together. */
    void *(*allocate)(void *user, size_t bytes, size_t alignment);
    void (*release)(void *user, void *memory, size_t bytes);
    void (*parallel)(void *user, int32_t count, hardnet_task task, void *argument);
    void (*log)(void *user, const char *message);
    void *user;

    /* Where NAME.LEVEL.safetensors may lie, which `hardnet compile --prepack LEVEL` writes: weights made
     * ready beforehand. It is mapped, not allocated, and must not change while the context is open. A file
     * that is of another plan or of other weights is told to `log` and not used. Without weights_path and
     * weights_data it must be there and fit. */
    const char *packed_folder;

    /* Where the network runs: "cpu" or NULL; "cuda" or "cuda:1", of which the package must have been compiled for
     * CUDA, and NVIDIA's driver be installed; "opencl" or "opencl:1" likewise, a GPU before other devices; "auto": CUDA,
     * else a GPU by OpenCL, else the CPU, with a line to `log` for each that there is a level for and that does not work.
     * `level` is for the CPU; `threads` then only pack weights. */
    const char *device;
    /* The caller's CUcontext and CUstream (NULL: the device's primary context and a stream of this context's own).
     * They must outlive the context. The stream is one of that context, and work on it is in its order. */
    void *cuda_context;
    void *cuda_stream;
} hardnet_options;

#define HARDNET_OPTIONS_DEFAULT                                                                         \
    {                                                                                                   \
        sizeof(hardnet_options), NULL, NULL, 0, 0, NULL, HARDNET_FLOAT32, NULL, NULL, NULL, NULL, NULL, \
            NULL, NULL, NULL, NULL                                                                      \
    }

/* On failure *context is either NULL (nothing could be allocated) or a context that only answers
 * hardnet_last_error and hardnet_close. `options` may be NULL only for a network without weights. */
HARDNET_API hardnet_status hardnet_open(const hardnet_network *network, const hardnet_options *options,
                                        hardnet_context **context);

/* Describes input or output `index`; outputs may differ in type. The data belongs to the context, stays in
 * place until hardnet_close, and may be written (input) or read (output) between runs. */
HARDNET_API hardnet_status hardnet_input(hardnet_context *context, int32_t index, hardnet_tensor *tensor);
HARDNET_API hardnet_status hardnet_output(hardnet_context *context, int32_t index, hardnet_tensor *tensor);

/* Lets the following runs read from or write to the caller's memory instead: dense, aligned to its element,
 * of exactly the described type and shape, not overlapping another bound tensor. NULL data goes back to the
 * context's own. */
HARDNET_API hardnet_status hardnet_bind_input(hardnet_context *context, int32_t index,
                                              const hardnet_tensor *tensor);
HARDNET_API hardnet_status hardnet_bind_output(hardnet_context *context, int32_t index,
                                               const hardnet_tensor *tensor);

/* Lets the following runs read from or write to memory of the context's CUDA device instead, which the host then never
 * copies: the address of a tensor as above, aligned to 16 bytes. NULL goes back to copies from and to the host's
 * memory, as do hardnet_bind_input and hardnet_bind_output. Takes longer than a run. */
HARDNET_API hardnet_status hardnet_bind_input_device(hardnet_context *context, int32_t index, void *device);
HARDNET_API hardnet_status hardnet_bind_output_device(hardnet_context *context, int32_t index, void *device);

/* Refuses a NaN or an infinity in a float32 input where layers are int16, which have none. */
HARDNET_API hardnet_status hardnet_run(hardnet_context *context);

/* hardnet_run in two halves, for devices that run beside the host: until hardnet_wait returns, the input must not
 * change and the outputs are not there, unless both lie on the device and the stream's order suffices. What fails
 * meanwhile may be the status of either. On the CPU hardnet_enqueue runs, and hardnet_wait has nothing to do. */
HARDNET_API hardnet_status hardnet_enqueue(hardnet_context *context);
HARDNET_API hardnet_status hardnet_wait(hardnet_context *context);
HARDNET_API void hardnet_close(hardnet_context *context); /* NULL is allowed */

/* The level chosen at open: "avx512"; of a device its own: "cuda", "opencl". */
HARDNET_API const char *hardnet_level_name(const hardnet_context *context);

HARDNET_API const char *hardnet_status_text(hardnet_status status);
/* What the last failed call on this context found wrong, one line; "" if none failed. */
HARDNET_API const char *hardnet_last_error(const hardnet_context *context);
/* "0.1.0" */
HARDNET_API const char *hardnet_version(void);

#ifdef __cplusplus
}
#endif
#endif
