/* Classifies one image with a compiled network that is linked into the program: no file but the weights is
 * needed.
 *
 *     classify hardnet68.safetensors image.f32
 *
 * image.f32 holds the network's input as raw float32, channel by channel, already normalised: 3 x 224 x 224
 * for the package that README.md compiles. Prints the five largest logits with their class numbers.
 */
#include <hardnet/hardnet.h>
#include <stdio.h>

#include "hardnet68.h" /* the package's: declares `hardnet68` */

enum { kTop = 5 };

static size_t element_count(const hardnet_tensor *tensor) {
    size_t count = 1;
    for (int32_t d = 0; d < tensor->rank; d++) count *= (size_t)tensor->shape[d];
    return count;
}

/* Fills `tensor` from the file, which must hold exactly its elements. 0 on success. */
static int read_input(const char *path, const hardnet_tensor *tensor) {
    const size_t expected = element_count(tensor);
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "classify: %s: expected a readable file\n", path);
        return 1;
    }
    const size_t found = fread(tensor->data, sizeof(float), expected, file);
    const int more = fgetc(file) != EOF;
    fclose(file);
    if (found == expected && !more) return 0;
    fprintf(stderr, "classify: %s: expected %zu floats, found %s\n", path, expected, more ? "more" : "fewer");
    return 1;
}

static void print_top(const float *logits, size_t classes) {
    size_t top[kTop];
    size_t count = 0;
    for (size_t c = 0; c < classes; c++) { /* insertion into a list that is sorted, largest first */
        size_t place = count;
        while (place > 0 && logits[c] > logits[top[place - 1]]) place--;
        if (place == kTop) continue;
        if (count < kTop) count++;
        for (size_t i = count - 1; i > place; i--) top[i] = top[i - 1];
        top[place] = c;
    }
    for (size_t i = 0; i < count; i++) printf("class %4zu  %9.4f\n", top[i], logits[top[i]]);
}

static int classify(hardnet_context *context, const char *image) {
    hardnet_tensor input, output;
    if (hardnet_input(context, 0, &input) != HARDNET_OK || hardnet_output(context, 0, &output) != HARDNET_OK)
        return 1;
    if (read_input(image, &input) != 0) return 1;
    if (hardnet_run(context) != HARDNET_OK) return 1;
    print_top(output.data, element_count(&output));
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: classify WEIGHTS.safetensors IMAGE.f32\n");
        return 2;
    }
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_path = argv[1];
    hardnet_context *context = NULL;
    const hardnet_status status = hardnet_open(&hardnet68, &options, &context);
    int failed = status != HARDNET_OK;
    if (!failed) failed = classify(context, argv[2]);
    if (hardnet_last_error(context)[0]) fprintf(stderr, "classify: %s\n", hardnet_last_error(context));
    if (failed && !context) fprintf(stderr, "classify: %s\n", hardnet_status_text(status));
    hardnet_close(context);
    return failed;
}
