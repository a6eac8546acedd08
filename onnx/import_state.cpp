#include "onnx/import_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "onnx/tensor_data.h"

namespace hardnet {

std::string part_suffix(const OnnxValue &value, size_t part) {
    return value.parts.size() == 1 ? "" : "." + std::to_string(part);
}

std::string plain_name(const std::string &name) {
    std::string text;
    for (char c : name.substr(
             name.find_first_not_of('/') == std::string::npos ? 0 : name.find_first_not_of('/'), 150)) {
        const bool kept =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        text += kept ? c : c == '/' || c == '.' ? '.' : '_';
    }
    return text;
}

bool OnnxImport::fail(const std::string &text, std::vector<std::string> detail) {
    if (!error_) error_ = bad_input(place_ + ": " + text, std::move(detail));
    return false;
}

bool OnnxImport::accept(const NodeAttributes &attributes) {
    const std::string fault = attributes.fault();
    return fault.empty() || fail(fault);
}

const std::string &OnnxImport::resolved(const std::string &name) const {
    const auto found = aliases_.find(name);
    return found == aliases_.end() ? name : found->second;
}

const OnnxValue *OnnxImport::value(const OnnxNode &node, size_t input) const {
    if (!has_input(node, input)) return nullptr;
    const auto found = values_.find(resolved(node.inputs[input]));
    return found == values_.end() ? nullptr : &found->second;
}

const OnnxTensor *OnnxImport::tensor(const OnnxNode &node, size_t input) const {
    if (!has_input(node, input)) return nullptr;
    const auto found = tensors_.find(resolved(node.inputs[input]));
    return found == tensors_.end() ? nullptr : found->second;
}

const OnnxConstant *OnnxImport::constant(const OnnxNode &node, size_t input) {
    if (!has_input(node, input)) return nullptr;
    const std::string &name = resolved(node.inputs[input]);
    if (const auto found = constants_.find(name); found != constants_.end()) return &found->second;
    const OnnxTensor *from = tensor(node, input);
    if (!from || from->dims.size() > 1 || from->elements() > int64_t(kMostKnownNumbers)) return nullptr;
    OnnxConstant constant{from->dims.empty(), false, {}};
    constant.real = from->type == OnnxType::kFloat || from->type == OnnxType::kDouble;
    const auto keep = [&](const auto &values) {
        if (!values) return fail(values.error().what);
        constant.values.assign(values->begin(), values->end());
        return true;
    };
    const bool read = constant.real ? keep(float_values(model_, *from, options_.external_file))
                                    : keep(integer_values(model_, *from, options_.external_file));
    return read ? &(constants_[name] = constant) : nullptr;
}

bool OnnxImport::read_list(const OnnxNode &node, size_t input, std::vector<int64_t> &to) {
    constexpr double kFar = 1 << 30;  // beyond every extent
    if (!has_input(node, input)) return true;
    const OnnxConstant *list = constant(node, input);
    if (!list || list->real)
        return fail(fmt::format("input {}: expected known whole numbers, found another value", input));
    to.clear();
    for (double value : list->values) to.push_back(int64_t(std::clamp(value, -kFar, kFar)));
    return true;
}

const OnnxValue *OnnxImport::need_image(const OnnxNode &node, size_t input) {
    const OnnxValue *found = value(node, input);
    if (found && !found->flat && !found->row) return found;
    fail(fmt::format("input {}: expected an image [batch, channels, height, width], found another value",
                     has_input(node, input) ? shown(node.inputs[input]) : std::to_string(input)));
    return nullptr;
}

bool OnnxImport::need_weights(const OnnxNode &node, size_t input, size_t rank, FloatTensor &to) {
    const OnnxTensor *from = tensor(node, input);
    if (!from || from->dims.size() != rank)
        return fail(fmt::format("input {}: expected known weights of {} dimensions, found another value",
                                input, rank));
    const bool fits = std::all_of(from->dims.begin(), from->dims.end(),
                                  [](int64_t extent) { return extent >= 1 && extent <= kMostChannels; });
    if (!fits)
        return fail(fmt::format("tensor {}: expected dimensions from 1 to {}, found others",
                                shown(from->name), kMostChannels));
    if (!count_weights(size_t(from->elements()))) return false;
    Result<std::vector<float>> values = float_values(model_, *from, options_.external_file);
    if (!values) {
        if (!error_) error_ = values.error();
        return false;
    }
    for (size_t i = 0; i < values->size(); i++)
        if (!std::isfinite((*values)[i]))
            return fail(fmt::format("tensor {}: expected finite values, found {} at element {}",
                                    shown(from->name), (*values)[i], i));
    to = {from->dims, std::move(*values)};
    return true;
}

bool OnnxImport::read_per_channel(const OnnxNode &node, size_t input, const OnnxValue &of,
                                  std::vector<float> &to) {
    const size_t channels = size_t(of.flat ? of.shape.elements() : of.shape.channels);
    if (const OnnxTensor *known = tensor(node, input); known && known->dims.size() <= 4) {
        FloatTensor values;
        if (!need_weights(node, input, known->dims.size(), values)) return false;
        std::vector<int64_t> dims = values.shape;
        while (!dims.empty() && dims[0] == 1) dims.erase(dims.begin());
        std::vector<int64_t> wanted{int64_t(channels)};
        if (!of.flat) wanted.insert(wanted.end(), {1, 1});
        if (dims.empty() || dims == wanted) to = values.values;
    } else if (const OnnxConstant *number = constant(node, input); number && number->values.size() == 1) {
        to = {float(number->values[0])};
    }
    if (to.size() == 1) to.resize(channels, to[0]);
    if (of.flat && of.shape.height * of.shape.width > 1)
        return fail("expected an image or its channels, found an image as a list");
    if (to.size() != channels || !std::all_of(to.begin(), to.end(), [](float v) { return std::isfinite(v); }))
        return fail(fmt::format("input {}: expected known finite numbers, one or [{}{}], found another value",
                                input, channels, of.flat ? "" : ", 1, 1"));
    return true;
}

bool OnnxImport::drop_last_layer(const Layer &layer, const OnnxNode &node, size_t input) {
    if (&layer != &layers_.back()) return false;
    values_[resolved(node.inputs[input])].parts = layer.sources();
    layers_.pop_back();
    weights_.layers.pop_back();
    own_names_.pop_back();
    return true;
}

bool OnnxImport::give_expanded(const OnnxNode &node, const Shape &to) {
    const std::string &name = node.outputs[0];
    const OnnxValue *pixel = value(node, 0);
    if (read_whole_.count(name) || !pixel)
        return fail("expected sums and products alone to read the expanded image, found others");
    expansions_[name] = to;
    return give(node, OnnxValue(*pixel));
}

const Shape *OnnxImport::expansion(const OnnxNode &node, size_t input) const {
    const auto found = expansions_.find(resolved(node.inputs[input]));
    return found == expansions_.end() ? nullptr : &found->second;
}

void OnnxImport::set_channel_weights(Layer &layer, const float *values) {
    layer.module = layer.name;
    weights_of(layer).weight = {{layer.out.channels}, {values, values + layer.out.channels}};
}

std::vector<Layer *> OnnxImport::own_layers(const OnnxNode &node, size_t input, int uses) {
    const OnnxValue *found = value(node, input);
    if (!found) return {};
    const std::string &name = resolved(node.inputs[input]);
    if (uses_[name] != uses) return {};
    std::vector<Layer *> layers;
    for (int part : found->parts) {
        if (part == kNetworkInput || own_names_[size_t(part)] != name) return {};
        layers.push_back(&layers_[size_t(part)]);
    }
    return layers;
}

Layer *OnnxImport::own_layer(const OnnxNode &node, size_t input, int uses) {
    const std::vector<Layer *> layers = own_layers(node, input, uses);
    return layers.size() == 1 ? layers[0] : nullptr;
}

Layer *OnnxImport::own_source(const Layer &layer) {
    const int source = index_of(layer) - 1;
    if (&layer != &layers_.back() || source < 0 || layer.sources() != std::vector<int>{source})
        return nullptr;
    const auto uses = uses_.find(own_names_[size_t(source)]);
    return uses != uses_.end() && uses->second == 1 ? &layers_[size_t(source)] : nullptr;
}

const OnnxNode *OnnxImport::only_reader(const std::string &name) const {
    const auto uses = uses_.find(name);
    const auto reader = readers_.find(name);
    return uses == uses_.end() || uses->second != 1 || reader == readers_.end() ? nullptr : reader->second;
}

std::string OnnxImport::layer_name(const OnnxNode &node, const std::string &suffix) {
    std::string name = plain_name(node.name);
    if (name.empty()) name = plain_name(node.op_type);
    if (names_.insert(name + suffix).second) return name + suffix;
    name = fmt::format("{}_{}{}", name, layers_.size(), suffix);
    while (!names_.insert(name).second) name += "_";
    return name;
}

bool OnnxImport::count_layer(size_t reads) {
    reads_ += reads;
    const OnnxLimits &most = options_.limits;
    return (layers_.size() < most.layers && reads_ <= most.reads) ||
           fail(fmt::format("expected at most {} layers that read {} tensors, found more", most.layers,
                            most.reads));
}

bool OnnxImport::count_weights(size_t elements) {
    weight_elements_ += elements;
    return weight_elements_ <= options_.limits.weights ||
           fail(fmt::format("expected at most {} weights in all, found more", options_.limits.weights));
}

bool OnnxImport::count_tables(size_t elements) {
    table_elements_ += elements;
    return table_elements_ <= options_.limits.tables ||
           fail(fmt::format("expected tables of rows and columns of at most {} numbers in all, found more",
                            options_.limits.tables));
}

Layer *OnnxImport::append(const std::string &name, OpKind op, const std::vector<int> &sources) {
    if (!count_layer(sources.size())) return nullptr;
    Layer layer;
    layer.name = name;
    layer.op = op;
    for (int source : sources) layer.reads.push_back({source, Role::kSource});
    layer.in = shape_of(sources[0]);
    layer.in.channels = 0;
    for (int source : sources) layer.in.channels += shape_of(source).channels;
    layer.out = layer.in;
    layers_.push_back(std::move(layer));
    weights_.layers.emplace_back();
    own_names_.emplace_back();
    return &layers_.back();
}

// The image's layer is a 1x1 convolution that gives what it reads, to the bit: every other product is zero.
std::optional<int> OnnxImport::as_layer(int part) {
    if (part != kNetworkInput) return part;
    if (image_layer_ != kNoLayer) return image_layer_;
    std::string name = "image";
    while (names_.count(name)) name += "_";
    const size_t channels = size_t(input_.channels);
    Layer *layer =
        count_weights(channels * channels) ? append(name, OpKind::kConv, {kNetworkInput}) : nullptr;
    if (!layer) return std::nullopt;
    names_.insert(name);
    layer->module = name;
    layer->bias = true;
    image_layer_ = index_of(*layer);
    FoldedLayer &weights = weights_of(*layer);
    weights.weight = {weight_shape(*layer), std::vector<float>(channels * channels)};
    for (size_t c = 0; c < channels; c++) weights.weight.values[c * channels + c] = 1;
    weights.bias = {{int64_t(channels)}, std::vector<float>(channels)};
    return image_layer_;
}

Layer *OnnxImport::add_layer(const OnnxNode &node, OpKind op, const std::vector<int> &sources,
                             const std::string &suffix) {
    std::vector<int> read = sources;
    if (op != OpKind::kConv || sources.size() > 1) {
        for (int &source : read) {
            const std::optional<int> layer = as_layer(source);
            if (!layer) return nullptr;
            source = *layer;
        }
    }
    return append(layer_name(node, suffix), op, read);
}

bool OnnxImport::add_to_each(const OnnxNode &node, OpKind op, OnnxValue &value,
                             const std::function<void(Layer &layer, size_t part)> &finish,
                             const std::string &suffix) {
    for (size_t i = 0; i < value.parts.size(); i++) {
        Layer *layer = add_layer(node, op, {value.parts[i]}, suffix + part_suffix(value, i));
        if (!layer) return false;
        finish(*layer, i);
        value.parts[i] = index_of(*layer);
    }
    return true;
}

void OnnxImport::take_norm(const OnnxValue &image, Layer &layer) {
    if (!image.norm) return;
    layer.front_norm = layer.name + ".norm";
    weights_of(layer).front_scale = image.norm->scale;
    weights_of(layer).front_shift = image.norm->shift;
}

bool OnnxImport::is_new(const std::string &name) {
    if (name.empty()) return fail("expected a name of its output, found none");
    const bool known = values_.count(name) || constants_.count(name) || tensors_.count(name);
    return !known || fail("output " + shown(name) + ": expected a new name, found one of another value");
}

bool OnnxImport::give(const OnnxNode &node, const OnnxValue &value, size_t output) {
    const std::string &name = node.outputs[output];
    if (!is_new(name)) return false;
    const Shape &s = value.shape;
    if (s.channels < 1 || s.channels > kMostChannels || s.height < 1 || s.width < 1 ||
        s.height > kMostExtent || s.width > kMostExtent || value.parts.size() > kMostParts)
        return fail(fmt::format("expected an output of 1x1x1 to {}x{}x{}, found {}x{}x{}", kMostChannels,
                                kMostExtent, kMostExtent, s.channels, s.height, s.width));
    const bool own = std::all_of(value.parts.begin(), value.parts.end(), [&](int part) {
        return part != kNetworkInput && own_names_[size_t(part)].empty();
    });
    for (size_t i = 0; own && i < value.parts.size(); i++) own_names_[size_t(value.parts[i])] = name;
    values_[name] = value;
    return true;
}

bool OnnxImport::give_own(const OnnxNode &node, size_t input) {
    const OnnxValue same = *value(node, input);
    for (int part : same.parts) own_names_[size_t(part)].clear();
    return give(node, same);
}

bool OnnxImport::give(const OnnxNode &node, const OnnxConstant &constant) {
    if (!is_new(node.outputs[0])) return false;
    if (constant.values.size() > kMostKnownNumbers)
        return fail(fmt::format("expected at most {} known numbers, found more", kMostKnownNumbers));
    constants_[node.outputs[0]] = constant;
    return true;
}

bool OnnxImport::give(const OnnxNode &node, const OnnxTensor &tensor) {
    if (!is_new(node.outputs[0])) return false;
    tensors_[node.outputs[0]] = &tensor;
    return true;
}

}  // namespace hardnet
