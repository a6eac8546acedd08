// Data of kernels that multiply integers: what the runtime packs and what input transforms write, from plain integers.
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

template <typename T>
constexpr int kInStep = 4 / sizeof(T);  // channels

template <typename T>
int steps_in(const std::vector<int> &channels) {  // a source's last step may have fewer channels
    int steps = 0;
    for (int c : channels) steps += (c + kInStep<T> - 1) / kInStep<T>;
    return steps;
}

// Integers [o][i][position], i over all sources, as [block][position][step][lane][channel in step] of a part of the
// channels.
template <typename T>
MemoryOf<T> packed_steps(const std::vector<int> &weights, int positions, const std::vector<int> &sources,
                         const ChannelPart &part) {
    constexpr int kIn = kInStep<T>;
    const int steps = steps_in<T>(sources), in = std::accumulate(sources.begin(), sources.end(), 0);
    MemoryOf<T> memory(size_t(part.padded()) * positions * steps * kIn);
    std::fill(memory.data(), memory.data() + memory.size(), T{0});
    for (int lane = 0; lane < part.channels; lane++) {
        for (int p = 0; p < positions; p++) {
            const int64_t row = int64_t{lane / part.block} * positions + p;
            int i = 0, step = 0;
            for (int channels : sources) {
                for (int c = 0; c < channels; c++, i++) {
                    const size_t from = (size_t(part.first + lane) * in + i) * positions + p;
                    if (from >= weights.size()) continue;  // a channel that fills the last block
                    memory[((row * steps + step + c / kIn) * part.block + lane % part.block) * kIn +
                           c % kIn] = T(weights[from]);
                }
                step += (channels + kIn - 1) / kIn;
            }
        }
    }
    return memory;
}

template <typename T>
Buffer steps_buffer(const MemoryOf<T> &u, int positions, int steps, const ChannelPart &part) {
    const int step = kInStep<T> * part.block;
    return Buffer(u.data(), {{0, kInStep<T>, 1},
                             {0, part.block, kInStep<T>},
                             {0, steps, step},
                             {0, positions, step * steps},
                             {0, part.blocks(), step * steps * positions}});
}

// Scales or offsets [o][position] as [block][position][lane].
template <typename T>
MemoryOf<T> packed_scales(const std::vector<T> &scales, int positions, const ChannelPart &part) {
    MemoryOf<T> memory(size_t(part.padded()) * positions);
    for (int lane = 0; lane < part.padded(); lane++) {
        for (int p = 0; p < positions; p++) {
            const size_t from = size_t(part.first + lane) * positions + p;
            memory[(int64_t{lane / part.block} * positions + p) * part.block + lane % part.block] =
                from < scales.size() ? scales[from] : T{1};
        }
    }
    return memory;
}

template <typename T>
Buffer scales_buffer(const MemoryOf<T> &scales, int positions, const ChannelPart &part) {
    return Buffer(
        scales.data(),
        {{0, part.block, 1}, {0, positions, part.block}, {0, part.blocks(), part.block * positions}});
}

// A value as a tensor stores it; ties go to the even one.
inline double stored_value(double value, int most, int exponent) {
    return std::nearbyint(std::clamp(std::ldexp(value, exponent), -double(most), double(most)));
}

}  // namespace hardnet::testing
