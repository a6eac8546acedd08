/* Which device was asked for, and the level of the network that runs there. */
#include "device.h"

#include <string.h>

#include "context.h"

/* The number of "cuda:1" behind `kind`; -1: no number, -2: another text. */
static int32_t number_of(const char *text, const char *kind) {
    const size_t length = strlen(kind);
    if (strncmp(text, kind, length) != 0) return -2;
    text += length;
    if (!*text) return -1;
    const size_t digits = strspn(text + 1, "0123456789");
    if (*text != ':' || digits < 1 || digits > 4 || text[1 + digits]) return -2;
    int32_t number = 0;
    for (text++; *text; text++) number = 10 * number + (*text - '0');
    return number;
}

static const hardnet_level *level_for(const hardnet_network *network, hardnet_device_kind kind) {
    for (uint32_t i = 0; network && i < network->level_count; i++) {
        if (network->levels[i].device == kind) return &network->levels[i];
    }
    return NULL;
}

/* The first of CUDA's, OpenCL's where the package has a level for it, and the CPU. */
static hardnet_device_kind first_device(const hardnet_network *network) {
    const bool is_opencl =
        level_for(network, HARDNET_DEVICE_OPENCL) && !level_for(network, HARDNET_DEVICE_CUDA);
    return is_opencl ? HARDNET_DEVICE_OPENCL : HARDNET_DEVICE_CUDA;
}

const char *hardnet_next_device(hardnet_context *context) {
    const bool is_last =
        context->request.kind == HARDNET_DEVICE_OPENCL || !level_for(context->network, HARDNET_DEVICE_OPENCL);
    context->request.kind = is_last ? HARDNET_DEVICE_CPU : HARDNET_DEVICE_OPENCL;
    return is_last ? "running on the cpu" : "trying opencl";
}

hardnet_status hardnet_read_device(hardnet_context *context) {
    const char *text = context->options.device;
    hardnet_device_request *request = &context->request;
    *request = (hardnet_device_request){HARDNET_DEVICE_CPU, -1, false};
    if (!text || strcmp(text, "cpu") == 0) return HARDNET_OK;
    if (strcmp(text, "auto") == 0) {
        *request = (hardnet_device_request){first_device(context->network), -1, true};
        return HARDNET_OK;
    }
    request->kind = HARDNET_DEVICE_CUDA;
    request->number = number_of(text, "cuda");
    if (request->number == -2) {
        request->kind = HARDNET_DEVICE_OPENCL;
        request->number = number_of(text, "opencl");
    }
    if (request->number == -2) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "device: expected cpu, cuda, cuda:N, opencl, opencl:N or auto, found \"%.80s\"",
                            text);
    }
    if (context->options.level) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "level: expected none beside device %s, as levels are the cpu's, found \"%.80s\"",
                            text, context->options.level);
    }
    return HARDNET_OK;
}

void hardnet_put_levels(hardnet_text *text, const hardnet_network *network, bool cpu_only) {
    const char *between = "";
    for (uint32_t i = 0; i < network->level_count; i++) {
        if (cpu_only && network->levels[i].device != HARDNET_DEVICE_CPU) continue;
        hardnet_put(text, "%s%s", between, network->levels[i].name);
        between = ", ";
    }
}

hardnet_status hardnet_choose_device(hardnet_context *context, const hardnet_host *host) {
    const hardnet_network *network = context->network;
    const hardnet_device_kind kind = context->request.kind;
    const char *name = kind == HARDNET_DEVICE_CUDA ? "cuda" : "opencl";
    context->device = &hardnet_cpu_device;
    if (kind == HARDNET_DEVICE_CPU) return hardnet_choose_level(context, host);
    context->level = level_for(network, kind);
    if (context->level) {
        context->device = kind == HARDNET_DEVICE_CUDA ? &hardnet_cuda_device : &hardnet_opencl_device;
        return HARDNET_OK;
    }
    char found[256];
    hardnet_text text = hardnet_text_in(found, sizeof found);
    hardnet_put_levels(&text, network, false);
    return hardnet_fail(context, HARDNET_NO_DEVICE,
                        "device %s: expected a level for it in %s, found %s (compile it with --target %s)",
                        name, network->name, found[0] ? found : "none", name);
}
