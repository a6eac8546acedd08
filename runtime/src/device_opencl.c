/* A device that OpenCL drives: OpenCL's library alone, memory of the device's own, and a queue in which a run is the input's
 * copy, the network's launches, the outputs' copies and one wait.
 *
 * Memory has no addresses here: kernels are given the allocation that holds a view and the view's place in it. Each
 * hardnet_context has a context of OpenCL of its own, so that threads share nothing. A failure that is not for want of
 * memory loses the device for good: what is asked of the context afterwards answers with its text.
 */
#include <string.h>
#include <unistd.h>

#include "opencl_state.h"

/* ---- opening: device and context */

static hardnet_status check_options(hardnet_context *context) {
    if (!context->options.cuda_context && !context->options.cuda_stream) return HARDNET_OK;
    return hardnet_fail(context, context->request.automatic ? HARDNET_NO_DEVICE : HARDNET_INVALID_ARGUMENT,
                        "%s: expected none beside device opencl, as it is CUDA's, found one",
                        context->options.cuda_context ? "cuda_context" : "cuda_stream");
}

static hardnet_status start_library(hardnet_context *context) {
    const char *why = "opencl: expected its library, found none";
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    opencl->gpu.process = getpid();
    opencl->library = context->host->opencl ? context->host->opencl(&why) : NULL;
    return opencl->library ? HARDNET_OK : hardnet_fail(context, HARDNET_NO_DEVICE, "%s", why);
}

static hardnet_status make_context(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    const intptr_t properties[] = {HARDNET_CL_CONTEXT_PLATFORM, (intptr_t)opencl->platform, 0};
    hardnet_cl_result result = 0;
    opencl->context = opencl->library->create_context(properties, 1, &opencl->device, NULL, NULL, &result);
    hardnet_status status = hardnet_opencl_check(context, "clCreateContext", result, HARDNET_NO_DEVICE);
    if (status != HARDNET_OK) return status;
    opencl->queue = opencl->library->create_command_queue(opencl->context, opencl->device, 0, &result);
    return hardnet_opencl_check(context, "clCreateCommandQueue", result, HARDNET_NO_DEVICE);
}

/* ---- opening: memory */

/* Zeroed, too, as not before then the device must have it. */
static hardnet_status take_memory(hardnet_context *context, hardnet_cl_memory *memory, size_t bytes,
                                  const char *what) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    const uint32_t zero = 0;
    if (bytes == 0) bytes = sizeof zero;
    hardnet_cl_result result = 0;
    *memory =
        opencl->library->create_buffer(opencl->context, HARDNET_CL_MEM_READ_WRITE, bytes, NULL, &result);
    if (result == 0)
        result = opencl->library->enqueue_fill_buffer(opencl->queue, *memory, &zero, sizeof zero, 0, bytes, 0,
                                                      NULL, NULL);
    char text[32];
    switch (result) {
        case HARDNET_CL_MEM_OBJECT_ALLOCATION_FAILURE:
        case HARDNET_CL_OUT_OF_RESOURCES:
        case HARDNET_CL_OUT_OF_HOST_MEMORY:
        case HARDNET_CL_INVALID_BUFFER_SIZE: /* larger than the device's largest */
            return hardnet_gpu_no_memory(context, what, bytes, hardnet_opencl_error_name(result, text));
        default:
            return hardnet_opencl_check(context, "clCreateBuffer", result, HARDNET_DEVICE_LOST);
    }
}

/* The lists on the host: one block. */
static hardnet_status take_lists(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_level *level = context->level;
    const size_t bytes = level->call_count * (sizeof *opencl->kernels + sizeof *opencl->events) +
                         level->step_count * sizeof *context->schedule.steps;
    uint8_t *at = hardnet_take(context, HARDNET_BLOCK_TABLES, bytes, "launches");
    if (!at) return HARDNET_OUT_OF_MEMORY;
    memset(at, 0, bytes);
    opencl->kernels = (hardnet_cl_kernel *)at;
    opencl->events = (hardnet_cl_event *)(opencl->kernels + level->call_count);
    hardnet_gpu_list_steps(context, (uint32_t *)(opencl->events + level->call_count));
    return HARDNET_OK;
}

static hardnet_status make_memory(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_take(context, HARDNET_BLOCK_DEVICE, sizeof *opencl, "device");
    if (!opencl) return HARDNET_OUT_OF_MEMORY;
    memset(opencl, 0, sizeof *opencl);
    hardnet_status status = take_lists(context);
    if (status == HARDNET_OK) status = check_options(context);
    if (status == HARDNET_OK) status = start_library(context);
    if (status == HARDNET_OK) status = hardnet_opencl_find_device(context);
    if (status == HARDNET_OK) status = make_context(context);
    if (status == HARDNET_OK) status = hardnet_opencl_build(context);
    if (status == HARDNET_OK)
        status = take_memory(context, &opencl->arena, hardnet_gpu_arena_bytes(context), "arena");
    return status;
}

static hardnet_status upload_weights(hardnet_context *context) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    const size_t bytes = hardnet_gpu_weight_bytes(context);
    if (bytes == 0) return HARDNET_OK;
    return hardnet_opencl_check(context, "clEnqueueWriteBuffer",
                                opencl->library->enqueue_write_buffer(opencl->queue, opencl->weights, 0, 0,
                                                                      bytes, context->packed, 0, NULL, NULL),
                                HARDNET_DEVICE_LOST);
}

static hardnet_status make_tables(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_runner_stop(&context->runner); /* the weights are packed: nothing is left for threads */
    hardnet_status status =
        take_memory(context, &opencl->ports, hardnet_gpu_port_bytes(context), "inputs and outputs");
    if (status == HARDNET_OK)
        status = take_memory(context, &opencl->weights, hardnet_gpu_weight_bytes(context), "packed weights");
    if (status == HARDNET_OK) status = upload_weights(context);
    hardnet_gpu_place_ports(context);
    if (status == HARDNET_OK) status = hardnet_opencl_make_kernels(context);
    const hardnet_status finished = hardnet_opencl_finish(context, opencl->queue);
    hardnet_gpu_drop_packed(context);
    return hardnet_gpu_after(context, status == HARDNET_OK ? finished : status);
}

/* ---- the rest */

static hardnet_status read_memory(hardnet_context *context, const hardnet_view *view, int32_t image,
                                  int64_t moved, void *to, size_t bytes) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_status status = hardnet_gpu_check(context);
    if (status != HARDNET_OK) return status;
    const uint64_t from = hardnet_gpu_place(context, view, image) + (uint64_t)moved;
    status = hardnet_opencl_check(
        context, "clEnqueueReadBuffer",
        opencl->library->enqueue_read_buffer(opencl->queue, hardnet_opencl_memory_of(context, view), 1, from,
                                             bytes, to, 0, NULL, NULL),
        HARDNET_DEVICE_LOST);
    return hardnet_gpu_after(context, status);
}

/* Gives back what there is, in whichever state the device is; what fails is as good as given back. */
static void give_back(const hardnet_context *context, hardnet_opencl *opencl) {
    const hardnet_opencl_library *library = opencl->library;
    if (opencl->queue) library->finish(opencl->queue); /* a run may be on its way */
    for (uint32_t c = 0; c < context->level->call_count; c++) {
        if (opencl->kernels[c]) library->release_kernel(opencl->kernels[c]);
    }
    const hardnet_cl_memory allocations[] = {opencl->arena, opencl->weights, opencl->ports};
    for (size_t i = 0; i < sizeof allocations / sizeof allocations[0]; i++) {
        if (allocations[i]) library->release_mem_object(allocations[i]);
    }
    if (opencl->program) library->release_program(opencl->program);
    if (opencl->timed) library->release_command_queue(opencl->timed);
    if (opencl->queue) library->release_command_queue(opencl->queue);
    library->release_context(opencl->context);
}

static void close_device(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    if (opencl && opencl->context && !hardnet_gpu_is_forked(&opencl->gpu)) give_back(context, opencl);
    hardnet_drop(context, HARDNET_BLOCK_DEVICE);
    hardnet_drop(context, HARDNET_BLOCK_TABLES);
}

const hardnet_device hardnet_opencl_device = {
    .make_memory = make_memory,
    .make_tables = make_tables,
    .follow_ports = hardnet_gpu_follow_ports,
    .run = hardnet_opencl_run,
    .enqueue = hardnet_opencl_enqueue,
    .wait = hardnet_opencl_wait_for_runs,
    .view_data = hardnet_gpu_view_data,
    .read = read_memory,
    .close = close_device,
    .describe = hardnet_opencl_describe,
};
