#include "cli/preprocess.h"

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

// The input pixels [first, first + weights.size()) that make one output pixel. The weights sum to 1.
struct Tap {
    int64_t first;
    std::vector<float> weights;
};

// Output pixels [begin, begin + count) of a line of `in` pixels that is resized to `out`.
std::vector<Tap> triangle_taps(int64_t in, int64_t out, int64_t begin, int count) {
    const double scale = double(in) / double(out);
    const double support = std::max(scale, 1.0);  // half the filter's width, in input pixels
    std::vector<Tap> taps;
    for (int64_t i = begin; i < begin + count; i++) {
        const double center = scale * (double(i) + 0.5);
        const int64_t first = std::max<int64_t>(0, int64_t(center - support + 0.5));
        const int64_t last = std::min<int64_t>(in, int64_t(center + support + 0.5));
        std::vector<double> weights;
        double sum = 0;
        for (int64_t j = first; j < last; j++) {
            const double distance = std::abs((double(j) + 0.5 - center) / support);
            weights.push_back(std::max(0.0, 1 - distance));
            sum += weights.back();
        }
        Tap tap{first, {}};
        for (const double w : weights) tap.weights.push_back(float(w / sum));
        taps.push_back(std::move(tap));
    }
    return taps;
}

// Row `y` of the picture resized along x: [x][channel].
void resize_row(const Image &image, int64_t y, const std::vector<Tap> &taps, float *out) {
    for (const Tap &tap : taps) {
        const uint8_t *pixel = image.at(int(tap.first), int(y));
        float sum[3] = {};
        for (const float weight : tap.weights) {
            for (int c = 0; c < 3; c++) sum[c] += weight * pixel[c];
            pixel += 3;
        }
        out = std::copy(sum, sum + 3, out);
    }
}

// torchvision's int(round((size - crop) / 2.0)): halves go to the even neighbour.
int64_t centred(int64_t size, int64_t crop) { return std::llrint(double(size - crop) / 2); }

}  // namespace

ResizePlan plan_resize(int width, int height, const Preprocessing &preprocessing, InputSize own,
                       InputSize input) {
    if (preprocessing.resize_short == 0) return {input.width, input.height, 0, 0};
    const double ratio = std::max(1.0, double(preprocessing.resize_short) / std::min(own.height, own.width));
    const int64_t cover_height = std::llround(ratio * input.height),
                  cover_width = std::llround(ratio * input.width);
    ResizePlan plan;
    if (cover_width * height >= cover_height * width) {  // the width limits: it is met exactly
        plan.width = cover_width;
        plan.height = cover_width * height / width;
    } else {
        plan.height = cover_height;
        plan.width = cover_height * width / height;
    }
    plan.left = centred(plan.width, input.width);
    plan.top = centred(plan.height, input.height);
    return plan;
}

std::vector<float> resized_crop(const Image &image, const ResizePlan &plan, InputSize input) {
    const std::vector<Tap> columns = triangle_taps(image.width, plan.width, plan.left, input.width);
    const std::vector<Tap> rows = triangle_taps(image.height, plan.height, plan.top, input.height);
    const size_t row_elems = size_t(input.width) * 3;
    std::vector<float> out(row_elems * input.height);
    // Picture rows resized along x, kept while output rows still read them: row y at y % window.
    int64_t window = 0;
    for (const Tap &tap : rows) window = std::max(window, int64_t(tap.weights.size()));
    std::vector<float> kept(row_elems * window);
    int64_t next = rows.front().first;  // the first picture row that is not resized yet
    for (int y = 0; y < input.height; y++) {
        const Tap &tap = rows[y];
        const int64_t last = tap.first + int64_t(tap.weights.size());
        for (next = std::max(next, tap.first); next < last; next++)
            resize_row(image, next, columns, &kept[(next % window) * row_elems]);
        float *line = &out[y * row_elems];
        for (int64_t j = tap.first; j < last; j++) {
            const float weight = tap.weights[j - tap.first];
            const float *row = &kept[(j % window) * row_elems];
            for (size_t i = 0; i < row_elems; i++) line[i] += weight * row[i];
        }
    }
    return out;
}

void preprocess(const Image &image, const Preprocessing &preprocessing, InputSize own, InputSize input,
                float *out) {
    const ResizePlan plan = plan_resize(image.width, image.height, preprocessing, own, input);
    const std::vector<float> pixels = resized_crop(image, plan, input);
    const size_t area = size_t(input.height) * input.width;
    for (int c = 0; c < 3; c++) {
        const int from = preprocessing.bgr ? 2 - c : c;  // pictures are red, green, blue
        for (size_t i = 0; i < area; i++)
            out[c * area + i] =
                (pixels[i * 3 + from] / 255 - preprocessing.mean[c]) / preprocessing.deviation[c];
    }
}

}  // namespace hardnet
