/* An NVIDIA GPU as a device: the driver's library alone, memory of the device's own, and the network's launches captured
 * once into a graph, so that a run is the input's copy, one launch of the graph, the outputs' copies and one wait.
 *
 * Every entry pushes the device's context and pops it again: which one is the caller's current stays. A failure that is
 * not for want of memory loses the device for good: what is asked of the context afterwards answers with its text.
 */
#include <string.h>
#include <unistd.h>

#include "cuda_state.h"

/* ---- opening: device and context */

static hardnet_status start_driver(hardnet_context *context) {
    const char *why = "cuda: expected a driver, found none";
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    cuda->gpu.process = getpid();
    cuda->driver = context->host->cuda ? context->host->cuda(&why) : NULL;
    if (!cuda->driver) return hardnet_fail(context, HARDNET_NO_DEVICE, "%s", why);
    return hardnet_cuda_check(context, "cuInit", cuda->driver->init(0), HARDNET_NO_DEVICE);
}

static hardnet_status find_device(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const int32_t number = context->request.number < 0 ? 0 : context->request.number;
    int count = 0;
    hardnet_status status = hardnet_cuda_check(context, "cuDeviceGetCount",
                                               cuda->driver->device_get_count(&count), HARDNET_NO_DEVICE);
    if (status != HARDNET_OK) return status;
    if (number >= count) {
        return hardnet_fail(context, HARDNET_NO_DEVICE,
                            "device cuda:%d: expected one of %d devices, found no such", number, count);
    }
    return hardnet_cuda_check(context, "cuDeviceGet", cuda->driver->device_get(&cuda->device, number),
                              HARDNET_NO_DEVICE);
}

/* The caller's context, or the device's primary one; entered. */
static hardnet_status enter_context(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_cuda_driver *driver = cuda->driver;
    const int asked = cuda->device;
    hardnet_status status = HARDNET_OK;
    cuda->context = context->options.cuda_context;
    if (!cuda->context) {
        status = hardnet_cuda_check(context, "cuDevicePrimaryCtxRetain",
                                    driver->device_primary_ctx_retain(&cuda->context, cuda->device),
                                    HARDNET_NO_DEVICE);
        cuda->retained = status == HARDNET_OK;
    }
    if (status == HARDNET_OK) status = hardnet_cuda_enter(context);
    if (status != HARDNET_OK) return status;
    status = hardnet_cuda_check(context, "cuCtxGetDevice", driver->ctx_get_device(&cuda->device),
                                HARDNET_NO_DEVICE);
    if (status == HARDNET_OK && context->request.number >= 0 && asked != cuda->device) {
        status = hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                              "device cuda:%d: expected a cuda_context of it, found one of another device",
                              context->request.number);
    }
    if (status == HARDNET_OK)
        status = hardnet_cuda_check(context, "cuStreamCreate",
                                    driver->stream_create(&cuda->own, HARDNET_CUDA_NON_BLOCKING),
                                    HARDNET_DEVICE_LOST);
    cuda->stream = context->options.cuda_stream ? context->options.cuda_stream : cuda->own;
    return status == HARDNET_OK ? status : hardnet_cuda_leave(context, status);
}

/* ---- opening: kernels and memory */

static hardnet_status take_memory(hardnet_context *context, hardnet_cuda_address *address, size_t bytes,
                                  const char *what) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    if (bytes == 0) bytes = 1;
    const hardnet_cuda_result result = cuda->driver->mem_alloc(address, bytes);
    char memory[32];
    if (result == HARDNET_CUDA_OUT_OF_MEMORY)
        return hardnet_gpu_no_memory(context, what, bytes,
                                     hardnet_cuda_error_name(cuda->driver, result, memory));
    return hardnet_cuda_check(context, "cuMemAlloc", result, HARDNET_DEVICE_LOST);
}

static hardnet_status clear(hardnet_context *context, hardnet_cuda_address address, size_t bytes) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    if (bytes == 0) return HARDNET_OK;
    return hardnet_cuda_check(context, "cuMemsetD8Async",
                              cuda->driver->memset_d8_async(address, 0, bytes, cuda->own),
                              HARDNET_DEVICE_LOST);
}

static uint32_t most_parameters(const hardnet_level *level) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < level->kernel_count; i++) {
        if (level->launches[i].parameters > most) most = level->launches[i].parameters;
    }
    return most;
}

/* The lists on the host: one block, all of them pointers or as large. */
static hardnet_status take_lists(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_level *level = context->level;
    const size_t parameters = most_parameters(level);
    const size_t places = level->kernel_count + (level->step_count + 1) + 2 * parameters;
    const size_t bytes = places * sizeof(uint64_t) + level->step_count * sizeof *context->schedule.steps;
    uint64_t *at = hardnet_take(context, HARDNET_BLOCK_TABLES, bytes, "launches");
    if (!at) return HARDNET_OUT_OF_MEMORY;
    memset(at, 0, bytes);
    cuda->functions = (hardnet_cuda_function *)at;
    cuda->events = (hardnet_cuda_event *)(at += level->kernel_count);
    cuda->values = at += level->step_count + 1;
    cuda->parameters = (void **)(at += parameters);
    for (size_t p = 0; p < parameters; p++) cuda->parameters[p] = &cuda->values[p];
    hardnet_gpu_list_steps(context, (uint32_t *)(at + parameters));
    return HARDNET_OK;
}

static hardnet_status make_memory(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_take(context, HARDNET_BLOCK_DEVICE, sizeof *cuda, "device");
    if (!cuda) return HARDNET_OUT_OF_MEMORY;
    memset(cuda, 0, sizeof *cuda);
    hardnet_status status = take_lists(context);
    if (status == HARDNET_OK) status = start_driver(context);
    if (status == HARDNET_OK && (!context->options.cuda_context || context->request.number >= 0))
        status = find_device(context);
    if (status == HARDNET_OK) status = enter_context(context);
    if (status != HARDNET_OK) return status;
    status = hardnet_cuda_load_kernels(context);
    const size_t bytes = hardnet_gpu_arena_bytes(context);
    if (status == HARDNET_OK) status = take_memory(context, &cuda->gpu.arena, bytes, "arena");
    if (status == HARDNET_OK) status = clear(context, cuda->gpu.arena, bytes);
    return hardnet_cuda_leave(context, status);
}

/* ---- opening: inputs, outputs and weights */

static hardnet_status make_device_ports(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const size_t bytes = hardnet_gpu_port_bytes(context);
    hardnet_status status = take_memory(context, &cuda->gpu.ports, bytes, "inputs and outputs");
    if (status == HARDNET_OK) status = clear(context, cuda->gpu.ports, bytes);
    if (status != HARDNET_OK) return status;
    hardnet_gpu_place_ports(context);
    /* Copies from and to pinned memory take less; where it cannot be, they still work. */
    const hardnet_block *host = &context->blocks[HARDNET_BLOCK_PORTS];
    cuda->pinned = cuda->driver->mem_host_register(host->memory, host->bytes, 0) == 0;
    return HARDNET_OK;
}

static hardnet_status upload_weights(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const size_t bytes = hardnet_gpu_weight_bytes(context);
    hardnet_status status = take_memory(context, &cuda->gpu.weights, bytes, "packed weights");
    if (status == HARDNET_OK && bytes)
        status = hardnet_cuda_check(
            context, "cuMemcpyHtoDAsync",
            cuda->driver->memcpy_htod_async(cuda->gpu.weights, context->packed, bytes, cuda->own),
            HARDNET_DEVICE_LOST);
    return status;
}

static hardnet_status make_tables(hardnet_context *context) {
    hardnet_runner_stop(&context->runner); /* the weights are packed: nothing is left for threads */
    hardnet_status status = hardnet_cuda_enter(context);
    if (status != HARDNET_OK) return status;
    status = make_device_ports(context);
    if (status == HARDNET_OK) status = upload_weights(context);
    if (status == HARDNET_OK) status = hardnet_cuda_wait(context, hardnet_cuda_state(context)->own);
    if (status == HARDNET_OK) status = hardnet_cuda_capture(context);
    hardnet_gpu_drop_packed(context);
    return hardnet_cuda_leave(context, status);
}

/* ---- the rest */

/* The driver knows the memory at `address` as a device's. */
static hardnet_status check_memory(hardnet_context *context, const hardnet_port_state *port,
                                   uint64_t address) {
    unsigned type = 0;
    const hardnet_cuda_result result =
        hardnet_cuda_state(context)->driver->pointer_get_attribute(&type, HARDNET_CUDA_MEMORY_TYPE, address);
    if (result == 0 && type == HARDNET_CUDA_DEVICE_MEMORY) return HARDNET_OK;
    if (result != 0 && result != HARDNET_CUDA_INVALID_VALUE)
        return hardnet_cuda_check(context, "cuPointerGetAttribute", result, HARDNET_DEVICE_LOST);
    return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                        "%s %d: expected memory of the device, found 0x%llx, which is not",
                        port->is_input ? "input" : "output", port->index, (unsigned long long)address);
}

static hardnet_status bind(hardnet_context *context, hardnet_port_state *port, uint64_t address) {
    hardnet_status status = hardnet_cuda_enter(context);
    if (status != HARDNET_OK) return status;
    if (address) status = check_memory(context, port, address);
    const uint64_t before = port->device;
    if (status == HARDNET_OK) {
        port->device = address ? address : port->device_own;
        if (port->device != before) status = hardnet_cuda_capture(context);
    }
    if (status == HARDNET_OK)
        port->on_device = address != 0;
    else
        port->device = before;
    return hardnet_cuda_leave(context, status);
}

static hardnet_status read_memory(hardnet_context *context, const hardnet_view *view, int32_t image,
                                  int64_t moved, void *to, size_t bytes) {
    hardnet_status status = hardnet_cuda_enter(context);
    if (status != HARDNET_OK) return status;
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    const uint64_t from = hardnet_gpu_place(context, view, image) + (uint64_t)moved;
    status = hardnet_cuda_check(context, "cuMemcpyDtoHAsync",
                                cuda->driver->memcpy_dtoh_async(to, from, bytes, cuda->stream),
                                HARDNET_DEVICE_LOST);
    if (status == HARDNET_OK) status = hardnet_cuda_wait(context, cuda->stream);
    return hardnet_cuda_leave(context, status);
}

/* Gives back what there is, in whichever state the device is; what fails is as good as given back. */
static void give_back(const hardnet_context *context, hardnet_cuda *cuda) {
    const hardnet_cuda_driver *driver = cuda->driver;
    hardnet_cuda_context popped;
    if (driver->ctx_push_current(cuda->context) != 0) return;
    if (cuda->stream) driver->stream_synchronize(cuda->stream); /* a run may be on its way */
    for (uint32_t i = 0; i <= context->schedule.step_count; i++) {
        if (cuda->events[i]) driver->event_destroy(cuda->events[i]);
    }
    if (cuda->graph) driver->graph_exec_destroy(cuda->graph);
    if (cuda->pinned) driver->mem_host_unregister(context->blocks[HARDNET_BLOCK_PORTS].memory);
    const hardnet_cuda_address allocations[] = {cuda->gpu.arena, cuda->gpu.weights, cuda->gpu.ports};
    for (size_t i = 0; i < sizeof allocations / sizeof allocations[0]; i++) {
        if (allocations[i]) driver->mem_free(allocations[i]);
    }
    if (cuda->module) driver->module_unload(cuda->module);
    if (cuda->own) driver->stream_destroy(cuda->own);
    driver->ctx_pop_current(&popped);
}

static void close_device(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    if (cuda && cuda->driver && !hardnet_gpu_is_forked(&cuda->gpu)) {
        if (cuda->context) give_back(context, cuda);
        if (cuda->retained) cuda->driver->device_primary_ctx_release(cuda->device);
    }
    hardnet_drop(context, HARDNET_BLOCK_DEVICE);
    hardnet_drop(context, HARDNET_BLOCK_TABLES);
}

const hardnet_device hardnet_cuda_device = {
    .make_memory = make_memory,
    .make_tables = make_tables,
    .follow_ports = hardnet_gpu_follow_ports,
    .bind = bind,
    .run = hardnet_cuda_run,
    .enqueue = hardnet_cuda_enqueue,
    .wait = hardnet_cuda_wait_for_runs,
    .view_data = hardnet_gpu_view_data,
    .read = read_memory,
    .close = close_device,
    .describe = hardnet_cuda_describe,
};
