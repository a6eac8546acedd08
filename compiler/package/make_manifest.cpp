#include "compiler/package/make_manifest.h"

#include "compiler/emission/kernel.h"

namespace hardnet {

Manifest make_manifest(const CompileOptions &options, const Model &model, const std::string &name,
                       const std::vector<Plan> &plans) {
    Manifest m;
    m.name = name;
    m.network = model.network;
    m.batch = options.batch;
    m.class_names = model.class_names;
    m.weights_source = model.weights_source;
    m.halide_version = halide_version();
    for (const Plan &plan : plans) {
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
            m.layers.push_back(info);
        }
    }
    return m;
}

}  // namespace hardnet
