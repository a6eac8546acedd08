#include "reference/operators.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <limits>
#include <numeric>
#include <thread>

namespace hardnet::reference {
namespace {

// [in.channels, in.height + 2 * padding, in.width + 2 * padding], the border filled with `value`.
Tensor padded(const Tensor &input, const Shape &in, int padding, double value) {
    const int width = in.width + 2 * padding;
    const int height = in.height + 2 * padding;
    Tensor out(static_cast<size_t>(Shape{in.channels, height, width}.elements()), value);
    for (int c = 0; c < in.channels; c++) {
        for (int y = 0; y < in.height; y++) {
            const auto from = input.begin() + (int64_t{c} * in.height + y) * in.width;
            std::copy(from, from + in.width,
                      out.begin() + (int64_t{c} * height + y + padding) * width + padding);
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

// plane(y, x) += sum over ky, kx of kernel(ky, kx) * source(y * stride + ky, x * stride + kx)
void accumulate(double *plane, const Shape &out, const double *source, int source_width, const float *kernel,
                const Window &window) {
    for (int ky = 0; ky < window.kernel; ky++) {
        for (int kx = 0; kx < window.kernel; kx++) {
            const double weight = kernel[ky * window.kernel + kx];
            for (int y = 0; y < out.height; y++) {
                const double *from = source + int64_t{y * window.stride + ky} * source_width + kx;
                double *to = plane + int64_t{y} * out.width;
                if (window.stride == 1) {
                    for (int x = 0; x < out.width; x++) to[x] += weight * from[x];
                } else {
                    for (int x = 0; x < out.width; x++) to[x] += weight * from[x * window.stride];
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
    const int taps = window.kernel * window.kernel;
    assert(weight.size() == size_t(channels) * inputs * taps);
    const Shape out = window_output(in, window, channels);
    const Tensor source = padded(input, in, window.padding, 0);
    const int source_width = in.width + 2 * window.padding;
    const int64_t source_plane = int64_t{source_width} * (in.height + 2 * window.padding);
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
    const auto extent = [&](int size) {
        return (size + 2 * window.padding - window.kernel) / window.stride + 1;
    };
    return {channels, extent(in.height), extent(in.width)};
}

Tensor convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                   const std::vector<float> &bias, const Window &window, int threads) {
    return convolve(input, in, weight, bias, window, threads, in.channels, false);
}

Tensor depthwise_convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                             const std::vector<float> &bias, const Window &window, int threads) {
    return convolve(input, in, weight, bias, window, threads, 1, true);
}

Tensor max_pool(const Tensor &input, const Shape &in, const Window &window) {
    const Shape out = window_output(in, window, in.channels);
    const Tensor source = padded(input, in, window.padding, -std::numeric_limits<double>::infinity());
    const int width = in.width + 2 * window.padding;
    const int height = in.height + 2 * window.padding;
    Tensor output;
    output.reserve(static_cast<size_t>(out.elements()));
    for (int c = 0; c < out.channels; c++) {
        for (int y = 0; y < out.height; y++) {
            for (int x = 0; x < out.width; x++) {
                double largest = -std::numeric_limits<double>::infinity();
                for (int ky = 0; ky < window.kernel; ky++) {
                    for (int kx = 0; kx < window.kernel; kx++) {
                        const int64_t row = int64_t{c} * height + y * window.stride + ky;
                        largest = std::max(largest, source[row * width + x * window.stride + kx]);
                    }
                }
                output.push_back(largest);
            }
        }
    }
    return output;
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
