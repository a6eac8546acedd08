// What the targets share: a promise that must hold whatever the bytes are, and the form of an error.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace hardnet {

// A broken promise ends the process, which is how libFuzzer learns of it.
inline void require(bool holds) {
    if (!holds) __builtin_trap();
}

// One line of moderate length that says what was expected. Hostile names are escaped or cut.
inline void require_error_line(const std::string &line) {
    require(line.find("expected") != std::string::npos && line.size() < 2000);
    for (const unsigned char c : line) require(c >= ' ' && c != 0x7f);
}

inline void require_error(const Error &error) {
    require_error_line(error.what);
    require(error.detail.size() <= 10);
}

}  // namespace hardnet
