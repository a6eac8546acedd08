// What must hold of every plan, whatever the planner chose: tables in range, memory in bounds, weights that
// do not overlap, every layer computed once, every kernel used.
#include <map>
#include <set>

#include "compiler/emission/kernel.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

class PlanTest : public PlanTestBase {
public:
    using PlanTestBase::PlanTestBase;
    void check() override {
        expect_tables_in_range();
        expect_views_in_bounds();
        expect_packings_apart();
        expect_every_layer_once();
        expect_kernels_distinct_and_used();
        expect_transform_bytes_counted();
    }

private:
    void expect_tables_in_range() const {
        uint32_t parts = 0, calls = 0, arguments = 0;
        for (const hardnet_step &s : plan().steps) {
            EXPECT_EQ(s.first_part, parts);
            EXPECT_GT(s.parts, 0u);
            parts += s.parts;
            ASSERT_LT(size_t(s.layer), network().layers.size());
        }
        for (const hardnet_part &p : plan().parts) {
            EXPECT_EQ(p.first_call, calls);
            EXPECT_GT(p.calls, 0u);
            EXPECT_GT(p.units, 0u);
            EXPECT_GT(p.unit_cost, 0.0f);
            calls += p.calls;
        }
        for (const hardnet_call &c : plan().calls) {
            EXPECT_EQ(c.first_argument, arguments);
            arguments += c.arguments;
            ASSERT_LT(c.kernel, plan().kernels.size());
        }
        for (const hardnet_argument &a : plan().arguments) {
            ASSERT_LT(a.view, plan().views.size());
            ASSERT_LT(a.dim, plan().views[a.view].rank);
        }
        EXPECT_EQ(parts, plan().parts.size());
        EXPECT_EQ(calls, plan().calls.size());
        EXPECT_EQ(arguments, plan().arguments.size());
    }

    int64_t size_of(const Region &r) const {
        switch (r.base) {
            case HARDNET_ARENA:
                return plan().arena_bytes / 4;
            case HARDNET_SCRATCH:
                return plan().scratch_bytes / 4;
            case HARDNET_WEIGHTS:
                return plan().weight_bytes / 4;
            case HARDNET_OUTPUT: {
                int64_t elems = 1;
                for (int64_t extent : output_shape(network(), network().outputs.at(r.port))) elems *= extent;
                return elems;
            }
            default:
                return network().input.elements();
        }
    }

    // Every view as a whole, and everything that is written however its part is split. Scratch holds what one
    // chunk makes of a view.
    void expect_views_in_bounds() const {
        std::vector<Region> all;
        for (uint32_t v = 0; v < level().view_count; v++) {
            if (plan().views[v].base != HARDNET_SCRATCH) all.push_back(whole_view(level(), v));
        }
        for (const hardnet_step &step : plan().steps) {
            for (const Region &r : regions(level(), step)) {
                if (r.written || r.base == HARDNET_SCRATCH) all.push_back(r);
            }
        }
        for (const Region &r : all) {
            for (int d = 0; d < r.rank; d++) ASSERT_GT(r.dims[d].extent, 0) << "view " << r.view;
            ASSERT_GE(r.offset, 0) << "view " << r.view;
            ASSERT_LE(r.end(), size_of(r)) << "view " << r.view << " of base " << int(r.base);
        }
    }

    // By the number of its first tensor.
    std::map<uint32_t, const Layer *> layers_by_tensor() const {
        std::map<uint32_t, const Layer *> layers;
        uint32_t tensor = 0;
        for (const Layer &layer : network().layers) {
            if (layer.has_weights()) layers[tensor] = &layer;
            tensor += uint32_t(folded_tensors(layer).size());
        }
        return layers;
    }

    int64_t elems_of(const hardnet_packing &p, const std::map<uint32_t, const Layer *> &layers) const {
        if (p.kind != HARDNET_PACK_BLOCKED)
            return int64_t{p.block} * (p.kind == HARDNET_PACK_DEPTHWISE ? 9 : 1);
        const auto found = layers.find(p.tensor);
        if (found == layers.end()) return -1;
        const Layer &layer = *found->second;
        const bool matrix = layer.op == OpKind::kFullyConnected;
        const int64_t in = matrix ? layer.in.elements() : layer.in.channels;
        const int positions = p.transform >= 0 ? plan().transforms[size_t(p.transform)].positions()
                              : matrix         ? 1
                                               : layer.window.taps();
        return int64_t{(p.out + p.block - 1) / p.block} * p.block * positions * in;
    }

    // Packings apart, aligned, and every view of weights inside one packing's room.
    void expect_packings_apart() const {
        int64_t end = 0;
        std::map<int64_t, int64_t> rooms;  // end -> begin
        const std::map<uint32_t, const Layer *> layers = layers_by_tensor();
        for (const hardnet_packing &p : plan().packings) {
            EXPECT_GE(p.offset, end);
            EXPECT_EQ(p.offset % 16, 0);
            ASSERT_GT(elems_of(p, layers), 0);
            if (p.transform >= 0) {
                EXPECT_LE(p.block, HARDNET_MAX_BLOCK);
            }
            end = p.offset + elems_of(p, layers);
        }
        EXPECT_LE(end, plan().weight_bytes / 4);
        for (size_t i = 0; i < plan().packings.size(); i++) {
            const bool last = i + 1 == plan().packings.size();
            rooms[last ? plan().weight_bytes / 4 : plan().packings[i + 1].offset] = plan().packings[i].offset;
        }
        for (uint32_t v = 0; v < level().view_count; v++) {
            const Region r = whole_view(level(), v);
            if (r.base != HARDNET_WEIGHTS) continue;
            const auto room = rooms.lower_bound(r.end());
            ASSERT_NE(room, rooms.end());
            EXPECT_GE(r.offset, room->second) << "view " << v << " reads two packings";
        }
    }

    static bool computes(const hardnet_step &step, OpKind op) {
        switch (step.kind) {
            case HARDNET_STEP_STEM:
            case HARDNET_STEP_OUTPUT_TRANSFORM:
            case HARDNET_STEP_WINOGRAD_BAND:
            case HARDNET_STEP_CONV1X1:
            case HARDNET_STEP_CONV3X3:
                return op == OpKind::kConv;
            case HARDNET_STEP_DEPTHWISE:
                return op == OpKind::kDepthwiseConv;
            case HARDNET_STEP_TRANSPOSED_CONV:
                return op == OpKind::kTransposedConv;
            case HARDNET_STEP_MAX_POOL:
                return op == OpKind::kMaxPool;
            case HARDNET_STEP_AVERAGE_POOL:
                return op == OpKind::kAveragePool;
            case HARDNET_STEP_GLOBAL_POOL:
                return op == OpKind::kGlobalAveragePool;
            case HARDNET_STEP_RESIZE:
                return op == OpKind::kResize;
            case HARDNET_STEP_NORM:
                return op == OpKind::kL2Norm || op == OpKind::kSpatialNorm;
            case HARDNET_STEP_FULLY_CONNECTED:
                return op == OpKind::kFullyConnected;
            case HARDNET_STEP_OUTPUT:
                return op == OpKind::kResize || op == OpKind::kArgmax;
            default:
                return false;
        }
    }

    bool fused(size_t l) const { return plan().choices[l].algorithm.rfind("behind ", 0) == 0; }

    // By one step of its own, or with the 1x1 in front of it; and only the first of those two has no view. A slice lies
    // where its source lies.
    void expect_every_layer_once() const {
        for (size_t l = 0; l < network().layers.size(); l++) {
            const Layer &layer = network().layers[l];
            int steps = 0;
            for (const hardnet_step &s : plan().steps) steps += size_t(s.layer) == l && computes(s, layer.op);
            EXPECT_EQ(steps, fused(l) || layer.op == OpKind::kSlice ? 0 : 1) << layer.name;
            EXPECT_NE(plan().choices[l].algorithm, "") << layer.name;
            if (plan().layer_views[l] >= 0) {
                int64_t elems = 1;
                const Region view = whole_view(level(), uint32_t(plan().layer_views[l]));
                for (int d = 0; d < view.rank; d++) elems *= view.dims[d].extent;
                EXPECT_EQ(elems, layer.out.elements()) << layer.name;
            } else {
                ASSERT_LT(l + 1, network().layers.size());
                EXPECT_EQ(plan().choices[l + 1].algorithm, "behind " + layer.name);
            }
        }
    }

    void expect_kernels_distinct_and_used() const {
        std::set<std::string> keys, symbols;
        for (const KernelSpec &k : plan().kernels) {
            EXPECT_TRUE(keys.insert(key(k)).second) << key(k);
            EXPECT_TRUE(symbols.insert(symbol(k, *plan().machine)).second) << key(k);
        }
        std::vector<bool> used(plan().kernels.size());
        for (const hardnet_call &c : plan().calls) used[c.kernel] = true;
        for (size_t k = 0; k < used.size(); k++) EXPECT_TRUE(used[k]) << key(plan().kernels[k]);
    }

    // What the manifest says of V and M is what the calls write.
    void expect_transform_bytes_counted() const {
        int64_t elems = 0;
        for (const hardnet_step &step : plan().steps) {
            for (const Region &r : regions(level(), step)) {
                const bool v = step.kind == HARDNET_STEP_INPUT_TRANSFORM ||
                               (step.kind == HARDNET_STEP_OUTPUT_TRANSFORM && r.rank == 4);
                const bool band = step.kind == HARDNET_STEP_WINOGRAD_BAND && r.base == HARDNET_SCRATCH;
                if (r.written && (v || band || step.kind == HARDNET_STEP_PRODUCT))
                    elems += r.elements() * r.times;
            }
        }
        EXPECT_EQ(plan().transform_bytes, 4 * elems);
    }
};

const bool registered = register_for_every_plan<PlanTest>("Plan") &&
                        register_for_every_plan<PlanTest>("PlanOfEveryNetwork", every_plan());

}  // namespace
}  // namespace hardnet::testing
