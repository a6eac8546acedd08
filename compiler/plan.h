// A level's plan while it is being made: the tables of hardnet/plan.h as vectors, kernels as specifications,
// and memory as buffers that have no place yet.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "generators/convolution.h"
#include "generators/dense.h"
#include "generators/elementwise.h"
#include "generators/pooling.h"
#include "generators/winograd.h"
#include "graph/network.h"
#include "hardnet/plan.h"
#include "schedules/blocking.h"

namespace hardnet {

using KernelSpec =
    std::variant<InputTransformSpec, ProductSpec, OutputTransformSpec, ConvolutionSpec, StemSpec,
                 DepthwiseSpec, PoolSpec, GlobalPoolSpec, FullyConnectedSpec, NormalizeSpec, NormSpec,
                 ResizeSpec, PlanarSpec, RowsSpec, L2NormSpec, SpatialNormSpec>;

// What the runtime makes of a 3x3 kernel g: position p is the sum over y and x of rows[p][y] * g[y][x] *
// columns[p][x].
struct WeightTransform {
    std::vector<std::array<double, 3>> rows, columns;
    int positions() const { return int(rows.size()); }
    bool operator==(const WeightTransform &o) const { return rows == o.rows && columns == o.columns; }
};

// Activations in the arena. Buffers with the same non-empty `halo` have one geometry and may follow each
// other in one place, since the zeros around them stay; all others are placed by their live range alone.
struct Buffer {
    int64_t elems = 0;
    std::string halo;
    int first_step = -1, last_step = -1;
    int64_t offset = -1;
};

struct LayerChoice {
    std::string algorithm, blocks;        // what `inspect` shows
    std::optional<BlockProblem> problem;  // where blocks can be tuned
};

struct Plan {
    const Machine *machine = nullptr;
    std::vector<KernelSpec> kernels;
    std::vector<hardnet_view> views;
    std::vector<int> view_buffers;  // parallel to views: an arena view's buffer, else -1
    std::vector<hardnet_argument> arguments;
    std::vector<hardnet_call> calls;
    std::vector<hardnet_part> parts;
    std::vector<hardnet_step> steps;
    std::vector<hardnet_packing> packings;
    std::vector<WeightTransform> transforms;
    std::vector<int32_t> layer_views;
    std::vector<Buffer> buffers;
    int64_t arena_elems = 0, scratch_elems = 0, weight_elems = 0;
    int64_t transform_bytes = 0;       // of V and M per image
    std::vector<LayerChoice> choices;  // per layer
};

// The number of a layer's first tensor in the package's list of folded_tensors(). Of one behind the last layer: how
// many tensors there are.
int weight_tensor(const Network &network, int layer);

// Gives every buffer its place and adds it to the views' offsets.
void place_buffers(Plan &plan);

}  // namespace hardnet
