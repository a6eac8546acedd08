// Conversions between the types of numbers: cvt.
#include <cmath>
#include <limits>
#include <type_traits>

#include "tests/gpu/operations.h"

namespace hardnet::ptx {
namespace {

enum class Rounding { kNearest, kZero, kDown, kUp };

template <Rounding kRounding, typename T>
T rounded(T value) {
    switch (kRounding) {
        case Rounding::kNearest:
            return std::nearbyint(value);
        case Rounding::kZero:
            return std::trunc(value);
        case Rounding::kDown:
            return std::floor(value);
        case Rounding::kUp:
            return std::ceil(value);
    }
    return value;
}

// What does not fit becomes the nearest that does, a NaN 0.
template <typename D, typename S>
D saturated(S value) {
    if (std::isnan(value)) return 0;
    constexpr S kBehind = S(std::numeric_limits<D>::max() / 2 + 1) * 2;  // max + 1, exactly
    if (value >= kBehind) return std::numeric_limits<D>::max();
    if (value < S(std::numeric_limits<D>::min())) return std::numeric_limits<D>::min();
    return D(value);
}

template <typename D, typename S, typename F>
void convert(Warp &warp, const Instruction &instruction, F f) {
    const uint8_t *source = warp.bytes() + instruction.operands[1].offset;
    decltype(widened(D{})) results[kLanes];
    for (int lane = 0; lane < kLanes; lane++) results[lane] = widened(D(f(lane_value<S>(source, lane))));
    store_lanes(warp, instruction.operands[0], results);
}

template <typename D, typename S>
void plain_step(Warp &warp, const Instruction &instruction) {
    convert<D, S>(warp, instruction, [](S value) { return D(value); });
}

template <typename D, typename S, Rounding kRounding, bool kFlush>
void rounding_step(Warp &warp, const Instruction &instruction) {
    convert<D, S>(warp, instruction, [](S value) {
        const S whole = rounded<kRounding>(kFlush ? flushed(value) : value);
        if constexpr (std::is_integral_v<D>)
            return saturated<D>(whole);
        else
            return whole;
    });
}

template <typename D, typename S>
void flushing_step(Warp &warp, const Instruction &instruction) {
    convert<D, S>(warp, instruction, [](S value) { return flushed(D(flushed(value))); });
}

void saturate_step(Warp &warp, const Instruction &instruction) {  // to 0 .. 1, a NaN to 0
    convert<float, float>(warp, instruction,
                          [](float value) { return value > 0 ? std::fmin(value, 1.0f) : 0.0f; });
}

template <typename T>
std::string name() {
    return "." +
           std::string(std::is_floating_point_v<T> ? "f"
                       : std::is_signed_v<T>       ? "s"
                                                   : "u") +
           std::to_string(8 * sizeof(T));
}

template <typename D, typename S>
void add(Operations &table, const std::string &modifiers, Step step) {
    Operation &operation = table["cvt" + modifiers + name<D>() + name<S>()];
    operation.step = step;
    operation.destinations = 1;
    operation.bits = {kRegisterBits<D>, kRegisterBits<S>};
    operation.wider = true;
}

template <typename D, typename S, Rounding kRounding>
void add_rounding(Operations &table, const std::string &modifier) {
    add<D, S>(table, modifier, rounding_step<D, S, kRounding, false>);
    if constexpr (sizeof(S) == 4) add<D, S>(table, modifier + ".ftz", rounding_step<D, S, kRounding, true>);
}

// To integers, or to whole numbers of the same type.
template <typename D, typename S>
void add_roundings(Operations &table) {
    add_rounding<D, S, Rounding::kNearest>(table, ".rni");
    add_rounding<D, S, Rounding::kZero>(table, ".rzi");
    add_rounding<D, S, Rounding::kDown>(table, ".rmi");
    add_rounding<D, S, Rounding::kUp>(table, ".rpi");
}

template <typename D, typename... S>
void add_integers(Operations &table) {
    (add<D, S>(table, "", plain_step<D, S>), ...);
}

template <typename... T>
void add_integers_to_integers(Operations &table) {
    (add_integers<T, T...>(table), ...);
    (add<float, T>(table, ".rn", plain_step<float, T>), ...);
    (add<double, T>(table, ".rn", plain_step<double, T>), ...);
    (add_roundings<T, float>(table), ...);
    (add_roundings<T, double>(table), ...);
}

}  // namespace

void add_conversions(Operations &table) {
    add_integers_to_integers<int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t>(table);
    add_roundings<float, float>(table);
    add_roundings<double, double>(table);
    add<double, float>(table, "", plain_step<double, float>);
    add<double, float>(table, ".ftz", flushing_step<double, float>);
    add<float, double>(table, ".rn", plain_step<float, double>);
    add<float, double>(table, ".rn.ftz", flushing_step<float, double>);
    add<float, float>(table, ".sat", saturate_step);
}

}  // namespace hardnet::ptx
