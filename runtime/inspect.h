/* A look inside a context, for the program (bench --layers, verify --per-layer, doctor) and the tests. Not
 * installed: it may change with every version.
 *
 * Stepping through a network: hardnet_run_step once per step, in order, image by image, gives the bits of
 * hardnet_run. Between two steps every view of the level can be read; the arena is reused, so a layer's
 * output lies in its view only until a later step overwrites it.
 */
#ifndef HARDNET_INSPECT_H
#define HARDNET_INSPECT_H

#include <pthread.h>
#include <stdbool.h>

#include "hardnet/hardnet.h"
#include "hardnet/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the runtime asks the machine it runs on; a test hands in another machine. */
typedef struct hardnet_host {
    uint32_t features;  /* HARDNET_CPU_... bits */
    const char *level;  /* a level forced by the environment, or NULL */
    int32_t processors; /* that this process may use at once */
    int (*create_thread)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    /* NVIDIA's driver and OpenCL's library, or NULL and why there is none. */
    const struct hardnet_cuda_driver *(*cuda)(const char **why);
    const struct hardnet_opencl_library *(*opencl)(const char **why);
} hardnet_host;

/* This machine: CPUID and XCR0, $HARDNET_CPU_LEVEL, affinity and cgroup quota, pthread_create, libcuda.so.1 and
 * libOpenCL.so.1. */
hardnet_host hardnet_this_host(void);
uint32_t hardnet_cpu_features(void);
/* Processors by affinity mask and CPU quota (v1 and v2 control groups, rounded up), 1 to 64. `root` is
 * prefixed to the paths of /proc and /sys that are read; "" outside tests. */
int32_t hardnet_processors(const char *root);
/* "avx2, fma": the names of the bits in `features`, cut at `size`. */
void hardnet_feature_names(uint32_t features, char *text, size_t size);

/* hardnet_open on the machine that `host` describes. */
hardnet_status hardnet_open_on(const hardnet_host *host, const hardnet_network *network,
                               const hardnet_options *options, hardnet_context **context);

/* 16 hexadecimal digits that say how a level's weights are packed: equal tables, equal text. */
void hardnet_packing_identity(const hardnet_network *network, const hardnet_level *level, char text[17]);

/* The level whose tables the context walks. NULL where the context is not open. */
const hardnet_level *hardnet_context_level(const hardnet_context *context);
const hardnet_network *hardnet_context_network(const hardnet_context *context);

/* The steps of the level in their order, without those that the context's input type makes idle.
 * `hardnet_step_at` gives NULL past the end. */
int32_t hardnet_step_count(const hardnet_context *context);
const hardnet_step *hardnet_step_at(const hardnet_context *context, int32_t step);
/* Runs one step on image `image` of the batch with all threads of the context. A GPU runs it on all images, takes the
 * input before the first step and gives the outputs behind the last. */
hardnet_status hardnet_run_step(hardnet_context *context, int32_t step, int32_t image);
/* "conv1x1"; "?" for an unknown number. */
const char *hardnet_step_kind_name(int kind);

/* From the next run on, every thread reports its share of every step, on that thread, when it is done with
 * it: `step` as hardnet_step_at counts, times in CLOCK_MONOTONIC's nanoseconds. NULL: no more. A run that is
 * not traced pays one branch per thread and step. A GPU reports the whole batch's steps as thread 0's, when the run is
 * done, and launches kernels one by one meanwhile. */
typedef void (*hardnet_trace)(void *user, int32_t thread, int32_t step, int64_t begin_ns, int64_t end_ns);
void hardnet_set_trace(hardnet_context *context, hardnet_trace trace, void *user);

/* Memory of the element at the minimum of every dimension of view `view`, for image `image` (INPUT, INPUT_U8,
 * OUTPUT) and thread `thread` (SCRATCH). NULL where there is none: an unknown view, the u8 input of a
 * float context, or a GPU's memory. */
void *hardnet_view_data(const hardnet_context *context, int32_t view, int32_t image, int32_t thread);
/* Copies a view's elements of image `image` to `host`, dense, innermost dimension first, from wherever they lie.
 * Allocates, for a GPU, what the view spans. Not of scratch. */
hardnet_status hardnet_read_view(hardnet_context *context, int32_t view, int32_t image, void *host);

typedef struct hardnet_device_info {
    hardnet_device_kind kind;
    char name[96], platform[64]; /* OpenCL's platforms are its drivers */
    int32_t number;              /* "cuda:1" */
    int32_t major, minor;        /* CUDA: the compute capability; OpenCL: the version */
    uint64_t memory_bytes;
    bool is_gpu; /* OpenCL drives CPUs, too */
} hardnet_device_info;
/* The device that a context runs on; false: the CPU. */
bool hardnet_context_device(const hardnet_context *context, hardnet_device_info *info);
/* NVIDIA's devices, up to `room` of them, and the driver's version (12040 for CUDA 12.4); -1: no driver, as
 * `why` says. */
int32_t hardnet_cuda_devices(const hardnet_host *host, hardnet_device_info *devices, int32_t room,
                             int32_t *version, char *why, size_t size);
/* OpenCL's likewise, of all platforms. */
int32_t hardnet_opencl_devices(const hardnet_host *host, hardnet_device_info *devices, int32_t room,
                               char *why, size_t size);
/* The context's own memory for an input or output on its device, which may be bound as the caller's would be, so that
 * nothing is copied. NULL on the CPU and in OpenCL, whose memory cannot be bound. */
void *hardnet_device_memory(const hardnet_context *context, bool is_input, int32_t index);

typedef struct hardnet_memory {
    void *arena;          /* NULL: a GPU's */
    const float *packed;  /* weights as kernels read them; NULL: a GPU's */
    bool prepacked;       /* they were mapped, not made */
    size_t arena_bytes;   /* of a GPU for all images */
    size_t scratch_bytes; /* of one thread, rounded up to whole cache lines */
    size_t packed_weight_bytes;
    size_t table_bytes; /* resolved calls: kernels' buffers and argument lists */
    size_t port_bytes;  /* the context's own inputs and outputs */
    int32_t threads;
    int32_t calls; /* of all threads in one image */
} hardnet_memory;
hardnet_memory hardnet_context_memory(const hardnet_context *context);

#ifdef __cplusplus
}
#endif
#endif
