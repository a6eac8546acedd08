/* runner WEIGHTS INPUT OUTPUT THREADS [LEVEL]: the network that is linked in, on raw float32 files.
 *
 * Prints the level. Exit code: 0, or the runtime's status with its text on stderr; 100 for anything else.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hardnet/hardnet.h"
#include "tested.h" /* the package's */

static size_t element_count(const hardnet_tensor *tensor) {
    size_t count = 1;
    for (int32_t d = 0; d < tensor->rank; d++) count *= (size_t)tensor->shape[d];
    return count;
}

static int read_into(const hardnet_tensor *tensor, const char *path) {
    FILE *file = fopen(path, "rb");
    const size_t expected = element_count(tensor);
    const size_t found = file ? fread(tensor->data, sizeof(float), expected, file) : 0;
    if (file) fclose(file);
    return found == expected;
}

static int write_from(const hardnet_tensor *tensor, const char *path) {
    FILE *file = fopen(path, "wb");
    const size_t expected = element_count(tensor);
    const size_t written = file ? fwrite(tensor->data, sizeof(float), expected, file) : 0;
    return file && fclose(file) == 0 && written == expected;
}

static int fail(const hardnet_context *context, hardnet_status status) {
    fprintf(stderr, "%s\n", context ? hardnet_last_error(context) : hardnet_status_text(status));
    return (int)status;
}

int main(int argc, char **argv) {
    if (argc < 5) return 100;
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_path = argv[1];
    options.threads = atoi(argv[4]);
    options.level = argc > 5 ? argv[5] : NULL;
    hardnet_context *context = NULL;
    hardnet_status status = hardnet_open(&tested, &options, &context);
    if (status != HARDNET_OK) return fail(context, status);

    hardnet_tensor input, output;
    status = hardnet_input(context, 0, &input);
    if (status == HARDNET_OK) status = hardnet_output(context, 0, &output);
    if (status != HARDNET_OK) return fail(context, status);
    if (!read_into(&input, argv[2])) return 100;
    status = hardnet_run(context);
    if (status != HARDNET_OK) return fail(context, status);
    if (!write_from(&output, argv[3])) return 100;
    printf("%s\n", hardnet_level_name(context));
    hardnet_close(context);
    return 0;
}
