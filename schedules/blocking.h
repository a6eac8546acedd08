// How large the register blocks are: a layer's output channels are cut into one to three parts, each a number
// of equal blocks of channels by tiles (Winograd) or pixels (convolutions).
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "schedules/machine.h"
#include "schedules/problem.h"

namespace hardnet {

struct ChannelPart {
    int first = 0, channels = 0;  // output channels; the last part's blocks may reach beyond them
    int block = 0, lanes = 0;     // channels per block, vector width
    int extent = 0;               // tiles or pixels per block
    double cycles = 0;            // of the whole part, by the cost model

    bool operator==(const ChannelPart &o) const {
        return channels == o.channels && block == o.block && lanes == o.lanes && extent == o.extent;
    }
    int blocks() const { return (channels + block - 1) / block; }
    int padded() const { return blocks() * block; }
};

using Blocks = std::vector<ChannelPart>;

// The ways to cut a layer that the cost model finds at most `within` times as dear as the cheapest, cheapest
// first, at most `most`. A product's M may be padded to whole blocks; a convolution's blocks cover its
// channels, rounded up to 8, exactly.
std::vector<Blocks> candidate_blocks(const Machine &machine, const Problem &problem, size_t most,
                                     double within);
inline Blocks model_blocks(const Machine &machine, const Problem &problem) {
    return candidate_blocks(machine, problem, 1, 1).front();
}

// Whether kernels can be made from blocks whose channels, block, lanes and extent are given; sets the rest.
Status complete_blocks(const Machine &machine, const Problem &problem, Blocks &blocks);

// "96:48x7 22:24x7": output channels : channels x tiles (pixels) of a register block
std::string describe(const Blocks &blocks);

// The cost model's choice for a Winograd product, and for a convolution over rows of `width` pixels with
// `steps` products per output.
Blocks product_parts(const Machine &machine, const Tiling &tiling, int channels, int in);
Blocks convolution_parts(const Machine &machine, int width, int rows, int channels, int steps);

// The first layer keeps rows of the padded image, all planes of them, in a ring on the stack, in strips of columns
// where whole rows would take more than these bytes. What needs more for the columns of one block has no kernel.
constexpr int kStemRingBytes = 16 << 10;
int stem_ring_rows(const Window &window);
int stem_ring_bytes(const Window &window, int planes, int pixels, int lanes);

// As convolution_parts, of fewer pixels where those of a block have no room in the ring.
Blocks stem_parts(const Machine &machine, const Window &window, int planes, int width, int rows,
                  int channels);

inline int round_up(int value, int to) { return (value + to - 1) / to * to; }
constexpr int kChannelAlignment = 8;  // channels-last tensors pad their channels to this

}  // namespace hardnet
