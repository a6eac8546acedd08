// A view of a file's bytes in memory, and writing what a user named as an output.
#pragma once
#include <cstdint>
#include <vector>

#include "models/result.h"
#include "weights/files.h"

namespace hardnet {

struct ByteView {
    const uint8_t *data_ = nullptr;
    size_t size_ = 0;

    ByteView(const std::vector<uint8_t> &bytes) : data_(bytes.data()), size_(bytes.size()) {}
    ByteView(const FileBytes &bytes) : data_(bytes.data.get()), size_(bytes.size) {}

    const uint8_t *data() const { return data_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    uint8_t operator[](size_t i) const { return data_[i]; }
    const uint8_t *begin() const { return data_; }
    const uint8_t *end() const { return data_ + size_; }
};

// write_file, but never in place of a folder or a device: a rename would replace /dev/null.
Status write_output(const std::string &path, const std::vector<Piece> &pieces);

}  // namespace hardnet
