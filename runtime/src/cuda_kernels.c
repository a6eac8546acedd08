/* A level's kernels, taken from its module, or why this driver and device cannot have them. */
#include <string.h>

#include "cuda_state.h"

/* What precedes each part of a fat binary. */
typedef struct hardnet_fat_part {
    uint16_t kind; /* 1: PTX, 2: an architecture's code */
    uint16_t unused;
    uint32_t header_bytes;
    uint64_t bytes; /* behind the header */
    uint32_t unused_too[2];
    uint16_t minor, major; /* of PTX */
    uint32_t architecture;
} hardnet_fat_part;

/* "sm_80, sm_90, PTX 7.0 for sm_80" */
static void put_parts(hardnet_text *text, const hardnet_module *module) {
    enum { kHeaderBytes = 16 };
    const char *between = "";
    hardnet_fat_part part;
    for (size_t at = kHeaderBytes; at <= module->size && module->size - at >= sizeof part;) {
        memcpy(&part, (const char *)module->bytes + at, sizeof part);
        if (part.kind == 1) hardnet_put(text, "%sPTX %u.%u for ", between, part.major, part.minor);
        hardnet_put(text, "%ssm_%u", part.kind == 1 ? "" : between, part.architecture);
        between = ", ";
        if (part.bytes > module->size || part.header_bytes + part.bytes == 0) break;
        at += part.header_bytes + (size_t)part.bytes;
    }
}

/* "PTX 8.0 for sm_80", of a module that is text, or the parts of a fat binary. */
static void put_wanted(hardnet_text *text, const hardnet_module *module) {
    static const uint8_t kFatBinary[4] = {0x50, 0xed, 0x55, 0xba};
    if (module->size >= sizeof kFatBinary && memcmp(module->bytes, kFatBinary, sizeof kFatBinary) == 0) {
        put_parts(text, module);
        return;
    }
    const char *version = memmem(module->bytes, module->size, ".version ", 9);
    const char *target = memmem(module->bytes, module->size, ".target ", 8);
    if (!version || !target) {
        hardnet_put(text, "a module that they know");
        return;
    }
    version += 9, target += 8;
    hardnet_put(text, "PTX %.*s for %.*s", (int)strspn(version, "0123456789."), version,
                (int)strcspn(target, ", \r\n"), target);
}

static hardnet_status load_module(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_cuda_driver *driver = cuda->driver;
    const hardnet_cuda_result result = driver->module_load_data(&cuda->module, context->level->module->bytes);
    if (result == 0) return HARDNET_OK;
    int version = 0, major = 0, minor = 0;
    driver->driver_get_version(&version);
    driver->device_get_attribute(&major, HARDNET_CUDA_CAPABILITY_MAJOR, cuda->device);
    driver->device_get_attribute(&minor, HARDNET_CUDA_CAPABILITY_MINOR, cuda->device);
    char wanted[160], memory[32];
    hardnet_text text = hardnet_text_in(wanted, sizeof wanted);
    put_wanted(&text, context->level->module);
    return hardnet_fail(
        context, result == HARDNET_CUDA_OUT_OF_MEMORY ? HARDNET_DEVICE_OUT_OF_MEMORY : HARDNET_NO_DEVICE,
        "cuModuleLoadData: expected a driver and a device for %s, found a driver for CUDA %d.%d and "
        "compute capability %d.%d: %s",
        wanted, version / 1000, version % 1000 / 10, major, minor,
        hardnet_cuda_error_name(driver, result, memory));
}

static hardnet_status find_functions(hardnet_context *context) {
    enum { kSharedBytes = 48 << 10 }; /* beyond these a kernel must be allowed to have more */
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_level *level = context->level;
    for (uint32_t i = 0; i < level->kernel_count; i++) {
        const hardnet_launch *launch = &level->launches[i];
        const hardnet_cuda_result result =
            cuda->driver->module_get_function(&cuda->functions[i], cuda->module, launch->name);
        if (result == HARDNET_CUDA_NOT_FOUND) {
            return hardnet_fail(context, HARDNET_INTERNAL,
                                "kernel %.80s: expected it in the module of level %s, found none",
                                launch->name, level->name);
        }
        hardnet_status status = hardnet_cuda_check(context, "cuModuleGetFunction", result, HARDNET_NO_DEVICE);
        if (status == HARDNET_OK && launch->shared_bytes > kSharedBytes)
            status = hardnet_cuda_check(
                context, "cuFuncSetAttribute",
                cuda->driver->func_set_attribute(cuda->functions[i], HARDNET_CUDA_DYNAMIC_SHARED_BYTES,
                                                 (int)launch->shared_bytes),
                HARDNET_NO_DEVICE);
        if (status != HARDNET_OK) return status;
    }
    return HARDNET_OK;
}

hardnet_status hardnet_cuda_load_kernels(hardnet_context *context) {
    const hardnet_status status = load_module(context);
    return status == HARDNET_OK ? find_functions(context) : status;
}
