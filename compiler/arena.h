// Where buffers of activations lie, by their live ranges.
#pragma once
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

namespace hardnet {

// Buffers of one geometry may follow each other in one place, since the zeros around their images stay.
struct HaloGeometry {
    int pixel_bytes = 0, rows = 0, columns = 0;  // in memory
    int height = 0, width = 0, halo = 0;         // of the image, and around it
    bool operator<(const HaloGeometry &o) const {
        const auto all = [](const HaloGeometry &g) {
            return std::tie(g.pixel_bytes, g.rows, g.columns, g.height, g.width, g.halo);
        };
        return all(*this) < all(o);
    }
};

struct Buffer {
    int64_t bytes = 0;
    std::optional<HaloGeometry> halo = {};
    struct Steps {
        int first = 0, last = 0;
    };
    std::optional<Steps> live = {};  // none: nothing reads or writes it
    int64_t offset = 0;              // bytes, once it is placed
};

// Gives every live buffer its place on a cache line; returns the arena's bytes.
int64_t place_buffers(std::vector<Buffer> &buffers, int steps);

}  // namespace hardnet
