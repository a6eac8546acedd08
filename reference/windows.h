// What the operators that read windows share: tensors with their padding around them, and work split over threads.
#pragma once
#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

#include "graph/network.h"

namespace hardnet::reference {

template <typename Real>
using TensorOf = std::vector<Real>;  // of double or float
using Tensor = TensorOf<double>;

inline int padded_extent(int extent, const WindowAxis &axis) { return axis.before + extent + axis.after; }

// Per axis (extent + before + after - reach) / stride + 1, rounded down.
inline Shape window_output(const Shape &in, const Window &window, int channels) {
    const auto extent = [](int size, const WindowAxis &axis) {
        return (padded_extent(size, axis) - axis.reach()) / axis.stride + 1;
    };
    return {channels, extent(in.height, window.y), extent(in.width, window.x)};
}

// [in.channels, height, width] with the window's padding around the image, filled with `value`.
template <typename Real>
TensorOf<Real> padded(const TensorOf<Real> &input, const Shape &in, const Window &window, Real value) {
    const int width = padded_extent(in.width, window.x);
    const int height = padded_extent(in.height, window.y);
    TensorOf<Real> out(static_cast<size_t>(Shape{in.channels, height, width}.elements()), value);
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
inline void split(int count, int threads, const std::function<void(int, int)> &work) {
    threads = std::max(1, std::min(threads, count));
    std::vector<std::thread> others;
    for (int t = 1; t < threads; t++) {
        others.emplace_back(work, int(int64_t{count} * t / threads), int(int64_t{count} * (t + 1) / threads));
    }
    work(0, int(int64_t{count} / threads));
    for (std::thread &other : others) other.join();
}

}  // namespace hardnet::reference
