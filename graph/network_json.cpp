#include "graph/network_json.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "base/json_reader.h"
#include "base/text.h"
#include "graph/check_network.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostReads = 1 << 16;
constexpr const char *kActivationNumbers[] = {"activation_first", "activation_second"};

Json extents(const Shape &shape) { return {shape.channels, shape.height, shape.width}; }

// What differs from a window of 1x1; [y, x], and padding as [top, left, bottom, right].
void write_window(const Window &window, Json &json) {
    const auto both = [&](const char *key, int WindowAxis::*field) {
        if (window.y.*field != WindowAxis().*field || window.x.*field != WindowAxis().*field)
            json[key] = {window.y.*field, window.x.*field};
    };
    both("kernel", &WindowAxis::kernel);
    both("stride", &WindowAxis::stride);
    both("dilation", &WindowAxis::dilation);
    if (window.y.before || window.x.before || window.y.after || window.x.after)
        json["padding"] = {window.y.before, window.x.before, window.y.after, window.x.after};
}

void write_activation(Activation activation, Json &json) {
    if (activation == Activation::kNone) return;
    json["activation"] = name_of(activation);
    const float numbers[] = {activation.first, activation.second};
    for (int i = 0; i < traits_of(activation).numbers; i++) json[kActivationNumbers[i]] = numbers[i];
}

Json layer_json(const Layer &layer) {
    Json json = {{"name", layer.name}, {"op", traits_of(layer.op).name}, {"sources", layer.sources()}};
    if (layer.operand() != kNoLayer) json["operand"] = layer.operand();
    json["out"] = extents(layer.out);
    write_window(layer.window, json);
    for (const auto &[key, text] : {std::pair<const char *, const std::string &>{"module", layer.module},
                                    {"norm", layer.norm},
                                    {"front_norm", layer.front_norm}}) {
        if (!text.empty()) json[key] = text;
    }
    write_activation(layer.activation, json);
    if (layer.first_channel) json["first_channel"] = layer.first_channel;
    if (layer.threshold != 0) json["threshold"] = layer.threshold;
    for (const auto &[key, flag] : {std::pair{"bias", layer.bias},
                                    {"ceil_mode", layer.ceil_mode},
                                    {"excludes_padding", layer.excludes_padding}}) {
        if (flag) json[key] = true;
    }
    const Sampling usual, &sampling = layer.sampling;
    if (sampling.places != usual.places) json["places"] = name_of(sampling.places);
    if (sampling.neighbours != usual.neighbours) json["neighbours"] = name_of(sampling.neighbours);
    return json;
}

// An array of `count` integers; zeros where it is missing or wrong, which is an error if `required`.
std::vector<int> integers(JsonObjectReader &reader, const std::string &key, size_t count, bool required) {
    std::vector<int> values;
    if (!reader.has(key, required)) return {};
    reader.read(key, values);
    if (values.size() == count) return values;
    reader.fail(reader.member(key),
                "expected " + std::to_string(count) + " integers, found " + std::to_string(values.size()));
    return {};
}

Shape read_shape(JsonObjectReader &reader, const std::string &key) {
    const std::vector<int> extents = integers(reader, key, 3, true);
    return extents.empty() ? Shape{} : Shape{extents[0], extents[1], extents[2]};
}

Window read_window(JsonObjectReader &reader) {
    Window window;
    const auto both = [&](const char *key, int WindowAxis::*field) {
        const std::vector<int> values = integers(reader, key, 2, false);
        if (!values.empty()) window.y.*field = values[0], window.x.*field = values[1];
    };
    both("kernel", &WindowAxis::kernel);
    both("stride", &WindowAxis::stride);
    both("dilation", &WindowAxis::dilation);
    const std::vector<int> padding = integers(reader, "padding", 4, false);
    if (!padding.empty()) {
        window.y.before = padding[0], window.x.before = padding[1];
        window.y.after = padding[2], window.x.after = padding[3];
    }
    return window;
}

OpKind read_operator(JsonObjectReader &reader) {
    std::string name;
    reader.has("op", true);
    reader.read("op", name);
    std::vector<std::string> names;
    for (const OperatorTraits &traits : kOperatorTraits) {
        if (name == traits.name) return traits.kind;
        names.push_back(traits.name);
    }
    reader.fail(reader.member("op"),
                "expected an operator, found " + shown(name) + did_you_mean(name, names));
    return OpKind::kConv;
}

// A value by its name, the usual one where the key is missing.
template <typename Value>
Value read_named(JsonObjectReader &reader, const char *key,
                 std::optional<Value> (*from_name)(const std::string &), const char *names, Value usual) {
    if (!reader.has(key)) return usual;
    std::string name;
    reader.read(key, name);
    const std::optional<Value> value = from_name(name);
    if (!value) reader.fail(reader.member(key), std::string("expected ") + names + ", found " + shown(name));
    return value.value_or(usual);
}

Sampling read_sampling(JsonObjectReader &reader) {
    return {read_named(reader, "places", places_from_name, "half_pixel, align_corners or asymmetric",
                       Places::kHalfPixel),
            read_named(reader, "neighbours", neighbours_from_name,
                       "linear, floor, ceil, nearest_lower or nearest_upper", Neighbours::kLinear)};
}

Activation read_activation(JsonObjectReader &reader) {
    if (!reader.has("activation")) return Activation::kNone;
    std::string name;
    reader.read("activation", name);
    std::vector<std::string> names;
    for (const ActivationTraits &traits : kActivationTraits) {
        if (name == traits.name) return {traits.kind};
        names.push_back(traits.name);
    }
    reader.fail(reader.member("activation"),
                "expected an activation, found " + shown(name) + did_you_mean(name, names));
    return Activation::kNone;
}

float read_float(JsonObjectReader &reader, const char *key) {
    double number = 0;
    reader.read(key, number);
    if (!std::isfinite(float(number)))
        reader.fail(reader.member(key), fmt::format("expected a float32, found {}", number));
    return float(number);
}

void read_activation_numbers(JsonObjectReader &reader, Activation &activation) {
    float *numbers[] = {&activation.first, &activation.second};
    for (int i = 0; i < traits_of(activation).numbers; i++) {
        reader.has(kActivationNumbers[i], true);
        *numbers[i] = read_float(reader, kActivationNumbers[i]);
    }
}

Layer read_layer(const JsonText &json, const std::string &pointer, std::optional<Error> &error) {
    JsonObjectReader reader(json, pointer, error);
    Layer layer;
    reader.has("name", true);
    reader.read("name", layer.name);
    layer.op = read_operator(reader);
    std::vector<int> sources;
    reader.has("sources", true);
    reader.read("sources", sources);
    for (int source : sources) layer.reads.push_back({source, Role::kSource});
    if (reader.has("operand")) {
        Read operand{kNoLayer, Role::kOperand};
        reader.read("operand", operand.layer);
        layer.reads.push_back(operand);
    }
    layer.out = read_shape(reader, "out");
    layer.window = read_window(reader);
    reader.read("module", layer.module);
    reader.read("norm", layer.norm);
    reader.read("front_norm", layer.front_norm);
    layer.activation = read_activation(reader);
    read_activation_numbers(reader, layer.activation);
    reader.read("first_channel", layer.first_channel);
    layer.threshold = read_float(reader, "threshold");
    reader.read("bias", layer.bias);
    reader.read("ceil_mode", layer.ceil_mode);
    reader.read("excludes_padding", layer.excludes_padding);
    layer.sampling = read_sampling(reader);
    reader.finish();
    return layer;
}

// The concatenation of the layer's sources; nothing where they are not there or too many to be.
Shape concatenation(const Network &network, const Layer &layer) {
    Shape in;
    const std::vector<int> sources = layer.sources();
    if (sources.size() > kMostReads) return in;
    for (int source : sources) {
        if (source < kNetworkInput || source >= int(network.layers.size())) return {};
        const Shape &from = source == kNetworkInput ? network.input : network.layers[size_t(source)].out;
        const int64_t channels = int64_t{in.channels} + from.channels;
        if (channels > INT32_MAX) return {};
        in = {int(channels), from.height, from.width};
    }
    return in;
}

Output read_output(const JsonText &json, const std::string &pointer, std::optional<Error> &error) {
    JsonObjectReader reader(json, pointer, error);
    Output output;
    int row = 0;
    reader.has("name", true);
    reader.read("name", output.name);
    reader.has("layers", true);
    reader.read("layers", output.layers);
    reader.read("row", row);
    output.row = row;
    reader.read("flat", output.flat);
    reader.read("boxes", output.boxes);
    reader.finish();
    return output;
}

}  // namespace

Json graph_json(const Network &network) {
    Json layers = Json::array(), outputs = Json::array();
    for (const Layer &layer : network.layers) layers.push_back(layer_json(layer));
    for (const Output &output : network.outputs) {
        Json json = {{"name", output.name}, {"layers", output.layers}};
        if (output.row) json["row"] = output.row;
        if (output.flat) json["flat"] = true;
        if (output.boxes) json["boxes"] = true;
        outputs.push_back(json);
    }
    return {{"name", network.name},
            {"input", extents(network.input)},
            {"layers", std::move(layers)},
            {"outputs", std::move(outputs)}};
}

bool same_layers(const Network &a, const Network &b) {
    return graph_json(a).at("layers") == graph_json(b).at("layers");
}

Network read_graph(const JsonText &json, const std::string &pointer, std::optional<Error> &error) {
    Network network;
    JsonObjectReader reader(json, pointer, error);
    reader.has("name", true);
    reader.read("name", network.name);
    network.input = read_shape(reader, "input");
    for (const char *key : {"layers", "outputs"}) reader.has(key, true);
    for (const std::string &at : reader.elements("layers")) {
        Layer layer = read_layer(json, at, error);
        if (error) return network;
        layer.in = concatenation(network, layer);
        network.layers.push_back(std::move(layer));
    }
    for (const std::string &at : reader.elements("outputs"))
        network.outputs.push_back(read_output(json, at, error));
    reader.finish();
    if (error) return network;
    const std::string key = pointer.empty() ? "" : pointer.substr(1) + ": ";
    if (Status status = check_network(network); !status)
        error = bad_input(json.place(pointer) + ": " + key + status.error().what);
    return network;
}

}  // namespace hardnet
