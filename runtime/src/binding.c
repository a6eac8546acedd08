/* What a caller's tensor must be before a run may use it instead of the context's own memory. */
#include "context.h"

static const char *type_name(hardnet_type type) {
    return type == HARDNET_FLOAT32 ? "float32" : type == HARDNET_UINT8 ? "uint8" : "an unknown type";
}

static bool same_shape(const hardnet_tensor *tensor, const hardnet_port *port) {
    for (int32_t d = 0; d < port->rank; d++) {
        if (tensor->shape[d] != port->shape[d]) return false;
    }
    return true;
}

/* Height and width are dimensions `h` and h + 1: 1 in NHWC (uint8 input), 2 in NCHW. */
static bool swapped(hardnet_tensor tensor, const hardnet_port_state *state) {
    const hardnet_port *port = state->port;
    if (port->rank != 4) return false;
    const int32_t h = state->is_input && state->type == HARDNET_UINT8 ? 1 : 2;
    const int64_t height = tensor.shape[h];
    tensor.shape[h] = tensor.shape[h + 1];
    tensor.shape[h + 1] = height;
    return same_shape(&tensor, port);
}

static bool dense(const hardnet_tensor *tensor) {
    int64_t stride = 1;
    for (int32_t d = tensor->rank - 1; d >= 0; d--) {
        if (tensor->shape[d] != 1 && tensor->strides[d] != stride) return false;
        stride *= tensor->shape[d];
    }
    return true;
}

static bool overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
    const uintptr_t a0 = (uintptr_t)a, b0 = (uintptr_t)b;
    return a0 < b0 + b_bytes && b0 < a0 + a_bytes;
}

static hardnet_status wrong_shape(hardnet_context *context, const hardnet_port_state *port,
                                  const hardnet_tensor *tensor) {
    char expected[96], found[96];
    hardnet_text text = hardnet_text_in(expected, sizeof expected);
    hardnet_put_shape(&text, port->port->rank, port->port->shape);
    text = hardnet_text_in(found, sizeof found);
    hardnet_put_shape(&text, tensor->rank, tensor->shape);
    return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "%s %d: expected shape %s, found %s%s",
                        port->is_input ? "input" : "output", port->index, expected, found,
                        swapped(*tensor, port) ? " (height and width are swapped)" : "");
}

static hardnet_status check_memory(hardnet_context *context, const hardnet_port_state *port,
                                   const hardnet_tensor *tensor, const char *what) {
    for (uint32_t i = 0; i < context->port_count; i++) {
        const hardnet_port_state *other = &context->ports[i];
        if (other != port && overlap(tensor->data, port->bytes, other->data, other->bytes)) {
            return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                                "%s %d: expected memory of its own, found an overlap with %s %d", what,
                                port->index, other->is_input ? "input" : "output", other->index);
        }
    }
    bool inside = overlap(tensor->data, port->bytes, context, sizeof *context);
    for (int32_t i = 0; i < HARDNET_BLOCKS; i++) {
        inside |= overlap(tensor->data, port->bytes, context->blocks[i].memory, context->blocks[i].bytes);
    }
    if (!inside) return HARDNET_OK;
    return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                        "%s %d: expected memory of its own, found an overlap with the context's (to go back "
                        "to that, bind NULL)",
                        what, port->index);
}

hardnet_status hardnet_check_binding(hardnet_context *context, const hardnet_port_state *port,
                                     const hardnet_tensor *tensor) {
    const char *what = port->is_input ? "input" : "output";
    if (tensor->type != port->type) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "%s %d: expected %s, found %s", what,
                            port->index, type_name(port->type), type_name(tensor->type));
    }
    if (tensor->rank != port->port->rank) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "%s %d: expected rank %d, found %d", what,
                            port->index, port->port->rank, tensor->rank);
    }
    if (!same_shape(tensor, port->port)) return wrong_shape(context, port, tensor);
    if (!dense(tensor)) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "%s %d: expected dense strides, found others",
                            what, port->index);
    }
    const size_t alignment = port->type == HARDNET_UINT8 ? 1 : sizeof(float);
    if ((uintptr_t)tensor->data % alignment != 0) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "%s %d: expected memory aligned to %zu, found %p", what, port->index, alignment,
                            tensor->data);
    }
    return check_memory(context, port, tensor, what);
}

/* Kernels load 16 bytes at once; the driver's own allocations are aligned to 256. */
enum { kDeviceAlignment = 16 };

hardnet_status hardnet_check_device_binding(hardnet_context *context, const hardnet_port_state *port,
                                            uint64_t address) {
    const char *what = port->is_input ? "input" : "output";
    if (address % kDeviceAlignment != 0) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "%s %d: expected memory of the device aligned to %d, found 0x%llx", what,
                            port->index, kDeviceAlignment, (unsigned long long)address);
    }
    for (uint32_t i = 0; i < context->port_count; i++) {
        const hardnet_port_state *other = &context->ports[i];
        if (other == port || address >= other->device + other->bytes ||
            other->device >= address + port->bytes)
            continue;
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT,
                            "%s %d: expected memory of its own, found an overlap with %s %d", what,
                            port->index, other->is_input ? "input" : "output", other->index);
    }
    return HARDNET_OK;
}
