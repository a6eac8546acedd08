// Pooling of channels-last tensors (c, x, y).
#pragma once
#include <string>
#include <vector>

#include "Halide.h"
#include "kernels/pooling.h"

namespace hardnet {

struct Pool {
    explicit Pool(const PoolSpec &spec);
    std::vector<Halide::ImageParam> inputs() { return {X}; }

    PoolSpec spec;
    Halide::Var c{"c"}, x{"x"}, y{"y"};
    Halide::ImageParam X;
    Halide::Func column{"column"};  // (c, x, y): maximum or sum over a window's rows at input column x
    Halide::Func Y{"Y"};
};
inline Pool generator_of(const PoolSpec &spec) { return Pool(spec); }

struct GlobalPool {
    explicit GlobalPool(const GlobalPoolSpec &spec);
    std::vector<Halide::ImageParam> inputs();

    GlobalPoolSpec spec;
    Halide::Var c{"c"};
    Halide::ImageParam X;
    Halide::ImageParam scale, shift;  // (c)
    Halide::RDom r;                   // x, y
    Halide::Func sum{"sum"}, Y{"Y"};  // (c)
};
inline GlobalPool generator_of(const GlobalPoolSpec &spec) { return GlobalPool(spec); }

}  // namespace hardnet
