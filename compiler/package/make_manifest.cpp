#include "compiler/package/make_manifest.h"

#include "compiler/emission/kernel.h"

namespace hardnet {
namespace {

// Twice what a layer's own products of int16 were seen to add, with V of 14 bits, tensors of 13 and weights of as many as
// fit (docs/precision.md).
constexpr double kInt16Error = 3e-3;

}  // namespace

Manifest make_manifest(const PackageContents &contents) {
    const Model &model = contents.model;
    Manifest m;
    m.name = contents.name;
    m.network = model.network;
    m.batch = contents.options.batch;
    m.class_names = model.class_names;
    m.weights_source = model.weights_source;
    m.halide_version = halide_version();
    for (const Plan &plan : contents.plans) {
        const Machine &machine = *plan.machine;
        m.targets.push_back(machine.target);
        LevelInfo level;
        level.name = machine.level;
        level.target = machine.target;
        level.kernels = int64_t(plan.kernels.size());
        level.arena_bytes = plan.arena_bytes;
        level.scratch_bytes = plan.scratch_bytes;
        level.packed_weight_bytes = plan.weight_bytes;
        level.transform_bytes = plan.transform_bytes;
        m.levels.push_back(level);
        for (size_t l = 0; l < model.network.layers.size(); l++) {
            LayerInfo info;
            info.layer = model.network.layers[l].name;
            info.level = machine.level;
            info.algorithm = plan.choices[l].algorithm;
            info.blocks = plan.choices[l].blocks;
            if (!contents.ranges.empty() && contents.ranges[l])
                info.range = {contents.ranges[l]->least, contents.ranges[l]->most};
            if (plan.choices[l].int16) info.error = kInt16Error;
            if (plan.choices[l].storage) info.exponent = plan.choices[l].storage.exponent;
            m.layers.push_back(info);
        }
    }
    return m;
}

}  // namespace hardnet
