/* Where the steps of a plan run. The context, its inputs and outputs and the weights' packing are the host's;
 * what keeps activations, holds tables and runs steps is a device's, and nothing else knows how. The CPU's
 * threads are one (device_cpu.c).
 *
 *     open: memory -> (host: inputs and outputs, packed weights) -> tables
 *     run:  steps
 */
#ifndef HARDNET_DEVICE_H
#define HARDNET_DEVICE_H

#include "inspect.h"

typedef struct hardnet_range { /* [begin, end) */
    uint32_t begin, end;
} hardnet_range;

typedef struct hardnet_device {
    /* Arena and scratch, zeroed. The level and the threads are chosen. */
    hardnet_status (*make_memory)(hardnet_context *context);
    /* What runs need beside memory, the schedule's steps among it. The weights are packed and the ports are
     * there. */
    hardnet_status (*make_tables)(hardnet_context *context);
    /* The data of a port is elsewhere from here on. */
    void (*follow_ports)(hardnet_context *context);
    /* Runs these of the schedule's steps on these images of the batch, and returns when what they write is
     * there. Allocates nothing. */
    hardnet_status (*run)(hardnet_context *context, hardnet_range steps, hardnet_range images);
    /* hardnet_view_data of arguments that exist. */
    void *(*view_data)(const hardnet_context *context, const hardnet_view *view, int32_t image,
                       int32_t thread);
    /* Gives back what the two makers took, as much of it as there is. */
    void (*close)(hardnet_context *context);
} hardnet_device;

extern const hardnet_device hardnet_cpu_device;

#endif
