// Requests for weights that are needed soon, which Halide's own prefetch cannot express: that becomes a loop
// of hints that bypass L2.
#pragma once
#include "generators/winograd.h"

namespace hardnet {

// A lowering pass for the product. The items of a position read its weights one after the other, the first
// from memory, which cannot keep up, the others from L2. So the items of a position share in requesting the
// next position's weights into L2: each step of a sum asks for a few cache lines. What is requested may lie
// behind the weights' end; a prefetch never faults.
class PrefetchNextPosition : public Halide::Internal::IRMutator {
public:
    explicit PrefetchNextPosition(const Product &product);

protected:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::For *loop) override;

private:
    std::vector<Halide::Internal::Stmt> requests(const Halide::Expr &step) const;

    const Product &product_;
    int step_lines_;                 // that every step asks for
    Halide::Expr item_, block_ = 0;  // the loops around
    int steps_ = 0;                  // of the sums over the sources so far
};

}  // namespace hardnet
