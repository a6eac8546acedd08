/* A bounded reader of the safetensors format: it trusts nothing in the file and allocates nothing at all.
 *
 *     8 bytes  size of the header, little endian
 *     header   JSON, UTF-8:
 *                  {"__metadata__": {"key": "text", ...},
 *                   "name": {"dtype": "F32", "shape": [64, 32, 3, 3], "data_offsets": [0, 73728]}, ...}
 *     data     the tensors, end to end, little endian, C order; offsets count from here
 *
 * Only what lies before the data needs to be in memory (hardnet_safetensors_front): `file` is where the file
 * begins, `size` all of it; a tensor's `data` then only says where. hardnet_safetensors_parse walks the
 * header once to check it, then a second time to call `visit` per tensor and per metadata pair. It refuses
 * everything that the format forbids: a header over 100 MB or past the file, invalid UTF-8, anything nested
 * deeper than the picture above, duplicate, missing or unknown keys, unknown types, negative, reversed,
 * overlapping or out-of-range offsets, holes, trailing bytes, and sizes that overflow or disagree with shape
 * and type.
 */
#ifndef HARDNET_SAFETENSORS_H
#define HARDNET_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HARDNET_SAFETENSORS_MAX_RANK 8
#define HARDNET_SAFETENSORS_MAX_HEADER 100000000u /* the format's own limit */

/* Text fields point into the file and are not terminated. A name has no JSON escapes: one that needs them is
 * refused. */
typedef struct hardnet_safetensor {
    const char *name;
    size_t name_size;
    const char *type; /* "F32" */
    size_t type_size;
    int32_t rank;                                /* 0: a scalar */
    int64_t shape[HARDNET_SAFETENSORS_MAX_RANK]; /* outermost first; a dimension may be 0 */
    const void *data;                            /* not necessarily aligned */
    uint64_t bytes;
} hardnet_safetensor;

typedef struct hardnet_safetensors_visitor {
    void *user;
    void (*tensor)(void *user, const hardnet_safetensor *tensor); /* in the header's order */
    /* `value` as written between its quotes, escapes not decoded; may be NULL if metadata is of no interest
     */
    void (*metadata)(void *user, const char *key, size_t key_size, const char *value, size_t value_size);
} hardnet_safetensors_visitor;

/* How many bytes from the file's first 8 on the parser may read: those 8 and, where it is possible at all,
 * the header. `file` holds 8 bytes, or all of a shorter file. */
size_t hardnet_safetensors_front(const void *file, size_t size);

/* The bytes of working memory that parsing this file needs (for the duplicate and overlap checks): at most
 * four times its header, and little where the header's size is already wrong. */
size_t hardnet_safetensors_scratch(const void *file, size_t size);

/* Returns 0, or -1 with one line "<what>: expected ..., found ..." in `error` (always terminated, printable
 * ASCII). `scratch` is hardnet_safetensors_scratch(file, size) bytes, aligned to 8. The visitor is called
 * only after the whole header was found valid. */
int hardnet_safetensors_parse(const void *file, size_t size, void *scratch,
                              const hardnet_safetensors_visitor *visitor, char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
#endif
