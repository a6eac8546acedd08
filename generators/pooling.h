// Pooling of channels-last tensors (c, x, y).
#pragma once
#include <string>
#include <vector>

#include "Halide.h"
#include "generators/winograd.h"

namespace hardnet {

// Max pool; coordinates outside the image are clamped to it, which never changes a maximum. Calls cover a
// range of channels (multiples of `lanes`) and rows.
struct MaxPoolSpec {
    int kernel = 2, stride = 2, padding = 0;
    int in_height = 0, in_width = 0;
    int width = 0;  // of Y
    int lanes = 16;
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    std::string key() const;
};
struct MaxPool {
    explicit MaxPool(const MaxPoolSpec &spec);
    std::vector<Halide::Argument> arguments() { return {X}; }

    MaxPoolSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X;
    Halide::Func column{"column"};  // (c, x, y): maximum over a window's rows at input column x
    Halide::Func Y{"Y"};
};

// Mean over the image. Calls cover a range of channels (multiples of `lanes`).
struct GlobalPoolSpec {
    int height = 0, width = 0;
    int pixel_stride = 0, row_stride = 0;  // of X
    int lanes = 16;
    std::string key() const;
};
struct GlobalPool {
    explicit GlobalPool(const GlobalPoolSpec &spec);
    std::vector<Halide::Argument> arguments() { return {X}; }

    GlobalPoolSpec spec;
    Halide::Var c{"c"};
    Halide::ImageParam X;
    Halide::RDom r;                   // x, y
    Halide::Func sum{"sum"}, Y{"Y"};  // (c)
};

}  // namespace hardnet
