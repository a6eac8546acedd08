/* The runtime's inside: what a context holds, and the functions that build it, one file per idea.
 *
 *     open: options -> device (device.c) and level (cpu.c) -> tables checked (tables.c, packing.c) -> threads (threads.c)
 *           -> weights checked (weights.c) -> the device's memory -> inputs and outputs (ports.c)
 *           -> weights packed (packed.c, packing.c) -> the device's tables
 *     run:  the context is taken (run.c), the device runs the steps
 *
 * A device is the CPU (device_cpu.c): its memory is blocks (memory.c), its tables are calls (schedule.c); per
 * image the ports' buffers are pointed, then every thread walks its own calls. Or it is a GPU (gpu.h): memory of its own,
 * and a launch for each call: CUDA's (device_cuda.c, cuda_state.h) in one graph, OpenCL's (device_opencl.c, opencl_state.h)
 * in a queue.
 */
#ifndef HARDNET_CONTEXT_H
#define HARDNET_CONTEXT_H

#include <stdarg.h>
#include <stdbool.h>

#include "buffers.h"
#include "device.h"
#include "threads.h"

/* ---- text.c: one-line texts */

typedef struct hardnet_text { /* a bounded text that is written piece by piece, cut where it is full */
    char *at;
    size_t left;
} hardnet_text;
hardnet_text hardnet_text_in(char *memory, size_t size);
void hardnet_put(hardnet_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hardnet_put_shape(hardnet_text *text, int32_t rank, const int64_t *shape); /* "[1,3,224,224]" */
void hardnet_put_name(hardnet_text *text, const char *name,
                      size_t size); /* '?' for what a line cannot hold */
/* What errno's value `error` means, written to `memory`: for any thread. */
const char *hardnet_error_text(int error, char *memory, size_t size);

typedef struct hardnet_name { /* a text in place, not terminated */
    const char *text;
    size_t size;
} hardnet_name;
bool hardnet_name_is(hardnet_name name, const char *text);

/* Both record the text for hardnet_last_error and return `status`. hardnet_refuse keeps the pointer: it may
 * be called by a thread that does not hold the context. */
hardnet_status hardnet_fail(hardnet_context *context, hardnet_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
hardnet_status hardnet_refuse(hardnet_context *context, hardnet_status status, const char *text);
void hardnet_log(hardnet_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- memory.c: everything that a context allocates */

typedef enum hardnet_block_name {
    HARDNET_BLOCK_WORKERS,
    HARDNET_BLOCK_HEADER, /* of the weights' file; as the three below, freed before open returns */
    HARDNET_BLOCK_PARSE,
    HARDNET_BLOCK_TENSORS,
    HARDNET_BLOCK_READ,      /* per thread a piece of the weights' file */
    HARDNET_BLOCK_UNROUNDED, /* per thread a block of weights before they are rounded */
    HARDNET_BLOCK_PACKED,
    HARDNET_BLOCK_MAPPED, /* prepacked weights; mapped, not allocated: see packed.c */
    HARDNET_BLOCK_ARENA,
    HARDNET_BLOCK_SCRATCH,
    HARDNET_BLOCK_PORTS,
    HARDNET_BLOCK_TABLES,
    HARDNET_BLOCK_DEVICE,  /* a GPU's state */
    HARDNET_BLOCK_FETCHED, /* for a while: what the host reads of a GPU's memory */
    HARDNET_BLOCKS
} hardnet_block_name;

typedef struct hardnet_block {
    uint8_t *memory;
    size_t bytes;
} hardnet_block;

enum { HARDNET_ALIGNMENT = 64 };
static inline size_t hardnet_round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

/* The context itself, cleared; NULL where memory is short. `options` were checked. */
hardnet_context *hardnet_context_new(const hardnet_options *options);
void hardnet_context_free(hardnet_context *context);
/* Fills a block, aligned to 64; on failure records the error and returns NULL. */
void *hardnet_take(hardnet_context *context, hardnet_block_name name, size_t bytes, const char *what);
void hardnet_drop(hardnet_context *context, hardnet_block_name name);

/* ---- the context */

struct hardnet_port_state {
    const hardnet_port *port;
    hardnet_type type;
    bool is_input;
    int32_t index;
    size_t bytes, image_bytes;
    uint8_t *own, *data;         /* data: what runs use, own or bound */
    uint64_t device_own, device; /* likewise on a GPU */
    bool on_device;              /* there is where the caller has it: nothing is copied from or to `data` */
};

typedef struct hardnet_resolved_call {
    hardnet_kernel kernel;
    void **buffers; /* hardnet_halide_buffer *[count] */
    uint32_t count;
    int32_t layer;
} hardnet_resolved_call;

typedef struct hardnet_span { /* calls [first, end) are a thread's share of a step */
    uint32_t first, end;
} hardnet_span;

typedef struct hardnet_fixup { /* a pointer that moves with the image and with what is bound */
    uint8_t **host;
    uint32_t port;
    size_t offset; /* bytes in an image */
} hardnet_fixup;

typedef struct hardnet_schedule {
    uint32_t step_count, call_count, fixup_count;
    uint32_t *steps;     /* the level's steps that run */
    hardnet_span *spans; /* [thread][step] */
    hardnet_resolved_call *calls;
    hardnet_fixup *fixups;
} hardnet_schedule;

typedef struct hardnet_weights { /* while open runs: the checked weights, in memory or in a file */
    const uint8_t *memory;       /* NULL: in the file */
    int file;                    /* -1: none */
    uint64_t size;
    uint64_t *offsets;    /* per weight the place of its data, bytes from the beginning; 0: not found */
    hardnet_name content; /* the file's own name for what it holds, where it has one */
} hardnet_weights;

struct hardnet_context {
    hardnet_runner runner;
    hardnet_options options;
    const hardnet_network *network;
    const hardnet_level *level;
    const hardnet_device *device;
    hardnet_device_request request;
    const hardnet_host *host; /* while open runs */
    bool open;
    hardnet_block blocks[HARDNET_BLOCKS];
    const uint8_t *packed; /* weights as kernels read them */
    size_t scratch_stride; /* bytes from one thread's scratch to the next */

    hardnet_port_state *ports; /* the input, then the outputs */
    uint32_t port_count;
    uint8_t *staging; /* one image as float32, where the input is uint8 */
    hardnet_schedule schedule;
    int32_t pointed_image; /* that the fix-ups are set to; -1: none */
    hardnet_trace trace;   /* NULL: off */
    void *trace_user;

    hardnet_weights weights;

    atomic_int running;
    atomic_llong kernel_failure; /* 0, or layer << 32 | what the first failing kernel returned */
    _Atomic(const char *) error;
    char text[1024];
};

/* ---- the parts of open */

/* context->request from the options. */
hardnet_status hardnet_read_device(hardnet_context *context);
/* context->device and the level for it, as context->request wants. */
hardnet_status hardnet_choose_device(hardnet_context *context, const hardnet_host *host);
/* The best level for the host's CPU. */
hardnet_status hardnet_choose_level(hardnet_context *context, const hardnet_host *host);
/* Goes to the next best of an automatic request, and says so. */
const char *hardnet_next_device(hardnet_context *context);
/* "avx512, avx2": the level's names of one kind, or of all. */
void hardnet_put_levels(hardnet_text *text, const hardnet_network *network, bool cpu_only);
hardnet_status hardnet_check_tables(hardnet_context *context);
hardnet_status hardnet_check_packings(hardnet_context *context);
hardnet_status hardnet_load_weights(hardnet_context *context);
void hardnet_forget_weights(hardnet_context *context);
/* `bytes` bytes of weight `tensor` from byte `first` on: in place, or read into `buffer`. NULL where the file
 * ends before or cannot be read. For any thread. */
const uint8_t *hardnet_weights_bytes(const hardnet_context *context, uint32_t tensor, uint64_t first,
                                     size_t bytes, uint8_t *buffer);
/* Sets context->packed, or leaves it NULL where there is no file that fits. */
hardnet_status hardnet_use_prepacked(hardnet_context *context);
void hardnet_unmap_packed(hardnet_context *context);
hardnet_status hardnet_pack_weights(hardnet_context *context);
hardnet_status hardnet_make_ports(hardnet_context *context);

/* Calls body(argument, t) for every thread t of the context, by its workers or by the caller's hook. */
void hardnet_on_all_threads(hardnet_context *context, void (*body)(void *argument, int32_t thread),
                            void *argument);

/* ---- the CPU's inside: device_cpu.c, schedule.c */

hardnet_status hardnet_make_schedule(hardnet_context *context);
bool hardnet_step_runs(const hardnet_context *context, const hardnet_step *step);
/* Memory that `view` means for image 0, and the port whose binding and image move it, or -1. */
uint8_t *hardnet_view_base(const hardnet_context *context, const hardnet_view *view, int32_t thread,
                           int32_t *port, size_t *port_offset);
void hardnet_point_ports(hardnet_context *context, int32_t image);

/* ---- the rest */

/* Whether `tensor` may be bound to `port`. */
hardnet_status hardnet_check_binding(hardnet_context *context, const hardnet_port_state *port,
                                     const hardnet_tensor *tensor);
/* Whether `address` of a device's memory may. */
hardnet_status hardnet_check_device_binding(hardnet_context *context, const hardnet_port_state *port,
                                            uint64_t address);

/* Takes a context for the calling thread: HARDNET_OK, or why not. */
hardnet_status hardnet_enter(hardnet_context *context);
void hardnet_leave(hardnet_context *context);

#endif
