// What schedules leave open: one declaration for the compiler, the tuner, its records and what `inspect` shows.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "schedules/blocking.h"

namespace hardnet {

// Of a convolution, enough that threads share them evenly; below, weights outweigh activations and channel blocks are
// shared, each of which takes all rows.
constexpr int kManyRows = 16;

struct Parameters {
    Blocks blocks;  // register blocks, of a product or a convolution
    int round =
        4;  // of a product: steps of its sums between requests for what comes next; 0: nothing is requested
    int cut =
        0;  // of a product: steps of its sums that all items of a position take before the next ones; 0: all steps
    int rows =
        1;  // of a convolution: a block of channels takes so many rows before the next does, where rows are shared
    int m = 0;  // of a resolution: F(m x m) of all its layers; 0: they are computed directly

    bool operator==(const Parameters &o) const {
        return blocks == o.blocks && round == o.round && cut == o.cut && rows == o.rows && m == o.m;
    }
};

// A parameter beside the blocks, and what it may be.
struct ParameterRange {
    const char *name;   // in records
    const char *label;  // "rounds of": in front of its value
    int Parameters::*value;
    Problem::Op op;
    std::vector<int> legal;
};
const std::vector<ParameterRange> &parameter_ranges();

// Those of a range's values that this problem can have.
std::vector<int> legal_values(const Machine &machine, const Problem &problem, const ParameterRange &range);

// "expected one of 0, 2, found 1", or "" where the value is one that the problem can have.
std::string range_fault(const Machine &machine, const Problem &problem, const Parameters &parameters,
                        const ParameterRange &range);

// Of a product or a convolution.
Parameters model_parameters(const Machine &machine, const Problem &problem);

// Whether kernels can be made with them; sets what follows of the blocks.
Status complete_parameters(const Machine &machine, const Problem &problem, Parameters &parameters);

// "96:48x7 22:24x7, rows 4", "F(4x4)", "direct"
std::string describe(const Parameters &parameters, Problem::Op op);

}  // namespace hardnet
