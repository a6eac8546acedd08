/* One-line texts. Compiled as POSIX, where strerror_r fills the caller's memory on every libc: GNU's own of
 * that name returns a text instead. */
#undef _GNU_SOURCE
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>

#include "context.h"

hardnet_text hardnet_text_in(char *memory, size_t size) {
    memory[0] = 0;
    return (hardnet_text){memory, size};
}

static void put_list(hardnet_text *text, const char *format, va_list list) {
    const int wanted = vsnprintf(text->at, text->left, format, list);
    if (wanted < 0) return;
    const size_t written = (size_t)wanted < text->left ? (size_t)wanted : text->left - 1;
    text->at += written;
    text->left -= written;
}

void hardnet_put(hardnet_text *text, const char *format, ...) {
    va_list list;
    va_start(list, format);
    put_list(text, format, list);
    va_end(list);
}

void hardnet_put_shape(hardnet_text *text, int32_t rank, const int64_t *shape) {
    hardnet_put(text, "[");
    for (int32_t d = 0; d < rank; d++) hardnet_put(text, d ? ",%lld" : "%lld", (long long)shape[d]);
    hardnet_put(text, "]");
}

void hardnet_put_name(hardnet_text *text, const char *name, size_t size) {
    const size_t shown = size < 80 ? size : 80; /* a hostile file's names may be megabytes long */
    for (size_t i = 0; i < shown; i++) {
        const unsigned char c = (unsigned char)name[i];
        hardnet_put(text, "%c", c >= 0x20 && c != 0x7f ? c : '?');
    }
    if (shown < size) hardnet_put(text, "...");
}

const char *hardnet_error_text(int error, char *memory, size_t size) {
    if (strerror_r(error, memory, size) != 0) { /* an unknown number, or a text that does not fit */
        hardnet_text text = hardnet_text_in(memory, size);
        hardnet_put(&text, "error %d", error);
    }
    return memory;
}

hardnet_status hardnet_fail(hardnet_context *context, hardnet_status status, const char *format, ...) {
    hardnet_text text = hardnet_text_in(context->text, sizeof context->text);
    va_list list;
    va_start(list, format);
    put_list(&text, format, list);
    va_end(list);
    return hardnet_refuse(context, status, context->text);
}

hardnet_status hardnet_refuse(hardnet_context *context, hardnet_status status, const char *text) {
    atomic_store(&context->error, text);
    return status;
}

void hardnet_log(hardnet_context *context, const char *format, ...) {
    if (!context->options.log) return;
    char memory[256];
    hardnet_text text = hardnet_text_in(memory, sizeof memory);
    va_list list;
    va_start(list, format);
    put_list(&text, format, list);
    va_end(list);
    context->options.log(context->options.user, memory);
}

const char *hardnet_last_error(const hardnet_context *context) {
    const char *text = context ? atomic_load(&((hardnet_context *)context)->error) : NULL;
    return text ? text : "";
}

const char *hardnet_status_text(hardnet_status status) {
    switch (status) {
        case HARDNET_OK:
            return "ok";
        case HARDNET_INVALID_ARGUMENT:
            return "invalid argument";
        case HARDNET_OUT_OF_MEMORY:
            return "out of memory";
        case HARDNET_BAD_WEIGHTS:
            return "bad weights";
        case HARDNET_VERSION_MISMATCH:
            return "version mismatch";
        case HARDNET_UNSUPPORTED_CPU:
            return "unsupported cpu";
        case HARDNET_NO_DEVICE:
            return "no device";
        case HARDNET_DEVICE_OUT_OF_MEMORY:
            return "device out of memory";
        case HARDNET_DEVICE_LOST:
            return "device lost";
        case HARDNET_BUSY:
            return "busy";
        case HARDNET_IO:
            return "io";
        case HARDNET_INTERNAL:
            return "internal";
    }
    return "unknown status";
}

#define HARDNET_TEXT_OF(x) #x
#define HARDNET_TEXT(x) HARDNET_TEXT_OF(x)

const char *hardnet_version(void) {
    return HARDNET_TEXT(HARDNET_VERSION_MAJOR) "." HARDNET_TEXT(HARDNET_VERSION_MINOR) "." HARDNET_TEXT(
        HARDNET_VERSION_PATCH);
}

bool hardnet_name_is(hardnet_name name, const char *text) {
    return strlen(text) == name.size && memcmp(text, name.text, name.size) == 0;
}
