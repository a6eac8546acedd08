// A lowering pass that says where in memory a launch works: at the grid's z its image of the batch, whose memory lies a
// known distance behind the one before, and in OpenCL, which hands a kernel whole allocations, at the view's place in
// its own, a parameter.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "Halide.h"
#include "kernels/gpu_kernel.h"

namespace hardnet::gpu {

inline std::string offset_name(const std::string &buffer) { return buffer + "_offset"; }

class Places : public Halide::Internal::IRMutator {
public:
    // `names`: of the views' buffers.
    Places(const GpuKernel &kernel, const std::vector<std::string> &names, bool offsets)
        : images_(kernel.images), offsets_(offsets) {
        for (size_t i = 0; i < names.size(); i++) views_[names[i]] = kernel.views[i];
    }

protected:
    using Expr = Halide::Expr;
    using Stmt = Halide::Internal::Stmt;
    using For = Halide::Internal::For;
    using Load = Halide::Internal::Load;
    using Store = Halide::Internal::Store;
    using Alignment = Halide::Internal::ModulusRemainder;
    using IRMutator::visit;

    Stmt visit(const For *loop) override {
        if (image_.defined() || loop->for_type != Halide::Internal::ForType::GPUBlock)
            return IRMutator::visit(loop);
        const std::string name = "images" + Halide::Internal::gpu_block_name(2);
        image_ = images_ > 1 ? Halide::Internal::Variable::make(Halide::Int(32), name) : Expr(0);
        Stmt body = IRMutator::visit(loop);
        image_ = Expr();
        if (images_ == 1) return body;
        return For::make(name, 0, images_, Halide::Internal::ForType::GPUBlock, loop->partition_policy,
                         loop->device_api, body);
    }
    Expr visit(const Load *load) override {
        return Load::make(load->type, load->name, moved(load->name, mutate(load->index)), load->image,
                          load->param, mutate(load->predicate), aligned(load->name, load->alignment));
    }
    Stmt visit(const Store *store) override {
        const Expr value = mutate(store->value);
        return Store::make(store->name, value, moved(store->name, mutate(store->index)), store->param,
                           mutate(store->predicate), aligned(store->name, store->alignment));
    }

private:
    // The sum is simplified so that neighbouring elements stay known as such.
    Expr moved(const std::string &name, const Expr &index) const {
        const auto view = views_.find(name);
        if (view == views_.end() || !image_.defined()) return index;
        Expr by = image_ * int32_t(view->second.image_stride);
        if (offsets_) by += Halide::Internal::Variable::make(Halide::Int(32), offset_name(name));
        if (index.type().is_vector()) by = Halide::Internal::Broadcast::make(by, index.type().lanes());
        return Halide::Internal::simplify(index + by);
    }
    // What is known of an index holds only where what is added is a multiple of four elements, too.
    Alignment aligned(const std::string &name, const Alignment &index) const {
        const auto view = views_.find(name);
        const bool known = view == views_.end() ||
                           (view->second.aligned && view->second.image_stride % 4 == 0) || !image_.defined();
        return known ? index : Alignment();
    }

    int images_;
    bool offsets_;
    std::map<std::string, GpuView> views_;
    Expr image_;  // of the grid; undefined outside it
};

}  // namespace hardnet::gpu
