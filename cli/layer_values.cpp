#include "cli/layer_values.h"

#include <fmt/format.h>

#include "runtime/inspect.h"

namespace hardnet {
namespace {

// The step behind which each layer's output is complete: its own last one, or that of its source where the
// step that computes the source computes the layer too (a pool fused with a convolution).
std::vector<int> completing_steps(const Network &network, hardnet_context *context) {
    std::vector<int> steps(network.layers.size(), -1);
    for (int32_t step = 0; step < hardnet_step_count(context); step++)
        steps[hardnet_step_at(context, step)->layer] = step;
    for (size_t i = 0; i < steps.size(); i++) {
        const int source = network.layers[i].sources().front();
        if (steps[i] < 0 && source >= 0) steps[i] = steps[source];
    }
    return steps;
}

// A layer's output as CHW, from its view (channel, x, y). Of integers: what these stand for.
template <typename T>
Result<std::vector<float>> read_view(const LoadedPackage &loaded, int32_t index, const Shape &shape,
                                     float unit) {
    const hardnet_dim *dims = hardnet_context_level(loaded.context())->views[index].dims;
    const int64_t width = dims[1].extent, channels = dims[0].extent;
    if (channels < shape.channels || width < shape.width || dims[2].extent < shape.height)
        return bad_input(fmt::format("{}: expected a view of {}x{}x{} elements or more, found {}x{}x{}",
                                     loaded.manifest().name, shape.channels, shape.height, shape.width,
                                     channels, dims[2].extent, width));
    std::vector<T> data(size_t(channels * width * dims[2].extent));
    if (const hardnet_status status = hardnet_read_view(loaded.context(), index, 0, data.data());
        status != HARDNET_OK)
        return loaded.failure(status);
    std::vector<float> values;
    values.reserve(size_t(shape.elements()));
    for (int c = 0; c < shape.channels; c++)
        for (int y = 0; y < shape.height; y++)
            for (int x = 0; x < shape.width; x++)
                values.push_back(unit * float(data[size_t((y * width + x) * channels + c)]));
    return values;
}

Result<std::vector<float>> layer_values(const LoadedPackage &loaded, int32_t view_index, const Shape &shape,
                                        const LayerInfo *info) {
    const hardnet_view &view = hardnet_context_level(loaded.context())->views[view_index];
    const auto unit = float(info && info->unit ? *info->unit : 1);
    switch (view.type) {
        case HARDNET_INT16:
            return read_view<int16_t>(loaded, view_index, shape, unit);
        case HARDNET_INT8:
            return read_view<int8_t>(loaded, view_index, shape, unit);
        case HARDNET_UINT8:
            return read_view<uint8_t>(loaded, view_index, shape, unit);
        default:
            return read_view<float>(loaded, view_index, shape, 1);
    }
}

}  // namespace

Status run_by_layers(LoadedPackage &loaded,
                     const std::function<Status(size_t layer, std::vector<float> values)> &each) {
    hardnet_context *context = loaded.context();
    const Network &network = loaded.model();
    const int32_t *views = hardnet_context_level(context)->layer_views;
    const std::vector<int> complete = completing_steps(network, context);
    for (int32_t step = 0; step < hardnet_step_count(context); step++) {
        const hardnet_status status = hardnet_run_step(context, step, 0);
        if (status != HARDNET_OK) return loaded.failure(status);
        for (size_t i = 0; i < network.layers.size(); i++) {
            if (complete[i] != step || views[i] < 0) continue;
            const LayerInfo *info = loaded.manifest().chosen(network.layers[i].name, loaded.level());
            Result<std::vector<float>> values = layer_values(loaded, views[i], network.layers[i].out, info);
            if (!values) return values.error();
            if (const Status taken = each(i, std::move(*values)); !taken) return taken;
        }
    }
    return ok();
}

}  // namespace hardnet
