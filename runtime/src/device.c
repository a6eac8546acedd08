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

hardnet_status hardnet_read_device(hardnet_context *context) {
    const char *text = context->options.device;
    hardnet_device_request *request = &context->request;
    *request = (hardnet_device_request){HARDNET_DEVICE_CPU, -1, false};
    if (!text || strcmp(text, "cpu") == 0) return HARDNET_OK;
    if (strcmp(text, "auto") == 0) {
        *request = (hardnet_device_request){HARDNET_DEVICE_CUDA, -1, true};
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
    context->device = &hardnet_cpu_device;
    if (context->request.kind == HARDNET_DEVICE_CPU) return hardnet_choose_level(context, host);
    if (context->request.kind == HARDNET_DEVICE_OPENCL) {
        return hardnet_fail(context, HARDNET_NO_DEVICE,
                            "device opencl: expected a runtime that knows OpenCL, found one that does not");
    }
    for (uint32_t i = 0; i < network->level_count; i++) {
        if (network->levels[i].device != HARDNET_DEVICE_CUDA) continue;
        context->level = &network->levels[i];
        context->device = &hardnet_cuda_device;
        return HARDNET_OK;
    }
    char found[256];
    hardnet_text text = hardnet_text_in(found, sizeof found);
    hardnet_put_levels(&text, network, false);
    return hardnet_fail(
        context, HARDNET_NO_DEVICE,
        "device cuda: expected a level for it in %s, found %s (compile it with --target cuda)", network->name,
        found[0] ? found : "none");
}
