/* What OpenCL's files have in common: calls that may fail; and which devices there are. */
#include <stdio.h>
#include <string.h>

#include "opencl_state.h"

hardnet_opencl *hardnet_opencl_state(const hardnet_context *context) {
    return (hardnet_opencl *)context->blocks[HARDNET_BLOCK_DEVICE].memory;
}

const char *hardnet_opencl_error_name(hardnet_cl_result result, char memory[32]) {
    static const struct {
        hardnet_cl_result result;
        const char *name;
    } kNames[] = {{HARDNET_CL_DEVICE_NOT_FOUND, "CL_DEVICE_NOT_FOUND"},
                  {-2, "CL_DEVICE_NOT_AVAILABLE"},
                  {-3, "CL_COMPILER_NOT_AVAILABLE"},
                  {HARDNET_CL_MEM_OBJECT_ALLOCATION_FAILURE, "CL_MEM_OBJECT_ALLOCATION_FAILURE"},
                  {HARDNET_CL_OUT_OF_RESOURCES, "CL_OUT_OF_RESOURCES"},
                  {HARDNET_CL_OUT_OF_HOST_MEMORY, "CL_OUT_OF_HOST_MEMORY"},
                  {-11, "CL_BUILD_PROGRAM_FAILURE"},
                  {-36, "CL_INVALID_COMMAND_QUEUE"},
                  {HARDNET_CL_INVALID_KERNEL_NAME, "CL_INVALID_KERNEL_NAME"},
                  {-52, "CL_INVALID_KERNEL_ARGS"},
                  {-54, "CL_INVALID_WORK_GROUP_SIZE"},
                  {HARDNET_CL_INVALID_BUFFER_SIZE, "CL_INVALID_BUFFER_SIZE"},
                  {HARDNET_CL_PLATFORM_NOT_FOUND, "CL_PLATFORM_NOT_FOUND_KHR"}};
    for (size_t i = 0; i < sizeof kNames / sizeof kNames[0]; i++) {
        if (kNames[i].result == result) return kNames[i].name;
    }
    hardnet_text text = hardnet_text_in(memory, 32);
    hardnet_put(&text, "error %d", result);
    return memory;
}

hardnet_status hardnet_opencl_check(hardnet_context *context, const char *call, hardnet_cl_result result,
                                    hardnet_status otherwise) {
    if (result == 0) return HARDNET_OK;
    char memory[32];
    const bool no_memory =
        result == HARDNET_CL_MEM_OBJECT_ALLOCATION_FAILURE || result == HARDNET_CL_OUT_OF_HOST_MEMORY;
    return hardnet_fail(context, no_memory ? HARDNET_DEVICE_OUT_OF_MEMORY : otherwise,
                        "%s: expected CL_SUCCESS, found %s", call, hardnet_opencl_error_name(result, memory));
}

/* ---- which devices there are */

typedef struct hardnet_cl_found {
    hardnet_cl_platform platform;
    hardnet_cl_device device;
} hardnet_cl_found;

enum { kMostDevices = 32, kMostPlatforms = 16 };

/* All platforms' devices; -1: none could be asked for, as `why` says. */
static int32_t list_devices(const hardnet_opencl_library *library, hardnet_cl_found found[kMostDevices],
                            hardnet_text *why) {
    hardnet_cl_platform platforms[kMostPlatforms];
    uint32_t platform_count = 0;
    char memory[32];
    const hardnet_cl_result result = library->get_platform_ids(kMostPlatforms, platforms, &platform_count);
    if (result == HARDNET_CL_PLATFORM_NOT_FOUND) return 0;
    if (result != 0) {
        hardnet_put(why, "clGetPlatformIDs: expected CL_SUCCESS, found %s",
                    hardnet_opencl_error_name(result, memory));
        return -1;
    }
    uint32_t count = 0;
    for (uint32_t p = 0; p < platform_count && p < kMostPlatforms; p++) {
        hardnet_cl_device devices[kMostDevices];
        uint32_t some = 0;
        const uint32_t room = kMostDevices - count;
        if (room == 0 ||
            library->get_device_ids(platforms[p], HARDNET_CL_DEVICE_TYPE_ALL, room, devices, &some) != 0)
            continue; /* a platform without devices says so by an error */
        for (uint32_t d = 0; d < some && d < room; d++)
            found[count++] = (hardnet_cl_found){platforms[p], devices[d]};
    }
    return (int32_t)count;
}

static bool is_gpu(const hardnet_opencl_library *library, hardnet_cl_device device) {
    uint64_t type = 0;
    library->get_device_info(device, HARDNET_CL_DEVICE_TYPE, sizeof type, &type, NULL);
    return type & HARDNET_CL_DEVICE_TYPE_GPU;
}

/* Texts come whole or not at all. */
static void describe(const hardnet_opencl_library *library, const hardnet_cl_found *found, int32_t number,
                     hardnet_device_info *info) {
    char platform[256] = "", name[256] = "", version[256] = "";
    *info = (hardnet_device_info){.kind = HARDNET_DEVICE_OPENCL, .number = number};
    library->get_platform_info(found->platform, HARDNET_CL_PLATFORM_NAME, sizeof platform, platform, NULL);
    library->get_device_info(found->device, HARDNET_CL_DEVICE_NAME, sizeof name, name, NULL);
    library->get_device_info(found->device, HARDNET_CL_DEVICE_VERSION, sizeof version, version, NULL);
    library->get_device_info(found->device, HARDNET_CL_DEVICE_GLOBAL_MEM_SIZE, sizeof info->memory_bytes,
                             &info->memory_bytes, NULL);
    hardnet_text text = hardnet_text_in(info->platform, sizeof info->platform);
    hardnet_put(&text, "%s", platform);
    text = hardnet_text_in(info->name, sizeof info->name);
    hardnet_put(&text, "%s", name);
    sscanf(version, "OpenCL %d.%d", &info->major, &info->minor);
    info->is_gpu = is_gpu(library, found->device);
}

void hardnet_opencl_describe(const hardnet_context *context, hardnet_device_info *info) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_cl_found found = {opencl->platform, opencl->device};
    describe(opencl->library, &found, opencl->number, info);
}

int32_t hardnet_opencl_devices(const hardnet_host *host, hardnet_device_info *devices, int32_t room,
                               char *why, size_t size) {
    hardnet_text text = hardnet_text_in(why, size);
    const char *reason = "opencl: expected its library, found none";
    const hardnet_opencl_library *library = host->opencl ? host->opencl(&reason) : NULL;
    if (!library) {
        hardnet_put(&text, "%s", reason);
        return -1;
    }
    hardnet_cl_found found[kMostDevices];
    const int32_t count = list_devices(library, found, &text);
    for (int32_t i = 0; i < count && i < room; i++) describe(library, &found[i], i, &devices[i]);
    return count < room ? count : room;
}

/* ---- the one that is taken */

/* The number that was asked for, or the first GPU's; where any will do and none is a GPU, the first. -1: none. */
static int32_t choose(const hardnet_context *context, const hardnet_cl_found *found, int32_t count) {
    const hardnet_device_request *request = &context->request;
    if (request->number >= 0) return request->number < count ? request->number : -1;
    for (int32_t i = 0; i < count; i++) {
        if (is_gpu(hardnet_opencl_state(context)->library, found[i].device)) return i;
    }
    return request->automatic || count == 0 ? -1 : 0;
}

static hardnet_status check_device(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_device_info info;
    uint32_t compiles = 0;
    hardnet_opencl_describe(context, &info);
    opencl->library->get_device_info(opencl->device, HARDNET_CL_DEVICE_COMPILER_AVAILABLE, sizeof compiles,
                                     &compiles, NULL);
    if (compiles && 10 * info.major + info.minor >= 12) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_NO_DEVICE,
                        "device opencl:%d: expected OpenCL 1.2 with a compiler, found %d.%d with%s",
                        opencl->number, info.major, info.minor, compiles ? " one" : "out");
}

hardnet_status hardnet_opencl_find_device(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_cl_found found[kMostDevices];
    char why[160];
    hardnet_text text = hardnet_text_in(why, sizeof why);
    const int32_t count = list_devices(opencl->library, found, &text);
    if (count < 0) return hardnet_fail(context, HARDNET_NO_DEVICE, "%s", why);
    opencl->number = choose(context, found, count);
    if (opencl->number < 0 && context->request.automatic) {
        return hardnet_fail(context, HARDNET_NO_DEVICE,
                            "device opencl: expected a GPU, found none among %d devices", count);
    }
    if (opencl->number < 0) {
        const int32_t number = context->request.number;
        return hardnet_fail(context, HARDNET_NO_DEVICE,
                            "device opencl:%d: expected one of %d devices, found no such",
                            number < 0 ? 0 : number, count);
    }
    opencl->platform = found[opencl->number].platform;
    opencl->device = found[opencl->number].device;
    return check_device(context);
}
