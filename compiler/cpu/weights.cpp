#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

std::vector<hardnet_argument> weight_arguments(Planning &p, const ChannelPart &part, int64_t packed,
                                               int steps, int positions, Precision products, bool shifted) {
    const int block = part.block, blocks = part.blocks(), in_step = channels_in_step(products),
              step = block * in_step;
    std::vector<hardnet_dim> dims = {{0, block, in_step},
                                     {0, steps, step},
                                     {0, positions, step * steps},
                                     {0, blocks, step * steps * positions}};
    if (products == Precision::kFloat32) return {whole(p.builder.view(Place::weights(packed), dims))};
    dims.insert(dims.begin(), {0, in_step, 1});
    const std::vector<hardnet_dim> of_sums = {
        {0, block, 1}, {0, positions, block}, {0, blocks, block * positions}};
    const int64_t scales = packed + int64_t{1} * block * steps * positions * blocks,
                  offsets = scales + int64_t{1} * block * positions * blocks;
    std::vector<hardnet_argument> arguments = {
        whole(p.builder.view(Place::weights(in_step * packed), dims, false,
                             products == Precision::kInt16 ? HARDNET_INT16 : HARDNET_INT8)),
        whole(p.builder.view(Place::weights(scales), of_sums))};
    if (shifted)
        arguments.push_back(whole(p.builder.view(Place::weights(offsets), of_sums, false, HARDNET_INT32)));
    return arguments;
}

}  // namespace hardnet::cpu
