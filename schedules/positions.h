// The order of a product's loops where its sums are cut. A lowering pass: positions have unlike numbers of items, and threads
// share items, so Halide has no loop over positions.
#pragma once
#include <vector>

#include "generators/winograd.h"

namespace hardnet {

// From, for each partial sum,
//
//     for block of channels: for item: M += sum
//
// to
//
//     for position: for block of channels: for each partial sum: for item of the position: M += sum
//
// so that a position's V is read from afar once, and the weights of a partial sum, once they are in L1, serve all items.
class PositionsOutermost : public Halide::Internal::IRMutator {
public:
    explicit PositionsOutermost(const Product &product);

protected:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::ProducerConsumer *node) override;

private:
    const Product &product_;
};

}  // namespace hardnet
