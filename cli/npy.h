// NumPy's .npy files of float32 in C order, the form in which raw tensors go in and out of the program.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace hardnet {

struct NpyTensor {
    std::vector<int64_t> shape;  // outermost first
    std::vector<float> values;
};

// Format versions 1 to 3, '<f4' only, at most 8 dimensions, and exactly as many bytes as the shape says.
Result<NpyTensor> read_npy(const std::string &path);
Result<NpyTensor> decode_npy(ByteView file, const std::string &name);

Status write_npy(const std::string &path, const NpyTensor &tensor);

// All of them or, where one cannot be written, none.
struct NpyFile {
    std::string path;
    NpyTensor tensor;
};
Status write_npy(const std::vector<NpyFile> &files);

}  // namespace hardnet
