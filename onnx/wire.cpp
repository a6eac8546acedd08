#include "onnx/wire.h"

#include <fmt/core.h>

namespace hardnet {
namespace {

constexpr int kMostVarintBytes = 10;             // 64 bits, 7 a byte
constexpr uint64_t kMostNumber = (1 << 29) - 1;  // of a field, as protobuf has it

}  // namespace

bool WireReader::fail(const std::string &text) {
    fault_ = fmt::format("byte {}: {}", at_ - file_, text);
    return false;
}

bool WireReader::varint(uint64_t &value) {
    value = 0;
    for (int i = 0; i < kMostVarintBytes; i++) {
        if (left() <= size_t(i)) return fail("expected a varint, found the message's end within it");
        const uint64_t bits = at_[i] & 0x7f;
        if (i == kMostVarintBytes - 1 && bits > 1) break;
        value |= bits << (7 * i);
        if (at_[i] & 0x80) continue;
        if (i > 0 && bits == 0) return fail("expected a varint of the fewest bytes, found a longer one");
        at_ += i + 1;
        return true;
    }
    return fail("expected a varint of at most 64 bits, found more");
}

bool WireReader::fixed(size_t bytes, uint64_t &value) {
    if (left() < bytes) return fail(fmt::format("expected {} bytes, found {}", bytes, left()));
    value = 0;
    for (size_t i = 0; i < bytes; i++) value |= uint64_t{at_[i]} << (8 * i);
    at_ += bytes;
    return true;
}

bool WireReader::next(WireField &field) {
    if (at_end() || !fault_.empty()) return false;
    uint64_t tag = 0;
    if (!varint(tag)) return false;
    const uint64_t number = tag >> 3, type = tag & 7;
    if (number == 0 || number > kMostNumber)
        return fail(fmt::format("expected a field's number from 1 to {}, found {}", kMostNumber, number));
    field = {uint32_t(number), WireType(type), 0, {nullptr, 0}};
    switch (type) {
        case 0:
            return varint(field.value);
        case 1:
            return fixed(8, field.value);
        case 5:
            return fixed(4, field.value);
        case 2:
            if (!varint(field.value)) return false;
            if (field.value > left())
                return fail(fmt::format("expected a length of at most {}, found {}", left(), field.value));
            field.bytes = {at_, size_t(field.value)};
            at_ += field.value;
            return true;
        default:
            return fail(fmt::format("expected a wire type of 0, 1, 2 or 5 (no groups), found {} of field {}",
                                    type, number));
    }
}

}  // namespace hardnet
