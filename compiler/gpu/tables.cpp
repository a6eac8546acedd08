// What a GPU's plan knows more of its kernels than a CPU's: the extents of all views, a convolution's tile, and how far
// apart the images of a batch lie.
#include "compiler/tables.h"

#include <limits>

#include "schedules/gpu_tiles.h"

namespace hardnet {

uint32_t PlanBuilder::gpu_kernel(const KernelSpec &spec, const std::vector<hardnet_argument> &arguments) {
    GpuKernel kernel{spec, {}, images_};
    if (auto *convolution = std::get_if<ConvolutionSpec>(&kernel.spec)) {
        const hardnet_view &y = plan_.views[arguments.back().view];
        const GpuProblem problem = gpu_problem(*convolution, y.dims[0].extent, y.dims[2].extent, images_);
        convolution->tile = gpu_tile(*plan_.machine, problem);
    }
    for (const hardnet_argument &a : arguments) {
        const hardnet_view &view = plan_.views[a.view];
        const bool ours = view.base == HARDNET_ARENA || view.base == HARDNET_WEIGHTS;  // on a cache line
        GpuView known;
        known.aligned = ours && view.offset % 4 == 0;
        for (int d = 0; d < view.rank; d++) {
            const hardnet_dim &dim = view.dims[d];
            known.dims.push_back({dim.min, dim.extent, dim.stride});
            known.aligned &= dim.stride == 1 || dim.extent == 1 || dim.stride % 4 == 0;
        }
        kernel.views.push_back(known);
    }
    std::string bases;  // whose images lie how far apart is known at the end
    for (const hardnet_argument &a : arguments)
        bases +=
            " " + std::to_string(plan_.views[a.view].base) + "." + std::to_string(plan_.views[a.view].port);
    const auto [known, added] =
        kernel_numbers_.try_emplace(kernel.key() + bases, uint32_t(plan_.gpu_kernels.size()));
    if (added) plan_.gpu_kernels.push_back(kernel);
    return known->second;
}

void PlanBuilder::set_image_strides() {
    for (const hardnet_call &call : plan_.calls) {
        for (uint32_t i = 0; i < call.arguments; i++) {
            const hardnet_view &view = plan_.views[plan_.arguments[call.first_argument + i].view];
            int64_t stride = 0;
            if (view.base == HARDNET_ARENA) stride = plan_.arena_bytes / 4;
            if (view.base == HARDNET_INPUT || view.base == HARDNET_INPUT_U8)
                stride = network_.input.elements();
            if (view.base == HARDNET_OUTPUT) {
                stride = 1;
                for (int64_t extent : output_shape(network_, network_.outputs[view.port])) stride *= extent;
            }
            plan_.gpu_kernels[call.kernel].views[i].image_stride = stride;
            constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
            if (stride * images_ > kMost && !fault_)
                fault_ = bad_input("batch: expected at most " + std::to_string(kMost / stride) +
                                   " images of this network on a GPU, found " + std::to_string(images_));
        }
    }
}

}  // namespace hardnet
