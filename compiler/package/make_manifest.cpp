#include "compiler/package/make_manifest.h"

#include <filesystem>

#include "compiler/emission/kernel.h"

namespace hardnet {
namespace fs = std::filesystem;

Manifest make_manifest(const CompileRequest &request, const Network &network, const std::string &name,
                       const std::vector<Plan> &plans) {
    Manifest m;
    m.name = name;
    m.record = request.record;
    m.record.classes = network.classes;
    m.height = network.input.height;
    m.width = network.input.width;
    m.batch = request.batch;
    m.classes = network.classes;
    if (int(request.record.class_names.size()) == m.classes)
        m.class_names = request.record.class_names;
    else
        m.record.class_names.clear();
    m.preprocessing = network.preprocessing;
    m.weights_source = request.weights.rfind("seed:", 0) == 0 ? request.weights
                                                              : fs::path(request.weights).filename().string();
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
        for (size_t l = 0; l < network.layers.size(); l++) {
            LayerInfo info;
            info.layer = network.layers[l].name;
            info.level = machine.level;
            info.algorithm = plan.choices[l].algorithm;
            info.blocks = plan.choices[l].blocks;
            info.error_bound = 5e-6;  // a layer's own inputs carry the errors of all layers before it
            m.layers.push_back(info);
        }
    }
    return m;
}

}  // namespace hardnet
