/* The memory layout of a Halide buffer, which is all that a compiled kernel knows of its caller. Declared
 * here so that the runtime needs no Halide header; the sizes are asserted.
 */
#ifndef HARDNET_BUFFERS_H
#define HARDNET_BUFFERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hardnet_halide_dim {
    int32_t min, extent, stride; /* stride in elements */
    uint32_t flags;
} hardnet_halide_dim;

enum { HARDNET_HALIDE_INT = 0, HARDNET_HALIDE_UINT = 1, HARDNET_HALIDE_FLOAT = 2 };

typedef struct hardnet_halide_buffer {
    uint64_t device;
    const void *device_interface;
    uint8_t *host; /* the element at every dimension's minimum */
    uint64_t flags;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } type;
    int32_t dimensions;
    hardnet_halide_dim *dim; /* innermost first */
    void *padding;
} hardnet_halide_buffer;

#ifdef __cplusplus
}
static_assert(sizeof(hardnet_halide_buffer) == 56 && sizeof(hardnet_halide_dim) == 16, "Halide's layout");
#else
_Static_assert(sizeof(hardnet_halide_buffer) == 56, "Halide's layout");
_Static_assert(sizeof(hardnet_halide_dim) == 16, "Halide's layout");
#endif
#endif
