// Builds a plan's tables: steps of parts, parts of calls, calls of views; buffers with their live ranges; packed weights.
// What a call is given is held to what its kernel's specification says of it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "compiler/plan.h"

namespace hardnet {

// Where a view begins: in a buffer of the arena, a thread's scratch, or one of the other bases; offset in elements.
struct Place {
    hardnet_base base = HARDNET_ARENA;
    std::optional<int> buffer;
    int64_t offset = 0;
    uint8_t port = 0;  // of an output: which one

    static Place arena(int buffer, int64_t offset) { return {HARDNET_ARENA, buffer, offset}; }
    static Place scratch(int64_t offset) { return {HARDNET_SCRATCH, {}, offset}; }
    static Place weights(int64_t offset) { return {HARDNET_WEIGHTS, {}, offset}; }
    static Place output(int port) { return {HARDNET_OUTPUT, {}, 0, uint8_t(port)}; }
    Place operator+(int64_t elems) const { return {base, buffer, offset + elems, port}; }
};

class PlanBuilder {
public:
    PlanBuilder(const Network &network, const Machine &machine, int images = 1);

    const Plan &plan() const { return plan_; }

    // ---- memory
    int add_buffer(int64_t bytes, const std::optional<HaloGeometry> &halo = {});
    void grow_buffer(int buffer, int64_t bytes);  // to so many at least
    void need_scratch(int64_t elems);             // of a thread

    // ---- views
    uint32_t view(const Place &place, const std::vector<hardnet_dim> &dims, bool written = false,
                  hardnet_type type = HARDNET_FLOAT32);
    // The view (c, x, y) of a layer's output, which lies there from the step that has begun on.
    void set_layer_view(int layer, uint32_t view);

    // ---- work
    void begin_step(hardnet_step_kind kind, int layer);
    void begin_part(int units, int chunk, double unit_cost);
    void call(const KernelSpec &spec, const std::vector<hardnet_argument> &arguments);
    // Bytes of V or M that a call of the part writes, once, or once per unit where each has the whole scratch.
    void count_transformed(int64_t bytes, bool once);

    // ---- packed weights: each gives its offset in elements
    // A part's output channels of a layer's weights: [block][position][input channel][channel in block], `per_output`
    // elements for each channel; through a transform, whose number is given, or tap by tap.
    int64_t pack_blocked(int layer, const ChannelPart &part, int64_t per_output,
                         std::optional<int> transform = {});
    // The same as integers, and behind them for each output channel and position a scale and, where they are shifted, an
    // offset.
    int64_t pack_rounded(int layer, const ChannelPart &part, int positions, const WeightRounding &rounding,
                         std::optional<int> transform = {});
    int64_t pack_depthwise(int layer, int padded, int taps);
    int64_t pack_bias(int layer, int padded);
    // Channels [first, first + channels) of the layer's tensor number `which`.
    int64_t pack_vector(int layer, int which, int first, int channels, int padded);
    int transform(const WeightTransform &transform);

    void choose(int layer, LayerChoice choice);

    // Places the buffers. An error names what a call was given that its kernel does not expect.
    Result<Plan> finish();

private:
    uint32_t kernel(const KernelSpec &spec);
    uint32_t gpu_kernel(const KernelSpec &spec, const std::vector<hardnet_argument> &arguments);
    void set_image_strides();
    int64_t pack(hardnet_packing packing, int64_t elems);
    void live_now(uint32_t view);
    std::string fault_of(const KernelSpec &spec, const std::vector<hardnet_argument> &arguments) const;

    const Network &network_;
    const int images_;
    Plan plan_;
    std::map<std::string, uint32_t> kernel_numbers_;  // by key
    std::vector<int> weight_tensors_;                 // per layer the number of its first
    int64_t scratch_elems_ = 0, weight_elems_ = 0;
    std::optional<Error> fault_;
};

hardnet_type type_of(const Storage &storage);

// ---- shorthand for arguments
hardnet_argument whole(uint32_t view);
hardnet_argument crop(uint32_t view, int dim, int unit);
hardnet_argument slide(uint32_t view, int dim, int unit);

}  // namespace hardnet
