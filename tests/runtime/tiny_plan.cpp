#include "tiny_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace hardnet {
namespace {

void copy_shape(const std::vector<int64_t> &shape, int32_t *rank, int64_t *to) {
    *rank = static_cast<int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), to);
}

// The number of `point` among those seen, to which it is added where it is new.
uint8_t point_number(std::vector<std::vector<double>> *seen, const std::vector<double> &point) {
    const auto found = std::find(seen->begin(), seen->end(), point);
    const auto number = static_cast<uint8_t>(found - seen->begin());
    if (found == seen->end()) seen->push_back(point);
    return number;
}

}  // namespace

TinyPlan::TinyPlan() {
    network_.name = "tiny";
    network_.input_float.name = network_.input_uint8.name = "image";
    network_.input_uint8.type = HARDNET_UINT8;
}

uint32_t TinyPlan::view(hardnet_base base, int64_t offset, const std::vector<hardnet_dim> &dims,
                        hardnet_type type, bool written) {
    hardnet_view view{};
    view.base = static_cast<uint8_t>(base);
    view.type = static_cast<uint8_t>(type);
    view.rank = static_cast<uint8_t>(dims.size());
    view.written = written;
    view.offset = offset;
    std::copy(dims.begin(), dims.end(), view.dims);
    views_.push_back(view);
    return static_cast<uint32_t>(views_.size() - 1);
}

uint32_t TinyPlan::read(hardnet_base base, int64_t offset, const std::vector<hardnet_dim> &dims,
                        hardnet_type type) {
    return view(base, offset, dims, type, false);
}

uint32_t TinyPlan::write(hardnet_base base, int64_t offset, const std::vector<hardnet_dim> &dims) {
    return view(base, offset, dims, HARDNET_FLOAT32, true);
}

uint32_t TinyPlan::write_output(uint8_t port, int64_t offset, const std::vector<hardnet_dim> &dims,
                                hardnet_type type) {
    const uint32_t number = view(HARDNET_OUTPUT, offset, dims, type, true);
    views_[number].port = port;
    return number;
}

void TinyPlan::step(hardnet_step_kind kind, const std::string &layer, const std::vector<Part> &parts) {
    names_.push_back(layer);
    layer_names_.push_back(names_.back().c_str());
    hardnet_step step{};
    step.kind = static_cast<uint8_t>(kind);
    step.layer = static_cast<int32_t>(layer_names_.size() - 1);
    step.first_part = static_cast<uint32_t>(parts_.size());
    step.parts = static_cast<uint32_t>(parts.size());
    steps_.push_back(step);
    for (const Part &part : parts) {
        parts_.push_back({static_cast<uint32_t>(calls_.size()), static_cast<uint32_t>(part.calls.size()),
                          part.units, part.chunk, part.cost});
        for (const Call &call : part.calls) {
            kernels_.push_back(call.kernel);
            add_launch(call);
            calls_.push_back({static_cast<uint32_t>(kernels_.size() - 1),
                              static_cast<uint32_t>(arguments_.size()),
                              static_cast<uint32_t>(call.arguments.size())});
            for (const Argument &a : call.arguments) {
                arguments_.push_back({a.view, static_cast<uint8_t>(a.split), a.dim, a.unit});
            }
        }
    }
}

void TinyPlan::add_launch(const Call &call) {
    std::vector<uint8_t> order = call.order;
    while (order.size() < call.arguments.size()) order.push_back(static_cast<uint8_t>(order.size()));
    orders_.push_back(order);
    names_.push_back(call.name);
    launches.push_back({names_.back().c_str(),
                        {1, 1, static_cast<uint32_t>(batch)},
                        {32, 1, 1},
                        0,
                        orders_.back().data(),
                        static_cast<uint32_t>(order.size())});
}

uint32_t TinyPlan::weight(const std::string &name, const std::vector<int64_t> &shape) {
    names_.push_back(name);
    hardnet_weight weight{};
    weight.name = names_.back().c_str();
    copy_shape(shape, &weight.rank, weight.shape);
    weights_.push_back(weight);
    return static_cast<uint32_t>(weights_.size() - 1);
}

int32_t TinyPlan::transform(const std::vector<std::vector<double>> &rows,
                            const std::vector<std::vector<double>> &columns) {
    std::vector<std::vector<double>> row_points, column_points;
    std::vector<std::array<uint8_t, 2>> points;
    for (size_t p = 0; p < rows.size(); p++)
        points.push_back({point_number(&row_points, rows[p]), point_number(&column_points, columns[p])});
    return transform(row_points, column_points, points);
}

int32_t TinyPlan::transform(const std::vector<std::vector<double>> &row_points,
                            const std::vector<std::vector<double>> &column_points,
                            const std::vector<std::array<uint8_t, 2>> &points) {
    Transform t;
    for (const auto &row : row_points) t.rows.insert(t.rows.end(), row.begin(), row.end());
    for (const auto &column : column_points) t.columns.insert(t.columns.end(), column.begin(), column.end());
    t.points = points;
    transform_values_.push_back(std::move(t));
    const Transform &kept = transform_values_.back();
    transforms_.push_back(
        {static_cast<uint32_t>(row_points.size()), static_cast<uint32_t>(column_points.size()),
         reinterpret_cast<const double(*)[3]>(kept.rows.data()),
         reinterpret_cast<const double(*)[3]>(kept.columns.data()), static_cast<uint32_t>(points.size()),
         reinterpret_cast<const uint8_t(*)[2]>(kept.points.data())});
    return static_cast<int32_t>(transforms_.size() - 1);
}

int32_t TinyPlan::rounding(int32_t most, const std::vector<Source> &sources, int32_t in_step, bool summed) {
    rounding_values_.push_back({std::vector<std::vector<float>>(sources.size()), {}});
    Rounding &kept = rounding_values_.back();
    for (size_t s = 0; s < sources.size(); s++) {
        for (int8_t exponent : sources[s].exponents)
            kept.units[s].push_back(std::ldexp(sources[s].factor, -exponent));
        kept.tables.push_back({sources[s].channels, kept.units[s].data(), sources[s].shift});
    }
    roundings_.push_back(
        {most, static_cast<uint32_t>(kept.tables.size()), kept.tables.data(), in_step, summed});
    return static_cast<int32_t>(roundings_.size() - 1);
}

void TinyPlan::input(const std::vector<int64_t> &nchw, const std::vector<int64_t> &nhwc) {
    copy_shape(nchw, &network_.input_float.rank, network_.input_float.shape);
    copy_shape(nhwc, &network_.input_uint8.rank, network_.input_uint8.shape);
}

void TinyPlan::output(const std::vector<int64_t> &shape, hardnet_type type) {
    hardnet_port port{};
    port.name = "out";
    port.type = static_cast<uint8_t>(type);
    copy_shape(shape, &port.rank, port.shape);
    outputs_.push_back(port);
}

hardnet_level TinyPlan::level_table(const Level &level) const {
    hardnet_level t{};
    t.name = level.name.c_str();
    t.features = level.features;
    t.device = level.device;
    if (level.device == HARDNET_DEVICE_CPU)
        t.kernels = kernels_.data();
    else
        t.launches = launches.data(), t.module = &module;
    t.kernel_count = static_cast<uint32_t>(kernels_.size());
    t.views = views_.data(), t.view_count = static_cast<uint32_t>(views_.size());
    t.arguments = arguments_.data(), t.argument_count = static_cast<uint32_t>(arguments_.size());
    t.calls = calls_.data(), t.call_count = static_cast<uint32_t>(calls_.size());
    t.parts = parts_.data(), t.part_count = static_cast<uint32_t>(parts_.size());
    t.steps = steps_.data(), t.step_count = static_cast<uint32_t>(steps_.size());
    t.packings = packings_.data(), t.packing_count = static_cast<uint32_t>(packings_.size());
    t.transforms = transforms_.data(), t.transform_count = static_cast<uint32_t>(transforms_.size());
    t.roundings = roundings_.data(), t.rounding_count = static_cast<uint32_t>(roundings_.size());
    t.arena_elems = arena_elems, t.scratch_elems = scratch_elems, t.weight_elems = weight_elems;
    return t;
}

const hardnet_network *TinyPlan::network() {
    if (levels_.empty()) level("plain", 0);
    level_tables_.clear();
    for (const Level &l : levels_) level_tables_.push_back(level_table(l));
    network_.plan_version = plan_version;
    network_.batch = batch;
    network_.outputs = outputs_.data(), network_.output_count = static_cast<uint32_t>(outputs_.size());
    network_.layer_names = layer_names_.data(),
    network_.layer_count = static_cast<uint32_t>(layer_names_.size());
    network_.weights = weights_.data(), network_.weight_count = static_cast<uint32_t>(weights_.size());
    network_.levels = level_tables_.data(),
    network_.level_count = static_cast<uint32_t>(level_tables_.size());
    return &network_;
}

std::string safetensors(const std::vector<FileTensor> &tensors,
                        const std::map<std::string, std::string> &metadata) {
    std::string header = "{", data;
    for (const auto &[key, value] : metadata) {
        header += header.size() > 1 ? "," : "\"__metadata__\":{";
        header += "\"" + key + "\":\"" + value + "\"";
    }
    if (!metadata.empty()) header += "}";
    for (const FileTensor &t : tensors) {
        if (header.size() > 1) header += ",";
        header += "\"" + t.name + "\":{\"dtype\":\"" + t.type + "\",\"shape\":[";
        for (size_t d = 0; d < t.shape.size(); d++) header += (d ? "," : "") + std::to_string(t.shape[d]);
        const size_t begin = data.size();
        data.append(reinterpret_cast<const char *>(t.values.data()), t.values.size() * sizeof(float));
        header += "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(data.size()) + "]}";
    }
    header += "}";
    header.resize((header.size() + 8 + 63) / 64 * 64 - 8, ' ');
    const uint64_t size = header.size();
    return std::string(reinterpret_cast<const char *>(&size), sizeof size) + header + data;
}

std::vector<float> ramp(size_t count) {
    std::vector<float> values(count);
    uint32_t state = 1;
    for (float &value : values) {
        state = state * 1664525u + 1013904223u;
        value = static_cast<float>(static_cast<int>(state >> 26) - 32) / 8;
    }
    return values;
}

hardnet_options default_options() {
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    return options;
}

Opened::Opened(const hardnet_network *network, const hardnet_options &options, const hardnet_host *host) {
    status =
        host ? hardnet_open_on(host, network, &options, &context) : hardnet_open(network, &options, &context);
}

hardnet_tensor Opened::input() const {
    hardnet_tensor tensor{};
    hardnet_input(context, 0, &tensor);
    return tensor;
}

hardnet_tensor Opened::output(int32_t index) const {
    hardnet_tensor tensor{};
    hardnet_output(context, index, &tensor);
    return tensor;
}

}  // namespace hardnet
