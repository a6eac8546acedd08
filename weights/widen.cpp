#include "weights/widen.h"

#include <cmath>
#include <cstring>

namespace hardnet {
namespace {

float from_bits(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// Five bits of exponent, ten of fraction; every value of it is a float32.
float from_half(uint16_t half) {
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const uint32_t sign = uint32_t(half & 0x8000) << 16;
    if (exponent == 31) return from_bits(sign | 0x7f800000 | uint32_t(fraction) << 13);  // infinity, NaN
    const float size =
        exponent == 0 ? std::ldexp(float(fraction), -24) : std::ldexp(float(1024 + fraction), exponent - 25);
    return sign ? -size : size;
}

float from_bfloat(uint16_t upper) { return from_bits(uint32_t(upper) << 16); }

float from_double(double value) { return float(value); }

template <typename Stored, typename Convert>
std::vector<float> converted(const uint8_t *data, uint64_t bytes, Convert convert) {
    std::vector<float> values(bytes / sizeof(Stored));
    for (size_t i = 0; i < values.size(); i++) {
        Stored stored;
        std::memcpy(&stored, data + i * sizeof stored, sizeof stored);
        values[i] = convert(stored);
    }
    return values;
}

}  // namespace

bool is_float_type(const std::string &type) {
    return type == "F32" || type == "F16" || type == "BF16" || type == "F64";
}

std::vector<float> as_floats(const std::string &type, const uint8_t *data, uint64_t bytes) {
    if (type == "F16") return converted<uint16_t>(data, bytes, from_half);
    if (type == "BF16") return converted<uint16_t>(data, bytes, from_bfloat);
    if (type == "F64") return converted<double>(data, bytes, from_double);
    return converted<float>(data, bytes, [](float value) { return value; });
}

}  // namespace hardnet
