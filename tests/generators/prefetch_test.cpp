// What a convolution and the transforms request while they compute: walked through in their lowered loops.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "compiler/emission/scheduled_kernel.h"
#include "generators/convolution.h"

namespace hardnet::testing {
namespace {

using namespace Halide::Internal;
using Halide::Expr;

constexpr int kRows = 4, kLineBytes = 64;

// Runs the loops of a lowered kernel and keeps which lines it requests, and which it stores to, in each round of a loop.
class Walk : public IRVisitor {
public:
    // `known`: of variables, in place of what a buffer's description would say; `over`: the loop, as its name ends;
    // `output`: what is stored to.
    Walk(std::map<std::string, Expr> known, std::string over, std::string output)
        : known_(std::move(known)), over_(std::move(over)), output_(std::move(output)) {}
    std::map<int, std::set<int>> lines, stored;  // by round

protected:
    using IRVisitor::visit;
    void visit(const For *loop) override {
        const int first = number(loop->min), count = number(loop->extent);
        const bool over =
            loop->name.size() > over_.size() && loop->name.substr(loop->name.size() - over_.size()) == over_;
        for (int i = first; i < first + count; i++) {
            if (over) round_ = i;
            substitute(loop->name, i, loop->body).accept(this);
        }
    }
    void visit(const LetStmt *let) override {
        const auto known = known_.find(let->name);
        substitute(let->name, known == known_.end() ? let->value : known->second, let->body).accept(this);
    }
    void visit(const IfThenElse *branch) override {
        if (number(Halide::select(branch->condition, 1, 0)))
            branch->then_case.accept(this);
        else if (branch->else_case.defined())
            branch->else_case.accept(this);
    }
    // llvm.prefetch.p0(reinterpret(reinterpret(U) + cast(byte)), ...)
    void visit(const Call *call) override {
        if (call->name != "llvm.prefetch.p0") return IRVisitor::visit(call);
        const auto *const handle = call->args[0].as<Reinterpret>();
        const Add *const sum = handle ? handle->value.as<Add>() : nullptr;
        const Cast *const byte = sum ? sum->b.as<Cast>() : nullptr;
        ASSERT_TRUE(byte) << call->args[0];
        lines[round_].insert(number(byte->value) / kLineBytes);
    }
    void visit(const Store *store) override {
        const Ramp *const ramp = store->index.as<Ramp>();
        if (store->name == output_)
            stored[round_].insert(number((ramp ? ramp->base : store->index) * store->value.type().bytes()) /
                                  kLineBytes);
        IRVisitor::visit(store);
    }

private:
    int number(const Expr &expr) const {
        const Expr value = simplify(substitute(known_, expr));
        const auto *constant = value.as<IntImm>();
        EXPECT_TRUE(constant) << value;
        return constant ? int(constant->value) : 0;
    }

    const std::map<std::string, Expr> known_;
    const std::string over_, output_;
    int round_ = 0;
};

// A lowering pass that looks and changes nothing.
class Look : public IRMutator {
public:
    explicit Look(Walk &walk) : walk_(walk) {}
    using IRMutator::mutate;
    Stmt mutate(const Stmt &body) override {
        body.accept(&walk_);
        return body;
    }

private:
    Walk &walk_;
};

void walk_through(const ScheduledKernel &kernel, const Machine &machine, Walk &walk) {
    Look look(walk);
    Halide::Pipeline pipeline = kernel.pipeline;
    pipeline.add_custom_lowering_pass(&look, nullptr);
    pipeline.compile_to_module(kernel.arguments, "kernel", bare_target(machine));
}

// While a block of channels is computed, the next one's weights are requested, each line of them: whatever is multiplied, also
// where the last block of a row is shifted.
TEST(Prefetch, EveryBlockOfChannelsRequestsTheNext) {
    const Machine &zen4 = machines(Precision::kInt8).front();
    for (const Precision products : {Precision::kFloat32, Precision::kInt8}) {
        for (const int width : {4, 5}) {
            SCOPED_TRACE(std::string(name_of(products)) + ", width " + std::to_string(width));
            ConvolutionSpec spec;
            for (const int channels : {16, 48}) spec.sources.push_back({channels, 48, 48 * (width + 2)});
            for (SourcePlane &source : spec.sources) source.type = IntegerType::kUint8;
            spec.window = Window::square(3, 1, 1);
            spec.width = width;
            spec.block = 32;
            spec.pixels = 2;
            spec.pixel_stride = 96;
            spec.row_stride = 96 * width;
            spec.channels_outer = true;
            spec.products = products;
            spec.passes = kRows * ((width + 1) / 2);
            const ScheduledKernel kernel = scheduled_kernel(KernelSpec(spec), zen4);
            const std::string y = std::static_pointer_cast<Convolution>(kernel.generator)->Y.name();
            std::map<std::string, Expr> known;
            for (const auto &[dimension, extent] : {std::pair{0, 96}, {1, width}, {2, kRows}}) {
                known[y + ".min." + std::to_string(dimension)] = 0;
                known[y + ".extent." + std::to_string(dimension)] = extent;
            }
            Walk walk(known, ".co", y);
            walk_through(kernel, zen4, walk);

            const int lines = 4 * spec.steps() * 9 * spec.block / kLineBytes;  // of a block
            ASSERT_EQ(walk.lines.size(), 3u);
            for (const auto &[block, requested] : walk.lines) {
                EXPECT_EQ(int(requested.size()), lines) << block;
                EXPECT_EQ(*requested.begin(), (block + 1) * lines);
                EXPECT_EQ(*requested.rbegin(), (block + 2) * lines - 1);
            }
        }
    }
}

// Where a tile's results go is requested while the tile before it is transformed.
TEST(Prefetch, EveryTileRequestsTheLinesOfTheNext) {
    constexpr int kChannels = 32, kTiles = 3, kTileStride = 48;
    const Machine &zen4 = machines(Precision::kInt8).front();
    const Tiling tiling(4, {1, 0}, {kTiles, 0});
    InputTransformSpec input;
    input.tiling = tiling;
    input.pixel_stride = 48;
    input.row_stride = 48 * 14;
    input.tile_stride = kTileStride;
    input.position_stride = kTileStride * (kTiles + 1);
    OutputTransformSpec output;
    output.tiling = tiling;
    output.tiles = kTiles;
    output.m_stride = kChannels;
    output.pixel_stride = kTileStride;
    output.row_stride = kTileStride * 14;
    output.valid_rows = 4;
    output.valid_columns = 4 * kTiles;
    for (const KernelSpec &spec : {KernelSpec(input), KernelSpec(output)}) {
        SCOPED_TRACE(operator_name(spec));
        const ScheduledKernel kernel = scheduled_kernel(spec, zen4);
        Halide::Pipeline pipeline = kernel.pipeline;
        const std::string out = pipeline.outputs()[0].name();
        std::map<std::string, Expr> known;
        const std::vector<int> extents = std::holds_alternative<InputTransformSpec>(spec)
                                             ? std::vector<int>{kChannels, kTiles, 1, 36}
                                             : std::vector<int>{kChannels, 4, kTiles, 4, 1};
        for (size_t d = 0; d < extents.size(); d++) {
            known[out + ".min." + std::to_string(d)] = 0;
            known[out + ".extent." + std::to_string(d)] = extents[d];
        }
        Walk walk(known, ".tx", out);
        walk_through(kernel, zen4, walk);
        ASSERT_EQ(walk.stored.size(), size_t(kTiles));
        for (int tile = 0; tile + 1 < kTiles; tile++)
            EXPECT_EQ(walk.lines[tile], walk.stored[tile + 1]) << tile;
    }
}

}  // namespace
}  // namespace hardnet::testing
