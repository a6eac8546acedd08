/* Inputs and outputs: the context's own memory for them, and what the caller binds instead. */
#include <string.h>

#include "context.h"

static int64_t element_count(const hardnet_port *port) {
    int64_t count = 1;
    for (int32_t d = 0; d < port->rank; d++) count *= port->shape[d];
    return count;
}

static hardnet_port_state port_state(const hardnet_context *context, const hardnet_port *port, bool is_input,
                                     int32_t index) {
    hardnet_port_state state = {
        .port = port, .type = (hardnet_type)port->type, .is_input = is_input, .index = index};
    state.bytes = (size_t)element_count(port) * hardnet_element_bytes((uint8_t)state.type);
    state.image_bytes = state.bytes / (size_t)context->network->batch;
    return state;
}

/* One block: the states, then per port its memory, then the staging image; each on its own cache lines. */
hardnet_status hardnet_make_ports(hardnet_context *context) {
    const hardnet_network *network = context->network;
    const bool u8 = context->options.input_type == HARDNET_UINT8;
    if (u8 && network->input_uint8.rank == 0) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "input type: expected float32, found uint8, which %s lacks", network->name);
    }
    context->port_count = 1 + network->output_count;
    size_t bytes = hardnet_round_up(context->port_count * sizeof *context->ports, HARDNET_ALIGNMENT);
    size_t offset = bytes;
    const hardnet_port_state input =
        port_state(context, u8 ? &network->input_uint8 : &network->input_float, true, 0);
    const size_t staging = u8 && context->level->device == HARDNET_DEVICE_CPU
                               ? (size_t)element_count(&network->input_float) * sizeof(float) / network->batch
                               : 0;
    bytes += hardnet_round_up(input.bytes, HARDNET_ALIGNMENT) + hardnet_round_up(staging, HARDNET_ALIGNMENT);
    for (uint32_t i = 0; i < network->output_count; i++) {
        bytes += hardnet_round_up(port_state(context, &network->outputs[i], false, (int32_t)i).bytes,
                                  HARDNET_ALIGNMENT);
    }
    uint8_t *memory = hardnet_take(context, HARDNET_BLOCK_PORTS, bytes, "inputs and outputs");
    if (!memory) return HARDNET_OUT_OF_MEMORY;
    memset(memory, 0, bytes);
    context->ports = (hardnet_port_state *)memory;
    context->ports[0] = input;
    for (uint32_t i = 0; i < network->output_count; i++) {
        context->ports[1 + i] = port_state(context, &network->outputs[i], false, (int32_t)i);
    }
    for (uint32_t i = 0; i < context->port_count; i++) {
        context->ports[i].own = context->ports[i].data = memory + offset;
        offset += hardnet_round_up(context->ports[i].bytes, HARDNET_ALIGNMENT);
    }
    context->staging = staging ? memory + offset : NULL;
    return HARDNET_OK;
}

/* --- the API
 * ------------------------------------------------------------------------------------------------------- */

static hardnet_status find_port(hardnet_context *context, bool is_input, int32_t index,
                                hardnet_port_state **port) {
    const char *what = is_input ? "input" : "output";
    if (!context->open) {
        return hardnet_refuse(context, HARDNET_INVALID_ARGUMENT,
                              "context: expected an open one, found one that failed to open");
    }
    const int32_t count = is_input ? 1 : (int32_t)context->port_count - 1;
    if (index < 0 || index >= count) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "%s: expected an index below %d, found %d",
                            what, count, index);
    }
    *port = &context->ports[is_input ? 0 : 1 + index];
    return HARDNET_OK;
}

static hardnet_status describe(hardnet_context *context, bool is_input, int32_t index,
                               hardnet_tensor *tensor) {
    if (!context) return HARDNET_INVALID_ARGUMENT;
    if (!tensor)
        return hardnet_refuse(context, HARDNET_INVALID_ARGUMENT, "tensor: expected an address, found NULL");
    hardnet_port_state *state = NULL;
    const hardnet_status status = find_port(context, is_input, index, &state);
    if (status != HARDNET_OK) return status;
    *tensor = (hardnet_tensor){.data = state->own, .type = state->type, .rank = state->port->rank};
    int64_t stride = 1;
    for (int32_t d = tensor->rank - 1; d >= 0; d--) {
        tensor->shape[d] = state->port->shape[d];
        tensor->strides[d] = stride;
        stride *= tensor->shape[d];
    }
    return HARDNET_OK;
}

hardnet_status hardnet_input(hardnet_context *context, int32_t index, hardnet_tensor *tensor) {
    return describe(context, true, index, tensor);
}

hardnet_status hardnet_output(hardnet_context *context, int32_t index, hardnet_tensor *tensor) {
    return describe(context, false, index, tensor);
}

static hardnet_status bind(hardnet_context *context, bool is_input, int32_t index,
                           const hardnet_tensor *tensor) {
    if (!context) return HARDNET_INVALID_ARGUMENT;
    if (!tensor)
        return hardnet_refuse(context, HARDNET_INVALID_ARGUMENT, "tensor: expected an address, found NULL");
    hardnet_status status = hardnet_enter(context);
    if (status != HARDNET_OK) return status;
    hardnet_port_state *port = NULL;
    status = find_port(context, is_input, index, &port);
    if (status == HARDNET_OK && tensor->data) status = hardnet_check_binding(context, port, tensor);
    if (status == HARDNET_OK && port->on_device) status = context->device->bind(context, port, 0);
    if (status == HARDNET_OK) {
        port->data = tensor->data ? tensor->data : port->own;
        context->device->follow_ports(context);
    }
    hardnet_leave(context);
    return status;
}

hardnet_status hardnet_bind_input(hardnet_context *context, int32_t index, const hardnet_tensor *tensor) {
    return bind(context, true, index, tensor);
}

hardnet_status hardnet_bind_output(hardnet_context *context, int32_t index, const hardnet_tensor *tensor) {
    return bind(context, false, index, tensor);
}

static hardnet_status bind_device(hardnet_context *context, bool is_input, int32_t index, void *device) {
    if (!context) return HARDNET_INVALID_ARGUMENT;
    hardnet_status status = hardnet_enter(context);
    if (status != HARDNET_OK) return status;
    const uint64_t address = (uintptr_t)device;
    hardnet_port_state *port = NULL;
    status = find_port(context, is_input, index, &port);
    if (status == HARDNET_OK && !context->device->bind) {
        status = hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                              "%s %d: expected a context on CUDA's device, found one on %s",
                              is_input ? "input" : "output", index,
                              context->device == &hardnet_cpu_device ? "the cpu" : "OpenCL's");
    }
    if (status == HARDNET_OK && address) status = hardnet_check_device_binding(context, port, address);
    if (status == HARDNET_OK) status = context->device->bind(context, port, address);
    hardnet_leave(context);
    return status;
}

hardnet_status hardnet_bind_input_device(hardnet_context *context, int32_t index, void *device) {
    return bind_device(context, true, index, device);
}

hardnet_status hardnet_bind_output_device(hardnet_context *context, int32_t index, void *device) {
    return bind_device(context, false, index, device);
}

void *hardnet_device_memory(const hardnet_context *context, bool is_input, int32_t index) {
    if (!context || !context->open || !context->device->bind || index < 0) return NULL;
    const uint32_t place = is_input ? (uint32_t)index : 1 + (uint32_t)index;
    if (place >= (is_input ? 1 : context->port_count)) return NULL;
    return (void *)(uintptr_t)context->ports[place].device_own;
}
