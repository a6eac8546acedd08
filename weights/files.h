// Files as bytes: reading what may be hostile, writing so that nothing half written is ever seen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/result.h"

namespace hardnet {

// A file descriptor that is closed behind its owner; below 0: none.
class Descriptor {
public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    int get() const { return descriptor_; }
    int close();  // as the system's: 0, or -1 with errno

private:
    int descriptor_;
};

// Bytes of a file, not initialised before they are read.
struct FileBytes {
    std::unique_ptr<unsigned char[]> data;
    size_t size = 0;
};

// A whole regular file. A FIFO, a directory or a device is refused without waiting on it; a size that changes
// while the file is read is an error.
Result<FileBytes> read_regular_file(const std::string &path, uint64_t most_bytes);

// The same of an open file, from its start; `name` is for errors.
Result<FileBytes> read_open_file(int descriptor, const std::string &name, uint64_t most_bytes);

// The first bytes of a regular file, fewer where it has no more.
Result<std::string> read_start(const std::string &path, size_t bytes);

struct Piece {
    const void *data;
    size_t size;
};

// The pieces, one behind the other, through a temporary file beside `path`, fsync and rename: `path` holds
// either what it held or all of the new bytes.
Status write_file(const std::string &path, const std::vector<Piece> &pieces);

}  // namespace hardnet
