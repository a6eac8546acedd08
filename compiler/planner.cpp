#include "compiler/planner.h"

#include <algorithm>
#include <map>

#include "compiler/kernel.h"

namespace hardnet {

hardnet_argument whole(uint32_t view) { return {view, HARDNET_WHOLE, 0, 0}; }
hardnet_argument crop(uint32_t view, int dim, int unit) { return {view, HARDNET_CROP, uint8_t(dim), unit}; }
hardnet_argument slide(uint32_t view, int dim, int unit) { return {view, HARDNET_SLIDE, uint8_t(dim), unit}; }

Planner::Planner(const Network &network, const Machine &machine, const PlanOptions &options)
    : network_(network),
      machine_(machine),
      records_(options.records),
      tilings_(choose_algorithms(network, machine, options)) {
    plan_.machine = &machine;
}

// ---- analysis

std::vector<int> Planner::consumers(int layer) const {
    std::vector<int> result;
    for (int l = layer + 1; l < int(network_.layers.size()); l++) {
        const std::vector<int> &sources = network_.layers[l].sources;
        if (std::count(sources.begin(), sources.end(), layer)) result.push_back(l);
    }
    return result;
}

bool Planner::feeds_winograd(int layer) const {
    for (int l : consumers(layer)) {
        if (tilings_[l]) return true;
    }
    return false;
}

int Planner::fused_pool(int layer) const {
    const Layer &conv = network_.layers[layer];
    if (conv.op != OpKind::kConv || conv.kernel != 1) return -1;
    std::vector<int> readers = consumers(layer);
    if (readers.size() != 1) return -1;
    const Layer &pool = network_.layers[readers[0]];
    bool plain = pool.op == OpKind::kMaxPool && pool.kernel == 2 && pool.stride == 2 && pool.padding == 0;
    return plain && pool.sources.size() == 1 ? readers[0] : -1;
}

// Bands keep V and M of a large image in L2. That pays where nothing else reads V and the weights are small.
bool Planner::banded(int layer) const {
    const Layer &l = network_.layers[layer];
    if (!tilings_[layer] || l.sources.size() != 1 || consumers(l.sources[0]).size() != 1) return false;
    const Tiling &t = *tilings_[layer];
    constexpr int64_t kL2Bytes = 1 << 20;
    int64_t v_bytes = int64_t{4} * t.positions() * t.tiles() * round_up(l.in.channels, kChannelAlignment);
    int64_t u_bytes = int64_t{4} * t.positions() * l.in.channels * l.out.channels;
    return v_bytes > kL2Bytes && u_bytes < kL2Bytes / 2 && t.covered_rows() == l.out.height;
}

Status Planner::check_supported() const {
    for (const Layer &l : network_.layers) {
        const bool known = l.op == OpKind::kConv || l.op == OpKind::kDepthwiseConv ||
                           l.op == OpKind::kMaxPool || l.op == OpKind::kGlobalAveragePool ||
                           l.op == OpKind::kFullyConnected;
        if (!known || !l.front_norm.empty() || l.residual != kNoLayer || l.dilation != 1)
            return bad_input(l.name + ": expected an operator that there are kernels of, found " +
                             describe(l));
        bool image = l.sources.size() == 1 && l.sources[0] == kNetworkInput;
        bool stem = l.op == OpKind::kConv && l.kernel == 3 && l.stride == 2 && l.padding == 1;
        if (image && !stem)
            return bad_input(l.name + ": expected a 3x3 convolution of stride 2 on the image");
        bool kernel_ok = l.op != OpKind::kConv || l.kernel == 1 || l.kernel == 3;
        if (!kernel_ok || (l.op == OpKind::kDepthwiseConv && l.kernel != 3)) {
            return bad_input(l.name + ": expected a kernel of 1x1 or 3x3, found " + std::to_string(l.kernel) +
                             "x" + std::to_string(l.kernel));
        }
    }
    return ok();
}

Blocks Planner::choose_blocks(int layer, const std::string &algorithm, const BlockProblem &problem) {
    const TunedBlocks *record = records_ ? find_tuned(*records_, machine_.level, problem) : nullptr;
    const Blocks blocks = record ? record->blocks : model_blocks(machine_, problem);
    plan_.choices[layer] = {algorithm, describe(blocks) + (record ? " (tuned)" : " (model)"), problem};
    return blocks;
}

void Planner::place_tensor(int layer) {
    const Layer &l = network_.layers[layer];
    Tensor t;
    t.shape = l.out;
    t.c8 = round_up(l.out.channels, kChannelAlignment);
    t.rows = l.out.height;
    t.columns = l.out.width;
    auto cover = [&](const Tiling &tiling) {
        t.rows = std::max(t.rows, tiling.covered_rows());
        t.columns = std::max(t.columns, tiling.covered_columns());
    };
    if (tilings_[layer]) cover(*tilings_[layer]);
    for (int reader : consumers(layer)) {
        const Layer &r = network_.layers[reader];
        t.halo |= r.op == OpKind::kDepthwiseConv || (r.op == OpKind::kConv && r.kernel == 3);
        if (tilings_[reader]) cover(*tilings_[reader]);
    }
    t.rows += 2 * t.halo;
    t.columns += 2 * t.halo;
    std::string halo;
    if (t.halo) {
        for (int v : {t.c8, t.rows, t.columns, l.out.height, l.out.width}) halo += std::to_string(v) + " ";
    }
    t.buffer = add_buffer(int64_t{1} * t.rows * t.row_stride(), halo);
    tensors_[layer] = t;
}

// ---- tables

int Planner::add_buffer(int64_t elems, const std::string &halo) {
    plan_.buffers.push_back({elems, halo, -1, -1, -1});
    return int(plan_.buffers.size()) - 1;
}

uint32_t Planner::add_view(hardnet_base base, int64_t offset, std::vector<hardnet_dim> dims, bool written,
                           int buffer, hardnet_type type) {
    hardnet_view view{};
    view.base = uint8_t(base);
    view.type = uint8_t(type);
    view.rank = uint8_t(dims.size());
    view.written = written;
    view.offset = offset;
    std::copy(dims.begin(), dims.end(), view.dims);
    plan_.views.push_back(view);
    plan_.view_buffers.push_back(buffer);
    if (buffer >= 0) {
        Buffer &b = plan_.buffers[buffer];
        int step = int(plan_.steps.size()) - 1;
        if (b.first_step < 0) b.first_step = step;
        b.last_step = step;
    }
    return uint32_t(plan_.views.size()) - 1;
}

uint32_t Planner::tensor_view(const Tensor &t, int first_channel, int channels, bool with_halo,
                              bool written) {
    const int border = with_halo ? 1 : 0;
    const int columns = with_halo ? t.columns : t.shape.width, rows = with_halo ? t.rows : t.shape.height;
    return add_view(HARDNET_ARENA, t.pixel(-border, -border) + first_channel,
                    {{0, channels, 1}, {-border, columns, t.c8}, {-border, rows, t.row_stride()}}, written,
                    t.buffer);
}

// V as a product reads it.
uint32_t Planner::v_source(const Transformed &v) {
    const Tiling &t = v.tiling;
    return add_view(
        v.buffer < 0 ? HARDNET_SCRATCH : HARDNET_ARENA, 0,
        {{0, v.channels, 1}, {0, t.tiles(), v.tile_stride}, {0, t.positions(), v.position_stride}}, false,
        v.buffer);
}

// V as the input transform of one quadrant writes it, from `first_channel` on.
uint32_t Planner::v_target(const Transformed &v, Quadrant q, int first_channel) {
    const Tiling &t = v.tiling;
    const int columns = t.quadrant_columns(q);
    const int64_t offset = first_channel + int64_t{1} * t.first_tile(q) * v.tile_stride +
                           int64_t{1} * t.first_position(q) * v.position_stride;
    return add_view(v.buffer < 0 ? HARDNET_SCRATCH : HARDNET_ARENA, offset,
                    {{0, v.tile_stride - first_channel, 1},
                     {0, columns, v.tile_stride},
                     {0, t.quadrant_rows(q), v.tile_stride * columns},
                     {0, t.position_count(q), v.position_stride}},
                    true, v.buffer);
}

uint32_t Planner::kernel(const KernelSpec &spec) {
    const std::string wanted = key(spec);
    for (size_t i = 0; i < plan_.kernels.size(); i++) {
        if (key(plan_.kernels[i]) == wanted) return uint32_t(i);
    }
    plan_.kernels.push_back(spec);
    return uint32_t(plan_.kernels.size()) - 1;
}

void Planner::begin_step(hardnet_step_kind kind, int layer) {
    plan_.steps.push_back({uint8_t(kind), layer, uint32_t(plan_.parts.size()), 0});
}

void Planner::begin_part(int units, int chunk, double unit_cost) {
    plan_.parts.push_back(
        {uint32_t(plan_.calls.size()), 0, uint32_t(units), uint32_t(chunk), float(unit_cost)});
    plan_.steps.back().parts++;
}

void Planner::call(const KernelSpec &spec, const std::vector<hardnet_argument> &arguments) {
    plan_.calls.push_back({kernel(spec), uint32_t(plan_.arguments.size()), uint32_t(arguments.size())});
    plan_.arguments.insert(plan_.arguments.end(), arguments.begin(), arguments.end());
    plan_.parts.back().calls++;
}

// ---- weights

int weight_tensor(const Network &network, int layer) {
    int before = 0;
    for (int l = 0; l < layer; l++) before += int(folded_tensors(network.layers[l]).size());
    return before;
}

int Planner::transform_index(const Tiling &tiling) {
    std::vector<Tiling> &all = plan_.transforms;
    auto found = std::find_if(all.begin(), all.end(), [&](const Tiling &t) { return t == tiling; });
    if (found == all.end()) found = all.insert(all.end(), tiling);
    return int(found - all.begin());
}

// U of one part: [block][position or tap][input channel][channel in block]. `per_output`: elements per output
// channel.
int64_t Planner::pack_weights(int layer, const ChannelPart &part, int per_output, int transform) {
    hardnet_packing packing{};
    packing.kind = HARDNET_PACK_BLOCKED;
    packing.tensor = uint32_t(weight_tensor(network_, layer));
    packing.transform = transform;
    packing.first_out = part.first;
    packing.out = std::min(part.channels, network_.layers[layer].out.channels - part.first);
    packing.block = part.block;
    packing.offset = plan_.weight_elems;
    plan_.packings.push_back(packing);
    plan_.weight_elems += round_up(part.padded() * per_output, 16);
    return packing.offset;
}

int64_t Planner::pack_bias(int layer, int padded) {
    hardnet_packing packing{};
    packing.kind = HARDNET_PACK_VECTOR;
    packing.tensor = uint32_t(weight_tensor(network_, layer) + 1);
    packing.transform = -1;
    packing.out = network_.layers[layer].out.channels;
    packing.block = padded;
    packing.offset = plan_.weight_elems;
    plan_.packings.push_back(packing);
    plan_.weight_elems += round_up(padded, 16);
    return packing.offset;
}

// ---- plan

Result<Plan> Planner::run() {
    if (Status s = check_supported(); !s) return s.error();
    const int layers = int(network_.layers.size());
    tensors_.resize(layers);
    transformed_.resize(layers);
    fused_into_.assign(layers, -1);
    plan_.layer_views.assign(layers, -1);
    plan_.choices.resize(layers);
    for (int l = 0; l < layers; l++) place_tensor(l);
    m_buffer_ = add_buffer(0);

    for (int l = 0; l < layers; l++) {
        const Layer &layer = network_.layers[l];
        if (fused_into_[l] >= 0) continue;
        switch (layer.op) {
            case OpKind::kConv:
                if (layer.sources[0] == kNetworkInput)
                    normalize(l), stem(l);
                else if (banded(l))
                    winograd_bands(l);
                else if (tilings_[l])
                    winograd(l);
                else
                    convolution(l);
                break;
            case OpKind::kDepthwiseConv:
                depthwise(l);
                break;
            case OpKind::kMaxPool:
                max_pool(l);
                break;
            case OpKind::kGlobalAveragePool:
                global_pool(l);
                break;
            case OpKind::kFullyConnected:
                fully_connected(l);
                break;
            default:
                break;
        }
    }
    place_buffers(plan_);
    return std::move(plan_);
}

}  // namespace hardnet
