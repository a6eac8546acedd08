// From a network to a level's plan: an algorithm per layer, tensors and scratch, kernels, and the steps that
// run them.
//
// A tensor is written once, by the step that computes it, and read by every consumer where it lies. A tensor
// that feeds Winograd layers is also transformed once, into V, which all of them share.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "compiler/plan.h"
#include "graph/network.h"
#include "base/result.h"
#include "schedules/tuned_blocks.h"

namespace hardnet {

enum class AlgorithmChoice { kAuto, kWinograd, kDirect };

Result<AlgorithmChoice> algorithm_from_name(const std::string &name);

enum class Objective { kSpeed, kSize };  // kSize: packed weights not much larger than the folded ones
Result<Objective> objective_from_name(const std::string &name);

struct PlanOptions {
    AlgorithmChoice algorithm = AlgorithmChoice::kAuto;  // of the 3x3 layers
    Objective objective = Objective::kSpeed;
    const std::vector<TunedBlocks> *records =
        nullptr;  // consulted before the cost model; outlives the planner
};

// The Winograd tiling of each layer, or none where it is computed directly. All layers of one resolution
// agree, so that they can share V.
std::vector<std::optional<Tiling>> choose_algorithms(const Network &network, const Machine &machine,
                                                     const PlanOptions &options);

class Planner {
public:
    Planner(const Network &network, const Machine &machine, const PlanOptions &options);
    Result<Plan> run();

private:
    // A layer's output: channels-last, channels padded to 8 and rows to `columns`. A halo is a border of
    // zeros, as wide as its readers' windows reach beyond the image, plus what tiles reach beyond it.
    struct Tensor {
        Shape shape;
        int c8 = 0;                       // its channels as they lie, padding included
        int first = 0, pixel_stride = 0;  // in its buffer's pixels, which tensors of a stack share
        int rows = 0, columns = 0;        // in memory, halo included
        int halo = 0;
        int buffer = -1;
        int row_stride() const { return pixel_stride * columns; }
        int64_t pixel(int x, int y) const {  // elements from the buffer's start; -1 is the halo
            return (int64_t{y} + halo) * row_stride() + (int64_t{x} + halo) * pixel_stride + first;
        }
    };
    struct Transformed {  // V of a tensor
        Tiling tiling;
        int channels = 0, tile_stride = 0, position_stride = 0;
        int buffer = -1;  // -1: the start of a thread's scratch
        int64_t elems() const;
    };
    struct Products {     // M of one part
        int buffer = -1;  // -1: a thread's scratch
        int64_t offset = 0;
        static int64_t elems(const Tiling &tiling, const ChannelPart &part);
    };
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

    // ---- analysis
    void place_tensors();
    std::vector<int> stacks() const;
    Tensor geometry(int layer) const;
    bool feeds_winograd(int layer) const;
    bool banded(int layer) const;     // a Winograd layer that runs in row bands
    int fused_pool(int layer) const;  // the 2x2 max pool computed with a 1x1, or -1
    std::vector<int> consumers(int layer) const;
    std::vector<Tensor> sources_of(int layer) const;  // neighbours in memory joined
    bool plainly_stored(int layer) const;
    const Output *output_of(int layer) const;  // that the layer's tensor is, or a part of; or null
    int64_t output_offset(const Output &output) const;
    Status check_supported() const;
    // The blocks of a layer's record, or the cost model's; notes the choice.
    Blocks choose_blocks(int layer, const std::string &algorithm, const BlockProblem &problem);

    // ---- tables
    int add_buffer(int64_t elems, const std::string &halo = "");
    uint32_t add_view(hardnet_base base, int64_t offset, std::vector<hardnet_dim> dims, bool written = false,
                      int buffer = -1, hardnet_type type = HARDNET_FLOAT32);
    uint32_t tensor_view(const Tensor &t, int first_channel, int channels, bool with_halo,
                         bool written = false);
    uint32_t v_source(const Transformed &v);
    uint32_t v_target(const Transformed &v, Quadrant q, int first_channel);
    uint32_t kernel(const KernelSpec &spec);
    void begin_step(hardnet_step_kind kind, int layer);
    void begin_part(int units, int chunk, double unit_cost);
    void call(const KernelSpec &spec, const std::vector<hardnet_argument> &arguments);

    // ---- weights
    int64_t pack_weights(int layer, const ChannelPart &part, int per_output, int transform);
    int64_t pack_bias(int layer, int padded);
    int64_t pack_vector(uint32_t tensor, int first, int channels, int padded);
    int transform_index(const WeightTransform &transform);

    // ---- steps, one function per operator
    void normalize(int layer);
    void stem(int layer);
    void transform_input(int layer);
    void winograd(int layer);
    void winograd_product(int layer, const std::vector<ChannelPart> &parts,
                          const std::vector<Transformed> &sources);
    void winograd_output(int layer, const std::vector<ChannelPart> &parts);
    void winograd_bands(int layer);
    void convolution(int layer);
    void convolution_with_pool(int layer, int pool, const std::vector<ChannelPart> &parts);
    void convolution_behind_norm(int layer, const std::vector<ChannelPart> &parts);
    void transposed_convolution(int layer);
    void depthwise(int layer);
    void pool(int layer);
    void global_pool(int layer);
    void fully_connected(int layer);
    void resize(int layer);
    void l2_norm(int layer);
    void spatial_norm(int layer);
    void argmax(int layer);
    void write_outputs();
    void planar(int layer, const Tensor &from, const Layer &l, int64_t offset);

    // How X and Y of a kernel lie that goes from one tensor to another.
    template <typename Spec>
    void set_planes(Spec &spec, const Tensor &in, const Tensor &out) const {
        spec.lanes = machine_.lanes_for(out.c8);
        spec.in_pixel_stride = in.pixel_stride;
        spec.in_row_stride = in.row_stride();
        spec.pixel_stride = out.pixel_stride;
        spec.row_stride = out.row_stride();
    }
    // A step of one kernel from the source's tensor to the layer's, row by row.
    void by_rows(hardnet_step_kind kind, int layer, const KernelSpec &spec, bool with_halo);

    // ---- the calls of convolutions
    // Rows enough that threads share them evenly; below, weights outweigh activations and channel blocks are
    // shared.
    static constexpr int kManyRows = 16;
    ConvolutionSpec convolution_spec(int layer, const std::vector<Tensor> &sources, const ChannelPart &part,
                                     int width) const;
    // The sources, weights and bias of one part; the weights of so many positions, through a transform or,
    // -1, tap by tap.
    std::vector<hardnet_argument> convolution_inputs(int layer, const std::vector<Tensor> &sources,
                                                     const ChannelPart &part, int64_t bias, int positions,
                                                     int transform);
    // Behind the inputs the part's residual, where there is one, and its output.
    void call_convolution(int layer, const ConvolutionSpec &spec, std::vector<hardnet_argument> inputs,
                          const ChannelPart &part, const Split &split);

    // ---- norms in front of a convolution or a pool
    // Views of scale and shift, for the layer's input channels from `first` on, which are those of `source`.
    std::vector<hardnet_argument> front_norm(int layer, int first, const Tensor &source);
    struct NormCall {
        NormSpec spec;
        std::vector<hardnet_argument> inputs;  // the output follows
    };
    NormCall norm_call(int layer, int first, const Tensor &source, int pixel_stride, int row_stride,
                       int border);
    std::vector<Tensor> normalised(int layer);

    // ---- the calls of Winograd steps
    Transformed transformed(const Tensor &t, const Tiling &tiling, bool in_scratch);
    int channels_of(const ChannelPart &part, const Tensor &out) const;
    void call_input_transform(const Tensor &t, const Transformed &v, Quadrant q, int first, int channels,
                              int top, const Split &split, const std::vector<hardnet_argument> &norm = {});
    std::vector<Transformed> transform_behind_norm(int layer);
    void call_product(const Tiling &tiling, const ChannelPart &part, const std::vector<Transformed> &sources,
                      int64_t weights, const Products &m, const Split &split);
    void call_output_transform(int layer, const Tiling &tiling, const ChannelPart &part, Quadrant q,
                               const Products &m, int64_t bias, int top, int rows, const Split &split,
                               const Split &residual_split);
    void count_transform_bytes(int64_t elems, const Split &split);

    const Network &network_;
    const Machine &machine_;
    const std::vector<TunedBlocks> *records_;
    std::vector<std::optional<Tiling>> tilings_;
    std::vector<Tensor> tensors_;
    std::vector<Transformed> transformed_;  // per layer; buffer -1 where there is none (yet)
    std::vector<int> fused_into_;           // per layer: the layer whose step computes it too, or -1
    int m_buffer_ = -1;
    Plan plan_;
};

WeightTransform weight_transform(const Tiling &tiling);

// ---- shorthand for arguments
hardnet_argument whole(uint32_t view);
hardnet_argument crop(uint32_t view, int dim, int unit);
hardnet_argument slide(uint32_t view, int dim, int unit);

}  // namespace hardnet
