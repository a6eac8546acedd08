#include "tests/compiler/kernel_bounds.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>

#include "compiler/emission/scheduled_kernel.h"

namespace hardnet::testing {
namespace {

using namespace Halide::Internal;
using Halide::Expr;

// Takes back what is demanded of the extents of inputs that a function reads.
class FreeInputs : public IRVisitor {
protected:
    using IRVisitor::visit;
    void visit(const Call *call) override {
        IRVisitor::visit(call);
        if (!call->param.defined()) return;
        Halide::Parameter input = call->param;
        for (int d = 0; d < input.dimensions(); d++) {
            input.set_min_constraint(d, Expr());
            input.set_extent_constraint(d, Expr());
        }
    }
};

void make_loops_plain(StageSchedule &stage) {
    for (Dim &dim : stage.dims()) {
        if (dim.for_type == ForType::Unrolled || dim.for_type == ForType::Vectorized)
            dim.for_type = ForType::Serial;
    }
}

void prepare(const Halide::Pipeline &pipeline, bool plain_loops) {
    std::vector<Function> outputs;
    for (const Halide::Func &f : pipeline.outputs()) outputs.push_back(f.function());
    for (auto &[name, function] : build_environment(outputs)) {
        FreeInputs free_inputs;
        function.accept(&free_inputs);
        if (!plain_loops) continue;
        Function f = function;
        make_loops_plain(f.definition().schedule());
        for (size_t i = 0; i < f.updates().size(); i++) make_loops_plain(f.update(int(i)).schedule());
    }
}

// Integers of scalars alone, which is what sizes are; lets as they are wanted.
class Evaluator {
public:
    explicit Evaluator(const std::map<std::string, Expr> &lets) : lets_(lets) {}

    std::map<std::string, int64_t> values;

    int64_t operator()(const Expr &e) {
        switch (e.node_type()) {
            case IRNodeType::IntImm:
                return e.as<IntImm>()->value;
            case IRNodeType::UIntImm:
                return int64_t(e.as<UIntImm>()->value);
            case IRNodeType::Variable:
                return value_of(e.as<Variable>()->name);
            case IRNodeType::Cast:
                return (*this)(e.as<Cast>()->value);
            case IRNodeType::Add:
                return binary<Add>(e, [](int64_t a, int64_t b) { return a + b; });
            case IRNodeType::Sub:
                return binary<Sub>(e, [](int64_t a, int64_t b) { return a - b; });
            case IRNodeType::Mul:
                return binary<Mul>(e, [](int64_t a, int64_t b) { return a * b; });
            case IRNodeType::Div:
                return binary<Div>(e, [](int64_t a, int64_t b) { return div_imp(a, b); });
            case IRNodeType::Mod:
                return binary<Mod>(e, [](int64_t a, int64_t b) { return mod_imp(a, b); });
            case IRNodeType::Min:
                return binary<Min>(e, [](int64_t a, int64_t b) { return std::min(a, b); });
            case IRNodeType::Max:
                return binary<Max>(e, [](int64_t a, int64_t b) { return std::max(a, b); });
            case IRNodeType::EQ:
                return binary<EQ>(e, [](int64_t a, int64_t b) { return a == b; });
            case IRNodeType::NE:
                return binary<NE>(e, [](int64_t a, int64_t b) { return a != b; });
            case IRNodeType::LT:
                return binary<LT>(e, [](int64_t a, int64_t b) { return a < b; });
            case IRNodeType::LE:
                return binary<LE>(e, [](int64_t a, int64_t b) { return a <= b; });
            case IRNodeType::GT:
                return binary<GT>(e, [](int64_t a, int64_t b) { return a > b; });
            case IRNodeType::GE:
                return binary<GE>(e, [](int64_t a, int64_t b) { return a >= b; });
            case IRNodeType::And:
                return binary<And>(e, [](int64_t a, int64_t b) { return a && b; });
            case IRNodeType::Or:
                return binary<Or>(e, [](int64_t a, int64_t b) { return a || b; });
            case IRNodeType::Not:
                return !(*this)(e.as<Not>()->a);
            case IRNodeType::Select: {
                const Select *s = e.as<Select>();
                return (*this)((*this)(s->condition) ? s->true_value : s->false_value);
            }
            case IRNodeType::Let: {
                const Let *let = e.as<Let>();
                values[let->name] = (*this)(let->value);
                return (*this)(let->body);
            }
            default:
                return unknown(e);
        }
    }

private:
    template <typename Node, typename F>
    int64_t binary(const Expr &e, F f) {
        const Node *node = e.as<Node>();
        return f((*this)(node->a), (*this)(node->b));
    }

    int64_t value_of(const std::string &name) {
        const auto found = values.find(name);
        if (found != values.end()) return found->second;
        const auto let = lets_.find(name);
        if (let == lets_.end()) throw std::runtime_error("a bounds query reads " + name);
        return values[name] = (*this)(let->second);
    }

    static int64_t unknown(const Expr &e) {
        std::ostringstream text;
        text << "a bounds query holds " << e;
        throw std::runtime_error(text.str());
    }

    const std::map<std::string, Expr> &lets_;
};

std::string buffer_of(const Expr &e) {
    const Variable *variable = e.as<Variable>();
    const std::string name = variable ? variable->name : "", end = ".buffer";
    return name.size() > end.size() ? name.substr(0, name.size() - end.size()) : "";
}

// The calls that answer a query, in a lowered kernel; and the lets around them.
class Answers : public IRVisitor {
public:
    std::map<std::string, Expr> lets;
    std::vector<const Call *> calls;

protected:
    using IRVisitor::visit;
    void visit(const LetStmt *let) override {
        lets[let->name] = let->value;
        let->body.accept(this);
    }
    void visit(const Let *let) override {
        lets[let->name] = let->value;
        let->body.accept(this);
    }
    void visit(const ProducerConsumer *) override {}  // the kernel itself
    void visit(const For *) override {}
    void visit(const Call *call) override {
        if (call->name == Call::buffer_init) calls.push_back(call);
    }
};

}  // namespace

KernelBounds::KernelBounds(const KernelSpec &spec, const Machine &machine, bool plain_loops) {
    ScheduledKernel kernel = scheduled_kernel(spec, machine);
    prepare(kernel.pipeline, plain_loops);
    kernel.pipeline.clear_custom_lowering_passes();
    if (std::holds_alternative<ProductSpec>(spec))
        kernel.pipeline.outputs()[0].output_buffer().dim(2).set_extent(1);
    Halide::Target target(machine.target);
    target.set_feature(Halide::Target::NoRuntime);
    target.set_feature(Halide::Target::NoAsserts);
    const Halide::Module module = kernel.pipeline.compile_to_module(kernel.arguments, "kernel", target);
    output_ = kernel.pipeline.outputs()[0].name();
    std::vector<std::string> names;
    for (const Halide::Argument &a : kernel.arguments) names.push_back(a.name);
    names.push_back(output_);

    Answers answers;
    module.functions().front().body.accept(&answers);
    lets_ = answers.lets;
    for (const Call *call : answers.calls) {
        const auto name = std::find(names.begin(), names.end(), buffer_of(call->args[0]));
        const Call *shape = call->args[8].as<Call>();
        if (name == names.end() || !shape) throw std::runtime_error("expected a buffer and its shape");
        Query query{int(name - names.begin()), {}};
        for (size_t i = 0; i + 3 < shape->args.size(); i += 4)  // min, extent, stride, flags
            query.dims.emplace_back(shape->args[i], shape->args[i + 1]);
        queries_.push_back(query);
    }
    if (queries_.size() != names.size()) throw std::runtime_error("expected an answer for every argument");
}

std::vector<Box> KernelBounds::of(const Box &output) const {
    Evaluator evaluate(lets_);
    for (size_t d = 0; d < output.size(); d++) {
        evaluate.values[output_ + ".min." + std::to_string(d)] = output[d].min;
        evaluate.values[output_ + ".extent." + std::to_string(d)] = output[d].extent;
    }
    std::vector<Box> boxes(queries_.size());
    for (const Query &query : queries_) {
        for (const auto &[min, extent] : query.dims)
            boxes[size_t(query.argument)].push_back({evaluate(min), evaluate(extent)});
    }
    return boxes;
}

}  // namespace hardnet::testing
