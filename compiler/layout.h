// Where tensors lie: each in a buffer of its own, or side by side with others in the pixels of one buffer.
#pragma once
#include <optional>
#include <vector>

#include "compiler/analysis.h"
#include "compiler/tables.h"

namespace hardnet {

// A layer's output: channels-last, channels padded to 8 and rows to `columns`. A halo is a border of zeros, as
// wide as its readers' windows reach beyond the image, plus what tiles reach beyond it. A stack is several tensors
// in one buffer's pixels.
struct Tensor {
    Shape shape;
    int c8 = 0;                       // its channels as they lie, padding included
    int first = 0, pixel_stride = 0;  // in its buffer's pixels, which tensors of a stack share
    int rows = 0, columns = 0;        // in memory, halo included
    int halo = 0;
    int buffer = 0;
    Storage storage{};
    hardnet_type type() const { return type_of(storage); }
    int row_stride() const { return pixel_stride * columns; }
    int64_t pixel(int x, int y) const {  // elements from the buffer's start; -1 is the halo
        return (int64_t{y} + halo) * row_stride() + (int64_t{x} + halo) * pixel_stride + first;
    }
    Place place(int x, int y) const { return Place::arena(buffer, pixel(x, y)); }
};

struct Layout {
    std::vector<Tensor> tensors;  // per layer
};

// Adds the tensors' buffers.
Result<Layout> lay_out(const Analysis &analysis, PlanBuilder &builder);

// A layer's sources, neighbours in memory joined.
std::vector<Tensor> sources_of(const Layout &layout, const Layer &layer);

// A view (c, x, y) of some of a tensor's channels.
uint32_t tensor_view(PlanBuilder &builder, const Tensor &t, int first_channel, int channels, bool with_halo,
                     bool written = false);

}  // namespace hardnet
