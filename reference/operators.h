// The operators, naive and in double.
//
// Activations are CHW, x innermost: element (c, y, x) of a Shape lies at (c * height + y) * width + x.
// Weights are float32 as the packages hold them; products and sums are in double. Every function returns a
// new tensor. `threads` splits the output channels; the values do not depend on it.
#pragma once
#include <vector>

#include "models/network.h"

namespace hardnet::reference {

using Tensor = std::vector<double>;

struct Window {
    int kernel = 1, stride = 1, padding = 0;  // square, padding on all four sides
};

// (height + 2 * padding - kernel) / stride + 1, rounded down, and the width likewise.
Shape window_output(const Shape &in, const Window &window, int channels);

// Zero padding. weight: OIHW [channels, in.channels, kernel, kernel]; bias: [channels].
Tensor convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                   const std::vector<float> &bias, const Window &window, int threads = 1);

// Zero padding. weight: C1HW [in.channels, 1, kernel, kernel]; bias: [in.channels].
Tensor depthwise_convolution(const Tensor &input, const Shape &in, const std::vector<float> &weight,
                             const std::vector<float> &bias, const Window &window, int threads = 1);

// Padding never wins, whatever the sign of the input.
Tensor max_pool(const Tensor &input, const Shape &in, const Window &window);

// The mean of every channel: [in.channels].
Tensor global_average_pool(const Tensor &input, const Shape &in);

// weight: OI [channels, input.size()]; bias: [channels].
Tensor fully_connected(const Tensor &input, const std::vector<float> &weight, const std::vector<float> &bias);

// none: x; relu: max(x, 0); relu6: min(max(x, 0), 6). NaN stays NaN.
void activate(Tensor &tensor, Activation activation);

}  // namespace hardnet::reference
