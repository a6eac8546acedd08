/* The few pieces of JSON that a safetensors header consists of, read in place: punctuation, strings, unsigned
 * integers. Nothing is copied, nothing recurses, every step checks the end. Private to safetensors.c.
 */
#ifndef HARDNET_JSON_SCAN_H
#define HARDNET_JSON_SCAN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct span {
    const unsigned char *text;
    size_t size;
} span;

typedef struct scan {
    const unsigned char *begin, *at, *end;
    span subject; /* the tensor being read, for errors; no text: the header itself */
    char *error;
    size_t error_size;
} scan;

static int span_is(span s, const char *text) {
    return s.size == strlen(text) && memcmp(s.text, text, s.size) == 0;
}

/* Writes a span as printable ASCII, cut after 80 bytes. */
static void print_span(span s, char *out, size_t out_size) {
    const size_t limit = s.size > 80 ? 80 : s.size;
    size_t n = 0;
    for (size_t i = 0; i < limit && n + 4 < out_size; i++) {
        out[n++] = (char)(s.text[i] >= 0x20 && s.text[i] < 0x7f ? s.text[i] : '?');
    }
    if (s.size > limit && n + 4 < out_size) {
        memcpy(out + n, "...", 3);
        n += 3;
    }
    out[n] = 0;
}

/* Fills the error with "header: ..." or "tensor 'name': ..."; always -1. */
static int scan_fail(const scan *s, const char *format, ...) {
    char what[128] = "header", message[256], name[96];
    if (s->subject.text) {
        print_span(s->subject, name, sizeof name);
        snprintf(what, sizeof what, "tensor '%s'", name);
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (s->error_size > 0) snprintf(s->error, s->error_size, "%s: %s", what, message);
    return -1;
}

/* "expected <wanted>, found <what stands at the cursor>" */
static int scan_unexpected(const scan *s, const char *wanted) {
    const unsigned long long byte = (unsigned long long)(s->at - s->begin);
    if (s->at == s->end) return scan_fail(s, "expected %s at byte %llu, found its end", wanted, byte);
    if (*s->at >= 0x20 && *s->at < 0x7f)
        return scan_fail(s, "expected %s at byte %llu, found '%c'", wanted, byte, *s->at);
    return scan_fail(s, "expected %s at byte %llu, found byte 0x%02x", wanted, byte, *s->at);
}

static void scan_blanks(scan *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) s->at++;
}

/* Takes `c`, behind blanks, if it comes next. */
static int scan_take(scan *s, char c) {
    scan_blanks(s);
    if (s->at == s->end || *s->at != (unsigned char)c) return 0;
    s->at++;
    return 1;
}

static int scan_expect(scan *s, char c) {
    const char wanted[] = {'\'', c, '\'', 0};
    return scan_take(s, c) ? 0 : scan_unexpected(s, wanted);
}

/* Behind an element of a list or object: 1 if another follows, 0 if `close` ends it, -1 on anything else. */
static int scan_another(scan *s, char close) {
    const char wanted[] = {'\'', ',', '\'', ' ', 'o', 'r', ' ', '\'', close, '\'', 0};
    if (scan_take(s, ',')) return 1;
    return scan_take(s, close) ? 0 : scan_unexpected(s, wanted);
}

/* Four hexadecimal digits at `p`, or -1. */
static int32_t hex4(const unsigned char *p, const unsigned char *end) {
    int32_t value = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        const int c = p[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The cursor stands on a backslash; moves behind the escape. A surrogate must come as a pair. */
static int scan_escape(scan *s) {
    if (s->end - s->at < 2) return scan_unexpected(s, "a whole escape");
    const unsigned char kind = s->at[1];
    if (kind != 'u') {
        if (kind == 0 || !strchr("\"\\/bfnrt", kind)) return scan_unexpected(s, "a known escape");
        s->at += 2;
        return 0;
    }
    const int32_t unit = hex4(s->at + 2, s->end);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return scan_unexpected(s, "a valid \\u escape");
    s->at += 6;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        const int32_t low =
            s->end - s->at >= 2 && s->at[0] == '\\' && s->at[1] == 'u' ? hex4(s->at + 2, s->end) : -1;
        if (low < 0xdc00 || low > 0xdfff) return scan_unexpected(s, "the second half of a surrogate pair");
        s->at += 6;
    }
    return 0;
}

/* A string, as written between its quotes. */
static int scan_string(scan *s, const char *wanted, span *out, int *escaped) {
    *escaped = 0;
    if (!scan_take(s, '"')) return scan_unexpected(s, wanted);
    out->text = s->at;
    while (s->at < s->end && *s->at != '"') {
        if (*s->at < 0x20) return scan_unexpected(s, "no control characters in a string");
        if (*s->at == '\\') {
            if (scan_escape(s)) return -1;
            *escaped = 1;
        } else {
            s->at++;
        }
    }
    out->size = (size_t)(s->at - out->text);
    return scan_take(s, '"') ? 0 : scan_unexpected(s, "the string's closing quote");
}

/* A string without escapes: names, keys, types. */
static int scan_name(scan *s, const char *wanted, span *out) {
    int escaped;
    if (scan_string(s, wanted, out, &escaped)) return -1;
    if (!escaped) return 0;
    char name[96];
    print_span(*out, name, sizeof name);
    return scan_fail(s, "expected %s without escapes, found '%s'", wanted, name);
}

/* A whole number from 0 to 2^63 - 1, without sign, fraction, exponent or leading zeros. */
static int scan_size(scan *s, const char *wanted, uint64_t *value) {
    scan_blanks(s);
    const unsigned char *first = s->at;
    uint64_t n = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        const uint64_t digit = (uint64_t)(*s->at - '0');
        if (n > ((uint64_t)INT64_MAX - digit) / 10)
            return scan_fail(s, "expected %s below 2^63, found more", wanted);
        n = n * 10 + digit;
        s->at++;
    }
    if (s->at == first) return scan_unexpected(s, wanted);
    if (*first == '0' && s->at - first > 1)
        return scan_fail(s, "expected %s without leading zeros, found some", wanted);
    *value = n;
    return 0;
}

/* The first byte that is not UTF-8 (no overlong forms, no surrogates, nothing over U+10FFFF), or `end`. */
static const unsigned char *utf8_fault(const unsigned char *p, const unsigned char *end) {
    while (p < end) {
        const unsigned char lead = *p;
        const int more = lead < 0x80                    ? 0
                         : lead >= 0xc2 && lead <= 0xdf ? 1
                         : (lead & 0xf0) == 0xe0        ? 2
                         : lead >= 0xf0 && lead <= 0xf4 ? 3
                                                        : -1;
        if (more < 0 || end - p <= more) return p;
        /* the second byte's range is narrower behind four leads */
        const unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (more > 0 && (p[1] < least || p[1] > most)) return p;
        for (int i = 2; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80) return p;
        }
        p += more + 1;
    }
    return end;
}

#endif
