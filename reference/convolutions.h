// The convolutions, naive. Layouts, types and threads as in reference/operators.h.
#pragma once
#include <algorithm>
#include <cassert>
#include <vector>

#include "reference/windows.h"

namespace hardnet::reference {

// plane(y, x) += sum over ky, kx of kernel(ky, kx) * source(y * stride + ky * dilation, x * stride + kx * dilation)
template <typename Real>
void accumulate(Real *plane, const Shape &out, const Real *source, int source_width, const float *kernel,
                const Window &window) {
    for (int ky = 0; ky < window.y.kernel; ky++) {
        for (int kx = 0; kx < window.x.kernel; kx++) {
            const Real weight = kernel[ky * window.x.kernel + kx];
            for (int y = 0; y < out.height; y++) {
                const Real *from = source +
                                   int64_t{y * window.y.stride + ky * window.y.dilation} * source_width +
                                   kx * window.x.dilation;
                Real *to = plane + int64_t{y} * out.width;
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
template <typename Real>
TensorOf<Real> convolve(const TensorOf<Real> &input, const Shape &in, const std::vector<float> &weight,
                        const std::vector<float> &bias, const Window &window, int threads, int inputs,
                        bool per_channel) {
    const int channels = static_cast<int>(bias.size());
    const int taps = window.taps();
    assert(weight.size() == size_t(channels) * inputs * taps);
    const Shape out = window_output(in, window, channels);
    const TensorOf<Real> source = padded(input, in, window, Real{0});
    const int source_width = padded_extent(in.width, window.x);
    const int64_t source_plane = int64_t{source_width} * padded_extent(in.height, window.y);
    const int64_t out_plane = int64_t{out.height} * out.width;

    TensorOf<Real> output(static_cast<size_t>(out.elements()));
    split(channels, threads, [&](int first, int last) {
        for (int co = first; co < last; co++) {
            Real *plane = &output[co * out_plane];
            std::fill(plane, plane + out_plane, Real{bias[co]});
            for (int i = 0; i < inputs; i++) {
                const int ci = per_channel ? co : i;
                accumulate(plane, out, &source[ci * source_plane], source_width,
                           &weight[(int64_t{co} * inputs + i) * taps], window);
            }
        }
    });
    return output;
}

// Zero padding. weight: OIHW [channels, in.channels, rows, columns]; bias: [channels].
template <typename Real = double>
TensorOf<Real> convolution(const TensorOf<Real> &input, const Shape &in, const std::vector<float> &weight,
                           const std::vector<float> &bias, const Window &window, int threads = 1) {
    return convolve(input, in, weight, bias, window, threads, in.channels, false);
}

// Zero padding. weight: C1HW [in.channels, 1, rows, columns]; bias: [in.channels].
template <typename Real = double>
TensorOf<Real> depthwise_convolution(const TensorOf<Real> &input, const Shape &in,
                                     const std::vector<float> &weight, const std::vector<float> &bias,
                                     const Window &window, int threads = 1) {
    return convolve(input, in, weight, bias, window, threads, 1, true);
}

// 3x3, stride 2: output (2 y + ky, 2 x + kx) += input (y, x) * weight(ky, kx), as far as `out` reaches. weight:
// OIHW [out.channels, in.channels, 3, 3]; bias: [out.channels].
template <typename Real = double>
TensorOf<Real> transposed_convolution(const TensorOf<Real> &input, const Shape &in, const Shape &out,
                                      const std::vector<float> &weight, const std::vector<float> &bias,
                                      int threads = 1) {
    const int64_t in_plane = int64_t{in.height} * in.width, out_plane = int64_t{out.height} * out.width;
    TensorOf<Real> output(static_cast<size_t>(out.elements()));
    const auto add_plane = [&](Real *to, const Real *from, const float *kernel) {
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
            Real *plane = &output[co * out_plane];
            std::fill(plane, plane + out_plane, Real{bias[co]});
            for (int ci = 0; ci < in.channels; ci++)
                add_plane(plane, &input[ci * in_plane], &weight[(int64_t{co} * in.channels + ci) * 9]);
        }
    });
    return output;
}

}  // namespace hardnet::reference
