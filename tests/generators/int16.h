// Data of kernels that multiply int16: what the runtime packs and what input transforms write, from plain integers.
#pragma once
#include <cmath>

#include "kernels/epilogue.h"
#include "schedules/blocking.h"
#include "tests/generators/images.h"

namespace hardnet::testing {

inline std::vector<int> integers(size_t count, int most, uint32_t seed) {  // between -most and most
    std::mt19937 random(seed);
    std::vector<int> values(count);
    for (int &v : values) v = int(random() % uint32_t(2 * most + 1)) - most;
    return values;
}

inline int steps_of(const std::vector<int> &channels) {  // a source's last pair may have one channel
    int steps = 0;
    for (int c : channels) steps += (c + 1) / 2;
    return steps;
}

// Integers [o][i][position], i over all sources, as [block][position][pair][lane][2] of a part of the channels.
inline Int16Memory packed_pairs(const std::vector<int> &weights, int positions,
                                const std::vector<int> &sources, const ChannelPart &part) {
    const int steps = steps_of(sources), in = std::accumulate(sources.begin(), sources.end(), 0);
    Int16Memory memory(size_t(part.padded()) * positions * steps * 2);
    std::fill(memory.data(), memory.data() + memory.size(), int16_t{0});
    for (int lane = 0; lane < part.channels; lane++) {
        for (int p = 0; p < positions; p++) {
            const int64_t row = int64_t{lane / part.block} * positions + p;
            int i = 0, step = 0;
            for (int channels : sources) {
                for (int c = 0; c < channels; c++, i++) {
                    const size_t from = (size_t(part.first + lane) * in + i) * positions + p;
                    if (from >= weights.size()) continue;  // a channel that fills the last block
                    memory[((row * steps + step + c / 2) * part.block + lane % part.block) * 2 + c % 2] =
                        int16_t(weights[from]);
                }
                step += (channels + 1) / 2;
            }
        }
    }
    return memory;
}

inline Buffer pairs_buffer(const Int16Memory &u, int positions, int steps, const ChannelPart &part) {
    const int step = 2 * part.block;
    return Buffer(u.data(), {{0, 2, 1},
                             {0, part.block, 2},
                             {0, steps, step},
                             {0, positions, step * steps},
                             {0, part.blocks(), step * steps * positions}});
}

// Scales [o][position] as [block][position][lane].
inline Memory packed_scales(const std::vector<float> &scales, int positions, const ChannelPart &part) {
    Memory memory(size_t(part.padded()) * positions);
    for (int lane = 0; lane < part.padded(); lane++) {
        for (int p = 0; p < positions; p++) {
            const size_t from = size_t(part.first + lane) * positions + p;
            memory[(int64_t{lane / part.block} * positions + p) * part.block + lane % part.block] =
                from < scales.size() ? scales[from] : 1.0f;
        }
    }
    return memory;
}

inline Buffer scales_buffer(const Memory &scales, int positions, const ChannelPart &part) {
    return Buffer(
        scales.data(),
        {{0, part.block, 1}, {0, positions, part.block}, {0, part.blocks(), part.block * positions}});
}

// A value as a tensor stores it; ties go to the even one.
inline double stored_value(double value, int most, int exponent) {
    return std::nearbyint(std::clamp(std::ldexp(value, exponent), -double(most), double(most)));
}

}  // namespace hardnet::testing
