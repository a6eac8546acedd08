// The instructions that the interpreter knows, by their full names: "fma.rn.f32". A name that is not in the table is not known.
#pragma once
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "tests/gpu/warp.h"

namespace hardnet::ptx {

struct Operation {
    Step step = nullptr;
    Kind kind = Kind::kArithmetic;
    int destinations = 0;
    std::vector<int> bits;  // of the operands' registers, destinations first; 1: a predicate; 0: an address
    bool wider = false;     // registers may be wider: loads, stores, conversions
    int access_bytes = 0;   // of a load or store, all its elements
    bool constant_memory = false;
    Flow flow = Flow::kStep;
};

// Of the narrowest register that holds a T.
template <typename T>
constexpr int kRegisterBits = sizeof(T) == 1 ? 16 : 8 * sizeof(T);

// .ftz: subnormal numbers are zeros of their sign
template <typename T>
T flushed(T value) {
    if constexpr (std::is_same_v<T, float>)
        return std::fabs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0f, value) : value;
    else
        return value;
}

using Operations = std::unordered_map<std::string, Operation>;

// A mov that splits or joins a register is "mov.b64 split 2" or "mov.b64 join 2".
const Operations &operations();

void add_arithmetic(Operations &table);
void add_conversions(Operations &table);
void add_memory(Operations &table);

// Templates for these three files.

template <typename T>
constexpr int kLaneBytes = sizeof(T) == 8 ? 8 : 4;

template <typename T>
T lane_value(const uint8_t *lanes, int lane) {
    T value;
    std::memcpy(&value, lanes + lane * kLaneBytes<T>, sizeof value);
    return value;
}

// Stores where the instruction is executed. `values` has the width of a lane.
template <typename T>
void store_lanes(Warp &warp, Operand to, const T *values) {
    static_assert(sizeof(T) == kLaneBytes<T>);
    uint8_t *lanes = warp.bytes() + to.offset;
    if (warp.mask == UINT32_MAX) {
        std::memcpy(lanes, values, kLanes * sizeof(T));
        return;
    }
    for (int lane = 0; lane < kLanes; lane++) {
        if (warp.mask >> lane & 1) std::memcpy(lanes + lane * sizeof(T), &values[lane], sizeof(T));
    }
}

// A value as its register holds it: int16_t in 32 bits.
template <typename T>
auto widened(T value) {
    if constexpr (sizeof(T) >= 4)
        return value;
    else
        return int32_t{value};
}

inline int lowest_lane(uint32_t mask) { return __builtin_ctz(mask); }

}  // namespace hardnet::ptx
