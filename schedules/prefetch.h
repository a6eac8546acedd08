// Requests for what a product needs soon, which Halide's own prefetch cannot express: that becomes a loop of
// hints that bypass L2.
#pragma once
#include <vector>

#include "generators/winograd.h"

namespace hardnet {

// A lowering pass for the product, which asks for cache lines to be brought into L2 while it computes: some lines per
// round of a few steps of a sum, which it unrolls: what computes their addresses would be a third of a step's
// instructions on AVX2.
//
// Tiles: an item reads `tiles` tiles of every source, and reads them once. While the sum over a source's
// channels runs, the next item's tiles of that source are requested.
//
// Weights: the items of a position read its weights one after the other, the first from memory, which cannot
// keep up, the others from L2. So the items of a position share in requesting the next position's weights.
//
// What is requested may lie behind a buffer's end; a prefetch never faults.
class PrefetchNext : public Halide::Internal::IRMutator {
public:
    explicit PrefetchNext(const Product &product);

protected:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::For *loop) override;

private:
    using Statements = std::vector<Halide::Internal::Stmt>;
    // A source's sum; one of a single step is no loop, and no request is made.
    Halide::Internal::Stmt in_rounds(const Halide::Internal::For *loop, size_t source);
    int rounds(size_t source) const;
    void request_tiles(const Halide::Expr &round, size_t source, Statements &statements) const;
    void request_weights(const Halide::Expr &round, Statements &statements) const;

    const Product &product_;
    const ItemMap items_;
    int rounds_ = 0;                 // of all sources' sums
    Halide::Expr item_, block_ = 0;  // the loops around
};

}  // namespace hardnet
