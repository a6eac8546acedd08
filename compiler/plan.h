// A level's plan: the tables of hardnet/plan.h as vectors, and its kernels as specifications.
#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "compiler/analysis.h"
#include "compiler/arena.h"
#include "graph/network.h"
#include "hardnet/plan.h"
#include "kernels/gpu_kernel.h"
#include "kernels/kernel.h"

namespace hardnet {

// What the runtime makes of a 3x3 kernel g: a position of row point r and column point c is the sum over y and x of
// rows[r][y] * g[y][x] * columns[c][x].
struct WeightTransform {
    std::vector<std::array<double, 3>> rows, columns;  // points by taps
    std::vector<std::array<uint8_t, 2>> points;        // of each position: row point, column point
    int positions() const { return int(points.size()); }
    bool operator==(const WeightTransform &o) const {
        return rows == o.rows && columns == o.columns && points == o.points;
    }
};

// As hardnet_rounding has it.
struct WeightRounding {
    struct Source {
        int channels = 0;
        std::vector<float> units;  // per position
        int shift = 0;
        bool operator==(const Source &o) const {
            return channels == o.channels && units == o.units && shift == o.shift;
        }
    };
    Precision products = Precision::kInt16;
    bool summed = false;
    int most = 0;
    std::vector<Source> sources;
    int steps() const {
        int sum = 0;
        for (const Source &s : sources) sum += steps_of(s.channels, products);
        return sum;
    }
    bool shifted() const {
        return std::any_of(sources.begin(), sources.end(), [](const Source &s) { return s.shift != 0; });
    }
    bool operator==(const WeightRounding &o) const {
        return products == o.products && summed == o.summed && most == o.most && sources == o.sources;
    }
};

struct LayerChoice {
    std::string algorithm, blocks;  // what `inspect` shows
    Precision products = Precision::kFloat32;
    Storage storage{};               // of its output
    std::optional<Problem> problem;  // where blocks can be tuned
};

struct Plan {
    const Machine *machine = nullptr;
    std::vector<KernelSpec> kernels;     // of a CPU
    std::vector<GpuKernel> gpu_kernels;  // of a GPU
    std::vector<hardnet_view> views;
    std::vector<std::optional<int>> view_buffers;  // parallel to views: an arena view's buffer
    std::vector<hardnet_argument> arguments;
    std::vector<hardnet_call> calls;
    std::vector<hardnet_part> parts;
    std::vector<hardnet_step> steps;
    std::vector<hardnet_packing> packings;
    std::vector<WeightTransform> transforms;
    std::vector<WeightRounding> roundings;
    std::vector<int32_t> layer_views;
    std::vector<Buffer> buffers;
    int64_t arena_bytes = 0, scratch_bytes = 0, weight_bytes = 0;
    int64_t transform_bytes = 0;       // of V and M per image
    std::vector<LayerChoice> choices;  // per layer
    std::vector<Resolution> resolutions;
};

// From a network to a level's plan: an algorithm per layer, tensors and scratch, kernels, and the steps that run
// them. A tensor is written once, by the step that computes it, and read by every consumer where it lies.
Result<Plan> make_plan(const Network &network, const Machine &machine, const PlanOptions &options);

// The calls of a layer's steps, in order.
struct LayerCall {
    const hardnet_step *step;
    const hardnet_call *call;
};
std::vector<LayerCall> calls_of(const Plan &plan, int layer);

// The number of a layer's first tensor in the package's list of folded_tensors(). Of one behind the last layer: how
// many tensors there are.
int weight_tensor(const Network &network, int layer);

}  // namespace hardnet
