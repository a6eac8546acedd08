#include "schedules/blocking.h"

#include <algorithm>
#include <functional>

namespace hardnet {
namespace {

// Cycles of one reduction step of a block of `vectors` x `extent` accumulators. The bounds are the FMA pipes
// (an FMA of 16 lanes takes a cycle on the modelled machine), the two load pipes, the latency of an FMA
// chain, and the front end.
double step_cycles(const Machine &machine, int vectors, int lanes, int extent, int steps) {
    const double width = lanes / 16.0, in_flight = vectors * extent;
    double cycles = std::max({in_flight * lanes * 2 / machine.flops_per_cycle, vectors * width + extent / 2.0,
                              4.0, (in_flight + vectors + extent + 3) / 6.0}) +
                    0.4;
    // Narrow vectors load twice as often, which shows once the block's weights leave L1 (32 KiB).
    if (lanes < machine.lanes && steps * vectors * lanes * 4 > 20000 * 4) cycles *= 1.12;
    if (extent < 6) cycles *= 1 + (6 - extent) * 0.01;
    return cycles + 30.0 / steps;  // filling and storing the accumulators
}

// Work per reduction step when blocks have `extent` tiles or pixels: how many blocks there are.
using BlockCount = std::function<double(int extent)>;

struct Choice {
    double cycles = 0;
    int extent = 0;
};
Choice best_extent(const Machine &machine, int vectors, int lanes, int steps, const BlockCount &count) {
    Choice best;
    for (int extent = 1; extent <= 16 && machine.fits(vectors, extent); extent++) {
        double blocks = count(extent);
        if (blocks == 0) continue;
        double cycles = blocks * step_cycles(machine, vectors, lanes, extent, steps) * steps;
        if (!best.extent || cycles < best.cycles) best = {cycles, extent};
    }
    return best;
}

struct Group {  // `blocks` blocks of `vectors` x `lanes` channels
    int vectors, lanes, blocks;
};

// The ways to cut `channels` (whole multiples of 8) into groups of blocks.
std::vector<std::vector<Group>> cuts(const Machine &machine, int channels, bool may_pad) {
    std::vector<std::vector<Group>> result;
    const int wide = machine.lanes, narrow = machine.narrow_lanes;
    const int whole = channels / wide, tail = channels % wide / narrow;
    for (int vectors = 1; vectors <= 6; vectors++) {
        for (int lanes : {wide, narrow}) {
            int block = vectors * lanes;
            if (may_pad || channels % block == 0)
                result.push_back({{vectors, lanes, (channels + block - 1) / block}});
        }
        for (int borrowed = 0; borrowed <= (tail && whole ? 1 : 0); borrowed++) {
            std::vector<Group> groups;
            int full = (whole - borrowed) / vectors, rest = (whole - borrowed) % vectors;
            if (full) groups.push_back({vectors, wide, full});
            if (rest) groups.push_back({rest, wide, 1});
            if (tail) groups.push_back({tail + borrowed * (wide / narrow), narrow, 1});
            if (!groups.empty()) result.push_back(groups);
        }
    }
    return result;
}

std::vector<ChannelPart> best_parts(const Machine &machine, int channels, int steps, bool may_pad,
                                    double overhead_cycles, const BlockCount &count) {
    std::vector<ChannelPart> best;
    double best_cycles = 0;
    const int aligned = round_up(channels, kChannelAlignment), end = may_pad ? channels : aligned;
    for (const std::vector<Group> &groups : cuts(machine, aligned, may_pad)) {
        std::vector<ChannelPart> parts;
        double cycles = 0;
        int first = 0;
        for (const Group &g : groups) {
            Choice choice = best_extent(machine, g.vectors, g.lanes, steps, count);
            int block = g.vectors * g.lanes;
            if (!choice.extent || first >= channels)
                break;  // a part of padding alone is not worth its overhead
            parts.push_back({first, std::min(g.blocks * block, end - first), block, g.lanes, choice.extent,
                             choice.cycles * g.blocks});
            cycles += parts.back().cycles + overhead_cycles;
            first += g.blocks * block;
        }
        if (parts.size() != groups.size() || first < channels) continue;
        if (best.empty() || cycles < best_cycles) best = parts, best_cycles = cycles;
    }
    return best;
}

}  // namespace

std::vector<ChannelPart> product_parts(const Machine &machine, const Tiling &tiling, int channels, int in) {
    auto items = [&](int tiles) { return double(ItemMap(tiling, tiles).items); };
    constexpr double kPartOverhead = 4800;  // measured: a layer's further part costs about 1.3 us
    return best_parts(machine, channels, in, true, kPartOverhead, items);
}

std::vector<ChannelPart> convolution_parts(const Machine &machine, int width, int rows, int channels,
                                           int steps) {
    auto blocks = [&](int pixels) {
        return pixels > width ? 0.0 : double((width + pixels - 1) / pixels) * rows;
    };
    constexpr double kPartOverhead = 4800;
    return best_parts(machine, channels, steps, false, kPartOverhead, blocks);
}

}  // namespace hardnet
