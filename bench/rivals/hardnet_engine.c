/* A compiled package as an engine of compare.py; see README.md for the protocol. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hardnet/hardnet.h"

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("hardnet_engine: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static const char *option(int argc, char **argv, const char *name) {
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    }
    fail("%s: expected a value, found none", name);
    return NULL;
}

static size_t bytes(const hardnet_tensor *tensor) {
    size_t elements = 1;
    for (int32_t d = 0; d < tensor->rank; d++) elements *= (size_t)tensor->shape[d];
    return elements * sizeof(float);
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void run(hardnet_context *context) {
    if (hardnet_run(context) != HARDNET_OK) fail("run: %s", hardnet_last_error(context));
}

static hardnet_context *open_package(const char *folder, const char *name, int threads) {
    char library[4096], weights[4096];
    snprintf(library, sizeof library, "%s/lib/x86_64-linux/lib%s.so", folder, name);
    snprintf(weights, sizeof weights, "%s/%s.safetensors", folder, name);
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) fail("%s", dlerror());
    const hardnet_network *network = dlsym(handle, name);
    if (!network) fail("%s: expected symbol %s, found none", library, name);

    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_path = weights;
    options.threads = threads;
    hardnet_context *context;
    if (hardnet_open(network, &options, &context) != HARDNET_OK) {
        fail("open: %s", context ? hardnet_last_error(context) : "out of memory");
    }
    return context;
}

static void read_input(hardnet_context *context, const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/input.f32", folder);
    hardnet_tensor input;
    if (hardnet_input(context, 0, &input) != HARDNET_OK) fail("input: %s", hardnet_last_error(context));
    FILE *file = fopen(path, "rb");
    if (!file || fread(input.data, 1, bytes(&input), file) != bytes(&input)) {
        fail("%s: expected %zu bytes, found fewer", path, bytes(&input));
    }
    fclose(file);
}

/* All outputs, one behind another. */
static void write_outputs(hardnet_context *context, const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file) fail("%s: expected a file that can be written", path);
    hardnet_tensor output;
    for (int32_t i = 0; hardnet_output(context, i, &output) == HARDNET_OK; i++) {
        if (fwrite(output.data, 1, bytes(&output), file) != bytes(&output))
            fail("%s: expected to write %zu bytes, found an error", path, bytes(&output));
    }
    if (fclose(file) != 0) fail("%s: expected to be written, found an error", path);
}

int main(int argc, char **argv) {
    const char *folder = option(argc, argv, "--package");
    const char *name = option(argc, argv, "--name");
    const char *model = option(argc, argv, "--model");
    int threads = atoi(option(argc, argv, "--threads"));

    hardnet_context *context = open_package(folder, name, threads);
    read_input(context, model);
    run(context);
    write_outputs(context, option(argc, argv, "--output"));
    printf("ready hardnet %s (%s)\n", hardnet_version(), hardnet_level_name(context));
    fflush(stdout);

    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        int count = atoi(line);
        run(context);
        for (int i = 0; i < count; i++) {
            double start = now_ms();
            run(context);
            printf("%s%.4f", i ? " " : "", now_ms() - start);
        }
        printf("\n");
        fflush(stdout);
    }
    hardnet_close(context);
    return 0;
}
