// The calls of Winograd steps: input transform, product, output transform.
#pragma once
#include <vector>

#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

struct Products {  // M of one part
    Place place;
    static int64_t elems(const Tiling &tiling, const ChannelPart &part);
};

WeightTransform weight_transform(const Tiling &tiling);

// V of a tensor in a thread's scratch, from its start on, or in a new buffer.
Transformed transformed_in_scratch(const Tensor &t, const Tiling &tiling, const VRounding &rounding);
Transformed transformed_in_arena(Planning &p, const Tensor &t, const Tiling &tiling,
                                 const VRounding &rounding);

// The part's weights as its product wants them: where they begin among the packed ones, in float32 elements.
int64_t pack_product_weights(Planning &p, int layer, const ChannelPart &part,
                             const std::vector<Transformed> &sources);

// V's channels [first, first + channels) of one quadrant. `top` is the image row at which V's tiling begins; `norm`:
// scale and shift of a norm in front.
struct InputTransformCall {
    Quadrant quadrant;
    int first = 0, channels = 0;
    int top = 0;
    Split split{};
    std::vector<hardnet_argument> norm{};
};
void call_input_transform(Planning &p, const Tensor &t, const Transformed &v, const InputTransformCall &call);

void call_product(Planning &p, int layer, const Tiling &tiling, const ChannelPart &part,
                  const std::vector<Transformed> &sources, int64_t weights, const Products &m,
                  const Split &split);

// One quadrant of the part's channels. `top` is the image row at which the tiling begins, `rows` how many are valid.
struct OutputTransformCall {
    const Tiling &tiling;
    const ChannelPart &part;
    const Products &m;
    int64_t bias = 0;
    int top = 0, rows = 0;
    Split split{}, residual_split{};
};
void call_output_transform(Planning &p, int layer, Quadrant quadrant, const OutputTransformCall &call);

// The part's channels as they lie in the tensor: the last part's reach into the padding, as far as it has products.
int channels_of(const ChannelPart &part, const Tensor &out);

}  // namespace hardnet::cpu
