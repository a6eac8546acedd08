// ONNX files for tests, written field by field: what protobuf's own library would write, and what it would not.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace hardnet::testing {

inline std::string varint(uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += char(0x80 | (value & 0x7f));
    return bytes + char(value);
}

template <typename T>
std::string little_endian(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

template <typename T>
std::string little_endian(const std::vector<T> &values) {
    std::string bytes;
    for (T value : values) bytes += little_endian(value);
    return bytes;
}

// A message's fields, in the order of the calls.
struct Message {
    std::string bytes;

    Message &number(uint32_t field, int64_t value) {
        bytes += varint(field << 3) + varint(uint64_t(value));
        return *this;
    }
    Message &real(uint32_t field, float value) {
        bytes += varint(field << 3 | 5) + little_endian(value);
        return *this;
    }
    Message &text(uint32_t field, const std::string &value) {
        bytes += varint(field << 3 | 2) + varint(value.size()) + value;
        return *this;
    }
    Message &message(uint32_t field, const Message &value) { return text(field, value.bytes); }
    Message &messages(uint32_t field, const std::vector<Message> &values) {
        for (const Message &value : values) message(field, value);
        return *this;
    }
    Message &texts(uint32_t field, const std::vector<std::string> &values) {
        for (const std::string &value : values) text(field, value);
        return *this;
    }
    Message &numbers(uint32_t field, const std::vector<int64_t> &values) {
        for (int64_t value : values) number(field, value);
        return *this;
    }
};

constexpr int64_t kFloat32 = 1, kInt64 = 7;

inline Message tensor(const std::string &name, const std::vector<int64_t> &dims,
                      const std::vector<float> &values) {
    return Message().numbers(1, dims).number(2, kFloat32).text(8, name).text(9, little_endian(values));
}
inline Message int_tensor(const std::string &name, const std::vector<int64_t> &dims,
                          const std::vector<int64_t> &values) {
    return Message().numbers(1, dims).number(2, kInt64).text(8, name).text(9, little_endian(values));
}
// `entries`: keys and values, one after the other.
inline Message external_tensor(const std::string &name, const std::vector<int64_t> &dims,
                               const std::vector<std::string> &entries) {
    Message message = Message().numbers(1, dims).number(2, kFloat32).text(8, name);
    for (size_t i = 0; i + 1 < entries.size(); i += 2)
        message.message(13, Message().text(1, entries[i]).text(2, entries[i + 1]));
    return message.number(14, 1);
}

inline Message int_attribute(const std::string &name, int64_t value) {
    return Message().text(1, name).number(3, value).number(20, 2);
}
inline Message float_attribute(const std::string &name, float value) {
    return Message().text(1, name).real(2, value).number(20, 1);
}
inline Message text_attribute(const std::string &name, const std::string &value) {
    return Message().text(1, name).text(4, value).number(20, 3);
}
inline Message tensor_attribute(const std::string &name, const Message &value) {
    return Message().text(1, name).message(5, value).number(20, 4);
}
inline Message ints_attribute(const std::string &name, const std::vector<int64_t> &values) {
    return Message().text(1, name).numbers(8, values).number(20, 7);
}

inline Message node(const std::string &op_type, const std::vector<std::string> &inputs,
                    const std::vector<std::string> &outputs, const std::vector<Message> &attributes = {}) {
    return Message()
        .texts(1, inputs)
        .texts(2, outputs)
        .text(3, "at_" + outputs[0])
        .text(4, op_type)
        .messages(5, attributes);
}

// A dimension below 0 is the symbol "N".
inline Message value_info(const std::string &name, const std::vector<int64_t> &dims) {
    Message shape;
    for (int64_t extent : dims)
        shape.message(1, extent < 0 ? Message().text(2, "N") : Message().number(1, extent));
    return Message().text(1, name).message(
        2, Message().message(1, Message().number(1, kFloat32).message(2, shape)));
}

struct GraphParts {
    std::vector<Message> nodes, initializers, inputs, outputs;
};

inline Message graph(const GraphParts &parts) {
    return Message()
        .messages(1, parts.nodes)
        .text(2, "main")
        .messages(5, parts.initializers)
        .messages(11, parts.inputs)
        .messages(12, parts.outputs);
}

inline std::string model(const Message &graph, int64_t ir_version = 9, int64_t opset = 20) {
    return Message()
        .number(1, ir_version)
        .text(2, "writer")
        .message(7, graph)
        .message(8, Message().text(1, "").number(2, opset))
        .bytes;
}

}  // namespace hardnet::testing
