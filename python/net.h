/* The C interface that the Python module calls by ctypes: a loaded package with what `hardnet run` makes of
 * pictures. C99.
 *
 *     hardnet_failure failure;
 *     hardnet_net *net = hardnet_net_open("package", &options, &failure);    // NULL: see failure
 *     hardnet_net_run(net, &input, outputs, &failure);                       // the caller's tensors, in place
 *     hardnet_net_put(net, 0, &picture, &size, &failure);                    // or pictures, up to a batch,
 *     hardnet_net_run(net, NULL, NULL, &failure);                            // run in the net's own memory,
 *     hardnet_net_read(net, 0, &reading, mask, &failure);                    // and read as JSON
 *     hardnet_net_close(net);
 *
 * A net belongs to one thread at a time; the module keeps the lock. Functions that give an int32_t give 1, or 0
 * and the failure. Nothing here prints, exits or throws. */
#ifndef HARDNET_PYTHON_NET_H
#define HARDNET_PYTHON_NET_H

#include "hardnet/hardnet.h"
#include "hardnet/vision.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HARDNET_FAILURE_CHARS 4096

typedef struct hardnet_failure {
    int32_t status;                   /* the runtime's, 0 where something else failed */
    int32_t code;                     /* the exit code that the program would end with */
    char text[HARDNET_FAILURE_CHARS]; /* the error's line, and a line for each of its details; UTF-8 */
} hardnet_failure;

typedef struct hardnet_net hardnet_net;

typedef struct hardnet_net_options {
    int32_t threads;          /* 0: as many as this process may use */
    const char *level;        /* NULL: the best that this CPU runs */
    const char *device;       /* as hardnet_options has it; NULL: the CPU */
    const char *weights_path; /* NULL: the package's own */
    const void *weights_data; /* or a file in memory, needed only while it opens */
    size_t weights_size;
} hardnet_net_options;

/* One of three: a file, a file in memory, or 8-bit samples [y][x][channel] without gaps. */
typedef struct hardnet_net_picture {
    const char *path;
    const void *file;
    size_t file_size;
    const uint8_t *samples;
    hardnet_size size;
    int32_t channels;  /* 1, 3, or 4 with alpha */
    int32_t as_stored; /* 1: files are not turned upright, as EXIF says that the camera was held */
} hardnet_net_picture;

typedef struct hardnet_net_reading {
    int32_t top;     /* labels; 0: the program's default */
    float threshold; /* below 0: the program's default */
} hardnet_net_reading;

hardnet_net *hardnet_net_open(const char *folder, const hardnet_net_options *options,
                              hardnet_failure *failure);
void hardnet_net_close(hardnet_net *net); /* NULL is allowed */

/* What it is, and what the runtime had to say when it opened, as JSON in UTF-8; the net's own. */
const char *hardnet_net_description(const hardnet_net *net);

/* `input` and `outputs` [output], in the caller's memory, which nothing refers to afterwards; NULL: its own. */
int32_t hardnet_net_run(hardnet_net *net, const hardnet_tensor *input, const hardnet_tensor *outputs,
                        hardnet_failure *failure);

/* Puts a picture into a place of the batch; `size` is what it is upright, which a mask of it has. */
int32_t hardnet_net_put(hardnet_net *net, int32_t slot, const hardnet_net_picture *picture,
                        hardnet_size *size, hardnet_failure *failure);

/* Behind a run: what the network sees in the picture, as `hardnet run --json` prints it, until the next call;
 * NULL: see failure. Of segmentation also `mask` [y][x], HARDNET_UNSEEN where the network saw nothing. */
const char *hardnet_net_read(hardnet_net *net, int32_t slot, const hardnet_net_reading *how, uint16_t *mask,
                             hardnet_failure *failure);

#ifdef __cplusplus
}
#endif
#endif
