// The other types of floats that checkpoints hold, as float32.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace hardnet {

// Whether `type`, as safetensors names it, is one of F32, F16, BF16 and F64.
bool is_float_type(const std::string &type);

// Little-endian values of such a type: F16 and BF16 exactly, F64 rounded once.
std::vector<float> as_floats(const std::string &type, const uint8_t *data, uint64_t bytes);

}  // namespace hardnet
