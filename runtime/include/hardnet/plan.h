/* The tables that a compiled network consists of. The compiler writes them as C99 constants; the runtime
 * walks them.
 *
 *     network -> levels -> steps -> parts -> calls -> arguments -> views
 *
 * A step is a set of parts that may run at once; a barrier follows it. A part is a range of `units` of equal
 * cost. A thread takes a sub-range of a part's units and covers it in chunks of `chunk` units; for each chunk
 * it makes the part's calls in order. So how the work is split depends on the thread count, what is computed
 * does not.
 *
 * A call is one kernel on views of memory. An argument says what a chunk [u0, u1) makes of its view:
 *   - WHOLE: nothing;
 *   - CROP: dimension d covers [u0 * unit, u1 * unit), cut at the view's end; its minimum and extent change
 *     and the pointer moves along;
 *   - SLIDE: as CROP, but the pointer stays: scratch that holds one chunk at a time;
 *   - SHIFT: the pointer moves by u0 * unit elements; minimum and extent stay.
 *
 * Kernels are Halide pipelines compiled without a runtime: int kernel(void **arguments), one pointer to a
 * Halide buffer per argument. They read and write only what their views cover.
 *
 * On a GPU a part has one unit and a call is one launch for all images of a batch: its arguments are WHOLE, and the
 * kernel is given the addresses of the first image's views. It knows itself how far the next image's lie behind: in
 * the arena, which each image has one of, `arena_elems`; in inputs and outputs what an image has there. Such a level
 * has no scratch. Calls run in the plan's order. OpenCL's memory has no addresses: there a kernel is given the buffer
 * that holds a view and the view's place in it.
 */
#ifndef HARDNET_PLAN_H
#define HARDNET_PLAN_H

#include "hardnet/hardnet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever these tables change: a package of another version is refused at open. */
#define HARDNET_PLAN_VERSION 6

typedef int (*hardnet_kernel)(void **arguments);

/* Where a view's memory lies. Offsets are in elements of the view's type. */
typedef enum hardnet_base {
    HARDNET_ARENA = 0,    /* activations; zeroed at open, so that halos are zero */
    HARDNET_SCRATCH = 1,  /* a thread's own */
    HARDNET_WEIGHTS = 2,  /* packed weights, made at open */
    HARDNET_INPUT = 3,    /* float32 NCHW input of this image */
    HARDNET_INPUT_U8 = 4, /* uint8 NHWC input of this image */
    HARDNET_OUTPUT = 5    /* output `port` of this image, in its type and in the caller's order */
} hardnet_base;

/* Bytes of an element of a hardnet_type. */
static inline size_t hardnet_element_bytes(uint8_t type) {
    return type == HARDNET_UINT8 || type == HARDNET_INT8 ? 1 : type == HARDNET_INT16 ? 2 : sizeof(float);
}

#define HARDNET_VIEW_RANK 5

typedef struct hardnet_dim {
    int32_t min, extent, stride;
} hardnet_dim;

typedef struct hardnet_view {
    uint8_t base; /* hardnet_base */
    uint8_t port; /* OUTPUT: which of the network's outputs; else 0 */
    uint8_t type; /* hardnet_type */
    uint8_t rank;
    uint8_t written;                     /* 1: the call writes it */
    int64_t offset;                      /* of the element at every dimension's minimum */
    hardnet_dim dims[HARDNET_VIEW_RANK]; /* innermost first */
} hardnet_view;

typedef enum hardnet_split {
    HARDNET_WHOLE = 0,
    HARDNET_CROP = 1,
    HARDNET_SLIDE = 2,
    HARDNET_SHIFT = 3
} hardnet_split;

typedef struct hardnet_argument {
    uint32_t view;
    uint8_t split; /* hardnet_split */
    uint8_t dim;   /* CROP, SLIDE */
    int32_t unit;  /* extent per unit (CROP, SLIDE) or elements per unit (SHIFT) */
} hardnet_argument;

typedef struct hardnet_call {
    uint32_t kernel; /* in the level's kernels */
    uint32_t first_argument, arguments;
} hardnet_call;

typedef struct hardnet_part {
    uint32_t first_call, calls;
    uint32_t units, chunk; /* chunk 0: a thread's whole sub-range at once */
    float unit_cost;       /* relative to other parts; any scale, one scale for the level */
} hardnet_part;

typedef enum hardnet_step_kind {
    HARDNET_STEP_NORMALIZE = 0, /* runs only for uint8 input */
    HARDNET_STEP_STEM,
    HARDNET_STEP_INPUT_TRANSFORM,
    HARDNET_STEP_PRODUCT,
    HARDNET_STEP_OUTPUT_TRANSFORM, /* with the input transform of its consumers, where there are any */
    HARDNET_STEP_WINOGRAD_BAND,    /* input transform, product, output transform, row band by row band */
    HARDNET_STEP_CONV1X1,
    HARDNET_STEP_CONV3X3,
    HARDNET_STEP_DEPTHWISE,
    HARDNET_STEP_MAX_POOL,
    HARDNET_STEP_GLOBAL_POOL,
    HARDNET_STEP_FULLY_CONNECTED,
    HARDNET_STEP_TRANSPOSED_CONV,
    HARDNET_STEP_AVERAGE_POOL,
    HARDNET_STEP_RESIZE,
    HARDNET_STEP_NORM,
    HARDNET_STEP_OUTPUT,     /* an output in the caller's order */
    HARDNET_STEP_ELEMENTWISE /* of tensors of one shape */
} hardnet_step_kind;

typedef struct hardnet_step {
    uint8_t kind;  /* hardnet_step_kind */
    int32_t layer; /* index into the network's layer_names */
    uint32_t first_part, parts;
} hardnet_step;

/* How the weights' file becomes packed weights. All packings of a level are independent of each other. */
typedef enum hardnet_packing_kind {
    HARDNET_PACK_BLOCKED = 0,   /* OIHW -> [o / block][position][i][o % block], zero-filled to whole blocks */
    HARDNET_PACK_DEPTHWISE = 1, /* C1HW -> [tap][c], c zero-filled to `block` */
    HARDNET_PACK_VECTOR = 2,    /* C -> [c], zero-filled to `block` */
    HARDNET_PACK_ROUNDED = 3    /* as BLOCKED, but rounded to integers: see hardnet_rounding */
} hardnet_packing_kind;

/* Of one of the sources whose channels follow one another as a layer's input channels: what its integers are
 * multiples of. What is multiplied is `shift` more than they are. */
typedef struct hardnet_source {
    int32_t channels;
    const float *units; /* [positions] */
    int32_t shift;
} hardnet_source;

/* How a ROUNDED packing rounds. A weight u of a source and a position stands for u' = u * unit. What an
 * output channel adds to one sum - its weights of a position, or of all positions where they are `summed`, the taps
 * of a direct convolution - is packed as u' * s rounded to the nearest, with the largest s that leaves
 * every weight within its type and the sum of their magnitudes times `most` below 2^31: no input of magnitudes up
 * to `most` makes a sum that int32 cannot hold. A step is 2 input channels as int16 or 4 as int8. Packed are
 *
 *     int16 or int8 [o / block][position][step][o % block][input channel in step], then
 *     float32 [o / block][position][o % block], which is 1 / s, then where any source has a shift
 *     int32 [o / block][position][o % block], at which a sum begins: less the shifts times its weights;
 *
 * a source's last step has zeros where there are no further channels. */
typedef struct hardnet_rounding {
    int32_t most;
    uint32_t sources;
    const hardnet_source *source; /* [sources] */
    int32_t in_step;              /* 2: int16, 4: int8 */
    int32_t summed;               /* 1: over all positions */
} hardnet_rounding;

/* The widest block that may have a transform. */
#define HARDNET_MAX_BLOCK 256

/* The most points on an axis of a transform: F(4x4) has 6. */
#define HARDNET_MAX_POINTS 16

/* A Winograd weight transform: position p of a 3x3 kernel g, which is of row point r = points[p][0] and of
 * column point c = points[p][1], is sum over y, x of rows[r][y] * g[y][x] * columns[c][x], in double. No two
 * positions are of the same two points, and a point may be of no position. Without a transform the positions
 * are the kernel's taps. */
typedef struct hardnet_transform {
    uint32_t row_points, column_points; /* at most HARDNET_MAX_POINTS */
    const double (*rows)[3];            /* [row_points]; points a and -a side by side are packed in one go */
    const double (*columns)[3];         /* [column_points] */
    uint32_t positions;
    const uint8_t (*points)[2]; /* [positions] */
} hardnet_transform;

typedef struct hardnet_packing {
    uint8_t kind;
    uint32_t tensor;        /* in the network's tensors */
    int32_t transform;      /* in the level's transforms, or -1 */
    int32_t first_out, out; /* output channels [first_out, first_out + out) */
    int32_t block;          /* channels per block (BLOCKED) or padded total */
    int64_t offset;         /* into the packed weights, float32 elements */
    int32_t rounding;       /* ROUNDED: in the level's roundings, else -1 */
} hardnet_packing;

/* A tensor of the weights' file: float32, exactly this shape. */
typedef struct hardnet_weight {
    const char *name;
    int32_t rank;
    int64_t shape[HARDNET_MAX_RANK];
} hardnet_weight;

/* CPU features, as bits of hardnet_level.features */
enum {
    HARDNET_CPU_SSE41 = 1u << 0,
    HARDNET_CPU_AVX = 1u << 1,
    HARDNET_CPU_F16C = 1u << 2,
    HARDNET_CPU_FMA = 1u << 3,
    HARDNET_CPU_AVX2 = 1u << 4,
    HARDNET_CPU_AVX512 = 1u << 5, /* F, CD, BW, DQ, VL */
    HARDNET_CPU_NEON = 1u << 6,
    HARDNET_CPU_SSE3 = 1u << 7,
    HARDNET_CPU_SSSE3 = 1u << 8,
    HARDNET_CPU_SSE42 = 1u << 9,
    HARDNET_CPU_POPCNT = 1u << 10,
    HARDNET_CPU_BMI1 = 1u << 11,
    HARDNET_CPU_BMI2 = 1u << 12,
    HARDNET_CPU_LZCNT = 1u << 13,
    HARDNET_CPU_MOVBE = 1u << 14,
    HARDNET_CPU_VNNI = 1u << 15, /* AVX-512: VNNI, VBMI, VBMI2, BITALG, VPOPCNTDQ; VAES, VPCLMULQDQ, GFNI */
    HARDNET_CPU_DOTPROD = 1u << 16, /* ARM's SDOT and UDOT */
    HARDNET_CPU_PRFCHW = 1u << 17
};

/* What the levels' kernels may contain beyond x86-64's first instructions: all that a code generator emits of its
 * own accord for a Penryn, a Haswell and a Skylake-X, which is what Halide asks LLVM for. Those CPUs have more (CX16,
 * AES, RDRAND, ADX, CLFLUSHOPT, PKU...), which nothing but an intrinsic asks for. tests/levels holds kernels to this. */
enum {
    HARDNET_SSE41_FEATURES = HARDNET_CPU_SSE3 | HARDNET_CPU_SSSE3 | HARDNET_CPU_SSE41,
    HARDNET_AVX2_FEATURES = HARDNET_SSE41_FEATURES | HARDNET_CPU_SSE42 | HARDNET_CPU_POPCNT |
                            HARDNET_CPU_AVX | HARDNET_CPU_F16C | HARDNET_CPU_FMA | HARDNET_CPU_AVX2 |
                            HARDNET_CPU_BMI1 | HARDNET_CPU_BMI2 | HARDNET_CPU_LZCNT | HARDNET_CPU_MOVBE,
    HARDNET_AVX512_FEATURES = HARDNET_AVX2_FEATURES | HARDNET_CPU_AVX512 | HARDNET_CPU_PRFCHW,
    HARDNET_ZEN4_FEATURES = HARDNET_AVX512_FEATURES | HARDNET_CPU_VNNI,
    HARDNET_NEON_FEATURES = HARDNET_CPU_NEON,
    HARDNET_DOTPROD_FEATURES = HARDNET_NEON_FEATURES | HARDNET_CPU_DOTPROD
};

typedef enum hardnet_device_kind {
    HARDNET_DEVICE_CPU = 0,
    HARDNET_DEVICE_CUDA = 1,
    HARDNET_DEVICE_OPENCL = 2
} hardnet_device_kind;

/* How a GPU's kernel is launched. Of n arguments of its calls, CUDA's have n parameters: parameter p is the address of
 * argument order[p]. OpenCL's have 2 n: where order[p] is below n, the buffer of argument order[p]; else the offset in its
 * buffer, an int of elements, of argument order[p] - n. Behind them is the local memory, where there is such. */
typedef struct hardnet_launch {
    const char *name;           /* in the level's module */
    uint32_t grid[3], block[3]; /* the grid's z: images */
    uint32_t shared_bytes;      /* of a block, dynamic: OpenCL's local memory */
    const uint8_t *order;       /* [parameters] */
    uint32_t parameters;
} hardnet_launch;

/* A GPU level's kernels, as its driver loads them: a fat binary, or PTX or OpenCL C that ends with a zero byte. */
typedef struct hardnet_module {
    const void *bytes;
    size_t size;
} hardnet_module;

typedef struct hardnet_level {
    const char *name; /* "avx512" */
    uint32_t features;
    const hardnet_kernel *kernels; /* [kernel_count] */
    uint32_t kernel_count;
    const hardnet_view *views;
    uint32_t view_count;
    const hardnet_argument *arguments;
    uint32_t argument_count;
    const hardnet_call *calls;
    uint32_t call_count;
    const hardnet_part *parts;
    uint32_t part_count;
    const hardnet_step *steps;
    uint32_t step_count;
    const hardnet_packing *packings;
    uint32_t packing_count;
    const hardnet_transform *transforms;
    uint32_t transform_count;
    const hardnet_rounding *roundings;
    uint32_t rounding_count;
    const int32_t
        *layer_views; /* per layer the view (c, x, y) of its output, -1 where it never lies in memory whole */
    int64_t arena_elems, scratch_elems, weight_elems; /* float32 elements; scratch per thread */
    uint8_t device; /* hardnet_device_kind; the following are NULL on the CPU, `kernels` on others */
    const hardnet_launch *launches; /* [kernel_count] */
    const hardnet_module *module;
} hardnet_level;

typedef struct hardnet_port { /* an input or output: its shape, outermost dimension first, batch included */
    const char *name;
    uint8_t type; /* hardnet_type */
    int32_t rank;
    int64_t shape[HARDNET_MAX_RANK];
} hardnet_port;

struct hardnet_network {
    uint32_t plan_version; /* HARDNET_PLAN_VERSION */
    const char *name;
    int32_t batch;                         /* images per run: the steps run once per image */
    hardnet_port input_float, input_uint8; /* NCHW, NHWC */
    const hardnet_port *outputs;
    uint32_t output_count;
    const char *const *layer_names;
    uint32_t layer_count;
    const hardnet_weight *weights;
    uint32_t weight_count;
    const hardnet_level *levels; /* best first */
    uint32_t level_count;
};

#ifdef __cplusplus
}
#endif
#endif
