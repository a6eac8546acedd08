/* What CUDA's files have in common: calls that may fail, the context entered and left; and which devices there are. */
#include "cuda_state.h"

hardnet_cuda *hardnet_cuda_state(const hardnet_context *context) {
    return (hardnet_cuda *)context->blocks[HARDNET_BLOCK_DEVICE].memory;
}

const char *hardnet_cuda_error_name(const hardnet_cuda_driver *driver, hardnet_cuda_result result,
                                    char memory[32]) {
    const char *name = NULL;
    if (driver->get_error_name(result, &name) == 0 && name) return name;
    hardnet_text text = hardnet_text_in(memory, 32);
    hardnet_put(&text, "error %d", result);
    return memory;
}

hardnet_status hardnet_cuda_check(hardnet_context *context, const char *call, hardnet_cuda_result result,
                                  hardnet_status otherwise) {
    if (result == 0) return HARDNET_OK;
    char memory[32];
    return hardnet_fail(context,
                        result == HARDNET_CUDA_OUT_OF_MEMORY ? HARDNET_DEVICE_OUT_OF_MEMORY : otherwise,
                        "%s: expected CUDA_SUCCESS, found %s", call,
                        hardnet_cuda_error_name(hardnet_cuda_state(context)->driver, result, memory));
}

/* ---- entering and leaving */

hardnet_status hardnet_cuda_enter(hardnet_context *context) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_status status = hardnet_gpu_check(context);
    if (status != HARDNET_OK) return status;
    return hardnet_cuda_check(context, "cuCtxPushCurrent", cuda->driver->ctx_push_current(cuda->context),
                              HARDNET_DEVICE_LOST);
}

hardnet_status hardnet_cuda_leave(hardnet_context *context, hardnet_status status) {
    hardnet_cuda_context popped;
    hardnet_cuda_state(context)->driver->ctx_pop_current(&popped);
    return hardnet_gpu_after(context, status);
}

hardnet_status hardnet_cuda_wait(hardnet_context *context, hardnet_cuda_stream stream) {
    return hardnet_cuda_check(context, "cuStreamSynchronize",
                              hardnet_cuda_state(context)->driver->stream_synchronize(stream),
                              HARDNET_DEVICE_LOST);
}

/* ---- which devices there are */

static void describe(const hardnet_cuda_driver *driver, int device, hardnet_device_info *info) {
    int major = 0, minor = 0;
    size_t bytes = 0;
    driver->device_get_name(info->name, sizeof info->name, device);
    driver->device_get_attribute(&major, HARDNET_CUDA_CAPABILITY_MAJOR, device);
    driver->device_get_attribute(&minor, HARDNET_CUDA_CAPABILITY_MINOR, device);
    driver->device_total_mem(&bytes, device);
    info->kind = HARDNET_DEVICE_CUDA;
    info->number = device, info->major = major, info->minor = minor;
    info->memory_bytes = bytes;
}

void hardnet_cuda_describe(const hardnet_context *context, hardnet_device_info *info) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    describe(cuda->driver, cuda->device, info);
}

int32_t hardnet_cuda_devices(const hardnet_host *host, hardnet_device_info *devices, int32_t room,
                             int32_t *version, char *why, size_t size) {
    hardnet_text text = hardnet_text_in(why, size);
    const char *reason = "cuda: expected a driver, found none";
    const hardnet_cuda_driver *driver = host->cuda ? host->cuda(&reason) : NULL;
    *version = 0;
    if (!driver) {
        hardnet_put(&text, "%s", reason);
        return -1;
    }
    int count = 0, found = 0;
    hardnet_cuda_result result = driver->init(0);
    const char *call = result ? "cuInit" : "cuDeviceGetCount";
    if (result == 0) result = driver->device_get_count(&count);
    if (result != 0) {
        char memory[32];
        hardnet_put(&text, "%s: expected CUDA_SUCCESS, found %s", call,
                    hardnet_cuda_error_name(driver, result, memory));
        return -1;
    }
    driver->driver_get_version(&found);
    *version = found;
    for (int32_t i = 0; i < count && i < room; i++) {
        devices[i] = (hardnet_device_info){0};
        describe(driver, i, &devices[i]);
    }
    return count < room ? count : room;
}
