// The operators, naive and in double.
//
// Activations are CHW, x innermost: element (c, y, x) of a Shape lies at (c * height + y) * width + x.
// Weights are float32 as the packages hold them; products and sums are in double. Every function returns a
// new tensor. `threads` splits the output channels; the values do not depend on it.
#pragma once
#include <vector>

#include "graph/network.h"

namespace hardnet::reference {

using Tensor = std::vector<double>;

// Per axis (extent + before + after - reach) / stride + 1, rounded down.
Shape window_output(const Shape &in, const Window &window, int channels);

// Zero padding. weight: OIHW [channels, in.channels, rows, columns]; bias: [channels].
Tensor convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                   const std::vector<float> &bias, const Window &window, int threads = 1);

// Zero padding. weight: C1HW [in.channels, 1, rows, columns]; bias: [in.channels].
Tensor depthwise_convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                             const std::vector<float> &bias, const Window &window, int threads = 1);

// 3x3, stride 2: output (2 y + ky, 2 x + kx) += input (y, x) * weight(ky, kx), as far as `out` reaches. weight:
// OIHW [out.channels, in.channels, 3, 3]; bias: [out.channels].
Tensor transposed_convolution(const Tensor &input, const Shape &in, const Shape &out,
                              const std::vector<float> &weight, const std::vector<float> &bias,
                              int threads = 1);

// Of `out`'s windows. Padding never wins, whatever the sign of the input; nor does what lies behind it.
Tensor max_pool(const Tensor &input, const Shape &in, const Shape &out, const Window &window);

// Of `out`'s windows, over their elements within the padded image: padding counts as zeros, what lies behind
// it does not count.
Tensor average_pool(const Tensor &input, const Shape &in, const Shape &out, const Window &window);

// The mean of every channel: [in.channels].
Tensor global_average_pool(const Tensor &input, const Shape &in);

// Bilinear. align_corners: output x reads at x * (in - 1) / (out - 1), else at (x + 0.5) * in / out - 0.5,
// within the image.
Tensor resize(const Tensor &input, const Shape &in, const Shape &out, bool align_corners);

// Channels [first, first + channels).
Tensor slice(const Tensor &input, const Shape &in, int first, int channels);

// Per pixel x / (sqrt(sum over channels of x^2) + 1e-10), times the channel's weight.
Tensor l2_norm(const Tensor &input, const Shape &in, const std::vector<float> &weight);

// Per channel x / (0.1 + sum over the image of x).
Tensor spatial_norm(const Tensor &input, const Shape &in);

// Per pixel the number of the channel with the greatest value, the first of equals: [1, H, W].
Tensor argmax(const Tensor &input, const Shape &in);

// x * scale + shift per channel, in place; x + other.
void scale(Tensor &tensor, const Shape &shape, const std::vector<float> &scale,
           const std::vector<float> &shift);
void add(Tensor &tensor, const Tensor &other);

// weight: OI [channels, input.size()]; bias: [channels].
Tensor fully_connected(const Tensor &input, const std::vector<float> &weight, const std::vector<float> &bias);

// none: x; relu: max(x, 0); relu6: min(max(x, 0), 6). NaN stays NaN.
void activate(Tensor &tensor, Activation activation);

}  // namespace hardnet::reference
