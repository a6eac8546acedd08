#include "compiler/tables.h"

#include <algorithm>
#include <limits>

namespace hardnet {

hardnet_type type_of(const Storage &storage) {
    if (!storage) return HARDNET_FLOAT32;
    switch (storage.type) {
        case IntegerType::kInt16:
            return HARDNET_INT16;
        case IntegerType::kInt8:
            return HARDNET_INT8;
        case IntegerType::kUint8:
            return HARDNET_UINT8;
    }
    return HARDNET_FLOAT32;
}

hardnet_argument whole(uint32_t view) { return {view, HARDNET_WHOLE, 0, 0}; }
hardnet_argument crop(uint32_t view, int dim, int unit) { return {view, HARDNET_CROP, uint8_t(dim), unit}; }
hardnet_argument slide(uint32_t view, int dim, int unit) { return {view, HARDNET_SLIDE, uint8_t(dim), unit}; }

namespace {

constexpr int kLine = 16;  // elements of a cache line, on which packings lie

// What of a view is not as the parameter says; empty: nothing.
std::string fault_of(const KernelParameter &parameter, const hardnet_view &view) {
    const auto differs = [&](const std::string &what, int64_t expected, int64_t found) {
        return parameter.name + ": expected " + what + " " + std::to_string(expected) + ", found " +
               std::to_string(found);
    };
    if (view.rank != parameter.dims.size()) return differs("rank", int64_t(parameter.dims.size()), view.rank);
    if (bool(view.written) != parameter.written) return differs("written", parameter.written, view.written);
    const int bytes = int(hardnet_element_bytes(view.type));
    if (bytes != parameter.element_bytes) return differs("element bytes", parameter.element_bytes, bytes);
    for (int d = 0; d < view.rank; d++) {
        const auto &[stride, extent] = parameter.dims[d];
        const hardnet_dim &found = view.dims[d];
        const std::string of = " of dimension " + std::to_string(d);
        if (stride && found.stride != stride) return differs("stride" + of, stride, found.stride);
        if (extent && found.extent != extent) return differs("extent" + of, extent, found.extent);
    }
    return "";
}

// Kernels address a view's elements by 32 bits.
int64_t last_element(const hardnet_view &view) {
    int64_t last = 0;
    for (int d = 0; d < view.rank; d++) last += int64_t{view.dims[d].extent - 1} * view.dims[d].stride;
    return last;
}

}  // namespace

PlanBuilder::PlanBuilder(const Network &network, const Machine &machine, int images)
    : network_(network), images_(images) {
    plan_.machine = &machine;
    plan_.layer_views.assign(network.layers.size(), -1);
    plan_.choices.resize(network.layers.size());
    for (int l = 0, tensor = 0; l < int(network.layers.size()); l++) {
        weight_tensors_.push_back(tensor);
        tensor += int(folded_tensors(network.layers[l]).size());
    }
}

// ---- memory

int PlanBuilder::add_buffer(int64_t bytes, const std::optional<HaloGeometry> &halo) {
    plan_.buffers.push_back({bytes, halo});
    return int(plan_.buffers.size()) - 1;
}

void PlanBuilder::grow_buffer(int buffer, int64_t bytes) {
    plan_.buffers[buffer].bytes = std::max(plan_.buffers[buffer].bytes, bytes);
}

void PlanBuilder::need_scratch(int64_t elems) { scratch_elems_ = std::max(scratch_elems_, elems); }

// ---- views

uint32_t PlanBuilder::view(const Place &place, const std::vector<hardnet_dim> &dims, bool written,
                           hardnet_type type) {
    hardnet_view view{};
    view.base = uint8_t(place.base);
    view.port = place.port;
    view.type = uint8_t(type);
    view.rank = uint8_t(dims.size());
    view.written = written;
    view.offset = place.offset;
    std::copy(dims.begin(), dims.end(), view.dims);
    plan_.views.push_back(view);
    plan_.view_buffers.push_back(place.buffer);
    return uint32_t(plan_.views.size()) - 1;
}

void PlanBuilder::set_layer_view(int layer, uint32_t view) {
    plan_.layer_views[layer] = int32_t(view);
    live_now(view);
}

void PlanBuilder::live_now(uint32_t view) {
    if (!plan_.view_buffers[view]) return;
    std::optional<Buffer::Steps> &live = plan_.buffers[*plan_.view_buffers[view]].live;
    const int step = int(plan_.steps.size()) - 1;
    if (live)
        live->last = step;
    else
        live = Buffer::Steps{step, step};
}

// ---- work

uint32_t PlanBuilder::kernel(const KernelSpec &spec) {
    const auto [known, added] = kernel_numbers_.try_emplace(key(spec), uint32_t(plan_.kernels.size()));
    if (added) plan_.kernels.push_back(spec);
    return known->second;
}

void PlanBuilder::begin_step(hardnet_step_kind kind, int layer) {
    plan_.steps.push_back({uint8_t(kind), layer, uint32_t(plan_.parts.size()), 0});
}

void PlanBuilder::begin_part(int units, int chunk, double unit_cost) {
    if (plan_.machine->gpu()) units = 1, chunk = 0;
    plan_.parts.push_back(
        {uint32_t(plan_.calls.size()), 0, uint32_t(units), uint32_t(chunk), float(unit_cost)});
    plan_.steps.back().parts++;
}

void PlanBuilder::call(const KernelSpec &spec, const std::vector<hardnet_argument> &arguments) {
    const std::string fault = fault_of(spec, arguments);
    if (!fault.empty() && !fault_) {
        const std::string &layer = network_.layers[plan_.steps.back().layer].name;
        fault_ = Error{ExitCode::kInternal, layer + ": " + operator_name(spec) + ": " + fault, {key(spec)}};
    }
    const bool gpu = plan_.machine->gpu();
    plan_.calls.push_back({gpu ? gpu_kernel(spec, arguments) : kernel(spec), uint32_t(plan_.arguments.size()),
                           uint32_t(arguments.size())});
    for (const hardnet_argument &a : arguments) plan_.arguments.push_back(gpu ? whole(a.view) : a);
    plan_.parts.back().calls++;
    for (const hardnet_argument &a : arguments) {
        live_now(a.view);
        constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
        const int64_t elems = last_element(plan_.views[a.view]) + 1;
        if (elems > kMost && !fault_)
            fault_ = bad_input(network_.layers[plan_.steps.back().layer].name + ": expected at most " +
                               std::to_string(4 * kMost) + " bytes behind a kernel's argument, found " +
                               std::to_string(4 * elems) + "; a smaller --input fits");
    }
}

std::string PlanBuilder::fault_of(const KernelSpec &spec,
                                  const std::vector<hardnet_argument> &arguments) const {
    const std::vector<KernelParameter> expected = parameters(spec);
    if (expected.size() != arguments.size())
        return "expected " + std::to_string(expected.size()) + " arguments, found " +
               std::to_string(arguments.size());
    for (size_t i = 0; i < expected.size(); i++) {
        const std::string fault = hardnet::fault_of(expected[i], plan_.views[arguments[i].view]);
        if (!fault.empty()) return fault;
    }
    return "";
}

void PlanBuilder::count_transformed(int64_t bytes, bool once) {
    plan_.transform_bytes += bytes * (once ? 1 : plan_.parts.back().units);
}

// ---- packed weights

std::vector<LayerCall> calls_of(const Plan &plan, int layer) {
    std::vector<LayerCall> calls;
    for (const hardnet_step &step : plan.steps) {
        if (step.layer != layer) continue;
        for (uint32_t p = step.first_part; p < step.first_part + step.parts; p++) {
            const hardnet_part &part = plan.parts[p];
            for (uint32_t c = part.first_call; c < part.first_call + part.calls; c++)
                calls.push_back({&step, &plan.calls[c]});
        }
    }
    return calls;
}

int weight_tensor(const Network &network, int layer) {
    int before = 0;
    for (int l = 0; l < layer; l++) before += int(folded_tensors(network.layers[l]).size());
    return before;
}

namespace {

// Of output channels by blocks of the part.
hardnet_packing blocked(uint8_t kind, int tensor, const ChannelPart &part, int channels,
                        std::optional<int> transform) {
    hardnet_packing packing{};
    packing.kind = kind;
    packing.tensor = uint32_t(tensor);
    packing.transform = transform.value_or(-1);
    packing.first_out = part.first;
    packing.out = std::min(part.channels, channels - part.first);
    packing.block = part.block;
    packing.rounding = -1;
    return packing;
}

// The number of one that is equal, or of a new one.
template <typename T>
int number_of(std::vector<T> &all, const T &one) {
    auto found = std::find(all.begin(), all.end(), one);
    if (found == all.end()) found = all.insert(all.end(), one);
    return int(found - all.begin());
}

}  // namespace

int64_t PlanBuilder::pack(hardnet_packing packing, int64_t elems) {
    packing.offset = weight_elems_;
    plan_.packings.push_back(packing);
    weight_elems_ += (elems + kLine - 1) / kLine * kLine;
    return packing.offset;
}

int64_t PlanBuilder::pack_blocked(int layer, const ChannelPart &part, int64_t per_output,
                                  std::optional<int> transform) {
    return pack(blocked(HARDNET_PACK_BLOCKED, weight_tensors_[layer], part,
                        network_.layers[layer].out.channels, transform),
                part.padded() * per_output);
}

int64_t PlanBuilder::pack_rounded(int layer, const ChannelPart &part, int positions,
                                  const WeightRounding &rounding, std::optional<int> transform) {
    hardnet_packing packing = blocked(HARDNET_PACK_ROUNDED, weight_tensors_[layer], part,
                                      network_.layers[layer].out.channels, transform);
    packing.rounding = number_of(plan_.roundings, rounding);
    return pack(packing, int64_t{part.padded()} * positions * (rounding.steps() + 1 + rounding.shifted()));
}

int64_t PlanBuilder::pack_depthwise(int layer, int padded, int taps) {
    hardnet_packing packing{};
    packing.kind = HARDNET_PACK_DEPTHWISE;
    packing.tensor = uint32_t(weight_tensors_[layer]);
    packing.transform = packing.rounding = -1;
    packing.out = network_.layers[layer].out.channels;
    packing.block = padded;
    return pack(packing, int64_t{taps} * padded);
}

int64_t PlanBuilder::pack_bias(int layer, int padded) {
    return pack_vector(layer, 1, 0, network_.layers[layer].out.channels, padded);
}

int64_t PlanBuilder::pack_vector(int layer, int which, int first, int channels, int padded) {
    hardnet_packing packing{};
    packing.kind = HARDNET_PACK_VECTOR;
    packing.tensor = uint32_t(weight_tensors_[layer] + which);
    packing.transform = packing.rounding = -1;
    packing.first_out = first;
    packing.out = channels;
    packing.block = padded;
    return pack(packing, padded);
}

int PlanBuilder::transform(const WeightTransform &transform) {
    return number_of(plan_.transforms, transform);
}

// ---- the plan

void PlanBuilder::choose(int layer, LayerChoice choice) { plan_.choices[layer] = std::move(choice); }

Result<Plan> PlanBuilder::finish() {
    if (fault_) return *fault_;
    plan_.arena_bytes = place_buffers(plan_.buffers, int(plan_.steps.size()));
    for (size_t v = 0; v < plan_.views.size(); v++) {
        if (plan_.view_buffers[v])
            plan_.views[v].offset += plan_.buffers[*plan_.view_buffers[v]].offset /
                                     int64_t(hardnet_element_bytes(plan_.views[v].type));
    }
    if (plan_.machine->gpu() && images_ > 1) set_image_strides();
    if (fault_) return *fault_;
    plan_.scratch_bytes = 4 * scratch_elems_;
    plan_.weight_bytes = 4 * weight_elems_;
    return std::move(plan_);
}

}  // namespace hardnet
