#include "schedules/blocking.h"

#include <algorithm>
#include <numeric>

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

constexpr int kMostExtent = 16;         // tiles or pixels: a V is padded by as many
constexpr double kPartOverhead = 4800;  // measured: a layer's further part costs about 1.3 us

bool is_product(const Problem &problem) { return problem.op == Problem::Op::kProduct; }

bool extent_fits(const Machine &machine, const Problem &problem, const ChannelPart &part, int extent) {
    return extent >= 1 && extent <= kMostExtent && machine.fits(part.block / part.lanes, extent) &&
           (is_product(problem) || extent <= problem.width);
}

// Blocks of `extent` tiles or pixels per block of channels.
double block_count(const Problem &problem, int extent) {
    if (is_product(problem)) return ItemMap(problem.tiling, extent).items;
    return double((problem.width + extent - 1) / extent) * problem.height;
}

double part_cycles(const Machine &machine, const Problem &problem, const ChannelPart &part) {
    const int steps = problem.steps();
    return part.blocks() * block_count(problem, part.extent) * steps *
           step_cycles(machine, part.block / part.lanes, part.lanes, part.extent, steps);
}

double total_cycles(const Blocks &blocks) {
    return std::accumulate(blocks.begin(), blocks.end(), 0.0, [](double sum, const ChannelPart &part) {
        return sum + part.cycles + kPartOverhead;
    });
}

// The same part with every extent that fits; the cheapest first.
Blocks by_extent(const Machine &machine, const Problem &problem, ChannelPart part) {
    Blocks all;
    for (part.extent = 1; extent_fits(machine, problem, part, part.extent); part.extent++) {
        part.cycles = part_cycles(machine, problem, part);
        all.push_back(part);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const ChannelPart &a, const ChannelPart &b) { return a.cycles < b.cycles; });
    return all;
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

// The channels that blocks cover.
int covered(const Problem &problem) {
    return is_product(problem) ? problem.out : round_up(problem.out, kChannelAlignment);
}

// One cut with every extent of its first part, the others with their cheapest.
std::vector<Blocks> with_extents(const Machine &machine, const Problem &problem,
                                 const std::vector<Group> &groups) {
    std::vector<Blocks> all;
    int first = 0;
    for (const Group &g : groups) {
        if (first >= problem.out) return {};  // a part of padding alone is not worth its overhead
        const int block = g.vectors * g.lanes;
        const ChannelPart part{first, std::min(g.blocks * block, covered(problem) - first), block, g.lanes};
        const Blocks extents = by_extent(machine, problem, part);
        if (extents.empty()) return {};
        if (&g == &groups.front()) {
            for (const ChannelPart &p : extents) all.push_back({p});
        } else {
            for (Blocks &blocks : all) blocks.push_back(extents.front());
        }
        first += g.blocks * block;
    }
    return first < problem.out ? std::vector<Blocks>{} : all;
}

std::string fault_of(const Machine &machine, const Problem &problem, const ChannelPart &part, bool last) {
    if (part.lanes != machine.lanes && part.lanes != machine.narrow_lanes)
        return "expected lanes of " + machine.level;
    if (part.block <= 0 || part.block % part.lanes) return "expected a block of whole vectors";
    if (!extent_fits(machine, problem, part, part.extent)) return "expected a block that fits the registers";
    const bool may_pad = last && is_product(problem);
    if (part.channels <= 0 || part.channels > covered(problem) || (part.channels % part.block && !may_pad))
        return "expected channels of whole blocks";
    return "";
}

}  // namespace

std::vector<Blocks> candidate_blocks(const Machine &machine, const Problem &problem, size_t most,
                                     double within) {
    std::vector<Blocks> all, result;
    const int aligned = round_up(problem.out, kChannelAlignment);
    for (const std::vector<Group> &groups : cuts(machine, aligned, is_product(problem))) {
        for (Blocks &blocks : with_extents(machine, problem, groups)) all.push_back(std::move(blocks));
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Blocks &a, const Blocks &b) { return total_cycles(a) < total_cycles(b); });
    for (const Blocks &blocks : all) {
        if (result.size() == most || total_cycles(blocks) > within * total_cycles(all.front())) break;
        if (std::find(result.begin(), result.end(), blocks) == result.end()) result.push_back(blocks);
    }
    return result;
}

Status complete_blocks(const Machine &machine, const Problem &problem, Blocks &blocks) {
    int first = 0;
    for (ChannelPart &part : blocks) {
        const std::string fault = fault_of(machine, problem, part, &part == &blocks.back());
        if (!fault.empty())
            return bad_input(fault + ", found " + describe({part}) + " of " + std::to_string(part.lanes) +
                             " lanes");
        part.first = first;
        part.cycles = part_cycles(machine, problem, part);
        first += part.channels;
        if (first > covered(problem)) break;
    }
    if (first == covered(problem)) return ok();
    return bad_input("expected parts of " + std::to_string(covered(problem)) + " channels, found " +
                     describe(blocks));
}

std::string describe(const Blocks &blocks) {
    std::string text;
    for (const ChannelPart &p : blocks) {
        text += (text.empty() ? "" : " ") + std::to_string(p.channels) + ":" + std::to_string(p.block) + "x" +
                std::to_string(p.extent);
    }
    return text;
}

Blocks product_parts(const Machine &machine, const Tiling &tiling, int channels, int in) {
    return model_blocks(machine, product_problem(tiling, channels, in));
}

Blocks convolution_parts(const Machine &machine, int width, int rows, int channels, int steps) {
    return model_blocks(machine, convolution_problem(Window{}, width, rows, channels, steps));
}

int stem_ring_rows(const Window &window) {
    int rows = 4;
    while (rows < window.y.reach()) rows *= 2;
    return rows;
}

int stem_ring_bytes(const Window &window, int planes, int pixels, int lanes) {
    const int columns = round_up(window.x.stride * (pixels - 1) + window.x.reach(), lanes);
    return stem_ring_rows(window) * columns * planes * 4;
}

Blocks stem_parts(const Machine &machine, const Window &window, int planes, int width, int rows,
                  int channels) {
    Blocks parts = convolution_parts(machine, width, rows, channels, window.taps() * planes);
    for (ChannelPart &part : parts) {
        while (part.extent > 1 && stem_ring_bytes(window, planes, part.extent, part.lanes) > kStemRingBytes)
            part.extent--;
    }
    return parts;
}

}  // namespace hardnet
