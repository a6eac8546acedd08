#include "schedules/prefetch.h"

#include <string>
#include <vector>

namespace hardnet {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

constexpr int kLineBytes = 64;

bool ends_with(const std::string &text, const std::string &end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

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

// Requests the line that holds a buffer's byte. LLVM's intrinsic: a read (0) of data (1), to be kept in L2
// (2).
Stmt request(const std::string &buffer, const Expr &byte) {
    const Expr start = Halide::reinterpret(Halide::UInt(64), Variable::make(Halide::Handle(), buffer));
    const Expr address = Halide::reinterpret(Halide::Handle(), start + Halide::cast<uint64_t>(byte));
    return Evaluate::make(Call::make(Halide::Int(32), "llvm.prefetch.p0", {address, 0, 2, 1}, Call::Extern));
}

int shared(int lines, int rounds) { return (lines + rounds - 1) / rounds; }
int lines_of(int bytes) { return shared(bytes, kLineBytes); }

}  // namespace

PrefetchNext::PrefetchNext(const Product &product)
    : product_(product), items_(product.spec.tiling, product.spec.tiles) {
    for (size_t source = 0; source < product.spec.sources.size(); source++) rounds_ += rounds(source);
}

Stmt PrefetchNext::visit(const For *loop) {
    const Expr variable = Variable::make(Halide::Int(32), loop->name);
    const Contents body(loop);
    if (!body.loops && body.weights && item_.defined()) {
        for (size_t source = 0; source < product_.r.size(); source++) {
            for (int d = 0; d < product_.r[source].dimensions(); d++)
                if (ends_with(loop->name, "." + product_.r[source][d].name())) return in_rounds(loop, source);
        }
    }
    if (ends_with(loop->name, ".co")) block_ = variable;
    if (ends_with(loop->name, ".q")) item_ = variable;
    if (ends_with(loop->name, ".q.rebased"))  // counts from the first item that M holds
        item_ = variable + Variable::make(Halide::Int(32), product_.M.name() + ".min.2");
    return IRMutator::visit(loop);
}

int PrefetchNext::rounds(size_t source) const {
    return product_.spec.steps(product_.spec.sources[source]) / product_.spec.round;
}

Stmt PrefetchNext::in_rounds(const For *loop, size_t source) {
    const int steps = product_.spec.steps(product_.spec.sources[source]), each = product_.spec.round,
              count = rounds(source);
    int before = 0;
    for (size_t s = 0; s < source; s++) before += rounds(s);
    const Expr round = Variable::make(Halide::Int(32), loop->name);
    auto step = [&](const Expr &at) { return substitute(loop->name, at, loop->body); };
    std::vector<Stmt> all, statements;
    if (count) {
        request_tiles(round, source, statements);
        request_weights(before + round, statements);
        for (int i = 0; i < each; i++) statements.push_back(step(round * each + i));
        all.push_back(For::make(loop->name, 0, count, loop->for_type, loop->partition_policy,
                                loop->device_api, Block::make(statements)));
    }
    for (int i = count * each; i < steps; i++) all.push_back(step(i));
    return Block::make(all);
}

void PrefetchNext::request_tiles(const Expr &round, size_t of, Statements &statements) const {
    const ProductSource &source = product_.spec.sources[of];
    const int bytes = 4 / channels_in_step(product_.spec.products),
              lines = lines_of(product_.spec.tiles * source.tile_stride * bytes),
              share = shared(lines, rounds(of));
    const Expr tile = substitute(product_.q.name(), item_ + 1, product_.first_tile),
               position = substitute(product_.q.name(), item_ + 1, product_.position),
               start = tile * source.tile_stride + position * source.position_stride;
    for (int i = 0; i < share; i++) {
        const Expr line = Halide::min(round * share + i, lines - 1);
        statements.push_back(
            request(product_.V[of].name(), Halide::cast<int64_t>(start) * bytes + line * kLineBytes));
    }
}

// `round`: of all sources' sums.
void PrefetchNext::request_weights(const Expr &round, Statements &statements) const {
    const ProductSpec &s = product_.spec;
    // A step is four bytes for each output channel: a float, or a pair of int16.
    const int passes = items_.ranges.front().blocks, lines = lines_of(4 * s.steps() * s.block),
              share = shared(lines, passes * rounds_);
    const Expr first_item = Variable::make(Halide::Int(32), product_.M.name() + ".min.2"),
               items = Variable::make(Halide::Int(32), product_.M.name() + ".extent.2");
    auto at = [&](const Expr &value, const Expr &item) { return substitute(product_.q.name(), item, value); };
    const Expr position = at(product_.position, item_), pass = at(product_.pass, item_),
               first = at(product_.position, first_item),
               last = at(product_.position, first_item + items - 1),
               next = Halide::select(position < last, block_ * s.tiling.positions() + position + 1,
                                     (block_ + 1) * s.tiling.positions() + first),
               start = next * (s.steps() * s.block);
    for (int i = 0; i < share; i++) {
        const Expr line = Halide::min((pass * rounds_ + round) * share + i, lines - 1);
        statements.push_back(
            request(product_.U.name(), Halide::cast<int64_t>(start) * 4 + line * kLineBytes));
    }
}

}  // namespace hardnet
