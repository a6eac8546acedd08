/* Opening and closing: options checked, then each part of a context made in its turn. */
#include "context.h"

#include <string.h>

static bool all_zero(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i]) return false;
    }
    return true;
}

/* Copies the caller's options, which may be of an older header, and of a newer one as long as what it
 * appended is unused. NULL: fine, else what is wrong. */
static const char *read_options(const hardnet_options *given, hardnet_options *options) {
    if (!given) return NULL;
    const size_t size = given->struct_size;
    if (size < offsetof(hardnet_options, packed_folder))
        return "struct_size: expected sizeof(hardnet_options), found less";
    if (size > sizeof *options && !all_zero((const uint8_t *)given + sizeof *options, size - sizeof *options))
        return "options: expected the fields of this version, found newer ones in use";
    if (!given->allocate != !given->release)
        return "hooks: expected allocate and release together, found one of them";
    memcpy(options, given, size < sizeof *options ? size : sizeof *options);
    if (options->input_type != HARDNET_FLOAT32 && options->input_type != HARDNET_UINT8) {
        return "input_type: expected float32 or uint8, found neither";
    }
    return NULL;
}

static hardnet_status start_threads(hardnet_context *context, const hardnet_host *host) {
    int32_t threads = context->options.threads;
    if (threads < 0 || threads > HARDNET_MAX_THREADS) {
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "threads: expected 0 to %d, found %d",
                            HARDNET_MAX_THREADS, threads);
    }
    if (threads == 0) threads = host->processors;
    context->runner.threads = threads;
    if (threads == 1 || context->options.parallel) return HARDNET_OK;
    context->runner.threads = 1; /* until they run: a failing open stops as many */
    hardnet_worker *workers =
        hardnet_take(context, HARDNET_BLOCK_WORKERS, (size_t)(threads - 1) * sizeof *workers, "threads");
    if (!workers) return HARDNET_OUT_OF_MEMORY;
    hardnet_runner_start(&context->runner, threads, host->processors, workers, host->create_thread);
    if (context->runner.threads < threads) {
        hardnet_log(context, "threads: expected %d, found that the system starts only %d: running with those",
                    threads, context->runner.threads);
    }
    return HARDNET_OK;
}

static hardnet_status open_parts(hardnet_context *context, const hardnet_host *host) {
    const hardnet_network *network = context->network;
    if (!network)
        return hardnet_fail(context, HARDNET_INVALID_ARGUMENT, "network: expected an address, found NULL");
    if (network->plan_version != HARDNET_PLAN_VERSION) {
        return hardnet_fail(
            context, HARDNET_VERSION_MISMATCH,
            "plan version: expected %d, found %u (the package is of another version of hardnet: "
            "compile it again)",
            HARDNET_PLAN_VERSION, network->plan_version);
    }
    hardnet_status status = hardnet_choose_device(context, host);
    if (status == HARDNET_OK) status = hardnet_check_tables(context);
    if (status == HARDNET_OK) status = hardnet_check_packings(context);
    if (status == HARDNET_OK) status = start_threads(context, host);
    if (status == HARDNET_OK) status = hardnet_load_weights(context);
    if (status == HARDNET_OK) status = context->device->make_memory(context);
    if (status == HARDNET_OK) status = hardnet_make_ports(context);
    if (status == HARDNET_OK) status = hardnet_use_prepacked(context);
    if (status == HARDNET_OK && !context->packed) status = hardnet_pack_weights(context);
    if (status == HARDNET_OK) status = context->device->make_tables(context);
    return status;
}

static void drop_all(hardnet_context *context) {
    hardnet_runner_stop(&context->runner);
    context->device->close(context);
    hardnet_unmap_packed(context);
    for (int i = 0; i < HARDNET_BLOCKS; i++) hardnet_drop(context, (hardnet_block_name)i);
    context->packed = NULL;
    context->ports = NULL;
    context->schedule = (hardnet_schedule){0};
}

static bool is_for_want_of_a_device(hardnet_status status) {
    return status == HARDNET_NO_DEVICE || status == HARDNET_DEVICE_OUT_OF_MEMORY ||
           status == HARDNET_DEVICE_LOST;
}

/* What was asked for, or the next best where that will do. */
static hardnet_status open_on_some_device(hardnet_context *context, const hardnet_host *host) {
    hardnet_status status = hardnet_read_device(context);
    if (status == HARDNET_OK) status = open_parts(context, host);
    hardnet_forget_weights(context);
    while (context->request.automatic && is_for_want_of_a_device(status) &&
           context->request.kind != HARDNET_DEVICE_CPU) {
        hardnet_log(context, "device auto: %s: %s", hardnet_last_error(context),
                    hardnet_next_device(context));
        drop_all(context);
        hardnet_refuse(context, HARDNET_OK, NULL);
        status = open_parts(context, host);
        hardnet_forget_weights(context);
    }
    return status;
}

hardnet_status hardnet_open_on(const hardnet_host *host, const hardnet_network *network,
                               const hardnet_options *given, hardnet_context **out) {
    if (!out) return HARDNET_INVALID_ARGUMENT;
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    const char *wrong = read_options(given, &options);
    hardnet_context *context = *out = hardnet_context_new(&options);
    if (!context) return HARDNET_OUT_OF_MEMORY;
    context->network = network;
    context->device = &hardnet_cpu_device;
    if (wrong) return hardnet_refuse(context, HARDNET_INVALID_ARGUMENT, wrong);
    context->host = host;
    const hardnet_status status = open_on_some_device(context, host);
    context->host = NULL;
    /* The caller's strings need not outlive this call. */
    context->options.weights_path = context->options.level = context->options.packed_folder = NULL;
    context->options.device = NULL;
    context->options.weights_data = NULL;
    context->open = status == HARDNET_OK;
    if (!context->open) drop_all(context);
    return status;
}

hardnet_status hardnet_open(const hardnet_network *network, const hardnet_options *options,
                            hardnet_context **context) {
    const hardnet_host host = hardnet_this_host();
    return hardnet_open_on(&host, network, options, context);
}

void hardnet_close(hardnet_context *context) {
    if (!context) return;
    drop_all(context);
    hardnet_context_free(context);
}

const char *hardnet_level_name(const hardnet_context *context) {
    return context && context->open ? context->level->name : "";
}
