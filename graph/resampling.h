// What kResample's weight holds: for each row of the output where it comes from, then for each column. An entry is
//
//     first, beyond, share 0, share 1, ...   as many shares as the window's kernel has elements along that axis
//
// and stands for the sum of input(first + k) * share k. `beyond` is not 0 where the output lies outside the image, in its
// row or its column: it is the output then, whatever the input. So resizing by any kernel, cropping and padding are one
// operator, which works along rows and columns.
#pragma once
#include <cstdint>

namespace hardnet {

constexpr int kResamplingHead = 2;  // numbers in front of an entry's shares

inline int64_t resampling_elements(int outputs, int taps) {
    return int64_t{outputs} * (kResamplingHead + taps);
}

}  // namespace hardnet
