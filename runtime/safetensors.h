/* A bounded reader of the safetensors format: it trusts nothing in the file and allocates nothing that the file sizes.
 *
 * The whole file lies in memory (mapped or read by the caller). hardnet_safetensors_parse walks the header once, calls
 * `visit` per tensor and per metadata pair, and refuses everything the format forbids: a header over 100 MB or past the
 * file, invalid UTF-8, nesting over 64, duplicate or missing keys, unknown types, negative, reversed, overlapping or
 * out-of-range offsets, holes, trailing bytes, and sizes that overflow or disagree with shape and type.
 */
#ifndef HARDNET_SAFETENSORS_H
#define HARDNET_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HARDNET_SAFETENSORS_MAX_RANK 8
#define HARDNET_SAFETENSORS_MAX_HEADER (100u << 20)
#define HARDNET_SAFETENSORS_MAX_DEPTH 64

/* Text fields point into the file and are not terminated; JSON escapes are kept as written in `name`, except that a
 * name with escapes is refused. */
typedef struct hardnet_safetensor {
    const char *name;
    size_t name_size;
    const char *type; /* "F32" */
    size_t type_size;
    int32_t rank;
    int64_t shape[HARDNET_SAFETENSORS_MAX_RANK];
    const void *data; /* little endian, C order, not necessarily aligned */
    uint64_t bytes;
} hardnet_safetensor;

typedef struct hardnet_safetensors_visitor {
    void *user;
    void (*tensor)(void *user, const hardnet_safetensor *tensor);
    /* `value` as written between its quotes, escapes not decoded; may be NULL if metadata is of no interest */
    void (*metadata)(void *user, const char *key, size_t key_size, const char *value, size_t value_size);
} hardnet_safetensors_visitor;

/* Returns 0, or -1 with one line "expected ..., found ..." in `error` (always terminated). `scratch` is working memory
 * for the overlap check: hardnet_safetensors_scratch(size) bytes, aligned to 8. The visitor is called only after the
 * whole header was found valid. */
size_t hardnet_safetensors_scratch(const void *file, size_t size);
int hardnet_safetensors_parse(const void *file, size_t size, void *scratch, const hardnet_safetensors_visitor *visitor,
                              char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
#endif
