#include "onnx/import_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "onnx/tensor_data.h"

namespace hardnet {
namespace {

constexpr size_t kMostReads = 1 << 20;           // of all layers; concatenations of concatenations
constexpr size_t kMostWeightElements = 1 << 30;  // 4 GiB of float32

}  // namespace

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
    if (found && !found->flat) return found;
    fail(fmt::format("input {}: expected an image [batch, channels, height, width], found another value",
                     has_input(node, input) ? shown(node.inputs[input]) : std::to_string(input)));
    return nullptr;
}

bool OnnxImport::need_weights(const OnnxNode &node, size_t input, size_t rank, FloatTensor &to) {
    const OnnxTensor *from = tensor(node, input);
    if (!from || from->dims.size() != rank)
        return fail(fmt::format("input {}: expected known weights of {} dimensions, found another value",
                                input, rank));
    weight_elements_ += size_t(from->elements());
    const bool fits = std::all_of(from->dims.begin(), from->dims.end(),
                                  [](int64_t extent) { return extent >= 1 && extent <= kMostChannels; });
    if (!fits || weight_elements_ > kMostWeightElements)
        return fail(fmt::format(
            "tensor {}: expected dimensions from 1 to {} and at most {} weights in all, found others",
            shown(from->name), kMostChannels, kMostWeightElements));
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

Layer *OnnxImport::own_layer(const OnnxNode &node, size_t input) {
    const OnnxValue *found = value(node, input);
    if (!found || found->parts.size() != 1 || found->parts[0] == kNetworkInput) return nullptr;
    const std::string &name = resolved(node.inputs[input]);
    const bool own = own_names_[size_t(found->parts[0])] == name && uses_[name] == 1;
    return own ? &layers_[size_t(found->parts[0])] : nullptr;
}

std::string OnnxImport::layer_name(const OnnxNode &node, const std::string &suffix) {
    std::string name = plain_name(node.name);
    if (name.empty()) name = plain_name(node.op_type);
    if (names_.insert(name + suffix).second) return name + suffix;
    name = fmt::format("{}_{}{}", name, layers_.size(), suffix);
    while (!names_.insert(name).second) name += "_";
    return name;
}

Layer *OnnxImport::add_layer(const OnnxNode &node, OpKind op, const std::vector<int> &sources,
                             const std::string &suffix) {
    reads_ += sources.size();
    if (layers_.size() == kMostLayers || reads_ > kMostReads) {
        fail(fmt::format("expected at most {} layers that read {} tensors, found more", kMostLayers,
                         kMostReads));
        return nullptr;
    }
    Layer layer;
    layer.name = layer_name(node, suffix);
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
    const bool single = value.parts.size() == 1 && value.parts[0] != kNetworkInput;
    if (single && own_names_[size_t(value.parts[0])].empty()) own_names_[size_t(value.parts[0])] = name;
    values_[name] = value;
    return true;
}

bool OnnxImport::give_own(const OnnxNode &node, size_t input) {
    const OnnxValue same = *value(node, input);
    own_names_[size_t(same.parts[0])].clear();
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
