// What the planners of a CPU level's operators share: the network as analysed and laid out, and the tables that they add to.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "compiler/analysis.h"
#include "compiler/layout.h"
#include "compiler/tables.h"

namespace hardnet::cpu {

// V, the transformed input of Winograd layers: (channel, tile, position).
struct Transformed {
    Tiling tiling;
    int channels = 0, tile_stride = 0, position_stride = 0;
    VRounding rounding{};  // none: float32
    Place place{};
    int64_t elems() const;
    int64_t bytes() const { return elems() * rounding.element_bytes(); }
    hardnet_type type() const { return type_of({rounding.most, 0, rounding.type}); }
};

struct Planning {
    const Analysis &analysis;
    const Layout &layout;
    PlanBuilder &builder;
    // V per layer, once a step has made it, for products of each precision.
    std::vector<std::map<Precision, Transformed>> transformed;
    int products = 0;  // the buffer of M, which all Winograd layers share

    const Network &network() const { return analysis.network; }
    const Machine &machine() const { return analysis.machine; }
    const Layer &layer(int index) const { return analysis.network.layers[index]; }
    const Decision &decision(int layer) const { return analysis.decisions[layer]; }
    const Tensor &tensor(int layer) const { return layout.tensors[layer]; }
    std::vector<Tensor> sources_of(int index) const { return hardnet::sources_of(layout, layer(index)); }

    uint32_t view(const Tensor &t, int first_channel, int channels, bool with_halo, bool written = false) {
        return tensor_view(builder, t, first_channel, channels, with_halo, written);
    }
    // The layer's output lies in its tensor.
    void finish(int index) {
        const Layer &l = layer(index);
        builder.set_layer_view(index, view(tensor(index), 0, l.out.channels, false));
    }
    // The lanes and strides of a kernel that goes from one tensor to another.
    template <typename Spec>
    void set_planes(Spec &spec, const Tensor &in, const Tensor &out) const {
        spec.lanes = machine().lanes_for(out.c8);
        spec.in_pixel_stride = in.pixel_stride;
        spec.in_row_stride = in.row_stride();
        spec.pixel_stride = out.pixel_stride;
        spec.row_stride = out.row_stride();
    }
    // And what the elements of the two are.
    template <typename Spec>
    void set_storage(Spec &spec, const Tensor &in, const Tensor &out) const {
        spec.in_storage = in.storage;
        spec.storage = out.storage;
    }
};

// A part's packed weights, from a float32 element on: U of so many steps a position, of integers their scales, too, and
// of shifted ones the offsets.
std::vector<hardnet_argument> weight_arguments(Planning &p, const ChannelPart &part, int64_t packed,
                                               int steps, int positions, Precision products,
                                               bool shifted = false);

// What a chunk of a part's units makes of a call's main input and of its output.
struct Split {
    hardnet_argument input{0, HARDNET_WHOLE, 0, 0}, output{0, HARDNET_WHOLE, 0, 0};
    static Split crop(int dim, int unit) {
        return {{0, HARDNET_WHOLE, 0, 0}, {0, HARDNET_CROP, uint8_t(dim), unit}};
    }
    static Split shift_in(int elems) { return {{0, HARDNET_SHIFT, 0, elems}, {0, HARDNET_WHOLE, 0, 0}}; }
    static Split shift_out(int elems) { return {{0, HARDNET_WHOLE, 0, 0}, {0, HARDNET_SHIFT, 0, elems}}; }
    hardnet_argument in(uint32_t view) const { return {view, input.split, input.dim, input.unit}; }
    hardnet_argument out(uint32_t view) const { return {view, output.split, output.dim, output.unit}; }
};

// A step of one kernel from the source's tensor to the layer's, row by row; `between` are the arguments between the two.
void plan_by_rows(Planning &p, hardnet_step_kind kind, int layer, const KernelSpec &spec, bool with_halo,
                  const std::vector<hardnet_argument> &between = {});

std::string window_name(const Layer &layer);  // "3x3"

}  // namespace hardnet::cpu
