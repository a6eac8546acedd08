// How large the register blocks are: a layer's output channels are cut into one to three parts, each a number
// of equal blocks of channels by tiles (Winograd) or pixels (convolutions).
#pragma once
#include <vector>

#include "generators/tiling.h"
#include "schedules/machine.h"

namespace hardnet {

struct ChannelPart {
    int first = 0, channels = 0;  // output channels; the last part's blocks may reach beyond them
    int block = 0, lanes = 0;     // channels per block, vector width
    int extent = 0;               // tiles or pixels per block
    double cycles = 0;            // of the whole part, by the cost model

    int blocks() const { return (channels + block - 1) / block; }
    int padded() const { return blocks() * block; }
};

// Parts of a Winograd product with `channels` outputs over `in` inputs. M may be padded to whole blocks.
std::vector<ChannelPart> product_parts(const Machine &machine, const Tiling &tiling, int channels, int in);

// Parts of a convolution over rows of `width` pixels, `steps` products per output. Their blocks cover
// `channels`, rounded up to 8, exactly.
std::vector<ChannelPart> convolution_parts(const Machine &machine, int width, int rows, int channels,
                                           int steps);

inline int round_up(int value, int to) { return (value + to - 1) / to * to; }
constexpr int kChannelAlignment = 8;  // channels-last tensors pad their channels to this

}  // namespace hardnet
