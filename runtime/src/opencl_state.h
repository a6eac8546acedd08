/* The inside of a device that OpenCL drives: its state, and the functions that build and use it, one file per idea.
 *
 *     opencl_library.c   OpenCL's library
 *     opencl_devices.c   calls that may fail, and which devices there are
 *     opencl_kernels.c   the level's text compiled, a kernel for each call with its arguments set
 *     opencl_run.c       copies and launches
 *     device_opencl.c    all of it as a hardnet_device: memory, inputs and outputs, opening and closing
 */
#ifndef HARDNET_OPENCL_STATE_H
#define HARDNET_OPENCL_STATE_H

#include "gpu.h"
#include "opencl_library.h"

typedef struct hardnet_opencl {
    hardnet_gpu gpu;
    const hardnet_opencl_library *library;
    hardnet_cl_platform platform;
    hardnet_cl_device device;
    int32_t number; /* of all platforms' devices, in the order of the library */
    hardnet_cl_context context;
    hardnet_cl_queue queue, timed; /* both in order; the second, made by the first traced run, takes times */
    hardnet_cl_program program;
    hardnet_cl_memory arena, weights, ports;
    hardnet_cl_kernel *kernels; /* [call_count]: of the steps that run */
    hardnet_cl_event *events;   /* [call_count]: of a traced run's launches */
} hardnet_opencl;

/* ---- opencl_devices.c */

hardnet_opencl *hardnet_opencl_state(const hardnet_context *context);
/* OpenCL's name for a result, or its number written to `memory`. */
const char *hardnet_opencl_error_name(hardnet_cl_result result, char memory[32]);
/* What a call's result means: `otherwise`, unless it is success or a want of memory. */
hardnet_status hardnet_opencl_check(hardnet_context *context, const char *call, hardnet_cl_result result,
                                    hardnet_status otherwise);
/* The device that was asked for, or the best. */
hardnet_status hardnet_opencl_find_device(hardnet_context *context);
/* Of a hardnet_device. */
void hardnet_opencl_describe(const hardnet_context *context, hardnet_device_info *info);

/* ---- opencl_kernels.c */

hardnet_status hardnet_opencl_build(hardnet_context *context);
/* Fills opencl->kernels; the inputs and outputs have their places. */
hardnet_status hardnet_opencl_make_kernels(hardnet_context *context);
/* The allocation that holds a view. */
hardnet_cl_memory hardnet_opencl_memory_of(const hardnet_context *context, const hardnet_view *view);

/* ---- opencl_run.c */

hardnet_status hardnet_opencl_run(hardnet_context *context, hardnet_range steps, hardnet_range images);
hardnet_status hardnet_opencl_enqueue(hardnet_context *context);
hardnet_status hardnet_opencl_wait_for_runs(hardnet_context *context);
hardnet_status hardnet_opencl_finish(hardnet_context *context, hardnet_cl_queue queue);

#endif
