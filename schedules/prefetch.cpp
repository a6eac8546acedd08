#include "schedules/prefetch.h"

#include <functional>
#include <string>
#include <vector>

#include "schedules/loop_names.h"

namespace hardnet {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

constexpr int kLineBytes = 64;
constexpr int kRound = 4;  // steps of a convolution's sum

// What a loop's body holds.
class Contents : public IRVisitor {
public:
    explicit Contents(const For *loop) { loop->body.accept(this); }
    bool loops = false, weights = false;

protected:
    using IRVisitor::visit;
    void visit(const For *loop) override {
        loops = true;
        IRVisitor::visit(loop);
    }
    void visit(const Load *load) override {
        weights |= load->name == "U";
        IRVisitor::visit(load);
    }
};

// What a line is requested for: to be read, out of L2, or to be written, in L1.
enum class Use { kRead, kWritten };

// Requests the line that holds a buffer's byte. LLVM's intrinsic: a read (0) or a write (1), how near (2: in L2, 3: in L1), of
// data (1).
Stmt request(const std::string &buffer, const Expr &byte, Use use) {
    const Expr start = Halide::reinterpret(Halide::UInt(64), Variable::make(Halide::Handle(), buffer));
    const Expr address = Halide::reinterpret(Halide::Handle(), start + Halide::cast<uint64_t>(byte));
    const int write = use == Use::kWritten, near = write ? 3 : 2;
    return Evaluate::make(
        Call::make(Halide::Int(32), "llvm.prefetch.p0", {address, write, near, 1}, Call::Extern));
}

int shared(int count, int among) { return (count + among - 1) / among; }
int lines_of(int bytes) { return shared(bytes, kLineBytes); }

// A sum's loop over `steps` in rounds of `each`, with what is to be requested in a round in front of it.
Stmt in_rounds(const For *loop, int steps, int each,
               const std::function<void(const Expr &round, std::vector<Stmt> &)> &request_in) {
    const int count = steps / each;
    const Expr round = Variable::make(Halide::Int(32), loop->name);
    auto step = [&](const Expr &at) { return substitute(loop->name, at, loop->body); };
    std::vector<Stmt> all, statements;
    if (count) {
        request_in(round, statements);
        for (int i = 0; i < each; i++) statements.push_back(step(round * each + i));
        all.push_back(For::make(loop->name, 0, count, loop->for_type, loop->partition_policy,
                                loop->device_api, Block::make(statements)));
    }
    for (int i = count * each; i < steps; i++) all.push_back(step(i));
    return Block::make(all);
}

}  // namespace

PrefetchNextItems::PrefetchNextItems(const Product &product)
    : product_(product), items_(product.spec.tiling, product.spec.tiles) {
    const auto sums = product.spec.partial_sums();
    for (size_t i = 0; i < sums.size(); i++) {
        const std::vector<SumPiece> &next = sums[(i + 1) % sums.size()];
        NextWeights weights{next.front().weights, 0, i + 1 == sums.size(), 0};
        for (const SumPiece &piece : next) weights.steps += piece.steps;
        for (const SumPiece &piece : sums[i]) weights.rounds += piece.steps / product.spec.round;
        for (const SumPiece &piece : sums[i]) {
            next_weights_.push_back(weights);
            weights.before += piece.steps / product.spec.round;
        }
    }
}

Stmt PrefetchNextItems::visit(const For *loop) {
    const Expr variable = Variable::make(Halide::Int(32), loop->name);
    const Contents body(loop);
    if (!body.loops && body.weights && item_.defined()) {
        for (size_t piece = 0; piece < product_.r.size(); piece++) {
            for (int d = 0; d < product_.r[piece].dimensions(); d++)
                if (ends_with(loop->name, "." + product_.r[piece][d].name())) return sum(loop, piece);
        }
    }
    if (ends_with(loop->name, ".co")) block_ = variable;
    if (ends_with(loop->name, ".q")) item_ = variable;
    if (ends_with(loop->name, ".q.rebased"))  // counts from the first item that M holds
        item_ = variable + Variable::make(Halide::Int(32), product_.M.name() + ".min.2");
    return IRMutator::visit(loop);
}

Stmt PrefetchNextItems::sum(const For *loop, size_t piece) {
    return in_rounds(loop, product_.pieces[piece].steps, product_.spec.round,
                     [&](const Expr &round, Statements &statements) {
                         request_tiles(round, piece, statements);
                         request_weights(round, next_weights_[piece], statements);
                     });
}

void PrefetchNextItems::request_tiles(const Expr &round, size_t of, Statements &statements) const {
    const SumPiece &piece = product_.pieces[of];
    const ProductSpec &s = product_.spec;
    const ProductSource &source = s.sources[size_t(piece.source)];
    const int bytes = 4 / channels_in_step(s.products),
              lines = lines_of(s.tiles * source.tile_stride * bytes),
              share = shared(lines, s.steps(source) / s.round), before = piece.first / s.round;
    const Expr tile = substitute(product_.q.name(), item_ + 1, product_.first_tile),
               position = substitute(product_.q.name(), item_ + 1, product_.position),
               start = tile * source.tile_stride + position * source.position_stride;
    for (int i = 0; i < share; i++) {
        const Expr line = Halide::min((before + round) * share + i, lines - 1);
        statements.push_back(request(product_.V[size_t(piece.source)].name(),
                                     Halide::cast<int64_t>(start) * bytes + line * kLineBytes, Use::kRead));
    }
}

void PrefetchNextItems::request_weights(const Expr &round, const NextWeights &weights,
                                        Statements &statements) const {
    const ProductSpec &s = product_.spec;
    // A step is four bytes for each output channel: a float, a pair of int16 or four int8.
    const int passes = items_.ranges.front().blocks, lines = lines_of(4 * weights.steps * s.block),
              share = shared(lines, passes * weights.rounds);
    const Expr first_item = Variable::make(Halide::Int(32), product_.M.name() + ".min.2"),
               items = Variable::make(Halide::Int(32), product_.M.name() + ".extent.2");
    auto at = [&](const Expr &value, const Expr &item) { return substitute(product_.q.name(), item, value); };
    const Expr position = at(product_.position, item_), pass = at(product_.pass, item_),
               first = at(product_.position, first_item),
               last = at(product_.position, first_item + items - 1),
               here = block_ * s.tiling.positions() + position,
               next_block = (block_ + 1) * s.tiling.positions();
    Expr next = here;
    if (weights.of_next_position && s.cut)
        next = Halide::select(block_ < s.out / s.block - 1, next_block + position, position + 1);
    else if (weights.of_next_position)
        next = Halide::select(position < last, here + 1, next_block + first);
    const Expr start = (next * s.steps() + weights.first) * s.block;
    for (int i = 0; i < share; i++) {
        const Expr line =
            Halide::min((pass * weights.rounds + weights.before + round) * share + i, lines - 1);
        statements.push_back(
            request(product_.U.name(), Halide::cast<int64_t>(start) * 4 + line * kLineBytes, Use::kRead));
    }
}

Stmt PrefetchNextWeights::visit(const For *loop) {
    const ConvolutionSpec &s = convolution_.spec;
    const Contents body(loop);
    auto is = [&](const std::string &name) { return ends_with(loop->name, "." + name); };
    const int first = s.products == Precision::kFloat32 ? 0 : 1;  // dimension of the steps
    int before = 0;
    for (size_t i = 0; i < s.sources.size(); i++) {
        const Halide::RDom &r = convolution_.r[i];
        if (!body.loops && body.weights && is(r[first].name())) return sum(loop, i, before);
        if (s.window.taps() > 1 && is(r[first + 1].name())) return inside(kx_, loop, 0);
        if (s.window.taps() > 1 && is(r[first + 2].name())) return inside(ky_, loop, 0);
        before += s.steps(s.sources[i]);
    }
    // The blocks of a row behind the loop over them are its last ones.
    if (is("xo")) return inside(column_, loop, convolution_.spec.row_blocks() - 1);
    if (is("y") || is("y.rebased")) return inside(row_, loop, 0);  // rebased: counts from Y's first row
    if (is("co")) return inside(block_, loop, 0);
    return IRMutator::visit(loop);
}

Stmt PrefetchNextWeights::inside(Expr &at, const For *loop, const Expr &behind) {
    at = Variable::make(Halide::Int(32), loop->name);
    const Stmt result = IRMutator::visit(loop);
    at = behind;
    return result;
}

// `before`: steps of the sources in front of this one.
Stmt PrefetchNextWeights::sum(const For *loop, size_t source, int before) const {
    const ConvolutionSpec &s = convolution_.spec;
    // A step is four bytes for each output channel: a float, a pair of int16 or four int8.
    const int step_bytes = 4 * s.block, lines = lines_of(step_bytes * kRound),
              share = shared(lines, s.passes);
    const Expr first_block = Variable::make(Halide::Int(32), convolution_.Y.name() + ".min.0") / s.block,
               tap = ky_ * s.window.x.kernel + kx_, pass = row_ * s.row_blocks() + column_;
    return in_rounds(
        loop, s.steps(s.sources[source]), kRound, [&](const Expr &round, std::vector<Stmt> &statements) {
            const Expr step =
                ((first_block + block_ + 1) * s.window.taps() + tap) * s.steps() + before + round * kRound;
            for (int i = 0; i < share; i++) {
                const Expr line = Halide::min(pass * share + i, lines - 1);
                statements.push_back(request(convolution_.U.name(),
                                             Halide::cast<int64_t>(step) * step_bytes + line * kLineBytes,
                                             Use::kRead));
            }
        });
}

// Of stores that are a smaller part of a line most would ask for one that is there.
Stmt PrefetchNextTile::visit(const Store *store) {
    const Halide::Type type = store->value.type();
    if (store->name != buffer_ || type.bytes() * type.lanes() < kLineBytes / 2) return store;
    const Ramp *ramp = store->index.as<Ramp>();
    const Expr next = (ramp ? ramp->base : store->index) + tile_stride_;
    return Block::make(request(buffer_, Halide::cast<int64_t>(next) * type.bytes(), Use::kWritten), store);
}

}  // namespace hardnet
