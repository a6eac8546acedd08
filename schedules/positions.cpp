#include "schedules/positions.h"

#include <string>

#include "schedules/loop_names.h"

namespace hardnet {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

constexpr const char *kPosition = "position";

Expr variable(const std::string &name) { return Variable::make(Halide::Int(32), name); }

Stmt loop(const std::string &name, const Expr &min, const Expr &extent, const Stmt &body) {
    return For::make(name, min, extent, ForType::Serial, Halide::Partition::Auto, Halide::DeviceAPI::None,
                     body);
}

void flatten(const Stmt &stmt, std::vector<Stmt> &all) {
    const Block *block = stmt.as<Block>();
    if (!block) return all.push_back(stmt);
    flatten(block->first, all);
    flatten(block->rest, all);
}

// The first item of a position, or of all that follow the last one's.
Expr first_item_of(const ItemMap &items, const Expr &position) {
    Expr item;
    for (auto range = items.ranges.rbegin(); range != items.ranges.rend(); ++range) {
        const Tiling::PositionClass &c = range->positions;
        const Expr here = range->first_item + (position - c.first_position) * range->blocks;
        item = item.defined() ? Halide::select(position < c.first_position + c.positions, here, item) : here;
    }
    return item;
}

// Loops over items become loops over those of one position, in front of `end`.
class ItemsOfPosition : public IRMutator {
public:
    ItemsOfPosition(Expr first, Expr begin, Expr end)
        : first_(std::move(first)), begin_(std::move(begin)), end_(std::move(end)) {}

protected:
    using IRMutator::visit;
    Stmt visit(const For *over) override {
        const bool rebased = ends_with(over->name, ".q.rebased");  // counts from the first item that M holds
        if (!rebased && !ends_with(over->name, ".q")) return IRMutator::visit(over);
        return loop(over->name, rebased ? begin_ - first_ : begin_, end_ - begin_, over->body);
    }

private:
    const Expr first_, begin_, end_;
};

}  // namespace

PositionsOutermost::PositionsOutermost(const Product &product) : product_(product) {}

Stmt PositionsOutermost::visit(const ProducerConsumer *node) {
    const std::string m = product_.M.name();
    if (node->name != m || !node->is_producer) return IRMutator::visit(node);
    const ItemMap items(product_.spec.tiling, product_.spec.tiles);
    const Expr first = variable(m + ".min.2"), end = first + variable(m + ".extent.2"),
               position = variable(kPosition);
    const auto position_of = [&](const Expr &item) {
        return substitute(product_.q.name(), item, product_.position);
    };
    ItemsOfPosition narrow(first, Halide::max(first_item_of(items, position), first),
                           Halide::min(first_item_of(items, position + 1), end));
    std::vector<Stmt> sums;
    flatten(node->body, sums);
    std::string blocks;
    Expr count;
    for (Stmt &sum : sums) {
        const For *over = sum.as<For>();
        if (over && ends_with(over->name, ".co")) {
            if (blocks.empty()) blocks = over->name, count = over->extent;
            sum = substitute(over->name, variable(blocks), over->body);
        }
        sum = narrow.mutate(sum);
    }
    Stmt body = Block::make(sums);
    if (!blocks.empty()) body = loop(blocks, 0, count, body);
    const Expr first_position = position_of(first);
    return ProducerConsumer::make_produce(
        m, loop(kPosition, first_position, position_of(end - 1) - first_position + 1, body));
}

}  // namespace hardnet
