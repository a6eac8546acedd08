// Files as bytes: reading what may be hostile, writing so that nothing half written is ever seen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

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

// Bytes in memory that somebody else owns.
struct ByteView {
    const uint8_t *data_ = nullptr;
    size_t size_ = 0;

    ByteView(const uint8_t *data, size_t size) : data_(data), size_(size) {}
    ByteView(const std::vector<uint8_t> &bytes) : data_(bytes.data()), size_(bytes.size()) {}
    ByteView(const FileBytes &bytes) : data_(bytes.data.get()), size_(bytes.size) {}

    const uint8_t *data() const { return data_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    uint8_t operator[](size_t i) const { return data_[i]; }
    const uint8_t *begin() const { return data_; }
    const uint8_t *end() const { return data_ + size_; }
};

struct Piece {
    const void *data;
    size_t size;
};

// The pieces, one behind the other, through a temporary file beside `path`, fsync and rename: `path` holds
// either what it held or all of the new bytes. Only a regular file is replaced: the rename would put a file
// in place of a device such as /dev/null.
Status write_file(const std::string &path, const std::vector<Piece> &pieces);

// Several files as one: all temporary files are complete before the first takes its place.
struct WholeFile {
    std::string path;
    std::vector<Piece> pieces;
};
Status write_files(const std::vector<WholeFile> &files);

}  // namespace hardnet
