#include "reference/operators.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <thread>

namespace hardnet::reference {
namespace {

int padded_extent(int extent, const WindowAxis &axis) { return axis.before + extent + axis.after; }

// [in.channels, height, width] with the window's padding around the image, filled with `value`.
Tensor padded(const Tensor &input, const Shape &in, const Window &window, double value) {
    const int width = padded_extent(in.width, window.x);
    const int height = padded_extent(in.height, window.y);
    Tensor out(static_cast<size_t>(Shape{in.channels, height, width}.elements()), value);
    for (int c = 0; c < in.channels; c++) {
        for (int y = 0; y < in.height; y++) {
            const auto from = input.begin() + (int64_t{c} * in.height + y) * in.width;
            std::copy(from, from + in.width,
                      out.begin() + (int64_t{c} * height + y + window.y.before) * width + window.x.before);
        }
    }
    return out;
}

// Calls work(first, last) for ranges that cover [0, count), one per thread.
void split(int count, int threads, const std::function<void(int, int)> &work) {
    threads = std::max(1, std::min(threads, count));
    std::vector<std::thread> others;
    for (int t = 1; t < threads; t++) {
        others.emplace_back(work, int(int64_t{count} * t / threads), int(int64_t{count} * (t + 1) / threads));
    }
    work(0, int(int64_t{count} / threads));
    for (std::thread &other : others) other.join();
}

// plane(y, x) += sum over ky, kx of kernel(ky, kx) * source(y * stride + ky * dilation, x * stride + kx * dilation)
void accumulate(double *plane, const Shape &out, const double *source, int source_width, const float *kernel,
                const Window &window) {
    for (int ky = 0; ky < window.y.kernel; ky++) {
        for (int kx = 0; kx < window.x.kernel; kx++) {
            const double weight = kernel[ky * window.x.kernel + kx];
            for (int y = 0; y < out.height; y++) {
                const double *from = source +
                                     int64_t{y * window.y.stride + ky * window.y.dilation} * source_width +
                                     kx * window.x.dilation;
                double *to = plane + int64_t{y} * out.width;
                if (window.x.stride == 1) {
                    for (int x = 0; x < out.width; x++) to[x] += weight * from[x];
                } else {
                    for (int x = 0; x < out.width; x++) to[x] += weight * from[x * window.x.stride];
                }
            }
        }
    }
}

// Both convolutions: an output channel reads all `inputs` input channels or, `per_channel`, its own alone.
Tensor convolve(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                const std::vector<float> &bias, const Window &window, int threads, int inputs,
                bool per_channel) {
    const int channels = static_cast<int>(bias.size());
    const int taps = window.taps();
    assert(weight.size() == size_t(channels) * inputs * taps);
    const Shape out = window_output(in, window, channels);
    const Tensor source = padded(input, in, window, 0);
    const int source_width = padded_extent(in.width, window.x);
    const int64_t source_plane = int64_t{source_width} * padded_extent(in.height, window.y);
    const int64_t out_plane = int64_t{out.height} * out.width;

    Tensor output(static_cast<size_t>(out.elements()));
    split(channels, threads, [&](int first, int last) {
        for (int co = first; co < last; co++) {
            double *plane = &output[co * out_plane];
            std::fill(plane, plane + out_plane, double{bias[co]});
            for (int i = 0; i < inputs; i++) {
                const int ci = per_channel ? co : i;
                accumulate(plane, out, &source[ci * source_plane], source_width,
                           &weight[(int64_t{co} * inputs + i) * taps], window);
            }
        }
    });
    return output;
}

}  // namespace

Shape window_output(const Shape &in, const Window &window, int channels) {
    const auto extent = [](int size, const WindowAxis &axis) {
        return (padded_extent(size, axis) - axis.reach()) / axis.stride + 1;
    };
    return {channels, extent(in.height, window.y), extent(in.width, window.x)};
}

Tensor convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                   const std::vector<float> &bias, const Window &window, int threads) {
    return convolve(input, in, weight, bias, window, threads, in.channels, false);
}

Tensor depthwise_convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                             const std::vector<float> &bias, const Window &window, int threads) {
    return convolve(input, in, weight, bias, window, threads, 1, true);
}

Tensor transposed_convolution(const Tensor &input, const Shape &in, const Shape &out,
                              const std::vector<float> &weight, const std::vector<float> &bias, int threads) {
    const int64_t in_plane = int64_t{in.height} * in.width, out_plane = int64_t{out.height} * out.width;
    Tensor output(static_cast<size_t>(out.elements()));
    const auto add_plane = [&](double *to, const double *from, const float *kernel) {
        for (int y = 0; y < in.height; y++) {
            for (int x = 0; x < in.width; x++) {
                for (int ky = 0; ky < 3 && 2 * y + ky < out.height; ky++) {
                    for (int kx = 0; kx < 3 && 2 * x + kx < out.width; kx++)
                        to[int64_t{2 * y + ky} * out.width + 2 * x + kx] +=
                            from[int64_t{y} * in.width + x] * kernel[ky * 3 + kx];
                }
            }
        }
    };
    split(out.channels, threads, [&](int first, int last) {
        for (int co = first; co < last; co++) {
            double *plane = &output[co * out_plane];
            std::fill(plane, plane + out_plane, double{bias[co]});
            for (int ci = 0; ci < in.channels; ci++)
                add_plane(plane, &input[ci * in_plane], &weight[(int64_t{co} * in.channels + ci) * 9]);
        }
    });
    return output;
}

namespace {

// Calls work(values) with each of out's windows' elements within the image padded by `value`, in order.
void for_windows(const Tensor &input, const Shape &in, const Shape &out, const Window &window, double value,
                 const std::function<void(const std::vector<double> &)> &work) {
    const Tensor source = padded(input, in, window, value);
    const int width = padded_extent(in.width, window.x), height = padded_extent(in.height, window.y);
    std::vector<double> values;
    for (int c = 0; c < out.channels; c++) {
        for (int y = 0; y < out.height; y++) {
            for (int x = 0; x < out.width; x++) {
                values.clear();
                const int y0 = y * window.y.stride, x0 = x * window.x.stride;
                for (int sy = y0; sy < std::min(y0 + window.y.kernel, height); sy++) {
                    for (int sx = x0; sx < std::min(x0 + window.x.kernel, width); sx++)
                        values.push_back(source[(int64_t{c} * height + sy) * width + sx]);
                }
                work(values);
            }
        }
    }
}

}  // namespace

Tensor max_pool(const Tensor &input, const Shape &in, const Shape &out, const Window &window) {
    Tensor output;
    for_windows(input, in, out, window, -std::numeric_limits<double>::infinity(),
                [&](const std::vector<double> &values) {
                    output.push_back(*std::max_element(values.begin(), values.end()));
                });
    return output;
}

Tensor average_pool(const Tensor &input, const Shape &in, const Shape &out, const Window &window) {
    Tensor output;
    for_windows(input, in, out, window, 0, [&](const std::vector<double> &values) {
        output.push_back(std::accumulate(values.begin(), values.end(), 0.0) /
                         static_cast<double>(values.size()));
    });
    return output;
}

Tensor resize(const Tensor &input, const Shape &in, const Shape &out, bool align_corners) {
    struct Between {  // two neighbours and the second one's share
        int first, second;
        double share;
    };
    const auto between = [&](int at, int from, int to) -> Between {
        double place = align_corners ? (to > 1 ? double(at) * (from - 1) / (to - 1) : 0)
                                     : std::max(0.0, (at + 0.5) * from / to - 0.5);
        const int first = std::min(int(place), from - 1);
        return {first, std::min(first + 1, from - 1), place - first};
    };
    Tensor output;
    for (int c = 0; c < out.channels; c++) {
        const double *plane = &input[int64_t{c} * in.height * in.width];
        for (int y = 0; y < out.height; y++) {
            const Between row = between(y, in.height, out.height);
            for (int x = 0; x < out.width; x++) {
                const Between column = between(x, in.width, out.width);
                const auto at = [&](int sy) {
                    const double *from = plane + int64_t{sy} * in.width;
                    return from[column.first] * (1 - column.share) + from[column.second] * column.share;
                };
                output.push_back(at(row.first) * (1 - row.share) + at(row.second) * row.share);
            }
        }
    }
    return output;
}

Tensor slice(const Tensor &input, const Shape &in, int first, int channels) {
    const int64_t plane = int64_t{in.height} * in.width;
    return Tensor(input.begin() + first * plane, input.begin() + (first + channels) * plane);
}

Tensor l2_norm(const Tensor &input, const Shape &in, const std::vector<float> &weight) {
    const int64_t plane = int64_t{in.height} * in.width;
    Tensor output(input.size());
    for (int64_t at = 0; at < plane; at++) {
        double squares = 0;
        for (int c = 0; c < in.channels; c++) squares += input[c * plane + at] * input[c * plane + at];
        const double norm = std::sqrt(squares) + 1e-10;
        for (int c = 0; c < in.channels; c++)
            output[c * plane + at] = input[c * plane + at] / norm * double{weight[c]};
    }
    return output;
}

Tensor spatial_norm(const Tensor &input, const Shape &in) {
    const int64_t plane = int64_t{in.height} * in.width;
    Tensor output;
    for (int c = 0; c < in.channels; c++) {
        const auto from = input.begin() + c * plane;
        const double sum = std::accumulate(from, from + plane, 0.0);
        std::transform(from, from + plane, std::back_inserter(output),
                       [&](double value) { return value / (sum + 0.1); });
    }
    return output;
}

Tensor argmax(const Tensor &input, const Shape &in) {
    const size_t plane = size_t(in.height) * size_t(in.width);
    Tensor best(input.begin(), input.begin() + int64_t(plane)), number(plane, 0.0);
    for (int c = 1; c < in.channels; c++) {
        for (size_t i = 0; i < plane; i++) {
            const double value = input[size_t(c) * plane + i];
            if (value > best[i]) best[i] = value, number[i] = c;
        }
    }
    return number;
}

void scale(Tensor &tensor, const Shape &shape, const std::vector<float> &scale,
           const std::vector<float> &shift) {
    const int64_t plane = int64_t{shape.height} * shape.width;
    for (size_t i = 0; i < tensor.size(); i++) {
        const auto c = i / static_cast<size_t>(plane);
        tensor[i] = tensor[i] * double{scale[c]} + double{shift[c]};
    }
}

void add(Tensor &tensor, const Tensor &other) {
    assert(tensor.size() == other.size());
    for (size_t i = 0; i < tensor.size(); i++) tensor[i] += other[i];
}

Tensor global_average_pool(const Tensor &input, const Shape &in) {
    const int64_t plane = int64_t{in.height} * in.width;
    Tensor output;
    for (int c = 0; c < in.channels; c++) {
        const auto from = input.begin() + c * plane;
        output.push_back(std::accumulate(from, from + plane, 0.0) / static_cast<double>(plane));
    }
    return output;
}

Tensor fully_connected(const Tensor &input, const std::vector<float> &weight,
                       const std::vector<float> &bias) {
    assert(weight.size() == input.size() * bias.size());
    Tensor output;
    for (size_t o = 0; o < bias.size(); o++) {
        output.push_back(std::inner_product(input.begin(), input.end(), weight.begin() + o * input.size(),
                                            double{bias[o]}));
    }
    return output;
}

void activate(Tensor &tensor, Activation activation) {
    for (double &value : tensor) {
        if (activation != Activation::kNone && value < 0) value = 0;
        if (activation == Activation::kRelu6 && value > 6) value = 6;
    }
}

}  // namespace hardnet::reference
