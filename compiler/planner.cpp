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

// Those that read the layer's output as a source; of a slice, the layers that read the slice.
std::vector<int> Planner::consumers(int layer) const {
    std::vector<int> result;
    for (int l = layer + 1; l < int(network_.layers.size()); l++) {
        const std::vector<int> sources = network_.layers[l].sources();
        if (std::count(sources.begin(), sources.end(), layer)) result.push_back(l);
    }
    return result;
}

bool Planner::feeds_winograd(int layer) const {
    for (int l : consumers(layer)) {
        if (tilings_[l] && network_.layers[l].front_norm.empty()) return true;
    }
    return false;
}

int Planner::fused_pool(int layer) const {
    const Layer &conv = network_.layers[layer];
    if (conv.op != OpKind::kConv || conv.window.x.kernel != 1 || conv.window.x.stride != 1 || conv.operand() != kNoLayer ||
        !conv.front_norm.empty())
        return -1;
    std::vector<int> readers = consumers(layer);
    if (readers.size() != 1 || output_of(layer)) return -1;
    for (const Layer &l : network_.layers) {
        if (l.operand() == layer) return -1;
    }
    const Layer &pool = network_.layers[readers[0]];
    bool plain = pool.op == OpKind::kMaxPool && pool.window.x.kernel == 2 && pool.window.x.stride == 2 && pool.window.x.before == 0 &&
                 pool.out.height == conv.out.height / 2 && pool.out.width == conv.out.width / 2;
    return plain && pool.sources().size() == 1 ? readers[0] : -1;
}

// Bands keep V and M of a large image in L2. That pays where nothing else reads V and the weights are small.
bool Planner::banded(int layer) const {
    const Layer &l = network_.layers[layer];
    if (!tilings_[layer] || l.sources().size() != 1 || consumers(l.sources()[0]).size() != 1 ||
        !l.front_norm.empty())
        return false;
    const Tiling &t = *tilings_[layer];
    constexpr int64_t kL2Bytes = 1 << 20;
    int64_t v_bytes = int64_t{4} * t.positions() * t.tiles() * round_up(l.in.channels, kChannelAlignment);
    int64_t u_bytes = int64_t{4} * t.positions() * l.in.channels * l.out.channels;
    return v_bytes > kL2Bytes && u_bytes < kL2Bytes / 2 && t.covered_rows() == l.out.height;
}

// Whether a tensor's pixels lie one behind another with nothing between.
bool Planner::plainly_stored(int layer) const {
    const Tensor t = geometry(layer);
    return t.halo == 0 && t.rows == t.shape.height && t.columns == t.shape.width;
}

Status Planner::check_supported() const {
    for (const Layer &l : network_.layers) {
        const auto refuse = [&](const std::string &expected) {
            return bad_input(l.name + ": expected " + expected + ", found " + describe(l));
        };
        if (l.sources()[0] == kNetworkInput && (l.op != OpKind::kConv || l.window.x.kernel < 3 || l.window.x.kernel > 7))
            return refuse("a convolution of 3x3 to 7x7 on the image");
        if (l.op == OpKind::kDepthwiseConv && (l.window.x.kernel != 3 || l.window.x.before != 1))
            return refuse("a depthwise convolution of 3x3");
        if (l.op == OpKind::kConv && !l.front_norm.empty() && l.window.x.stride != 1)
            return refuse("a norm in front of a convolution of stride 1");
        if (l.op == OpKind::kFullyConnected && l.in.height * l.in.width > 1 &&
            (l.in.channels % kChannelAlignment || !plainly_stored(l.sources()[0])))
            return refuse("a fully connected layer on whole eights of channels that nothing else reads");
        if (l.op == OpKind::kSlice && (l.first_channel | l.out.channels) % kChannelAlignment)
            return refuse("a slice of whole eights of channels");
    }
    return ok();
}

Blocks Planner::choose_blocks(int layer, const std::string &algorithm, const BlockProblem &problem) {
    const TunedBlocks *record = records_ ? find_tuned(*records_, machine_.level, problem) : nullptr;
    const Blocks blocks = record ? record->blocks : model_blocks(machine_, problem);
    plan_.choices[layer] = {algorithm, describe(blocks) + (record ? " (tuned)" : " (model)"), problem};
    return blocks;
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
    const int border = with_halo ? t.halo : 0;
    const int columns = with_halo ? t.columns : t.shape.width, rows = with_halo ? t.rows : t.shape.height;
    return add_view(HARDNET_ARENA, t.pixel(-border, -border) + first_channel,
                    {{0, channels, 1}, {-border, columns, t.pixel_stride}, {-border, rows, t.row_stride()}},
                    written, t.buffer);
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

WeightTransform weight_transform(const Tiling &tiling) {
    const Matrix g = tiling.weight_transform();
    WeightTransform transform;
    transform.rows.resize(tiling.positions());
    transform.columns.resize(tiling.positions());
    for (int i = 0; i < tiling.points(); i++) {
        for (int j = 0; j < tiling.points(); j++) {
            const int position = tiling.position(i, j);
            for (int k = 0; k < 3; k++) {  // + 0.0: written as C, -0 would be read as 0
                transform.rows[position][k] = g[i][k] + 0.0;
                transform.columns[position][k] = g[j][k] + 0.0;
            }
        }
    }
    return transform;
}

int Planner::transform_index(const WeightTransform &transform) {
    std::vector<WeightTransform> &all = plan_.transforms;
    auto found = std::find(all.begin(), all.end(), transform);
    if (found == all.end()) found = all.insert(all.end(), transform);
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
    return pack_vector(uint32_t(weight_tensor(network_, layer) + 1), 0, network_.layers[layer].out.channels,
                       padded);
}

int64_t Planner::pack_vector(uint32_t tensor, int first, int channels, int padded) {
    hardnet_packing packing{};
    packing.kind = HARDNET_PACK_VECTOR;
    packing.tensor = tensor;
    packing.transform = -1;
    packing.first_out = first;
    packing.out = channels;
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
    place_tensors();
    m_buffer_ = add_buffer(0);

    for (int l = 0; l < layers; l++) {
        const Layer &layer = network_.layers[l];
        if (fused_into_[l] >= 0) continue;
        switch (layer.op) {
            case OpKind::kConv:
                if (layer.sources()[0] == kNetworkInput)
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
            case OpKind::kTransposedConv:
                transposed_convolution(l);
                break;
            case OpKind::kMaxPool:
            case OpKind::kAveragePool:
                pool(l);
                break;
            case OpKind::kGlobalAveragePool:
                global_pool(l);
                break;
            case OpKind::kResize:
                resize(l);
                break;
            case OpKind::kL2Norm:
                l2_norm(l);
                break;
            case OpKind::kSpatialNorm:
                spatial_norm(l);
                break;
            case OpKind::kArgmax:
                argmax(l);
                break;
            case OpKind::kFullyConnected:
                fully_connected(l);
                break;
            case OpKind::kSlice:  // lies where its source lies
                plan_.choices[l] = {"view", "", {}};
                plan_.layer_views[l] = int32_t(tensor_view(tensors_[l], 0, layer.out.channels, false));
                break;
        }
    }
    write_outputs();
    place_buffers(plan_);
    return std::move(plan_);
}

}  // namespace hardnet
