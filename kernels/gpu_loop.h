// What a thread of a GPU's convolution computes in one iteration of its inner loop.
#pragma once
#include <algorithm>

#include "graph/window.h"
#include "kernels/gpu_tile.h"

namespace hardnet {

struct GpuLoop {
    int columns = 1;  // of the window: one, or all, whose pixels are then loaded once
    int pixels = 1;   // loaded of a row, for these
    int chunks = 1;   // of four input channels, at most
};

// An iteration has 10 to 30 instructions of its own: addresses, moves of sums, the branch. With 400 multiply-adds they are less
// than a tenth, and more would leave the first instruction cache, of 12 KiB on Volta. The assembler brings up to all loads of an
// iteration forward and was seen to spill then, where three times the sums and what is loaded are more than 176 elements.
inline GpuLoop gpu_loop(const GpuTile &tile, const Window &window) {
    constexpr int kMultiplyAdds = 400, kElements = 176;
    const int multiply_adds = 4 * tile.channels * tile.pixels;  // of a chunk and a column
    GpuLoop loop;
    if (multiply_adds * window.x.kernel <= kMultiplyAdds) loop.columns = window.x.kernel;
    loop.pixels = loop.columns == 1 ? tile.pixels : window.x.stride * (tile.pixels - 1) + loop.columns;
    const int loaded = 4 * (loop.pixels + tile.channels * loop.columns);  // elements of a chunk
    loop.chunks = std::max(1, std::min(kMultiplyAdds / (multiply_adds * loop.columns),
                                       (kElements - 3 * tile.channels * tile.pixels) / loaded));
    return loop;
}

}  // namespace hardnet
