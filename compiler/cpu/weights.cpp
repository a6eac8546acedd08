#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

std::vector<hardnet_argument> weight_arguments(Planning &p, const ChannelPart &part, int64_t packed,
                                               int steps, int positions, bool int16) {
    const int block = part.block, blocks = part.blocks(), pair = int16 ? 2 : 1, step = block * pair;
    std::vector<hardnet_dim> dims = {{0, block, pair},
                                     {0, steps, step},
                                     {0, positions, step * steps},
                                     {0, blocks, step * steps * positions}};
    if (!int16) return {whole(p.builder.view(Place::weights(packed), dims))};
    dims.insert(dims.begin(), {0, 2, 1});
    const int64_t scales = packed + int64_t{1} * block * steps * positions * blocks;
    return {whole(p.builder.view(Place::weights(2 * packed), dims, false, HARDNET_INT16)),
            whole(p.builder.view(Place::weights(scales),
                                 {{0, block, 1}, {0, positions, block}, {0, blocks, block * positions}}))};
}

}  // namespace hardnet::cpu
