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
void add_resources(const gpu::Module &module, const std::string &kernel, LaunchInfo &info) {
    for (const gpu::Resources &r : module.resources) {
        if (r.kernel != kernel) continue;
        info.registers = std::max(info.registers, r.registers);
        info.spilled_bytes = std::max(info.spilled_bytes, r.spilled_bytes);
    }
}

int64_t elements_of(const GpuView &view) {
    int64_t elements = 1;
    for (const GpuView::Dim &d : view.dims) elements *= d.extent;
    return elements;
}

int64_t bytes_of(const GpuKernel &kernel) {
    int64_t bytes = 0;
    for (const GpuView &view : kernel.views)
        bytes += 4 * elements_of(view) * (view.image_stride ? kernel.images : 1);
    return bytes;
}

// Multiplications and additions of convolutions; what else there is computes little.
double operations_of(const GpuKernel &kernel) {
    double products = 0;  // of an output
    if (const auto *convolution = std::get_if<ConvolutionSpec>(&kernel.spec))
        products = double(convolution->window.taps()) * convolution->steps();
    if (const auto *stem = std::get_if<StemSpec>(&kernel.spec))
        products = double(stem->window.taps()) * stem->in_planes;
    if (const auto *depthwise = std::get_if<DepthwiseSpec>(&kernel.spec)) products = depthwise->window.taps();
    return 2 * products * double(elements_of(kernel.views.back())) * kernel.images;
}

LaunchInfo launch_of(const gpu::Module &module, const Plan &plan, uint32_t kernel) {
    const gpu::Launch &l = module.launches[kernel];
    LaunchInfo info;
    info.grid.assign(std::begin(l.grid), std::end(l.grid));
    info.block.assign(std::begin(l.block), std::end(l.block));
    info.shared_bytes = int(l.shared_bytes);
    add_resources(module, l.name, info);
    info.bytes = bytes_of(plan.gpu_kernels[kernel]);
    info.memory_bound = double(info.bytes) / plan.machine->bytes_per_cycle >
                        operations_of(plan.gpu_kernels[kernel]) / plan.machine->flops_per_cycle;
    return info;
}

std::vector<LaunchInfo> launches_of(const gpu::Module &module, const Plan &plan, int layer) {
    std::vector<LaunchInfo> all;
    for (const LayerCall &c : calls_of(plan, layer)) all.push_back(launch_of(module, plan, c.call->kernel));
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
