#include "onnx/read_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "onnx/message.h"
#include "onnx/read_tensor.h"

namespace hardnet {
namespace {

constexpr uint64_t kMostFileBytes = 16ull << 30;  // weights inside: eight times what protobuf itself writes

// What an attribute's field says; a field is read only where it is the type's. What no network's node has becomes the
// node's `refusal`: a network that is cut in front of the node does without it.
bool take_attribute_field(MessageReader &reader, const WireField &field, OnnxAttribute &attribute,
                          std::string &refusal) {
    ByteView bytes{nullptr, 0};
    const auto refuse = [&](const char *text) {
        if (refusal.empty()) refusal = "attribute " + shown(attribute.name) + ": " + text;
        return true;
    };
    switch (field.number) {
        case 2:
            return reader.real(field, attribute.f);
        case 3:
            return reader.integer(field, attribute.i);
        case 4:
            return reader.name(field, attribute.s);
        case 5:
            attribute.tensor = {};
            return reader.bytes(field, bytes) && read_onnx_tensor(reader, bytes, attribute.tensor);
        case 6:
        case 11:
            return refuse("expected no subgraph, found one");
        case 7:
            return reader.reals(field, attribute.floats);
        case 8:
            return reader.integers(field, attribute.ints);
        case 21:
            return refuse("expected a value, found a reference to a function's attribute");
        case 22:
        case 23:
            return refuse("expected no sparse tensor, found one");
        default:
            return true;
    }
}

bool is_read_type(int64_t type) {
    return (type >= int64_t(OnnxAttributeType::kFloat) && type <= int64_t(OnnxAttributeType::kTensor)) ||
           type == int64_t(OnnxAttributeType::kFloats) || type == int64_t(OnnxAttributeType::kInts);
}

bool read_attribute(MessageReader &reader, ByteView message, OnnxAttribute &attribute, std::string &refusal) {
    int64_t type = 0;
    const bool named = reader.each(message, [&](const WireField &field) {
        if (field.number == 1) return reader.name(field, attribute.name);
        return field.number != 20 || reader.integer(field, type);
    });
    return named && reader.inside("attribute " + shown(attribute.name), [&] {
        const auto take = [&](const WireField &field) {
            return take_attribute_field(reader, field, attribute, refusal);
        };
        if (!reader.each(message, take)) return false;
        if (is_read_type(type))
            attribute.type = OnnxAttributeType(type);
        else if (refusal.empty())
            refusal = fmt::format(
                "attribute {}: expected a float, int, string, tensor, floats or ints, found type {}",
                shown(attribute.name), type);
        return true;
    });
}

bool read_node(MessageReader &reader, ByteView message, OnnxNode &node) {
    std::vector<ByteView> attributes;
    const bool named = reader.each(message, [&](const WireField &field) {
        switch (field.number) {
            case 1:
                return reader.names(field, node.inputs);
            case 2:
                return reader.names(field, node.outputs);
            case 3:
                return reader.name(field, node.name);
            case 4:
                return reader.name(field, node.op_type);
            case 5:
                attributes.push_back(field.bytes);
                if (attributes.size() > kOnnxMostAttributes)
                    return reader.fail(fmt::format("expected at most {} attributes of a node, found more",
                                                   kOnnxMostAttributes));
                return reader.bytes(field, attributes.back());
            case 7:
                return reader.name(field, node.domain);
            default:
                return true;
        }
    });
    if (!named) return false;
    if (node.domain == "ai.onnx") node.domain.clear();
    return reader.inside(fmt::format("node {} ({})", shown(node.name), shown(node.op_type)), [&] {
        if (!node.domain.empty()) {
            node.refusal = "expected an operator of the default domain, found one of " + shown(node.domain);
            return true;
        }
        for (const ByteView &attribute : attributes) {
            node.attributes.emplace_back();
            if (!read_attribute(reader, attribute, node.attributes.back(), node.refusal)) return false;
            if (find_attribute(node, node.attributes.back().name) != &node.attributes.back())
                return reader.fail("expected attributes of different names, found two " +
                                   shown(node.attributes.back().name));
        }
        return true;
    });
}

// One more element of `list`, of at most `most`.
template <typename T, typename Read>
bool read_element(MessageReader &reader, const WireField &field, std::vector<T> &list, size_t most,
                  const char *what, const Read &read) {
    if (list.size() == most)
        return reader.fail(fmt::format("expected at most {} {}, found more", most, what));
    ByteView bytes{nullptr, 0};
    if (!reader.bytes(field, bytes)) return false;
    list.emplace_back();
    return read(reader, bytes, list.back());
}

bool read_graph(MessageReader &reader, ByteView message, OnnxGraph &graph) {
    return reader.each(message, [&](const WireField &field) {
        switch (field.number) {
            case 1:
                return read_element(reader, field, graph.nodes, reader.limits().nodes, "nodes", read_node);
            case 2:
                return reader.name(field, graph.name);
            case 5:
                return read_element(reader, field, graph.initializers, reader.limits().tensors,
                                    "initializers", read_onnx_tensor);
            case 11:
                return read_element(reader, field, graph.inputs, reader.limits().tensors, "inputs",
                                    read_onnx_value_info);
            case 12:
                return read_element(reader, field, graph.outputs, reader.limits().tensors, "outputs",
                                    read_onnx_value_info);
            case 14:
                return reader.fail("expected no quantization annotations, found one");
            case 15:
                return reader.fail("expected no sparse tensors, found one");
            default:
                return true;
        }
    });
}

bool read_opset(MessageReader &reader, ByteView message, OnnxModel &model) {
    std::string domain;
    int64_t version = 0;
    const bool read = reader.each(message, [&](const WireField &field) {
        if (field.number == 1) return reader.name(field, domain);
        return field.number != 2 || reader.integer(field, version);
    });
    if (!read) return false;
    const bool own = domain.empty() || domain == "ai.onnx";
    if (!own) model.domains.push_back(domain);
    if (own && model.opset != 0)
        return reader.fail("expected one opset of the default domain, found a second");
    if (own) model.opset = version;
    return model.domains.size() <= kOnnxMostAttributes ||
           reader.fail(fmt::format("expected at most {} domains, found more", kOnnxMostAttributes));
}

bool take_model_field(MessageReader &reader, const WireField &field, OnnxModel &model,
                      std::optional<ByteView> &graph) {
    ByteView bytes{nullptr, 0};
    switch (field.number) {
        case 1:
            return reader.integer(field, model.ir_version);
        case 7:
            if (graph) return reader.fail("expected one graph, found a second");
            if (!reader.bytes(field, bytes)) return false;
            graph = bytes;
            return true;
        case 8:
            return reader.bytes(field, bytes) && read_opset(reader, bytes, model);
        case 20:
            return reader.fail("expected no training information, found some");
        case 25:
            return reader.fail("expected no functions, found one (an exporter's option inlines them)");
        default:
            return true;
    }
}

bool check_versions(MessageReader &reader, const OnnxModel &model) {
    const auto within = [&](const char *what, int64_t oldest, int64_t newest, int64_t found) {
        return (found >= oldest && found <= newest) ||
               reader.fail(fmt::format("expected {} from {} to {}, found {}", what, oldest, newest, found));
    };
    return within("an ONNX file of IR version", kOnnxOldestIr, kOnnxNewestIr, model.ir_version) &&
           within("the default domain's opset", kOnnxOldestOpset, kOnnxNewestOpset, model.opset);
}

}  // namespace

Result<OnnxModel> decode_onnx(ByteView file, const std::string &path, const OnnxLimits &limits) {
    OnnxModel model;
    model.path = path;
    MessageReader reader(file, path, limits);
    std::optional<ByteView> graph;
    const auto take = [&](const WireField &field) { return take_model_field(reader, field, model, graph); };
    // Versions first: what a newer file holds is not told from a fault.
    if (!reader.each(file, take) || !check_versions(reader, model)) return *reader.error();
    if (!graph) {
        reader.fail("expected a graph, found none");
        return *reader.error();
    }
    if (!read_graph(reader, *graph, model.graph)) return *reader.error();
    return model;
}

Result<OnnxModel> read_onnx(const std::string &path) {
    Result<FileBytes> file = read_regular_file(path, kMostFileBytes);
    if (!file) return file.error();
    Result<OnnxModel> model = decode_onnx(*file, path);
    if (model) model->file = std::move(*file);
    return model;
}

}  // namespace hardnet
