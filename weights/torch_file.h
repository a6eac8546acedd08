// Checkpoints that PyTorch wrote. No pickle is ever read here: tools/import/pth_to_safetensors.py does, in a
// process of its own, through PyTorch's weights-only loader.
#pragma once
#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace hardnet {

// By its name (.pth, .pt, .pkl, .ckpt, .tar) or its first bytes (a zip file, a pickle).
Result<bool> is_torch_file(const std::string &path);

// The interpreter that would read one: $HARDNET_PYTHON, else the first of "python3" and "/usr/bin/python3"
// that has PyTorch; "" if none has.
std::string python_with_torch();

struct TorchTensors {
    FileBytes safetensors;           // a file's bytes
    std::vector<std::string> notes;  // which tensors were taken, one line each, for the user
};

// The tensors of `path`, of those under `state_key` if that is not empty. Without such an interpreter: an environment
// error that names Debian's package.
Result<TorchTensors> torch_as_safetensors(const std::string &path, const std::string &state_key,
                                          uint64_t most_bytes);

}  // namespace hardnet
