#include "kernels/gpu_kernel.h"

namespace hardnet {

std::string GpuKernel::key() const {
    std::string text = hardnet::key(spec) + " images=" + std::to_string(images);
    for (const GpuView &view : views) {
        text += view.aligned ? " aligned" : " view";
        for (const GpuView::Dim &d : view.dims)
            text +=
                ":" + std::to_string(d.min) + "," + std::to_string(d.extent) + "," + std::to_string(d.stride);
        if (images > 1) text += "+" + std::to_string(view.image_stride);
    }
    return text;
}

}  // namespace hardnet
