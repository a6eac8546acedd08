// What a level's calls read and write: an argument's view over all units of its part, as elements of its
// base.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "hardnet/plan.h"

namespace hardnet::testing {

struct Region {
    uint32_t view = 0;
    uint8_t base = 0, port = 0, rank = 0;
    bool written = false;
    int64_t times = 1;   // how often a run comes by: scratch holds one chunk at a time
    int64_t offset = 0;  // elements from the base's start to the minimum of every dimension
    hardnet_dim dims[HARDNET_VIEW_RANK] = {};

    int space() const { return base | port << 8; }  // regions of one address the same memory
    int64_t elements() const {
        int64_t product = 1;
        for (int d = 0; d < rank; d++) product *= dims[d].extent;
        return product;
    }
    int64_t end() const {  // one behind the last element
        int64_t last = offset;
        for (int d = 0; d < rank; d++) last += int64_t{dims[d].extent - 1} * dims[d].stride;
        return last + 1;
    }
};

inline Region whole_view(const hardnet_level &level, uint32_t view) {
    const hardnet_view &v = level.views[view];
    Region region{view, v.base, v.port, v.rank, v.written != 0, 1, v.offset, {}};
    std::copy(v.dims, v.dims + v.rank, region.dims);
    return region;
}

// One region, or one per chunk where the pointer moves. A view's own extent may be more than what all units
// make of it: V behind the last channel that is transformed, for one.
inline std::vector<Region> regions(const hardnet_level &level, const hardnet_part &part,
                                   const hardnet_argument &argument) {
    Region region = whole_view(level, argument.view);
    hardnet_dim &dim = region.dims[argument.dim];
    const int64_t chunk = part.chunk ? std::min(part.chunk, part.units) : part.units;
    if (region.base == HARDNET_SCRATCH) region.times = (part.units + chunk - 1) / chunk;
    std::vector<Region> result;
    switch (argument.split) {
        case HARDNET_CROP:
            region.offset -= int64_t{dim.min} * dim.stride;
            dim.extent = int32_t(
                std::min<int64_t>(int64_t{dim.min} + dim.extent, int64_t{part.units} * argument.unit));
            dim.min = 0;
            break;
        case HARDNET_SLIDE:
            dim.extent = int32_t(chunk * argument.unit);
            break;
        case HARDNET_SHIFT:
            for (int64_t unit = 0; unit < part.units; unit += chunk) {
                result.push_back(region);
                result.back().offset += unit * argument.unit;
            }
            return result;
        default:
            break;
    }
    return {region};
}

// All regions of a step, call by call.
inline std::vector<Region> regions(const hardnet_level &level, const hardnet_step &step) {
    std::vector<Region> all;
    for (uint32_t p = 0; p < step.parts; p++) {
        const hardnet_part &part = level.parts[step.first_part + p];
        for (uint32_t c = 0; c < part.calls; c++) {
            const hardnet_call &call = level.calls[part.first_call + c];
            for (uint32_t a = 0; a < call.arguments; a++) {
                for (const Region &r : regions(level, part, level.arguments[call.first_argument + a]))
                    all.push_back(r);
            }
        }
    }
    return all;
}

// f(first element, number of elements) for every run of neighbouring elements.
template <typename F>
void for_each_run(const Region &region, F f) {
    const bool dense = region.rank > 0 && region.dims[0].stride == 1;
    const int first = dense ? 1 : 0;
    int32_t at[HARDNET_VIEW_RANK] = {};
    for (;;) {
        int64_t offset = region.offset;
        for (int d = first; d < region.rank; d++) offset += int64_t{at[d]} * region.dims[d].stride;
        f(offset, int64_t{dense ? region.dims[0].extent : 1});
        int d = first;
        while (d < region.rank && ++at[d] == region.dims[d].extent) at[d++] = 0;
        if (d == region.rank) return;
    }
}

}  // namespace hardnet::testing
