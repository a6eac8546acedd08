/* Classifies a frame that lies in a GPU's memory, in the application's context and stream.
 *
 *     on_device hardnet_digits.safetensors frame.f32
 *
 * frame.f32 holds the network's input as raw float32, channel by channel, already normalised. It stands for what a decoder or
 * a camera leaves on the device: once there, neither it nor the logits touch the host until the application asks for them.
 */
#include <cuda.h>
#include <hardnet/hardnet.h>
#include <stdio.h>

#include "hardnet_digits.h"

enum { kPixels = 3 * HARDNET_DIGITS_HEIGHT * HARDNET_DIGITS_WIDTH, kClasses = 10 };

typedef struct device {
    CUdevice number;
    CUcontext context;
    CUstream stream;
    CUdeviceptr frame, logits;
} device;

/* 0 on success. */
static int prepare(device *d) {
    return cuInit(0) || cuDeviceGet(&d->number, 0) || cuDevicePrimaryCtxRetain(&d->context, d->number) ||
           cuCtxPushCurrent(d->context) || cuStreamCreate(&d->stream, CU_STREAM_NON_BLOCKING) ||
           cuMemAlloc(&d->frame, kPixels * sizeof(float)) || cuMemAlloc(&d->logits, kClasses * sizeof(float));
}

static void give_back(device *d) {
    if (d->logits) cuMemFree(d->logits);
    if (d->frame) cuMemFree(d->frame);
    if (d->stream) cuStreamDestroy(d->stream);
    if (d->context) cuDevicePrimaryCtxRelease(d->number);
}

static int read_frame(const char *path, float *pixels) {
    FILE *file = fopen(path, "rb");
    const size_t found = file ? fread(pixels, sizeof(float), kPixels, file) : 0;
    if (file) fclose(file);
    if (found == kPixels) return 0;
    fprintf(stderr, "on_device: %s: expected %d floats, found %zu\n", path, kPixels, found);
    return 1;
}

/* The frame's copy, the run and the logits' copy follow one another in the stream; the host waits once. */
static int classify(hardnet_context *network, const device *d, const char *path) {
    static float pixels[kPixels], logits[kClasses];
    if (read_frame(path, pixels)) return 1;
    if (hardnet_bind_input_device(network, 0, (void *)d->frame) != HARDNET_OK ||
        hardnet_bind_output_device(network, 0, (void *)d->logits) != HARDNET_OK)
        return 1;
    if (cuMemcpyHtoDAsync(d->frame, pixels, sizeof pixels, d->stream)) return 1;
    if (hardnet_enqueue(network) != HARDNET_OK) return 1;
    if (cuMemcpyDtoHAsync(logits, d->logits, sizeof logits, d->stream) || cuStreamSynchronize(d->stream))
        return 1;
    if (hardnet_wait(network) != HARDNET_OK) return 1;
    int best = 0;
    for (int c = 1; c < kClasses; c++)
        if (logits[c] > logits[best]) best = c;
    printf("class %d  %.4f\n", best, logits[best]);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: on_device WEIGHTS.safetensors FRAME.f32\n");
        return 2;
    }
    device d = {0};
    if (prepare(&d)) {
        fprintf(stderr, "on_device: expected a device of CUDA with some memory, found none\n");
        give_back(&d);
        return 1;
    }
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    options.weights_path = argv[1];
    options.device = "cuda";
    options.cuda_context = d.context;
    options.cuda_stream = d.stream;
    hardnet_context *network = NULL;
    const hardnet_status status = hardnet_open(&hardnet_digits, &options, &network);
    const int failed = status != HARDNET_OK || classify(network, &d, argv[2]);
    if (failed && hardnet_last_error(network)[0])
        fprintf(stderr, "on_device: %s\n", hardnet_last_error(network));
    if (failed && !network) fprintf(stderr, "on_device: %s\n", hardnet_status_text(status));
    hardnet_close(network); /* before what it was bound to */
    give_back(&d);
    return failed;
}
