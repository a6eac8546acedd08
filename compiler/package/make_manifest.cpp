#include "compiler/package/make_manifest.h"

#include <algorithm>

#include "compiler/emission/kernel.h"

namespace hardnet {
namespace {

// Twice what a layer's own products of int16 and of int8 were seen to add, and what rounding alone adds to a tensor whose
// greatest lies 60 times above its root mean square (docs/precision.md).
constexpr double kInt16Error = 3e-3, kInt8Error = 3e-2, kStorageError = 5e-4;

double error_of(const LayerChoice &choice) {
    const bool int8 = choice.storage && choice.storage.type != IntegerType::kInt16;
    if (choice.products == Precision::kInt8 || int8) return kInt8Error;
    if (choice.products == Precision::kInt16) return kInt16Error;
    return choice.storage ? kStorageError : 0;
}

// The most of all architectures.
int registers_of(const gpu::Module &module, const std::string &kernel) {
    int most = 0;
    for (const gpu::Resources &r : module.resources)
        if (r.kernel == kernel) most = std::max(most, r.registers);
    return most;
}

std::vector<LaunchInfo> launches_of(const gpu::Module &module, const Plan &plan, int layer) {
    std::vector<LaunchInfo> all;
    for (const hardnet_step &step : plan.steps) {
        if (step.layer != layer) continue;
        for (uint32_t p = step.first_part; p < step.first_part + step.parts; p++) {
            const hardnet_part &part = plan.parts[p];
            for (uint32_t c = part.first_call; c < part.first_call + part.calls; c++) {
                const gpu::Launch &l = module.launches[plan.calls[c].kernel];
                LaunchInfo info;
                info.grid.assign(std::begin(l.grid), std::end(l.grid));
                info.block.assign(std::begin(l.block), std::end(l.block));
                info.shared_bytes = int(l.shared_bytes);
                info.registers = registers_of(module, l.name);
                all.push_back(info);
            }
        }
    }
    return all;
}

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
    m.ranges = contents.calibration.ranges;
    m.ranges_source = contents.calibration.source;
    m.kept.assign(contents.calibration.keep.begin(), contents.calibration.keep.end());
    m.kept_int16.assign(contents.calibration.keep_int16.begin(), contents.calibration.keep_int16.end());
    m.precision = *precision_from_name(contents.options.precision);
    for (size_t p = 0; p < contents.plans.size(); p++) {
        const Plan &plan = contents.plans[p];
        const gpu::Module &module = contents.modules[p];
        const Machine &machine = *plan.machine;
        m.targets.push_back(machine.target);
        LevelInfo level;
        level.name = machine.level;
        level.target = machine.target;
        level.kernels = int64_t(plan.kernels.size() + plan.gpu_kernels.size());
        level.arena_bytes = plan.arena_bytes;
        level.scratch_bytes = plan.scratch_bytes;
        level.packed_weight_bytes = plan.weight_bytes;
        level.transform_bytes = plan.transform_bytes;
        if (machine.device == HARDNET_DEVICE_OPENCL) level.language = "OpenCL C 1.2";
        level.assembler = module.assembler;
        level.architectures = module.architectures;
        m.levels.push_back(level);
        for (size_t l = 0; l < model.network.layers.size(); l++) {
            LayerInfo info;
            info.layer = model.network.layers[l].name;
            info.level = machine.level;
            info.algorithm = plan.choices[l].algorithm;
            info.blocks = plan.choices[l].blocks;
            info.products = plan.choices[l].products;
            info.error = error_of(plan.choices[l]);
            if ((machine.int16 || machine.dot_factor) && l < contents.calibration.errors.size())
                info.measured = contents.calibration.errors[l];
            if (plan.choices[l].storage) info.unit = plan.choices[l].storage.unit();
            if (machine.gpu()) info.launches = launches_of(module, plan, int(l));
            m.layers.push_back(info);
        }
    }
    return m;
}

}  // namespace hardnet
