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

/* The parts of the scratch in elements of their own, and its size. */
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
        !multiply(width, 3, &line) || !multiply(line, rows, &kept) || taps > SIZE_MAX / 2)
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

static hardnet_vision_status start(const hardnet_picture *picture, const hardnet_resize_plan *plan,
                                   hardnet_size input, void *scratch, size_t scratch_bytes, resizer *r) {
    if (!picture_is_fine(picture) || !size_is_fine(input) || !scratch ||
        (uintptr_t)scratch % sizeof(int64_t) != 0)
        return HARDNET_VISION_INVALID_ARGUMENT;
    size_t weights, bytes;
    const hardnet_vision_status status = lay_out(picture->size, plan, input, r, &weights, &bytes);
    if (status != HARDNET_VISION_OK) return status;
    if (scratch_bytes < bytes) return HARDNET_VISION_NO_ROOM;
    r->columns = scratch;
    r->weights = (float *)(r->columns + input.width);
    r->row = r->weights + weights;
    r->line = r->row + r->row_weights;
    r->kept = r->line + 3 * (size_t)input.width;
    for (int64_t x = 0; x < input.width; x++)
        r->columns[x] = weigh(&r->along_x, plan->left + x, r->weights + x * r->column_weights);
    return HARDNET_VISION_OK;
}

/* Row `y` of the picture resized along x: [x][channel]. */
static void resize_row(const resizer *r, const hardnet_picture *picture, int64_t y, int32_t width,
                       float *out) {
    for (int32_t x = 0; x < width; x++, out += 3) {
        const tap *column = &r->columns[x];
        const float *weights = r->weights + x * r->column_weights;
        const uint8_t *pixel = pixel_at(picture, column->first, y);
        const int64_t count = column->last - column->first;
        float sum[3] = {0, 0, 0};
        for (int64_t j = 0; j < count; j++, pixel += 3)
            for (int c = 0; c < 3; c++) sum[c] += weights[j] * pixel[c];
        for (int c = 0; c < 3; c++) out[c] = sum[c];
    }
}

/* Makes r->line row `y` of the result. Picture rows before `next` are resized already; rows are made in order. */
static int64_t make_line(const resizer *r, const hardnet_picture *picture, int64_t top, int64_t y,
                         int32_t width, int64_t next) {
    const tap rows = weigh(&r->along_y, top + y, r->row);
    const size_t row_elems = 3 * (size_t)width;
    for (next = most(next, rows.first); next < rows.last; next++)
        resize_row(r, picture, next, width, r->kept + (size_t)(next % r->row_weights) * row_elems);
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

hardnet_vision_status hardnet_resize(const hardnet_picture *picture, const hardnet_resize_plan *plan,
                                     hardnet_size input, float *out, void *scratch, size_t scratch_bytes) {
    resizer r;
    if (!out) return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = start(picture, plan, input, scratch, scratch_bytes, &r);
    if (status != HARDNET_VISION_OK) return status;
    const size_t row_elems = 3 * (size_t)input.width;
    int64_t next = 0;
    for (int32_t y = 0; y < input.height; y++) {
        next = make_line(&r, picture, plan->top, y, input.width, next);
        for (size_t i = 0; i < row_elems; i++) *out++ = r.line[i];
    }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_resize_8bit(const hardnet_picture *picture, const hardnet_resize_plan *plan,
                                          const hardnet_picture *out, void *scratch, size_t scratch_bytes) {
    resizer r;
    if (!picture_is_fine(out)) return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = start(picture, plan, out->size, scratch, scratch_bytes, &r);
    if (status != HARDNET_VISION_OK) return status;
    const size_t row_elems = 3 * (size_t)out->size.width;
    int64_t next = 0;
    for (int32_t y = 0; y < out->size.height; y++) {
        next = make_line(&r, picture, plan->top, y, out->size.width, next);
        uint8_t *row = pixel_at(out, 0, y);
        for (size_t i = 0; i < row_elems; i++)
            row[i] = (uint8_t)lroundf(smaller(larger(r.line[i], 0.0f), 255.0f));
    }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_preprocess(const hardnet_picture *picture, const hardnet_preprocessing *how,
                                         const hardnet_resize_plan *plan, hardnet_size input, float *out,
                                         void *scratch, size_t scratch_bytes) {
    resizer r;
    if (!how || !out) return HARDNET_VISION_INVALID_ARGUMENT;
    for (int c = 0; c < 3; c++)
        if (!isfinite(how->mean[c]) || !(how->deviation[c] > 0)) return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = start(picture, plan, input, scratch, scratch_bytes, &r);
    if (status != HARDNET_VISION_OK) return status;
    const size_t width = (size_t)input.width, area = width * (size_t)input.height;
    int64_t next = 0;
    for (int32_t y = 0; y < input.height; y++) {
        next = make_line(&r, picture, plan->top, y, input.width, next);
        for (int c = 0; c < 3; c++) {
            const float *from = r.line + (how->bgr ? 2 - c : c); /* pictures are red, green, blue */
            float *to = out + (size_t)c * area + (size_t)y * width;
            for (size_t x = 0; x < width; x++) to[x] = (from[x * 3] / 255 - how->mean[c]) / how->deviation[c];
        }
    }
    return HARDNET_VISION_OK;
}
