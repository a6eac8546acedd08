/* Where the steps of a plan run. The context, its inputs and outputs and the weights' packing are the host's;
 * what keeps activations, holds tables and runs steps is a device's, and nothing else knows how. The CPU's
 * threads are one (device_cpu.c), an NVIDIA GPU another (device_cuda.c), and what OpenCL drives a third
 * (device_opencl.c). Which one: device.c.
 *
 *     open: memory -> (host: inputs and outputs, packed weights) -> tables
 *     run:  steps
 */
#ifndef HARDNET_DEVICE_H
#define HARDNET_DEVICE_H

#include "inspect.h"

typedef struct hardnet_port_state hardnet_port_state;

typedef struct hardnet_range { /* [begin, end) */
    uint32_t begin, end;
} hardnet_range;

typedef struct hardnet_device {
    /* Arena and scratch, zeroed; of a GPU the kernels, too. The level and the threads are chosen. */
    hardnet_status (*make_memory)(hardnet_context *context);
    /* What runs need beside memory, the schedule's steps among it. The weights are packed and the ports are
     * there. */
    hardnet_status (*make_tables)(hardnet_context *context);
    /* The data of a port is elsewhere from here on. */
    void (*follow_ports)(hardnet_context *context);
    /* The data of a port is at `address` of the device's memory from here on; 0: at the port's own. NULL where memory
     * is the host's or has no addresses. */
    hardnet_status (*bind)(hardnet_context *context, hardnet_port_state *port, uint64_t address);
    /* Runs these of the schedule's steps on these images of the batch, and returns when what they write is
     * there. Allocates nothing. A GPU runs them on all images. */
    hardnet_status (*run)(hardnet_context *context, hardnet_range steps, hardnet_range images);
    /* As `run` of everything, but need not wait; `wait` does. NULL where it would. */
    hardnet_status (*enqueue)(hardnet_context *context);
    hardnet_status (*wait)(hardnet_context *context);
    /* hardnet_view_data of arguments that exist; NULL: none, as the memory is not the host's. */
    void *(*view_data)(const hardnet_context *context, const hardnet_view *view, int32_t image,
                       int32_t thread);
    /* Copies `bytes` bytes that lie `moved` bytes behind the view's data of this image to the host. NULL where
     * there is view_data. */
    hardnet_status (*read)(hardnet_context *context, const hardnet_view *view, int32_t image, int64_t moved,
                           void *to, size_t bytes);
    /* Gives back what the two makers took, as much of it as there is. */
    void (*close)(hardnet_context *context);
    /* hardnet_context_device; NULL: the CPU. */
    void (*describe)(const hardnet_context *context, hardnet_device_info *info);
} hardnet_device;

extern const hardnet_device hardnet_cpu_device;
extern const hardnet_device hardnet_cuda_device;
extern const hardnet_device hardnet_opencl_device;

/* What options.device asks for. */
typedef struct hardnet_device_request {
    hardnet_device_kind kind;
    int32_t number; /* of the devices of its kind; -1: the first, or that of the caller's context */
    bool automatic; /* another will do */
} hardnet_device_request;

#endif
