// Protobuf's wire format over bytes in memory, without protobuf: its library's descriptors clash with an application's own
// and it reads no message beyond 2 GiB. A length never reaches beyond the bytes that hold it, and groups (which protobuf
// itself has given up) and varints longer than they need to be are refused.
#pragma once
#include <cstdint>
#include <string>

#include "base/files.h"

namespace hardnet {

enum class WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
    uint32_t number = 0;
    WireType type = WireType::kVarint;
    uint64_t value = 0;          // of a varint or a fixed number
    ByteView bytes{nullptr, 0};  // of a length-delimited field
};

class WireReader {
public:
    // `file` is what places in faults count from; `message` lies within it.
    WireReader(ByteView message, ByteView file)
        : at_(message.begin()), end_(message.end()), file_(file.begin()) {}

    // False at the end, and at a fault.
    bool next(WireField &field);
    bool varint(uint64_t &value);  // a bare one, of a packed list
    bool fixed(size_t bytes, uint64_t &value);
    bool at_end() const { return at_ == end_; }
    const std::string &fault() const { return fault_; }  // "byte 12: expected ..., found ..."; empty: none

private:
    size_t left() const { return size_t(end_ - at_); }
    bool fail(const std::string &text);

    const uint8_t *at_, *end_, *file_;
    std::string fault_;
};

}  // namespace hardnet
