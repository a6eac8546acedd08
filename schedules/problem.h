// What is tuned: all that a choice of parameters depends on, beside the machine.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "graph/precision.h"
#include "graph/window.h"
#include "kernels/tiling.h"

namespace hardnet {

struct Problem {
    enum class Op {
        kProduct,      // of a Winograd layer
        kConvolution,  // of a layer that is computed directly
        kResolution,   // all 3x3 layers of one height and width, which share V: their algorithm
    };
    Op op = Op::kProduct;
    Tiling tiling;                            // of a product
    Window window;                            // of a convolution; its padding makes no difference
    int width = 0, height = 0;                // of a convolution's output, of a resolution
    int out = 0, in = 0;                      // channels of a layer
    bool residual = false;                    // a convolution that adds a tensor
    std::vector<std::pair<int, int>> layers;  // of a resolution, in running order: channels in, out
    Precision products =
        Precision::kFloat32;  // what is multiplied; of a resolution as small a type as there is

    int steps() const { return window.taps() * in; }  // of each sum
    bool operator==(const Problem &o) const;
};

Problem product_problem(const Tiling &tiling, int out, int in);
Problem convolution_problem(const Window &window, int width, int height, int out, int in,
                            bool residual = false);

Problem resolution_problem(int width, int height, std::vector<std::pair<int, int>> layers);

// "1x1 of 28x56, 64 to 40": rows and columns of the output, channels in and out (of integers two or four of them as one);
// "3x3 of 28x28, 16 layers, int16".
std::string describe(const Problem &problem);

}  // namespace hardnet
