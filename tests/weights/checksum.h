// CRC-32 as zlib computes it, for what the oracle only states the checksum of.
#pragma once
#include <cstdint>
#include <string>

namespace hardnet::testing {

inline uint32_t crc32(const std::string &bytes) {
    uint32_t crc = ~uint32_t{0};
    for (unsigned char byte : bytes) {
        crc ^= byte;
        for (int i = 0; i < 8; i++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

}  // namespace hardnet::testing
