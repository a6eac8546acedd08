// What a kernel reads and writes for a region of its output, as Halide's own bounds query says.
//
// The generator and its schedule are the compiler's. Loops are then made plain ones, neither unrolled nor of vectors,
// which is half of what lowering costs: bounds are inferred before either is looked at. What the generator demands of its
// inputs' extents is taken back, since a query answers with what is demanded in place of what is read. Nothing is
// compiled or run: the query, which stands in front of the lowered kernel, is evaluated here, so that a kernel of any level
// can be asked on any CPU.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "Halide.h"
#include "hardnet/plan.h"
#include "kernels/kernel.h"
#include "schedules/machine.h"

namespace hardnet::testing {

struct Interval {
    int64_t min = 0, extent = 0;
    int64_t end() const { return min + extent; }
    bool operator==(const Interval &o) const { return min == o.min && extent == o.extent; }
};
using Box = std::vector<Interval>;  // innermost dimension first

class KernelBounds {
public:
    // Without `plain_loops` as the compiler has the kernel.
    KernelBounds(const KernelSpec &spec, const Machine &machine, bool plain_loops = true);

    // A box per argument in the order of parameters(): what the inputs are read at, and what is written of the output,
    // rounded up as the schedule does. Throws where the query holds what evaluate() does not know.
    std::vector<Box> of(const Box &output) const;

private:
    struct Query {
        int argument = 0;
        std::vector<std::pair<Halide::Expr, Halide::Expr>> dims;  // min and extent
    };
    std::string output_;
    std::map<std::string, Halide::Expr> lets_;
    std::vector<Query> queries_;
};

}  // namespace hardnet::testing
