// A lowering pass that asks for sums of products by name. A compiler of OpenCL C may contract what stands in one expression,
// and Halide writes each operation as a statement of its own: without this a convolution has half as many instructions again.
#pragma once
#include "Halide.h"

namespace hardnet::gpu {

class MultiplyAdds : public Halide::Internal::IRMutator {
protected:
    using Expr = Halide::Expr;
    using Add = Halide::Internal::Add;
    using Mul = Halide::Internal::Mul;
    using Call = Halide::Internal::Call;
    using IRMutator::visit;

    Expr visit(const Add *sum) override {
        const Expr a = mutate(sum->a), b = mutate(sum->b);
        if (sum->type.is_float()) {
            if (const auto *product = b.as<Mul>()) return named(product, a);
            if (const auto *product = a.as<Mul>()) return named(product, b);
        }
        return Add::make(a, b);
    }

private:
    static Expr named(const Mul *product, const Expr &other) {
        return Call::make(other.type(), "mad", {product->a, product->b, other}, Call::PureExtern);
    }
};

}  // namespace hardnet::gpu
