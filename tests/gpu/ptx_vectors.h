// What each instruction of PTX computes, by hand.
#pragma once
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace hardnet::ptx {

// An instruction and what it leaves in its destination: %p1, %h1, %r1 or %d1 of 1, 16, 32 or 64 bits. %p2 is true, %p3 false;
// %h, %r and %d 2 are -2, %d5 is the address of four words of shared memory.
struct Vector {
    std::string instruction;
    uint64_t expected;
};
inline void PrintTo(const Vector &vector, std::ostream *out) {
    *out << vector.instruction;
}  // GoogleTest's name

std::vector<Vector> integer_vectors();
std::vector<Vector> comparison_vectors();
std::vector<Vector> float_vectors();
std::vector<Vector> conversion_vectors();
// Each writes, then reads back.
std::vector<Vector> memory_vectors();

}  // namespace hardnet::ptx
