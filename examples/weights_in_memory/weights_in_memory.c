/* Reads a digit without a file system: weights and picture are constants of the program, which takes no
 * arguments. It prints the picture and what the network reads. */
#include <hardnet/hardnet.h>
#include <stdint.h>
#include <stdio.h>

#include "hardnet_digits.h"

extern const unsigned char weights[];
extern const size_t weights_size;

enum { kCells = 8, kCell = HARDNET_DIGITS_WIDTH / kCells };

/* From black to white. */
static const char kShades[] = " .:-=+*#@";

static const char *const kPicture[kCells] = {
    "  -@@*. ", "  *==@+ ", "     @= ", "    =@: ", "   .*@* ", "     -@:", " -. .*@ ", " .#@@#: ",
};

static uint8_t brightness(char shade) {
    int level = 0;
    while (kShades[level] != shade) level++;
    return (uint8_t)(255 * level / 8);
}

/* Every character is a cell of 4 x 4 pixels, grey. */
static void draw(uint8_t *pixels) {
    for (int y = 0; y < HARDNET_DIGITS_HEIGHT; y++)
        for (int x = 0; x < HARDNET_DIGITS_WIDTH; x++)
            for (int c = 0; c < 3; c++) *pixels++ = brightness(kPicture[y / kCell][x / kCell]);
}

static hardnet_status classify(hardnet_context *context) {
    hardnet_tensor input, output;
    hardnet_status status = hardnet_input(context, 0, &input);
    if (status == HARDNET_OK) status = hardnet_output(context, 0, &output);
    if (status != HARDNET_OK) return status;
    draw(input.data);
    status = hardnet_run(context);
    if (status != HARDNET_OK) return status;
    const float *logits = output.data;
    int best = 0;
    for (int c = 1; c < HARDNET_DIGITS_CLASSES; c++)
        if (logits[c] > logits[best]) best = c;
    for (int row = 0; row < kCells; row++) puts(kPicture[row]);
    printf("read as %d\n", best);
    return HARDNET_OK;
}

int main(void) {
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_data = weights;
    options.weights_size = weights_size;
    options.input_type = HARDNET_UINT8;
    hardnet_context *context = NULL;
    hardnet_status status = hardnet_open(&hardnet_digits, &options, &context);
    if (status == HARDNET_OK) status = classify(context);
    if (status != HARDNET_OK)
        fprintf(stderr, "weights_in_memory: %s\n",
                context ? hardnet_last_error(context) : hardnet_status_text(status));
    hardnet_close(context);
    return status != HARDNET_OK;
}
