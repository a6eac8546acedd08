// Requests for what a product or a convolution reads soon and for what a transform writes soon, which Halide's own prefetch
// cannot express: that becomes a loop of hints that bypass L2, for what is read. Lowering passes. In sums some cache lines are
// asked for, to be brought into L2, per round of a few steps, which are unrolled: what computes their addresses would be a
// third of a step's instructions on AVX2.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "generators/convolution.h"
#include "generators/winograd.h"

namespace hardnet {

// Tiles: an item reads `tiles` tiles of every source, and reads them once. While the sum over a source's
// channels runs, the next item's tiles of that source are requested.
//
// Weights: the items of a position read its weights one after the other, the first from memory, which cannot
// keep up, the others from L2. So the items of a position share in requesting the next position's weights, or where sums
// are cut, the next partial sum's.
//
// What is requested may lie behind a buffer's end; a prefetch never faults.
class PrefetchNextItems : public Halide::Internal::IRMutator {
public:
    explicit PrefetchNextItems(const Product &product);

protected:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::For *loop) override;

private:
    using Statements = std::vector<Halide::Internal::Stmt>;
    // What a piece of a partial sum requests: the weights of the partial sum that comes next.
    struct NextWeights {
        int first = 0, steps = 0;
        bool of_next_position = false;  // or block of channels
        int rounds = 0, before = 0;     // of all pieces of its partial sum; of those in front of it
    };
    // A piece of a sum; one of a single step is no loop, and no request is made.
    Halide::Internal::Stmt sum(const Halide::Internal::For *loop, size_t piece);
    void request_tiles(const Halide::Expr &round, size_t piece, Statements &statements) const;
    void request_weights(const Halide::Expr &round, const NextWeights &weights, Statements &statements) const;

    const Product &product_;
    const ItemMap items_;
    std::vector<NextWeights> next_weights_;  // per piece
    Halide::Expr item_, block_ = 0;          // the loops around
};

// For a convolution whose blocks of channels each take all pixels: the first block of pixels reads the channels'
// weights from memory, the others from L2. So they share in requesting the next channels'.
class PrefetchNextWeights : public Halide::Internal::IRMutator {
public:
    explicit PrefetchNextWeights(const Convolution &convolution) : convolution_(convolution) {}

protected:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::For *loop) override;

private:
    // The loop with its variable as what `at` is inside of it.
    Halide::Internal::Stmt inside(Halide::Expr &at, const Halide::Internal::For *loop,
                                  const Halide::Expr &behind);
    Halide::Internal::Stmt sum(const Halide::Internal::For *loop, size_t source, int before) const;

    const Convolution &convolution_;
    Halide::Expr block_ = 0, row_ = 0, column_ = 0, kx_ = 0, ky_ = 0;
};

// A transform writes a line or less at each position or pixel of a tile, one far from the other, and a line must be in a
// cache before it is written. So each store asks for where the next tile's will go.
class PrefetchNextTile : public Halide::Internal::IRMutator {
public:
    // `tile_stride`: from a tile to the next in the output `buffer`, in elements.
    PrefetchNextTile(std::string buffer, int tile_stride)
        : buffer_(std::move(buffer)), tile_stride_(tile_stride) {}

protected:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::Store *store) override;

private:
    const std::string buffer_;
    const int tile_stride_;
};

}  // namespace hardnet
