/* Three networks in one program, all open at once. Kernels that two of them share are linked once.
 *
 *     several_networks hardnet39ds.safetensors hardnet39ds_wide.safetensors hardnet_digits.safetensors
 *
 * Runs each on the same ramp, in turn and twice, and prints its size, its class and that class's logit.
 */
#include <hardnet/hardnet.h>
#include <stdio.h>

#include "hardnet39ds.h"
#include "hardnet39ds_wide.h"
#include "hardnet_digits.h"

enum { kNetworks = 3, kRounds = 2 };

static size_t element_count(const hardnet_tensor *tensor) {
    size_t count = 1;
    for (int32_t d = 0; d < tensor->rank; d++) count *= (size_t)tensor->shape[d];
    return count;
}

/* -1 to 127/128 in steps of 1/128, again and again. */
static void fill_ramp(const hardnet_tensor *input) {
    float *values = input->data;
    const size_t count = element_count(input);
    for (size_t i = 0; i < count; i++) values[i] = (float)(i % 256) / 128 - 1;
}

static hardnet_status run(const char *name, hardnet_context *context) {
    hardnet_tensor input, output;
    hardnet_status status = hardnet_input(context, 0, &input);
    if (status == HARDNET_OK) status = hardnet_output(context, 0, &output);
    if (status != HARDNET_OK) return status;
    fill_ramp(&input);
    status = hardnet_run(context);
    if (status != HARDNET_OK) return status;
    const float *logits = output.data;
    size_t best = 0;
    for (size_t c = 1; c < element_count(&output); c++)
        if (logits[c] > logits[best]) best = c;
    printf("%s %dx%d: class %d, logit %.9g\n", name, (int)input.shape[2], (int)input.shape[3], (int)best,
           logits[best]);
    return HARDNET_OK;
}

int main(int argc, char **argv) {
    static const char *const names[kNetworks] = {"hardnet39ds", "hardnet39ds_wide", "hardnet_digits"};
    const hardnet_network *const networks[kNetworks] = {&hardnet39ds, &hardnet39ds_wide, &hardnet_digits};
    hardnet_context *contexts[kNetworks] = {NULL, NULL, NULL};
    hardnet_status status = HARDNET_OK;
    int n = 0;
    if (argc != kNetworks + 1) {
        fprintf(stderr, "usage: several_networks WEIGHTS WEIGHTS WEIGHTS\n");
        return 2;
    }
    for (n = 0; n < kNetworks; n++) {
        hardnet_options options = HARDNET_OPTIONS_DEFAULT;
        options.weights_path = argv[n + 1];
        status = hardnet_open(networks[n], &options, &contexts[n]);
        if (status != HARDNET_OK) break;
    }
    for (int round = 0; round < kRounds && status == HARDNET_OK; round++) {
        for (n = 0; n < kNetworks; n++) {
            status = run(names[n], contexts[n]);
            if (status != HARDNET_OK) break;
        }
    }
    if (status != HARDNET_OK)
        fprintf(stderr, "several_networks: %s: %s\n", names[n],
                contexts[n] ? hardnet_last_error(contexts[n]) : hardnet_status_text(status));
    for (n = 0; n < kNetworks; n++) hardnet_close(contexts[n]);
    return status != HARDNET_OK;
}
