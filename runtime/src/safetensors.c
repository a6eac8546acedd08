/* The safetensors reader: see runtime/safetensors.h. One walk over the header does the checking and the
 * visiting, so what is checked is what is visited.
 */
#include "runtime/safetensors.h"

#include "json_scan.h"

/* A key seen by the checking walk: where its name and, for a tensor, its data lie. */
typedef struct entry {
    uint64_t begin, end;
    uint32_t name, name_size; /* offset into the header, which is below 2^32 bytes */
} entry;

typedef struct reader {
    scan scan;
    const unsigned char *data;
    uint64_t data_size;
    entry *entries; /* tensors, followed by the metadata's keys while these are checked; NULL in the visiting
                       walk */
    size_t tensors;
    const hardnet_safetensors_visitor *visitor; /* NULL in the checking walk */
} reader;

static uint64_t little_endian_64(const unsigned char *p) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | p[i];
    return value;
}

/* Bits per element, 0 for an unknown type. */
static uint64_t type_bits(span type) {
    static const struct {
        const char *name;
        uint64_t bits;
    } types[] = {{"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"I64", 64},
                 {"I32", 32},    {"I16", 16},    {"I8", 8},      {"U64", 64},    {"U32", 32},
                 {"U16", 16},    {"U8", 8},      {"BOOL", 8},    {"F8_E5M2", 8}, {"F8_E4M3", 8},
                 {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},      {"C64", 64}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (span_is(type, types[i].name)) return types[i].bits;
    }
    return 0;
}

static int read_type(scan *s, hardnet_safetensor *tensor) {
    span type;
    if (scan_name(s, "a type", &type)) return -1;
    if (type_bits(type) == 0) {
        char found[96];
        print_span(type, found, sizeof found);
        return scan_fail(
            s, "expected a type of the format (F32, F16, BF16, F64, I8..., U8..., BOOL), found '%s'", found);
    }
    tensor->type = (const char *)type.text;
    tensor->type_size = type.size;
    return 0;
}

static int read_shape(scan *s, hardnet_safetensor *tensor) {
    if (scan_expect(s, '[')) return -1;
    if (scan_take(s, ']')) return 0;
    for (int more = 1; more;) {
        uint64_t extent;
        if (tensor->rank == HARDNET_SAFETENSORS_MAX_RANK) {
            return scan_fail(s, "expected at most %d dimensions, found more", HARDNET_SAFETENSORS_MAX_RANK);
        }
        if (scan_size(s, "a dimension", &extent)) return -1;
        tensor->shape[tensor->rank++] = (int64_t)extent;
        if ((more = scan_another(s, ']')) < 0) return -1;
    }
    return 0;
}

static int read_offsets(scan *s, uint64_t *begin, uint64_t *end) {
    if (scan_expect(s, '[') || scan_size(s, "data_offsets' begin", begin) || scan_expect(s, ',') ||
        scan_size(s, "data_offsets' end", end)) {
        return -1;
    }
    return scan_expect(s, ']');
}

/* The offsets against the data, then the byte count against shape and type. */
static int check_extent(const reader *r, const hardnet_safetensor *t, uint64_t begin, uint64_t end) {
    const span type = {(const unsigned char *)t->type, t->type_size};
    uint64_t bits = type_bits(type);
    if (begin > end) {
        return scan_fail(&r->scan, "expected data_offsets in ascending order, found %llu before %llu",
                         (unsigned long long)begin, (unsigned long long)end);
    }
    if (end > r->data_size) {
        return scan_fail(&r->scan,
                         "expected data_offsets within the file's %llu bytes of data, found an end at %llu",
                         (unsigned long long)r->data_size, (unsigned long long)end);
    }
    for (int32_t i = 0; i < t->rank; i++) {
        const uint64_t extent = (uint64_t)t->shape[i];
        if (extent != 0 && bits > UINT64_MAX / extent) {
            return scan_fail(&r->scan, "expected a shape of less than 2^61 bytes, found more");
        }
        bits *= extent;
    }
    if (bits % 8 != 0 || bits / 8 != end - begin) {
        return scan_fail(&r->scan, "expected %llu bytes for its shape and type, found data_offsets of %llu",
                         (unsigned long long)(bits / 8 + (bits % 8 != 0)), (unsigned long long)(end - begin));
    }
    return 0;
}

/* {"dtype": ..., "shape": [...], "data_offsets": [...]}, in any order. */
static int read_tensor(reader *r, hardnet_safetensor *tensor, uint64_t *begin, uint64_t *end) {
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    scan *s = &r->scan;
    int seen[3] = {0, 0, 0};
    if (scan_expect(s, '{')) return -1;
    for (int more = 1; more;) {
        span key;
        int which = 0;
        if (scan_name(s, "dtype, shape or data_offsets", &key)) return -1;
        while (which < 3 && !span_is(key, keys[which])) which++;
        if (which == 3) {
            char found[96];
            print_span(key, found, sizeof found);
            return scan_fail(s, "expected dtype, shape or data_offsets, found '%s'", found);
        }
        if (seen[which]++) return scan_fail(s, "expected one %s, found two", keys[which]);
        if (scan_expect(s, ':')) return -1;
        if (which == 0   ? read_type(s, tensor)
            : which == 1 ? read_shape(s, tensor)
                         : read_offsets(s, begin, end))
            return -1;
        if ((more = scan_another(s, '}')) < 0) return -1;
    }
    for (int i = 0; i < 3; i++) {
        if (!seen[i]) return scan_fail(s, "expected a %s, found none", keys[i]);
    }
    if (check_extent(r, tensor, *begin, *end)) return -1;
    tensor->data = (const void *)((uintptr_t)r->data + *begin); /* only the header needs to be in memory */
    tensor->bytes = *end - *begin;
    return 0;
}

static int by_name(const reader *r, const entry *a, const entry *b) {
    const uint32_t common = a->name_size < b->name_size ? a->name_size : b->name_size;
    const int order = memcmp(r->scan.begin + a->name, r->scan.begin + b->name, common);
    return order != 0 ? order : (a->name_size > b->name_size) - (a->name_size < b->name_size);
}

static int by_place(const reader *r, const entry *a, const entry *b) {
    (void)r;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

typedef int (*comparison)(const reader *r, const entry *a, const entry *b);

/* Heapsort: qsort may allocate, and its worst case is the file's to choose. */
static void sift_down(const reader *r, entry *entries, size_t root, size_t count, comparison order) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && order(r, &entries[child], &entries[child + 1]) < 0) child++;
        if (order(r, &entries[root], &entries[child]) >= 0) return;
        const entry swapped = entries[root];
        entries[root] = entries[child];
        entries[child] = swapped;
    }
}

static void sort(const reader *r, entry *entries, size_t count, comparison order) {
    for (size_t i = count / 2; i-- > 0;) sift_down(r, entries, i, count, order);
    for (size_t left = count; left > 1;) {
        const entry largest = entries[0];
        entries[0] = entries[--left];
        entries[left] = largest;
        sift_down(r, entries, 0, left, order);
    }
}

static int check_names(reader *r, entry *entries, size_t count, const char *what) {
    sort(r, entries, count, by_name);
    for (size_t i = 1; i < count; i++) {
        if (by_name(r, &entries[i - 1], &entries[i]) == 0) {
            const span name = {r->scan.begin + entries[i].name, entries[i].name_size};
            char found[96];
            print_span(name, found, sizeof found);
            r->scan.subject.text = NULL;
            return scan_fail(&r->scan, "expected %s once each, found '%s' twice", what, found);
        }
    }
    return 0;
}

/* The tensors cover the data end to end: no hole, no overlap, nothing behind the last. */
static int check_places(reader *r) {
    uint64_t covered = 0;
    sort(r, r->entries, r->tensors, by_place);
    for (size_t i = 0; i < r->tensors; i++) {
        const entry *e = &r->entries[i];
        r->scan.subject.text = r->scan.begin + e->name;
        r->scan.subject.size = e->name_size;
        if (e->begin != covered) {
            return scan_fail(
                &r->scan, "expected data from byte %llu, where the tensor before it ends, found %s at %llu",
                (unsigned long long)covered, e->begin > covered ? "a hole and data" : "an overlap, data",
                (unsigned long long)e->begin);
        }
        covered = e->end;
    }
    r->scan.subject.text = NULL;
    if (covered == r->data_size) return 0;
    return scan_fail(&r->scan, "expected %llu bytes of data in all, found %llu", (unsigned long long)covered,
                     (unsigned long long)r->data_size);
}

static void note(reader *r, size_t index, span name, uint64_t begin, uint64_t end) {
    const entry e = {begin, end, (uint32_t)(name.text - r->scan.begin), (uint32_t)name.size};
    r->entries[index] = e;
}

/* {"key": "text", ...} */
static int read_metadata(reader *r) {
    scan *s = &r->scan;
    size_t count = 0;
    if (scan_expect(s, '{')) return -1;
    int more = !scan_take(s, '}');
    while (more) {
        span key = {0}, value = {0};
        int escaped;
        if (scan_name(s, "a key of __metadata__", &key) || scan_expect(s, ':') ||
            scan_string(s, "a text in __metadata__", &value, &escaped)) {
            return -1;
        }
        if (!r->visitor) note(r, r->tensors + count++, key, 0, 0);
        if (r->visitor && r->visitor->metadata) {
            r->visitor->metadata(r->visitor->user, (const char *)key.text, key.size, (const char *)value.text,
                                 value.size);
        }
        if ((more = scan_another(s, '}')) < 0) return -1;
    }
    return r->visitor ? 0 : check_names(r, r->entries + r->tensors, count, "keys of __metadata__");
}

static int read_member(reader *r, int *metadata_seen) {
    scan *s = &r->scan;
    span name;
    s->subject.text = NULL;
    if (scan_name(s, "a tensor's name", &name) || scan_expect(s, ':')) return -1;
    if (span_is(name, "__metadata__")) {
        if ((*metadata_seen)++) return scan_fail(s, "expected one __metadata__, found two");
        return read_metadata(r);
    }
    hardnet_safetensor tensor = {0};
    uint64_t begin = 0, end = 0;
    tensor.name = (const char *)name.text;
    tensor.name_size = name.size;
    s->subject = name;
    if (read_tensor(r, &tensor, &begin, &end)) return -1;
    if (r->visitor) {
        r->visitor->tensor(r->visitor->user, &tensor);
    } else {
        note(r, r->tensors++, name, begin, end);
    }
    return 0;
}

static int walk(reader *r) {
    scan *s = &r->scan;
    int metadata_seen = 0;
    s->at = s->begin + 1; /* behind the '{' that is known to be there */
    int more = !scan_take(s, '}');
    while (more) {
        if (read_member(r, &metadata_seen)) return -1;
        s->subject.text = NULL;
        if ((more = scan_another(s, '}')) < 0) return -1;
    }
    scan_blanks(s);
    return s->at == s->end ? 0 : scan_unexpected(s, "only blanks behind the header's object");
}

/* The header's size where it is possible at all, else 0. */
static uint64_t header_size(const void *file, size_t size) {
    const uint64_t stated = size < 8 ? 0 : little_endian_64((const unsigned char *)file);
    return stated > HARDNET_SAFETENSORS_MAX_HEADER || stated > size - 8 ? 0 : stated;
}

size_t hardnet_safetensors_front(const void *file, size_t size) {
    return size < 8 ? size : 8 + (size_t)header_size(file, size);
}

size_t hardnet_safetensors_scratch(const void *file, size_t size) {
    const uint64_t header = header_size(file, size);
    size_t colons = 0;
    for (uint64_t i = 0; i < header; i++) colons += ((const unsigned char *)file)[8 + i] == ':';
    /* an entry has a colon and takes at least the six bytes "":"", of the header */
    const size_t most = (size_t)(header / 6 + 1);
    return sizeof(entry) * ((colons < most ? colons : most) + 1);
}

int hardnet_safetensors_parse(const void *file, size_t size, void *scratch,
                              const hardnet_safetensors_visitor *visitor, char *error, size_t error_size) {
    const unsigned char *bytes = (const unsigned char *)file;
    reader r = {0};
    r.scan.error = error;
    r.scan.error_size = error_size;
    if (error_size > 0) error[0] = 0;
    if (size < 8)
        return scan_fail(&r.scan, "expected a file of at least 8 bytes, found %llu",
                         (unsigned long long)size);

    const uint64_t stated = little_endian_64(bytes);
    if (stated > HARDNET_SAFETENSORS_MAX_HEADER) {
        return scan_fail(&r.scan, "expected at most %u bytes, found a size of %llu",
                         HARDNET_SAFETENSORS_MAX_HEADER, (unsigned long long)stated);
    }
    if (stated > size - 8) {
        return scan_fail(&r.scan, "expected %llu bytes in the file, found %llu", (unsigned long long)stated,
                         (unsigned long long)(size - 8));
    }
    r.scan.begin = bytes + 8;
    r.scan.at = r.scan.begin;
    r.scan.end = r.scan.begin + stated;
    if (stated == 0 || *r.scan.begin != '{') return scan_unexpected(&r.scan, "'{'");
    r.data = r.scan.end;
    r.data_size = size - 8 - stated;
    r.scan.at = utf8_fault(r.scan.begin, r.scan.end);
    if (r.scan.at != r.scan.end) return scan_unexpected(&r.scan, "UTF-8");

    r.entries = (entry *)scratch;
    if (walk(&r) || check_names(&r, r.entries, r.tensors, "tensors") || check_places(&r)) return -1;
    r.visitor = visitor;
    return walk(&r);
}
