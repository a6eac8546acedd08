/* What GPUs have in common, whichever way they are driven: where things lie in their memory, which steps run, and that one
 * that is lost stays lost.
 */
#ifndef HARDNET_GPU_H
#define HARDNET_GPU_H

#include <sys/types.h>

#include "context.h"

/* What a device's state begins with. */
typedef struct hardnet_gpu {
    pid_t process;
    /* Where the three allocations begin; 0 where a device's memory has no addresses, whose places are offsets. */
    uint64_t arena, weights, ports;
    uint64_t float_input; /* within ports: what a uint8 input is normalised to */
    char lost[256];       /* why it is; "" while it is not */
} hardnet_gpu;

hardnet_gpu *hardnet_gpu_state(const hardnet_context *context);

/* In a fork nothing may be asked of a driver: all of it is the parent's. */
bool hardnet_gpu_is_forked(const hardnet_gpu *gpu);
/* Whether the device is there to be asked, else why not. */
hardnet_status hardnet_gpu_check(hardnet_context *context);
/* `status`; where that is HARDNET_DEVICE_LOST, the device is from here on. */
hardnet_status hardnet_gpu_after(hardnet_context *context, hardnet_status status);
/* The texts of a launch that failed and of memory that was not to be had, as a driver's `error` says. */
hardnet_status hardnet_gpu_launch_failed(hardnet_context *context, const hardnet_step *step, const char *call,
                                         const hardnet_launch *launch, const char *success,
                                         const char *error);
hardnet_status hardnet_gpu_no_memory(hardnet_context *context, const char *what, size_t bytes,
                                     const char *error);

/* The schedule's steps, at most level->step_count of them, written to `steps`. */
void hardnet_gpu_list_steps(hardnet_context *context, uint32_t *steps);

size_t hardnet_gpu_arena_bytes(const hardnet_context *context); /* of all images */
size_t hardnet_gpu_weight_bytes(const hardnet_context *context);
size_t hardnet_gpu_port_bytes(const hardnet_context *context);
/* Gives the inputs and outputs their places behind gpu->ports. */
void hardnet_gpu_place_ports(hardnet_context *context);
/* The weights are on the device: the host's go. */
void hardnet_gpu_drop_packed(hardnet_context *context);

/* Where a view lies: an address, or bytes into its allocation. */
uint64_t hardnet_gpu_place(const hardnet_context *context, const hardnet_view *view, int32_t image);

/* Of a hardnet_device: there is nothing to follow, and no memory of the host's. */
void hardnet_gpu_follow_ports(hardnet_context *context);
void *hardnet_gpu_view_data(const hardnet_context *context, const hardnet_view *view, int32_t image,
                            int32_t thread);

#endif
