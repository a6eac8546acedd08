// Whole files in and out of memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "models/result.h"

namespace hardnet {

// Regular files only (a FIFO would block, a device would not end), of at most `max_bytes`.
Result<std::vector<uint8_t>> read_file(const std::string &path, int64_t max_bytes);

// To a temporary file beside `path`, flushed to the disk, then renamed. The error names the path and the
// bytes.
Status write_file(const std::string &path, const void *data, size_t bytes);

}  // namespace hardnet
