// What is known and decided of a network before anything is placed: who reads what, which layers one step computes
// together, and by what algorithm each layer is computed.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "compiler/ranges.h"
#include "graph/network.h"
#include "schedules/records.h"

namespace hardnet {

enum class AlgorithmChoice { kAuto, kWinograd, kDirect };
Result<AlgorithmChoice> algorithm_from_name(const std::string &name);

enum class Objective { kSpeed, kSize };  // kSize: packed weights not much larger than the folded ones
Result<Objective> objective_from_name(const std::string &name);

struct PlanOptions {
    AlgorithmChoice algorithm = AlgorithmChoice::kAuto;  // of the 3x3 layers
    Objective objective = Objective::kSpeed;
    const std::vector<TuningRecord> *records = nullptr;  // consulted before the cost model; outlives the plan
    const Ranges *ranges = nullptr;  // of the layers: some products are of integers; outlives the plan
    const std::set<std::string> *keep = nullptr;  // layers whose products stay float32; outlives the plan
    int images = 1;                               // of a run: a GPU's kernels know them
    Precision precision =
        Precision::kFloat32;  // the coarsest of products; of integers where ranges are known
    const std::set<std::string> *keep_int16 = nullptr;  // layers that are not of int8; outlives the plan
};

// How one layer is computed; made once, by analyse().
struct Decision {
    std::optional<Tiling> tiling;              // Winograd's; none: computed directly
    bool banded = false;                       // Winograd in row bands, V and M in a thread's scratch
    Precision products = Precision::kFloat32;  // Winograd's or a direct convolution's
    Storage storage;                           // of its output
    Storage behind_norm;                       // of what a norm in front of a direct convolution writes
    Parameters parameters;                     // of the algorithm; without blocks where it has none
    std::optional<Problem> problem;            // where they can be tuned
    std::string decided;  // the parameters of `problem`, by: "model", "tuned", "tuned: <another CPU>"
    int pool = kNoLayer;  // a 2x2 max pool that the same step computes
    int computed_with = kNoLayer;  // the layer whose step computes this one, too

    bool int16() const { return products == Precision::kInt16; }
};

// What the cost model holds against a way to compute all 3x3 layers of one resolution.
struct AlgorithmCost {
    std::optional<Tiling> tiling;  // none: direct
    double cycles = 0, bytes = 0;  // per image; of packed weights
    int m() const { return tiling ? tiling->m() : 0; }
};

// The 3x3 layers of one height and width: they agree on an algorithm, so that they can share V.
struct Resolution {
    Problem problem;
    std::vector<int> layers;
    std::vector<AlgorithmCost> costs;      // of what the options allow
    std::optional<Tiling> tiling;          // chosen: Winograd's, or none where they are computed directly
    const TuningRecord *record = nullptr;  // that chose it, of the options'
};

std::vector<Resolution> choose_algorithms(const Network &network, const Machine &machine,
                                          const PlanOptions &options);

// The layer's; null where it has no choice.
const Resolution *resolution_of(const std::vector<Resolution> &resolutions, int layer);

struct LayerReader {
    int layer = 0;
    Role role = Role::kSource;
};

struct Analysis {
    const Network &network;
    const Machine &machine;
    std::vector<std::vector<LayerReader>> readers;  // per layer, in running order
    std::vector<Decision> decisions;                // per layer
    std::vector<Resolution> resolutions;            // of a CPU
    const Ranges *ranges;                           // where products may be of integers

    // Those that read the layer as a source; of a slice, the layers that read the slice.
    std::vector<int> consumers(int layer) const;
    // The precisions of the Winograd layers that read the tensor as it is: its V is wanted for each.
    std::set<Precision> winograd_products(int layer) const;
    // Of the layer's V for such products.
    VRounding rounding(int layer, const Tiling &tiling, Precision products) const;
    // Of V of what the norm in front of the layer makes of its sources.
    VRounding rounding_behind_norm(int layer) const;
    // That the layer's tensor is, or a part of; or null.
    const Output *output_of(int layer) const;
    // The output that is the layer's tensor, which nothing else reads or is, so that its step may write there; or null.
    const Output *sole_output_of(int layer) const;
};

// That of the layer's register blocks, were its products of that precision.
Problem problem_of(const Analysis &analysis, int layer, Precision products);

Analysis analyse(const Network &network, const Machine &machine, const PlanOptions &options);

}  // namespace hardnet
