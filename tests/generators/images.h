// Tensors as the kernels see them, beside the planar ones of the reference operators.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

#include "graph/network.h"
#include "reference/operators.h"
#include "tests/generators/kernels.h"

namespace hardnet::testing {

// Multiples of 1/8 between -1 and 1: a sum of a few thousand products of two of them is exact in float.
inline std::vector<float> eighths(size_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<float> values(count);
    for (float &v : values) v = float(int(random() % 17) - 8) / 8;
    return values;
}

inline std::vector<float> uniform(size_t count, uint32_t seed) {  // between -1 and 1
    std::mt19937 random(seed);
    std::vector<float> values(count);
    for (float &v : values) v = float(random() >> 8) / float(1 << 23) - 1;
    return values;
}

// Of a convolution padded by half its kernel.
inline int extent_out(int in, int kernel, int stride) {
    return (in + 2 * (kernel / 2) - kernel) / stride + 1;
}

// Channels-last with channels padded to 8, in the middle of a border of `border` pixels: zeros where it is
// read (a halo), the pattern where it is written. Rows and columns may reach beyond the shape, as Winograd
// tiles do.
struct Image {
    Image(const Shape &shape_, int border_ = 0, int rows_ = 0, int columns_ = 0)
        : shape(shape_),
          border(border_),
          c8((shape_.channels + 7) / 8 * 8),
          rows(std::max(rows_, shape_.height) + 2 * border_),
          columns(std::max(columns_, shape_.width) + 2 * border_),
          memory(size_t(rows) * columns * c8 + kBehind) {}

    static Image of(const Shape &shape, const std::vector<float> &planar, int border = 0, int rows = 0,
                    int columns = 0) {
        Image image(shape, border, rows, columns);
        std::fill(image.memory.data(), image.memory.data() + image.memory.size(), 0.0f);
        for (int c = 0; c < shape.channels; c++) {
            for (int y = 0; y < shape.height; y++) {
                for (int x = 0; x < shape.width; x++) {
                    image.memory[image.at(c, x, y)] =
                        planar[(size_t(c) * shape.height + y) * shape.width + x];
                }
            }
        }
        return image;
    }

    int row_stride() const { return c8 * columns; }
    int64_t at(int c, int x, int y) const {
        return int64_t{y + border} * row_stride() + int64_t{x + border} * c8 + c;
    }
    Buffer view(int first, int channels) const {
        return Buffer(memory.data() + at(first, 0, 0),
                      {{0, channels, 1}, {0, shape.width, c8}, {0, shape.height, row_stride()}});
    }
    Buffer with_border() const {
        return Buffer(memory.data(),
                      {{0, shape.channels, 1}, {-border, columns, c8}, {-border, rows, row_stride()}});
    }

    static constexpr size_t kBehind = 64;
    Shape shape;
    int border, c8, rows, columns;
    Memory memory;
};

// Equal to the planar values where there are any, rounded to float, anything in padded channels, and the
// pattern everywhere else: a border or a neighbour that is written shows.
inline void expect_image(const Image &found, const std::vector<double> &expected) {
    std::vector<uint8_t> inside(found.memory.size());
    int64_t wrong = 0;
    for (int y = 0; y < found.shape.height; y++) {
        for (int x = 0; x < found.shape.width; x++) {
            for (int c = 0; c < found.c8; c++) {
                const int64_t at = found.at(c, x, y);
                inside[at] = 1;
                if (c >= found.shape.channels) continue;
                const double want = expected[(size_t(c) * found.shape.height + y) * found.shape.width + x];
                if (found.memory[at] == float(want)) continue;
                if (!wrong++) {
                    ADD_FAILURE() << "c " << c << " x " << x << " y " << y << ": expected " << want
                                  << ", found " << found.memory[at];
                }
            }
        }
    }
    EXPECT_EQ(wrong, 0) << "wrong values";
    int64_t outside = 0;
    for (size_t i = 0; i < inside.size(); i++) outside += !inside[i] && !found.memory.untouched(int64_t(i));
    EXPECT_EQ(outside, 0) << "values written outside the image";
}

// [block][position][i][o in block] with zeros behind the last output channel. `taps` positions per kernel.
inline Memory packed(const std::vector<float> &weight, int out, int in, int taps, int first, int channels,
                     int block) {
    const int blocks = (channels + block - 1) / block;
    Memory memory(size_t(blocks) * block * in * taps);
    for (int b = 0; b < blocks; b++) {
        for (int p = 0; p < taps; p++) {
            for (int i = 0; i < in; i++) {
                for (int j = 0; j < block; j++) {
                    const int o = first + b * block + j;
                    const bool real = o < out && b * block + j < channels;
                    memory[((int64_t{b} * taps + p) * in + i) * block + j] =
                        real ? weight[(size_t(o) * in + i) * taps + p] : 0.0f;
                }
            }
        }
    }
    return memory;
}

inline Memory padded(const std::vector<float> &values, size_t size) {  // behind the last: zeros
    Memory memory(size);
    std::fill(memory.data(), memory.data() + size, 0.0f);
    std::copy(values.begin(), values.end(), memory.data());
    return memory;
}

}  // namespace hardnet::testing
