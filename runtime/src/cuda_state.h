/* The inside of a GPU that CUDA drives: its state, and the functions that build and use it, one file per idea.
 *
 *     cuda_driver.c   the driver's library
 *     cuda_state.c    calls that may fail, the device's context entered and left
 *     cuda_kernels.c  kernels out of a module
 *     cuda_run.c      launches, as a graph and one by one
 *     device_cuda.c   all of it as a hardnet_device: memory, inputs and outputs, opening and closing
 */
#ifndef HARDNET_CUDA_STATE_H
#define HARDNET_CUDA_STATE_H

#include "cuda_driver.h"
#include "gpu.h"

typedef struct hardnet_cuda {
    hardnet_gpu gpu;
    const hardnet_cuda_driver *driver;
    int device;    /* as the driver numbers it */
    bool retained; /* the primary context, which is to be released */
    hardnet_cuda_context context;
    hardnet_cuda_stream own, stream; /* for opening and capturing; for runs */
    hardnet_cuda_module module;
    bool pinned; /* the host's ports */
    hardnet_cuda_graph_exec graph;
    hardnet_cuda_function *functions; /* [kernel_count] */
    hardnet_cuda_event *events;       /* [step_count + 1], made by the first traced run */
    uint64_t *values;                 /* a launch's parameters */
    void **parameters;                /* their addresses */
} hardnet_cuda;

/* ---- cuda_state.c */

hardnet_cuda *hardnet_cuda_state(const hardnet_context *context);
/* The driver's name for a result, or its number written to `memory`. */
const char *hardnet_cuda_error_name(const hardnet_cuda_driver *driver, hardnet_cuda_result result,
                                    char memory[32]);
/* What a call's result means: `otherwise`, unless it is success or a want of memory. */
hardnet_status hardnet_cuda_check(hardnet_context *context, const char *call, hardnet_cuda_result result,
                                  hardnet_status otherwise);
/* Pushes the device's context, where the device is there to be asked. What was entered is left with its status, which
 * pops the context, and by which the device may be lost. */
hardnet_status hardnet_cuda_enter(hardnet_context *context);
hardnet_status hardnet_cuda_leave(hardnet_context *context, hardnet_status status);
hardnet_status hardnet_cuda_wait(hardnet_context *context, hardnet_cuda_stream stream);

/* Of a hardnet_device. */
void hardnet_cuda_describe(const hardnet_context *context, hardnet_device_info *info);

/* ---- cuda_kernels.c */

/* Fills cuda->functions. */
hardnet_status hardnet_cuda_load_kernels(hardnet_context *context);

/* ---- cuda_run.c */

/* Puts the network's launches into a new graph; the one there was goes once the new one is there. */
hardnet_status hardnet_cuda_capture(hardnet_context *context);
hardnet_status hardnet_cuda_run(hardnet_context *context, hardnet_range steps, hardnet_range images);
hardnet_status hardnet_cuda_enqueue(hardnet_context *context);
hardnet_status hardnet_cuda_wait_for_runs(hardnet_context *context);

#endif
