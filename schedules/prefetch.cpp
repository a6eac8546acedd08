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

// LLVM's intrinsic: a read (0) of data (1) that is to be kept in L2 (2).
Stmt prefetch(const Expr &address) {
    return Evaluate::make(Call::make(Halide::Int(32), "llvm.prefetch.p0",
                                     {Halide::reinterpret(Halide::Handle(), address), 0, 2, 1},
                                     Call::Extern));
}

}  // namespace

PrefetchNextPosition::PrefetchNextPosition(const Product &product) : product_(product) {
    const ProductSpec &s = product.spec;
    const int lines = (s.block * 4 + kLineBytes - 1) / kLineBytes;        // of a step's weights
    const int passes = ItemMap(s.tiling, s.tiles).ranges.front().blocks;  // over most positions' weights
    step_lines_ = (lines + passes - 1) / passes;
}

Stmt PrefetchNextPosition::visit(const For *loop) {
    const Expr variable = Variable::make(Halide::Int(32), loop->name);
    const Contents body(loop);
    if (!body.loops && body.weights && item_.defined()) {
        std::vector<Stmt> statements = requests(steps_ + variable);
        statements.push_back(loop->body);
        if (const auto extent = as_const_int(loop->extent)) steps_ += int(*extent);
        return For::make(loop->name, loop->min, loop->extent, loop->for_type, loop->partition_policy,
                         loop->device_api, Block::make(statements));
    }
    if (ends_with(loop->name, ".co")) block_ = variable;
    if (ends_with(loop->name, ".q")) item_ = variable;
    if (ends_with(loop->name, ".q.rebased"))  // counts from the first item that M holds
        item_ = variable + Variable::make(Halide::Int(32), product_.M.name() + ".min.2");
    steps_ = 0;
    return IRMutator::visit(loop);
}

// The share of one step, counted over all sources, in the lines of the position behind the item's own.
std::vector<Stmt> PrefetchNextPosition::requests(const Expr &step) const {
    const ProductSpec &s = product_.spec;
    const int lines = s.in() * s.block * 4 / kLineBytes;  // of a position's weights
    const Expr position = substitute("q", item_, product_.position),
               pass = substitute("q", item_, product_.pass),
               first = (block_ * s.tiling.positions() + position + 1) * lines;
    const Expr weights = Halide::reinterpret(Halide::UInt(64), Variable::make(Halide::Handle(), "U"));
    std::vector<Stmt> result;
    for (int i = 0; i < step_lines_; i++) {
        const Expr line = Halide::min((pass * s.in() + step) * step_lines_ + i, lines - 1);
        const Expr byte = Halide::cast<int64_t>(first + line) * kLineBytes;
        result.push_back(prefetch(weights + Halide::cast<uint64_t>(byte)));
    }
    return result;
}

}  // namespace hardnet
