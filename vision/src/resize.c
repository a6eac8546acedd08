/* Resizing, row by row, and what each row of the result becomes. */
#include <math.h>

#include "checks.h"

/* The input pixels [first, last) that make one output pixel; their weights sum to 1. */
typedef struct tap {
    int64_t first, last;
} tap;

/* Of a line of `in` pixels that is resized to `out`. */
typedef struct filter {
    int64_t in;
    double scale, support; /* input pixels per output pixel; half the filter's width, in input pixels */
} filter;

/* Where in the scratch everything lies. */
typedef struct resizer {
    filter along_x, along_y;
    int64_t column_weights, row_weights; /* at most so many per pixel */
    size_t row_elems;                    /* of a line: channels times columns */
    tap *columns;                        /* [x] */
    float *weights;                      /* [x][column_weights] */
    float *row;                          /* weights of one output row, [row_weights] */
    float *line;                         /* the output row, [x][channel] */
    float *kept;                         /* picture rows resized along x: row y at y % row_weights */
} resizer;

static filter filter_of(int64_t in, int64_t out) {
    const double scale = (double)in / (double)out;
    const filter made = {in, scale, 1.0 < scale ? scale : 1.0};
    return made;
}

static int64_t most_weights(const filter *f) { return least(f->in, (int64_t)(2 * f->support) + 2); }

/* The weights of output pixel `i`. */
static tap weigh(const filter *f, int64_t i, float *weights) {
    const double center = f->scale * ((double)i + 0.5);
    const tap made = {most(0, (int64_t)(center - f->support + 0.5)),
                      least(f->in, (int64_t)(center + f->support + 0.5))};
    double sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t j = made.first; j < made.last; j++) {
            const double share = 1 - fabs(((double)j + 0.5 - center) / f->support);
            const double weight = 0.0 < share ? share : 0.0;
            if (pass == 0)
                sum += weight;
            else
                weights[j - made.first] = (float)(weight / sum);
        }
    return made;
}

/* The parts of the scratch in elements of their own, and its size, whatever the number of channels. */
static hardnet_vision_status lay_out(hardnet_size picture, const hardnet_resize_plan *plan,
                                     hardnet_size input, resizer *r, size_t *floats, size_t *bytes) {
    const hardnet_vision_status status = hardnet_check_plan(plan, input);
    if (status != HARDNET_VISION_OK) return status;
    r->along_x = filter_of(picture.width, plan->width);
    r->along_y = filter_of(picture.height, plan->height);
    r->column_weights = most_weights(&r->along_x);
    r->row_weights = most_weights(&r->along_y);
    const size_t width = (size_t)input.width, rows = (size_t)r->row_weights;
    size_t taps, weights, line, kept;
    if (!multiply(width, sizeof(tap), &taps) || !multiply(width, (size_t)r->column_weights, &weights) ||
        !multiply(width, HARDNET_MOST_CHANNELS, &line) || !multiply(line, rows, &kept) || taps > SIZE_MAX / 2)
        return HARDNET_VISION_TOO_LARGE;
    const size_t parts[4] = {weights, rows, line, kept}, most_floats = SIZE_MAX / 2 / sizeof(float);
    size_t sum = 0;
    for (int i = 0; i < 4; i++) {
        if (parts[i] > most_floats - sum) return HARDNET_VISION_TOO_LARGE;
        sum += parts[i];
    }
    *floats = weights;
    *bytes = taps + sum * sizeof(float);
    return HARDNET_VISION_OK;
}

static hardnet_vision_status start(const hardnet_samples *samples, const hardnet_resize_plan *plan,
                                   hardnet_size input, void *scratch, size_t scratch_bytes, resizer *r) {
    if (!samples_are_fine(samples) || !size_is_fine(input) || !scratch ||
        (uintptr_t)scratch % sizeof(int64_t) != 0)
        return HARDNET_VISION_INVALID_ARGUMENT;
    size_t weights, bytes;
    const hardnet_vision_status status = lay_out(samples->size, plan, input, r, &weights, &bytes);
    if (status != HARDNET_VISION_OK) return status;
    if (scratch_bytes < bytes) return HARDNET_VISION_NO_ROOM;
    r->columns = scratch;
    r->weights = (float *)(r->columns + input.width);
    r->row = r->weights + weights;
    r->line = r->row + r->row_weights;
    r->row_elems = (size_t)samples->channels * (size_t)input.width;
    r->kept = r->line + r->row_elems;
    for (int64_t x = 0; x < input.width; x++)
        r->columns[x] = weigh(&r->along_x, plan->left + x, r->weights + x * r->column_weights);
    return HARDNET_VISION_OK;
}

/* A row of `channels` resized along x: [x][channel]. */
static inline void resize_pixels(const resizer *r, const uint8_t *row, int channels, int32_t width,
                                 float *out) {
    for (int32_t x = 0; x < width; x++, out += channels) {
        const tap *column = &r->columns[x];
        const float *weights = r->weights + x * r->column_weights;
        const uint8_t *pixel = row + column->first * channels;
        const int64_t count = column->last - column->first;
        float sum[HARDNET_MOST_CHANNELS] = {0};
        for (int64_t j = 0; j < count; j++, pixel += channels)
            for (int c = 0; c < channels; c++) sum[c] += weights[j] * pixel[c];
        for (int c = 0; c < channels; c++) out[c] = sum[c];
    }
}

/* Row `y`; three channels, which pictures have, as a constant that the compiler unrolls. */
static void resize_row(const resizer *r, const hardnet_samples *samples, int64_t y, int32_t width,
                       float *out) {
    const uint8_t *row = samples->values + y * samples->row_bytes;
    if (samples->channels == 3)
        resize_pixels(r, row, 3, width, out);
    else
        resize_pixels(r, row, samples->channels, width, out);
}

/* Makes r->line row `y` of the result. Picture rows before `next` are resized already; rows are made in order. */
static int64_t make_line(const resizer *r, const hardnet_samples *samples, int64_t top, int64_t y,
                         int32_t width, int64_t next) {
    const tap rows = weigh(&r->along_y, top + y, r->row);
    const size_t row_elems = r->row_elems;
    for (next = most(next, rows.first); next < rows.last; next++)
        resize_row(r, samples, next, width, r->kept + (size_t)(next % r->row_weights) * row_elems);
    for (size_t i = 0; i < row_elems; i++) r->line[i] = 0;
    for (int64_t j = rows.first; j < rows.last; j++) {
        const float weight = r->row[j - rows.first];
        const float *row = r->kept + (size_t)(j % r->row_weights) * row_elems;
        for (size_t i = 0; i < row_elems; i++) r->line[i] += weight * row[i];
    }
    return next;
}

hardnet_vision_status hardnet_resize_scratch(hardnet_size picture, const hardnet_resize_plan *plan,
                                             hardnet_size input, size_t *bytes) {
    if (!size_is_fine(picture) || !size_is_fine(input) || !bytes) return HARDNET_VISION_INVALID_ARGUMENT;
    resizer r;
    size_t weights;
    return lay_out(picture, plan, input, &r, &weights, bytes);
}

/* Red, green and blue. */
static hardnet_samples samples_of(const hardnet_picture *picture) {
    const hardnet_samples none = {NULL, {0, 0}, 0, 0};
    if (!picture) return none;
    const hardnet_samples made = {picture->rgb, picture->size, picture->row_bytes, 3};
    return made;
}

hardnet_vision_status hardnet_resize(const hardnet_picture *picture, const hardnet_resize_plan *plan,
                                     hardnet_size input, float *out, void *scratch, size_t scratch_bytes) {
    resizer r;
    const hardnet_samples samples = samples_of(picture);
    if (!out) return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = start(&samples, plan, input, scratch, scratch_bytes, &r);
    if (status != HARDNET_VISION_OK) return status;
    int64_t next = 0;
    for (int32_t y = 0; y < input.height; y++) {
        next = make_line(&r, &samples, plan->top, y, input.width, next);
        for (size_t i = 0; i < r.row_elems; i++) *out++ = r.line[i];
    }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_resize_samples_8bit(const hardnet_samples *samples,
                                                  const hardnet_resize_plan *plan, const hardnet_samples *out,
                                                  void *scratch, size_t scratch_bytes) {
    resizer r;
    if (!samples_are_fine(samples) || !samples_are_fine(out) || samples->channels != out->channels)
        return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = start(samples, plan, out->size, scratch, scratch_bytes, &r);
    if (status != HARDNET_VISION_OK) return status;
    int64_t next = 0;
    for (int32_t y = 0; y < out->size.height; y++) {
        next = make_line(&r, samples, plan->top, y, out->size.width, next);
        uint8_t *row = out->values + y * out->row_bytes;
        for (size_t i = 0; i < r.row_elems; i++)
            row[i] = (uint8_t)lroundf(smaller(larger(r.line[i], 0.0f), 255.0f));
    }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_resize_8bit(const hardnet_picture *picture, const hardnet_resize_plan *plan,
                                          const hardnet_picture *out, void *scratch, size_t scratch_bytes) {
    const hardnet_samples from = samples_of(picture), to = samples_of(out);
    return hardnet_resize_samples_8bit(&from, plan, &to, scratch, scratch_bytes);
}

/* Plane c of the input is channel c of the samples, or, `reversed`, the one that lies as far from the end. */
static hardnet_vision_status normalise(const hardnet_samples *samples, int reversed, const float *mean,
                                       const float *deviation, const hardnet_resize_plan *plan,
                                       hardnet_size input, float *out, void *scratch, size_t scratch_bytes) {
    resizer r;
    if (!samples_are_fine(samples) || !mean || !deviation || !out) return HARDNET_VISION_INVALID_ARGUMENT;
    const int channels = samples->channels;
    for (int c = 0; c < channels; c++)
        if (!isfinite(mean[c]) || !(deviation[c] > 0)) return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = start(samples, plan, input, scratch, scratch_bytes, &r);
    if (status != HARDNET_VISION_OK) return status;
    const size_t width = (size_t)input.width, area = width * (size_t)input.height;
    int64_t next = 0;
    for (int32_t y = 0; y < input.height; y++) {
        next = make_line(&r, samples, plan->top, y, input.width, next);
        for (int c = 0; c < channels; c++) {
            const float *from = r.line + (reversed ? channels - 1 - c : c);
            float *to = out + (size_t)c * area + (size_t)y * width;
            for (size_t x = 0; x < width; x++)
                to[x] = (from[x * (size_t)channels] / 255 - mean[c]) / deviation[c];
        }
    }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_preprocess(const hardnet_picture *picture, const hardnet_preprocessing *how,
                                         const hardnet_resize_plan *plan, hardnet_size input, float *out,
                                         void *scratch, size_t scratch_bytes) {
    const hardnet_samples samples = samples_of(picture); /* red, green, blue */
    if (!how) return HARDNET_VISION_INVALID_ARGUMENT;
    return normalise(&samples, how->bgr, how->mean, how->deviation, plan, input, out, scratch, scratch_bytes);
}

hardnet_vision_status hardnet_preprocess_samples(const hardnet_samples *samples, const float *mean,
                                                 const float *deviation, const hardnet_resize_plan *plan,
                                                 hardnet_size input, float *out, void *scratch,
                                                 size_t scratch_bytes) {
    return normalise(samples, 0, mean, deviation, plan, input, out, scratch, scratch_bytes);
}
