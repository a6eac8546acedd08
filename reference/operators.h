// The operators, naive, in the type of their tensors: in double what every kernel is checked against, in float32
// what plain arithmetic of the packages' own type loses.
//
// Activations are CHW, x innermost: element (c, y, x) of a Shape lies at (c * height + y) * width + x.
// Weights are float32 as the packages hold them; products and sums are in the tensors' type, in order. Every
// function returns a new tensor. `threads` splits the output channels; the values do not depend on it.
#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <vector>

#include "graph/resampling.h"
#include "reference/convolutions.h"

namespace hardnet::reference {

// Calls work(values) with each of out's windows' elements within the image padded by `value`, in order.
template <typename Real>
void for_windows(const TensorOf<Real> &input, const Shape &in, const Shape &out, const Window &window,
                 Real value, const std::function<void(const std::vector<Real> &)> &work) {
    const TensorOf<Real> source = padded(input, in, window, value);
    const int width = padded_extent(in.width, window.x), height = padded_extent(in.height, window.y);
    std::vector<Real> values;
    for (int c = 0; c < out.channels; c++) {
        for (int y = 0; y < out.height; y++) {
            for (int x = 0; x < out.width; x++) {
                values.clear();
                const int y0 = y * window.y.stride, x0 = x * window.x.stride;
                for (int sy = y0; sy < std::min(y0 + window.y.reach(), height); sy += window.y.dilation) {
                    for (int sx = x0; sx < std::min(x0 + window.x.reach(), width); sx += window.x.dilation)
                        values.push_back(source[(int64_t{c} * height + sy) * width + sx]);
                }
                work(values);
            }
        }
    }
}

// Of `out`'s windows. Padding never wins, whatever the sign of the input; nor does what lies behind it.
template <typename Real = double>
TensorOf<Real> max_pool(const TensorOf<Real> &input, const Shape &in, const Shape &out,
                        const Window &window) {
    TensorOf<Real> output;
    for_windows<Real>(input, in, out, window, -std::numeric_limits<Real>::infinity(),
                      [&](const std::vector<Real> &values) {
                          output.push_back(*std::max_element(values.begin(), values.end()));
                      });
    return output;
}

// Of `out`'s windows, over their elements within the padded image: padding counts as zeros or not at all, what lies
// behind it does not count.
template <typename Real = double>
TensorOf<Real> average_pool(const TensorOf<Real> &input, const Shape &in, const Shape &out,
                            const Window &window, bool excludes_padding = false) {
    TensorOf<Real> output;
    std::vector<size_t> counted;
    const auto sum = [](const std::vector<Real> &values) {
        return std::accumulate(values.begin(), values.end(), Real{0});
    };
    const TensorOf<Real> image(input.size(), 1);  // without its padding
    for_windows<Real>(image, in, out, window, excludes_padding ? 0 : 1,
                      [&](const std::vector<Real> &values) { counted.push_back(size_t(sum(values))); });
    for_windows<Real>(input, in, out, window, 0, [&](const std::vector<Real> &values) {
        output.push_back(sum(values) / Real(counted[output.size()]));
    });
    return output;
}

// Where of `from` pixels output `at` of `to` reads, in units of 1 / (2 * to * (to - 1)), in which all places are whole.
inline int64_t resize_place(int64_t at, int64_t from, int64_t to, Places places) {
    if (places == Places::kAlignCorners) return to > 1 ? at * (from - 1) * 2 * to : 0;
    const int64_t asymmetric = at * from * 2 * std::max<int64_t>(to - 1, 1);
    return places == Places::kAsymmetric
               ? asymmetric
               : asymmetric + (from - to) * std::max<int64_t>(to - 1, 1);  // (at + 1/2) * from / to - 1/2
}

// Each output is what lies at its place among the input's pixels: between two neighbours linearly, or one of them.
template <typename Real = double>
TensorOf<Real> resize(const TensorOf<Real> &input, const Shape &in, const Shape &out,
                      const Sampling &sampling) {
    struct Between {  // two neighbours and the second one's share
        int first, second;
        Real share;
    };
    const auto between = [&](int at, int from, int to) -> Between {
        const int64_t unit = int64_t{2} * to * std::max(to - 1, 1);
        const int64_t place = resize_place(at, from, to, sampling.places);
        int64_t first = place >= 0 ? place / unit : -((unit - 1 - place) / unit);  // rounded down
        const int64_t beyond = place - first * unit;
        const bool upper = sampling.neighbours == Neighbours::kCeil           ? beyond > 0
                           : sampling.neighbours == Neighbours::kNearestLower ? 2 * beyond > unit
                           : sampling.neighbours == Neighbours::kNearestUpper ? 2 * beyond >= unit
                                                                              : false;
        if (upper) first++;
        const int within = int(std::clamp<int64_t>(first, 0, from - 1));
        const bool linear = sampling.neighbours == Neighbours::kLinear && first == within;
        return {within, std::min(within + 1, from - 1), linear ? Real(beyond) / Real(unit) : Real{0}};
    };
    TensorOf<Real> output;
    for (int c = 0; c < out.channels; c++) {
        const Real *plane = &input[int64_t{c} * in.height * in.width];
        for (int y = 0; y < out.height; y++) {
            const Between row = between(y, in.height, out.height);
            for (int x = 0; x < out.width; x++) {
                const Between column = between(x, in.width, out.width);
                const auto at = [&](int sy) {
                    const Real *from = plane + int64_t{sy} * in.width;
                    return from[column.first] * (1 - column.share) + from[column.second] * column.share;
                };
                output.push_back(at(row.first) * (1 - row.share) + at(row.second) * row.share);
            }
        }
    }
    return output;
}

// By tables of `out`'s rows and columns, as graph/resampling.h says. An entry's elements beyond the image are its edge.
template <typename Real = double>
TensorOf<Real> resample(const TensorOf<Real> &input, const Shape &in, const Shape &out, const Window &window,
                        const std::vector<float> &table) {
    const float *rows = table.data(), *columns = rows + resampling_elements(out.height, window.y.kernel);
    const auto entry = [](const float *of, int at, const WindowAxis &axis) {
        return of + at * (kResamplingHead + axis.kernel);
    };
    const auto place = [](const float *entry, int k, int extent) {
        return (entry[0] > 0 ? int64_t(std::min(entry[0], float(extent - 1))) : 0) + k;
    };
    TensorOf<Real> output;
    for (int c = 0; c < out.channels; c++) {
        for (int y = 0; y < out.height; y++) {
            const float *row = entry(rows, y, window.y);
            for (int x = 0; x < out.width; x++) {
                const float *column = entry(columns, x, window.x);
                Real sum = 0;
                for (int ky = 0; ky < window.y.kernel; ky++) {
                    const int64_t sy = std::min<int64_t>(place(row, ky, in.height), in.height - 1);
                    Real across = 0;
                    for (int kx = 0; kx < window.x.kernel; kx++) {
                        const int64_t sx = std::min<int64_t>(place(column, kx, in.width), in.width - 1);
                        across += input[(int64_t{c} * in.height + sy) * in.width + sx] *
                                  Real{column[kResamplingHead + kx]};
                    }
                    sum += across * Real{row[kResamplingHead + ky]};
                }
                output.push_back(row[1] != 0 ? Real{row[1]} : column[1] != 0 ? Real{column[1]} : sum);
            }
        }
    }
    return output;
}

// Channels [first, first + channels).
template <typename Real = double>
TensorOf<Real> slice(const TensorOf<Real> &input, const Shape &in, int first, int channels) {
    const int64_t plane = int64_t{in.height} * in.width;
    return TensorOf<Real>(input.begin() + first * plane, input.begin() + (first + channels) * plane);
}

// Per pixel x / (sqrt(sum over channels of x^2) + 1e-10), times the channel's weight.
template <typename Real = double>
TensorOf<Real> l2_norm(const TensorOf<Real> &input, const Shape &in, const std::vector<float> &weight) {
    const int64_t plane = int64_t{in.height} * in.width;
    TensorOf<Real> output(input.size());
    for (int64_t at = 0; at < plane; at++) {
        Real squares = 0;
        for (int c = 0; c < in.channels; c++) squares += input[c * plane + at] * input[c * plane + at];
        const Real norm = std::sqrt(squares) + Real(1e-10);
        for (int c = 0; c < in.channels; c++)
            output[c * plane + at] = input[c * plane + at] / norm * Real{weight[c]};
    }
    return output;
}

// Per channel x / (0.1 + sum over the image of x).
template <typename Real = double>
TensorOf<Real> spatial_norm(const TensorOf<Real> &input, const Shape &in) {
    const int64_t plane = int64_t{in.height} * in.width;
    TensorOf<Real> output;
    for (int c = 0; c < in.channels; c++) {
        const auto from = input.begin() + c * plane;
        const Real sum = std::accumulate(from, from + plane, Real{0});
        std::transform(from, from + plane, std::back_inserter(output),
                       [&](Real value) { return value / (sum + Real(0.1)); });
    }
    return output;
}

// Per pixel e^x / (sum over channels of e^x), without exponentials that are too great.
template <typename Real = double>
TensorOf<Real> softmax(const TensorOf<Real> &input, const Shape &in) {
    const int64_t plane = int64_t{in.height} * in.width;
    TensorOf<Real> output(input.size());
    for (int64_t at = 0; at < plane; at++) {
        Real greatest = input[at], sum = 0;
        for (int c = 1; c < in.channels; c++) greatest = std::max(greatest, input[c * plane + at]);
        for (int c = 0; c < in.channels; c++)
            sum += output[c * plane + at] = std::exp(input[c * plane + at] - greatest);
        for (int c = 0; c < in.channels; c++) output[c * plane + at] /= sum;
    }
    return output;
}

// Per pixel the number of the channel with the greatest value, the first of equals: [1, H, W]. Of one channel 1 where it is
// above the threshold, 0 elsewhere.
template <typename Real = double>
TensorOf<Real> argmax(const TensorOf<Real> &input, const Shape &in, Real threshold = 0) {
    const size_t plane = size_t(in.height) * size_t(in.width);
    if (in.channels == 1) {
        TensorOf<Real> above;
        for (Real value : input) above.push_back(value > threshold ? 1 : 0);
        return above;
    }
    TensorOf<Real> best(input.begin(), input.begin() + int64_t(plane)), number(plane, Real{0});
    for (int c = 1; c < in.channels; c++) {
        for (size_t i = 0; i < plane; i++) {
            const Real value = input[size_t(c) * plane + i];
            if (value > best[i]) best[i] = value, number[i] = c;
        }
    }
    return number;
}

// x * scale + shift per channel, in place; x + other.
template <typename Real = double>
void scale(TensorOf<Real> &tensor, const Shape &shape, const std::vector<float> &scale,
           const std::vector<float> &shift) {
    const int64_t plane = int64_t{shape.height} * shape.width;
    for (size_t i = 0; i < tensor.size(); i++) {
        const auto c = i / static_cast<size_t>(plane);
        tensor[i] = tensor[i] * Real{scale[c]} + Real{shift[c]};
    }
}

// What a known value per channel makes of each element, as graph/operators.h says of kScale, kShift and kSlope.
template <typename Real = double>
TensorOf<Real> per_channel(TensorOf<Real> tensor, const Shape &shape, OpKind op,
                           const std::vector<float> &weight) {
    const size_t plane = size_t(shape.height) * size_t(shape.width);
    for (size_t i = 0; i < tensor.size(); i++) {
        const Real known{weight[i / plane]}, value = tensor[i];
        tensor[i] = op == OpKind::kShift                ? value + known
                    : op == OpKind::kScale || value < 0 ? value * known
                                                        : value;
    }
    return tensor;
}

template <typename Real = double>
void add(TensorOf<Real> &tensor, const TensorOf<Real> &other) {
    assert(tensor.size() == other.size());
    for (size_t i = 0; i < tensor.size(); i++) tensor[i] += other[i];
}

// The mean of every channel: [in.channels].
template <typename Real = double>
TensorOf<Real> global_average_pool(const TensorOf<Real> &input, const Shape &in) {
    const int64_t plane = int64_t{in.height} * in.width;
    TensorOf<Real> output;
    for (int c = 0; c < in.channels; c++) {
        const auto from = input.begin() + c * plane;
        output.push_back(std::accumulate(from, from + plane, Real{0}) / Real(plane));
    }
    return output;
}

// The sum of every channel: [in.channels].
template <typename Real = double>
TensorOf<Real> global_sum(const TensorOf<Real> &input, const Shape &in) {
    const int64_t plane = int64_t{in.height} * in.width;
    TensorOf<Real> output;
    for (auto from = input.begin(); from != input.end(); from += plane)
        output.push_back(std::accumulate(from, from + plane, Real{0}));
    return output;
}

// weight: OI [channels, input.size()]; bias: [channels].
template <typename Real = double>
TensorOf<Real> fully_connected(const TensorOf<Real> &input, const std::vector<float> &weight,
                               const std::vector<float> &bias) {
    assert(weight.size() == input.size() * bias.size());
    TensorOf<Real> output;
    for (size_t o = 0; o < bias.size(); o++) {
        output.push_back(
            std::inner_product(input.begin(), input.end(), weight.begin() + o * input.size(), Real{bias[o]}));
    }
    return output;
}

// Of one value, as graph/activation.h says. NaN stays NaN.
template <typename Real = double>
Real activated(Real x, Activation activation) {
    const Real first{activation.first}, second{activation.second};
    const auto clip = [](Real value, Real least, Real most) {
        return value < least ? least : value > most ? most : value;
    };
    const auto sigmoid = [](Real value) { return 1 / (1 + std::exp(-value)); };
    switch (activation.kind) {
        case Activation::kNone:
            return x;
        case Activation::kRelu:
            return x < 0 ? 0 : x;
        case Activation::kRelu6:
            return clip(x, 0, 6);
        case Activation::kClip:
            return clip(x, first, second);
        case Activation::kLeakyRelu:
            return x < 0 ? x * first : x;
        case Activation::kSigmoid:
            return sigmoid(x);
        case Activation::kHardSigmoid:
            return clip(first * x + second, 0, 1);
        case Activation::kSilu:
            return x * sigmoid(x);
        case Activation::kHardSwish:
            return x * clip(x / 6 + Real(0.5), 0, 1);
    }
    return x;
}

template <typename Real = double>
void activate(TensorOf<Real> &tensor, Activation activation) {
    for (Real &value : tensor) value = activated(value, activation);
}

}  // namespace hardnet::reference
