#include "onnx/message.h"

#include <fmt/core.h>

#include <cstring>

#include "onnx/model.h"

namespace hardnet {
namespace {

const char *wire_type_name(WireType type) {
    switch (type) {
        case WireType::kVarint:
            return "a varint";
        case WireType::kBytes:
            return "bytes";
        default:
            return "a fixed number";
    }
}

float real_of(uint64_t bits) {
    const uint32_t low = uint32_t(bits);
    float value = 0;
    std::memcpy(&value, &low, sizeof value);
    return value;
}

}  // namespace

bool MessageReader::fail(const std::string &text) {
    if (error_) return false;
    std::string line;
    for (const std::string &place : places_) line += place + ": ";
    error_ = bad_input(line + text);
    return false;
}

bool MessageReader::expect(const WireField &field, WireType type) {
    return field.type == type || fail(fmt::format("expected field {} as {}, found {}", field.number,
                                                  wire_type_name(type), wire_type_name(field.type)));
}

bool MessageReader::count(size_t &counter, size_t most, const char *what) {
    return ++counter <= most || fail(fmt::format("expected at most {} {}, found more", most, what));
}

bool MessageReader::bytes(const WireField &field, ByteView &to) {
    to = field.bytes;
    return expect(field, WireType::kBytes);
}

bool MessageReader::name(const WireField &field, std::string &to) {
    if (!expect(field, WireType::kBytes)) return false;
    if (field.bytes.size() > kOnnxMostNameBytes)
        return fail(fmt::format("expected names of at most {} bytes, found {}", kOnnxMostNameBytes,
                                field.bytes.size()));
    to.assign(field.bytes.begin(), field.bytes.end());
    return true;
}

bool MessageReader::names(const WireField &field, std::vector<std::string> &to) {
    to.emplace_back();
    return count(names_, limits_.names, "names") && name(field, to.back());
}

bool MessageReader::integer(const WireField &field, int64_t &to) {
    to = int64_t(field.value);
    return expect(field, WireType::kVarint);
}

bool MessageReader::real(const WireField &field, float &to) {
    to = real_of(field.value);
    return expect(field, WireType::kFixed32);
}

bool MessageReader::integers(const WireField &field, std::vector<int64_t> &to) {
    if (field.type != WireType::kBytes) {
        to.push_back(int64_t(field.value));
        return expect(field, WireType::kVarint) && count(numbers_, limits_.numbers, "numbers");
    }
    WireReader wire(field.bytes, file_);
    while (!wire.at_end()) {
        uint64_t value = 0;
        if (!wire.varint(value)) return fail(wire.fault());
        if (!count(numbers_, limits_.numbers, "numbers")) return false;
        to.push_back(int64_t(value));
    }
    return true;
}

bool MessageReader::reals(const WireField &field, std::vector<float> &to) {
    if (field.type != WireType::kBytes) {
        to.push_back(real_of(field.value));
        return expect(field, WireType::kFixed32) && count(numbers_, limits_.numbers, "numbers");
    }
    WireReader wire(field.bytes, file_);
    while (!wire.at_end()) {
        uint64_t value = 0;
        if (!wire.fixed(sizeof(float), value)) return fail(wire.fault());
        if (!count(numbers_, limits_.numbers, "numbers")) return false;
        to.push_back(real_of(value));
    }
    return true;
}

}  // namespace hardnet
