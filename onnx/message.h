// Reads the fields of nested messages into variables; the first thing wrong is kept as the error, under the name of the
// place where it stands. Nesting is that of the callers' own functions: nothing here recurses.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "onnx/model.h"
#include "onnx/wire.h"

namespace hardnet {

class MessageReader {
public:
    MessageReader(ByteView file, std::string name, const OnnxLimits &limits)
        : file_(file), places_{std::move(name)}, limits_(limits) {}

    // take(field) for each field of `message` until one returns false.
    template <typename Take>
    bool each(ByteView message, const Take &take) {
        WireReader wire(message, file_);
        WireField field;
        while (wire.next(field))
            if (!take(field)) return false;
        return wire.fault().empty() || fail(wire.fault());
    }

    // Each is false where the field has another type or holds too much, and adds to a list.
    bool name(const WireField &field, std::string &to);
    bool names(const WireField &field, std::vector<std::string> &to);
    bool integer(const WireField &field, int64_t &to);
    bool real(const WireField &field, float &to);
    bool bytes(const WireField &field, ByteView &to);
    bool integers(const WireField &field, std::vector<int64_t> &to);  // packed or one by one
    bool reals(const WireField &field, std::vector<float> &to);

    // What lies inside, for errors: read(...) between enter and leave.
    template <typename Read>
    bool inside(const std::string &place, const Read &read) {
        places_.push_back(place);
        const bool done = read();
        places_.pop_back();
        return done;
    }
    bool fail(const std::string &text);  // "expected ..., found ..."; false
    const std::optional<Error> &error() const { return error_; }
    const OnnxLimits &limits() const { return limits_; }

private:
    bool expect(const WireField &field, WireType type);
    bool count(size_t &counter, size_t most, const char *what);

    ByteView file_;
    std::vector<std::string> places_;
    const OnnxLimits limits_;
    size_t names_ = 0, numbers_ = 0;
    std::optional<Error> error_;
};

}  // namespace hardnet
