// The calls of convolutions without a fast algorithm.
#pragma once
#include <vector>

#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

// Of one part, over these sources, to rows of `width` pixels.
ConvolutionSpec convolution_spec(const Planning &p, int layer, const std::vector<Tensor> &sources,
                                 const ChannelPart &part, int width);

// A block of channels takes all rows before the next does, and asks for the weights of that where both have room in L2.
void put_channels_outermost(const Planning &p, int rows, const ChannelPart &part, ConvolutionSpec &spec);

// A source's channels that a step's last one reaches.
int channels_read(const Planning &p, int layer, const Tensor &source);

// The weights and the bias of one part: of so many positions, through a transform or tap by tap.
std::vector<hardnet_argument> convolution_weights(Planning &p, int layer, const std::vector<Tensor> &sources,
                                                  const ChannelPart &part, int64_t bias, int positions,
                                                  std::optional<int> transform = {});

// The sources in front of these.
std::vector<hardnet_argument> convolution_inputs(Planning &p, int layer, const std::vector<Tensor> &sources,
                                                 const ChannelPart &part, int64_t bias, int positions,
                                                 std::optional<int> transform = {});

// Behind the inputs the part's residual, where there is one, and its output.
void call_convolution(Planning &p, int layer, const ConvolutionSpec &spec,
                      std::vector<hardnet_argument> inputs, const ChannelPart &part, const Split &split);

// A 1x1 with the 2x2 max pool behind it.
void plan_convolution_with_pool(Planning &p, int layer, int pool);
// A 1x1 with a norm in front.
void plan_convolution_behind_norm(Planning &p, int layer);

}  // namespace hardnet::cpu
