// Arithmetic of the interpreter: what a name means for one lane, and the loops over the lanes of a warp.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "tests/gpu/operations.h"

namespace hardnet::ptx {
namespace {

// One instruction: destination D = F(sources S...) lane by lane. Results go through memory of their own, since a source may be
// the destination and the compiler vectorises only what cannot overlap.
template <typename F, typename D, typename... S, size_t... I>
void lanes_of(Warp &warp, const Instruction &instruction, std::index_sequence<I...>) {
    const uint8_t *sources[] = {warp.bytes() + instruction.operands[I + 1].offset...};
    decltype(widened(D{})) results[kLanes];
    for (int lane = 0; lane < kLanes; lane++)
        results[lane] = widened(D(F{}(lane_value<S>(sources[I], lane)...)));
    store_lanes(warp, instruction.operands[0], results);
}

template <typename F, typename D, typename... S>
void step(Warp &warp, const Instruction &instruction) {
    lanes_of<F, D, S...>(warp, instruction, std::index_sequence_for<S...>{});
}

// A comparison: the destination is a predicate.
template <typename F, typename T>
void compare_step(Warp &warp, const Instruction &instruction) {
    const uint8_t *a = warp.bytes() + instruction.operands[1].offset,
                  *b = warp.bytes() + instruction.operands[2].offset;
    uint32_t result = 0;
    for (int lane = 0; lane < kLanes; lane++)
        result |= uint32_t{F{}(lane_value<T>(a, lane), lane_value<T>(b, lane))} << lane;
    warp.set_predicate(instruction.operands[0], result);
}

// selp: the last source is a predicate.
template <typename T>
void select_step(Warp &warp, const Instruction &instruction) {
    const uint8_t *a = warp.bytes() + instruction.operands[1].offset,
                  *b = warp.bytes() + instruction.operands[2].offset;
    const uint32_t chosen = warp.predicate(instruction.operands[3]);
    decltype(widened(T{})) results[kLanes];
    for (int lane = 0; lane < kLanes; lane++)
        results[lane] = widened(chosen >> lane & 1 ? lane_value<T>(a, lane) : lane_value<T>(b, lane));
    store_lanes(warp, instruction.operands[0], results);
}

// Predicates are masks: one operation for all lanes.
template <typename F>
void predicate_step(Warp &warp, const Instruction &instruction) {
    const uint32_t a = warp.predicate(instruction.operands[1]),
                   b = instruction.operand_count > 2 ? warp.predicate(instruction.operands[2]) : 0;
    warp.set_predicate(instruction.operands[0], F{}(a, b));
}

#if defined(__x86_64__)
__attribute__((target_clones("avx512f", "fma", "default")))  // with the CPU's FMA where it has one: the same bits
#endif
void fma_lanes(const uint8_t *a, const uint8_t *b, const uint8_t *c, float *__restrict results) {
    for (int lane = 0; lane < kLanes; lane++)
        results[lane] = __builtin_fmaf(lane_value<float>(a, lane), lane_value<float>(b, lane),
                                       lane_value<float>(c, lane));
}

void fma_step(Warp &warp, const Instruction &instruction) {
    const uint8_t *file = warp.bytes();
    const Operand *o = instruction.operands;
    float results[kLanes];
    fma_lanes(file + o[1].offset, file + o[2].offset, file + o[3].offset, results);
    store_lanes(warp, o[0], results);
}

template <typename T>
using Unsigned = std::make_unsigned_t<T>;

template <typename F>
struct Flushed {
    template <typename... T>
    auto operator()(T... values) const {
        return flushed(F{}(flushed(values)...));
    }
};

struct Same {
    template <typename T>
    T operator()(T a) const {
        return a;
    }
};
struct Add {
    template <typename T>
    T operator()(T a, T b) const {
        return T(a + b);
    }
};
struct Subtract {
    template <typename T>
    T operator()(T a, T b) const {
        return T(a - b);
    }
};
// Of integers the low half; these are unsigned, and of 32 bits at least while they are multiplied.
struct Multiply {
    template <typename T>
    T operator()(T a, T b) const {
        if constexpr (std::is_floating_point_v<T>)
            return a * b;
        else
            return T(uint64_t{a} * b);
    }
};
struct MultiplyAdd {
    template <typename T>
    T operator()(T a, T b, T c) const {
        return T(uint64_t{a} * b + c);
    }
};
template <typename Wide>
struct MultiplyWide {
    template <typename T>
    Wide operator()(T a, T b) const {
        return Wide(Wide{a} * Wide{b});
    }
    template <typename T>
    Wide operator()(T a, T b, Wide c) const {
        return Wide(Unsigned<Wide>(Wide{a} * Wide{b}) + Unsigned<Wide>(c));
    }
};
template <typename Wide>
struct MultiplyHigh {
    template <typename T>
    T operator()(T a, T b) const {
        return T(Wide{a} * Wide{b} >> 8 * sizeof(T));
    }
};
// By zero: all ones, in lanes that do not execute it; the check is the caller's.
struct Divide {
    template <typename T>
    T operator()(T a, T b) const {
        if constexpr (std::is_floating_point_v<T>) {
            return a / b;
        } else {
            if (b == 0) return T(-1);
            if (std::is_signed_v<T> && b == T(-1)) return T(0 - Unsigned<T>(a));
            return T(a / b);
        }
    }
};
struct Remainder {
    template <typename T>
    T operator()(T a, T b) const {
        if (b == 0) return a;
        if (std::is_signed_v<T> && b == T(-1)) return 0;
        return T(a % b);
    }
};
// Of a number and a NaN the number; -0 is less than +0.
struct Minimum {
    template <typename T>
    T operator()(T a, T b) const {
        if constexpr (std::is_floating_point_v<T>) {
            if (std::isnan(a)) return b;
            if (a == b) return std::signbit(a) ? a : b;
            return b < a ? b : a;
        } else {
            return b < a ? b : a;
        }
    }
};
struct Maximum {
    template <typename T>
    T operator()(T a, T b) const {
        if constexpr (std::is_floating_point_v<T>) {
            if (std::isnan(a)) return b;
            if (a == b) return std::signbit(a) ? b : a;
            return a < b ? b : a;
        } else {
            return a < b ? b : a;
        }
    }
};
struct And {
    template <typename T>
    T operator()(T a, T b) const {
        return T(a & b);
    }
};
struct Or {
    template <typename T>
    T operator()(T a, T b) const {
        return T(a | b);
    }
};
struct Xor {
    template <typename T>
    T operator()(T a, T b) const {
        return T(a ^ b);
    }
};
struct Not {
    template <typename T>
    T operator()(T a, T = 0) const {
        return T(~a);
    }
};
struct First {
    uint32_t operator()(uint32_t a, uint32_t) const { return a; }
};
// Shifts by more than the width leave nothing, or the sign.
struct ShiftLeft {
    template <typename T>
    T operator()(T a, uint32_t b) const {
        return b >= 8 * sizeof(T) ? T(0) : T(uint64_t{a} << b);
    }
};
struct ShiftRight {
    template <typename T>
    T operator()(T a, uint32_t b) const {
        constexpr uint32_t kBits = 8 * sizeof(T);
        if constexpr (std::is_signed_v<T>)
            return T(a >> (b >= kBits ? kBits - 1 : b));
        else
            return b >= kBits ? T(0) : T(a >> b);
    }
};
// Of the 64 bits b:a the upper half behind a shift to the left, or the lower behind one to the right.
template <bool kLeft, bool kWrap>
struct FunnelShift {
    uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
        const uint32_t by = kWrap ? c & 31 : c > 32 ? 32 : c;
        const uint64_t both = uint64_t{b} << 32 | a;
        return kLeft ? uint32_t(both << by >> 32) : uint32_t(both >> by);
    }
};
struct Negate {
    template <typename T>
    T operator()(T a) const {
        if constexpr (std::is_floating_point_v<T>)
            return -a;
        else
            return T(0 - Unsigned<T>(a));
    }
};
struct Absolute {
    template <typename T>
    T operator()(T a) const {
        if constexpr (std::is_floating_point_v<T>)
            return std::fabs(a);
        else
            return a < 0 ? Negate{}(a) : a;
    }
};
struct CopySign {  // of the first
    template <typename T>
    T operator()(T a, T b) const {
        return std::copysign(b, a);
    }
};
struct LeadingZeros {
    template <typename T>
    uint32_t operator()(T a) const {
        uint32_t zeros = 0;
        for (int bit = 8 * sizeof(T) - 1; bit >= 0 && !(a >> bit & 1); bit--) zeros++;
        return zeros;
    }
};
struct Population {
    template <typename T>
    uint32_t operator()(T a) const {
        return uint32_t(__builtin_popcountll(a));
    }
};
struct Reverse {
    template <typename T>
    T operator()(T a) const {
        T result = 0;
        for (size_t bit = 0; bit < 8 * sizeof(T); bit++) result = T(result << 1 | (a >> bit & 1));
        return result;
    }
};
// A field of `length` bits from `position`, with its sign where T has one.
struct BitField {
    template <typename T>
    T operator()(T a, uint32_t position, uint32_t length) const {
        constexpr uint32_t kBits = 8 * sizeof(T);
        position &= 255;
        length &= 255;
        const auto bit = [&](uint32_t at) { return uint32_t(a >> at & 1); };
        const uint32_t sign =
            std::is_signed_v<T> && length > 0 ? bit(std::min(position + length - 1, kBits - 1)) : 0;
        uint32_t result = 0;
        for (uint32_t i = 0; i < kBits; i++)
            result |= (i < length && position + i < kBits ? bit(position + i) : sign) << i;
        return T(result);
    }
};
// Bytes of b:a, chosen by the nibbles of c; 8 beside a number repeats the byte's sign.
struct Permute {
    uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
        const uint64_t both = uint64_t{b} << 32 | a;
        uint32_t result = 0;
        for (int i = 0; i < 4; i++) {
            const uint32_t nibble = c >> 4 * i & 15, byte = uint32_t(both >> 8 * (nibble & 7) & 255);
            result |= (nibble & 8 ? (byte & 128 ? 255 : 0) : byte) << 8 * i;
        }
        return result;
    }
};

struct Fma {
    template <typename T>
    T operator()(T a, T b, T c) const {
        return std::fma(a, b, c);
    }
};
struct Reciprocal {
    template <typename T>
    T operator()(T a) const {
        return 1 / a;
    }
};
struct SquareRoot {
    template <typename T>
    T operator()(T a) const {
        return std::sqrt(a);
    }
};
struct ReciprocalSquareRoot {
    float operator()(float a) const { return float(1 / std::sqrt(double{a})); }
};
struct Exponential {
    float operator()(float a) const { return float(std::exp2(double{a})); }
};
struct Logarithm {
    float operator()(float a) const { return float(std::log2(double{a})); }
};
struct Sine {
    float operator()(float a) const { return float(std::sin(double{a})); }
};
struct Cosine {
    float operator()(float a) const { return float(std::cos(double{a})); }
};
struct HyperbolicTangent {
    float operator()(float a) const { return float(std::tanh(double{a})); }
};

// Comparisons: of a NaN lt is false, ltu true.
template <typename T>
bool unordered(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
        return std::isnan(a) || std::isnan(b);
    else
        return false;
}
struct Equal {
    template <typename T>
    bool operator()(T a, T b) const {
        return a == b;
    }
};
struct NotEqual {  // false of NaN
    template <typename T>
    bool operator()(T a, T b) const {
        return a != b && !unordered(a, b);
    }
};
struct Less {
    template <typename T>
    bool operator()(T a, T b) const {
        return a < b;
    }
};
struct LessEqual {
    template <typename T>
    bool operator()(T a, T b) const {
        return a <= b;
    }
};
struct Greater {
    template <typename T>
    bool operator()(T a, T b) const {
        return a > b;
    }
};
struct GreaterEqual {
    template <typename T>
    bool operator()(T a, T b) const {
        return a >= b;
    }
};
struct IsNan {
    template <typename T>
    bool operator()(T a, T b) const {
        return unordered(a, b);
    }
};
template <typename F, typename G>
struct Either {
    template <typename T>
    bool operator()(T a, T b) const {
        return F{}(a, b) || G{}(a, b);
    }
};
template <typename F>
struct Neither {
    template <typename T>
    bool operator()(T a, T b) const {
        return !F{}(a, b);
    }
};
template <typename F>
struct FlushedCompare {
    bool operator()(float a, float b) const { return F{}(flushed(a), flushed(b)); }
};

// Integer divisions by zero in lanes that execute them.
template <typename F, typename T>
void division_step(Warp &warp, const Instruction &instruction) {
    const uint8_t *divisors = warp.bytes() + instruction.operands[2].offset;
    for (int lane = 0; lane < kLanes; lane++) {
        if (warp.mask >> lane & 1 && lane_value<T>(divisors, lane) == 0)
            throw Fault{"expected a divisor, found 0", lane};
    }
    step<F, T, T, T>(warp, instruction);
}

// A register into two or four, and back.
template <typename Whole, typename Part>
void split_step(Warp &warp, const Instruction &instruction) {
    constexpr int kParts = sizeof(Whole) / sizeof(Part);
    const uint8_t *whole = warp.bytes() + instruction.operands[kParts].offset;
    for (int part = 0; part < kParts; part++) {
        uint32_t results[kLanes];
        for (int lane = 0; lane < kLanes; lane++)
            results[lane] = Part(lane_value<Whole>(whole, lane) >> part * 8 * sizeof(Part));
        store_lanes(warp, instruction.operands[part], results);
    }
}

template <typename Whole, typename Part>
void join_step(Warp &warp, const Instruction &instruction) {
    constexpr int kParts = sizeof(Whole) / sizeof(Part);
    Whole results[kLanes] = {};
    for (int part = 0; part < kParts; part++) {
        const uint8_t *lanes = warp.bytes() + instruction.operands[part + 1].offset;
        for (int lane = 0; lane < kLanes; lane++)
            results[lane] |= Whole(Whole{lane_value<Part>(lanes, lane)} << part * 8 * sizeof(Part));
    }
    store_lanes(warp, instruction.operands[0], results);
}

template <typename T>
constexpr int kBits = 8 * sizeof(T);

Operation operation(Step step, std::vector<int> bits, Kind kind = Kind::kArithmetic, int destinations = 1) {
    Operation made;
    made.step = step;
    made.kind = kind;
    made.destinations = destinations;
    made.bits = std::move(bits);
    return made;
}

template <typename F, typename D, typename... S>
void add(Operations &table, const std::string &name, Kind kind = Kind::kArithmetic) {
    table[name] = operation(step<F, D, S...>, {kBits<D>, kBits<S>...}, kind);
}

template <typename F, typename T>
void add_compare(Operations &table, const std::string &name) {
    table[name] = operation(compare_step<F, T>, {1, kBits<T>, kBits<T>});
}

// ".s32", ".u32", ".b32"
template <typename T>
std::string suffix(const char *letter) {
    return "." + std::string(letter) + std::to_string(kBits<T>);
}

// What does not depend on the sign; U is unsigned.
template <typename U>
void add_sums(Operations &table) {
    for (const char *letter : {"s", "u"}) {
        const std::string type = suffix<U>(letter);
        add<Add, U, U, U>(table, "add" + type);
        add<Subtract, U, U, U>(table, "sub" + type);
        add<Multiply, U, U, U>(table, "mul.lo" + type);
        add<MultiplyAdd, U, U, U, U>(table, "mad.lo" + type);
    }
}

template <typename T>
void add_signed_or_not(Operations &table) {
    const std::string type = suffix<T>(std::is_signed_v<T> ? "s" : "u");
    add<Minimum, T, T, T>(table, "min" + type);
    add<Maximum, T, T, T>(table, "max" + type);
    table["div" + type] = operation(division_step<Divide, T>, {kBits<T>, kBits<T>, kBits<T>});
    table["rem" + type] = operation(division_step<Remainder, T>, {kBits<T>, kBits<T>, kBits<T>});
    add<ShiftRight, T, T, uint32_t>(table, "shr" + type);
    add_compare<Equal, T>(table, "setp.eq" + type);
    add_compare<NotEqual, T>(table, "setp.ne" + type);
    add_compare<Less, T>(table, "setp.lt" + type);
    add_compare<LessEqual, T>(table, "setp.le" + type);
    add_compare<Greater, T>(table, "setp.gt" + type);
    add_compare<GreaterEqual, T>(table, "setp.ge" + type);
    if constexpr (std::is_signed_v<T>) {
        add<Negate, T, T>(table, "neg" + type);
        add<Absolute, T, T>(table, "abs" + type);
    } else {
        add_compare<Less, T>(table, "setp.lo" + type);
        add_compare<LessEqual, T>(table, "setp.ls" + type);
        add_compare<Greater, T>(table, "setp.hi" + type);
        add_compare<GreaterEqual, T>(table, "setp.hs" + type);
    }
}

template <typename T, typename Wide>
void add_wide(Operations &table) {
    const std::string type = suffix<T>(std::is_signed_v<T> ? "s" : "u");
    add<MultiplyHigh<Wide>, T, T, T>(table, "mul.hi" + type);
    if constexpr (sizeof(Wide) <= 8) {
        add<MultiplyWide<Wide>, Wide, T, T>(table, "mul.wide" + type);
        add<MultiplyWide<Wide>, Wide, T, T, Wide>(table, "mad.wide" + type);
    }
}

template <typename U>
void add_bits(Operations &table) {
    const std::string type = suffix<U>("b");
    add<And, U, U, U>(table, "and" + type);
    add<Or, U, U, U>(table, "or" + type);
    add<Xor, U, U, U>(table, "xor" + type);
    add<Not, U, U>(table, "not" + type);
    add<ShiftLeft, U, U, uint32_t>(table, "shl" + type);
    add<ShiftRight, U, U, uint32_t>(table, "shr" + type);
    add_compare<Equal, U>(table, "setp.eq" + type);
    add_compare<NotEqual, U>(table, "setp.ne" + type);
    for (const char *letter : {"b", "u", "s", "f"}) {
        if (*letter == 'f' && sizeof(U) == 2) continue;
        add<Same, U, U>(table, "mov" + suffix<U>(letter), Kind::kMove);
        table["selp" + suffix<U>(letter)] = operation(select_step<U>, {kBits<U>, kBits<U>, kBits<U>, 1});
    }
    if constexpr (sizeof(U) == 8) {  // an address of global memory is the same in all of memory
        add<Same, U, U>(table, "cvta.to.global.u64", Kind::kMove);
        add<Same, U, U>(table, "cvta.global.u64", Kind::kMove);
    }
    if constexpr (sizeof(U) >= 4) {
        add<LeadingZeros, uint32_t, U>(table, "clz" + type);
        add<Population, uint32_t, U>(table, "popc" + type);
        add<Reverse, U, U>(table, "brev" + type);
    }
}

// With and without .ftz, which only float32 has.
template <typename F, typename T, typename... S>
void add_float(Operations &table, const std::string &name) {
    add<F, T, S...>(table, name + suffix<T>("f"));
    if constexpr (sizeof(T) == 4) add<Flushed<F>, T, S...>(table, name + ".ftz.f32");
}

template <typename F, typename T>
void add_float_compare(Operations &table, const std::string &name) {
    add_compare<F, T>(table, "setp." + name + suffix<T>("f"));
    if constexpr (sizeof(T) == 4) add_compare<FlushedCompare<F>, T>(table, "setp." + name + ".ftz.f32");
}

template <typename F, typename T>
void add_ordered(Operations &table, const std::string &name) {
    add_float_compare<F, T>(table, name);
    add_float_compare<Either<F, IsNan>, T>(table, name + "u");
}

template <typename T>
void add_floats(Operations &table) {
    for (const char *rounding : {"", ".rn"}) {
        add_float<Add, T, T, T>(table, std::string("add") + rounding);
        add_float<Subtract, T, T, T>(table, std::string("sub") + rounding);
        add_float<Multiply, T, T, T>(table, std::string("mul") + rounding);
    }
    add_float<Fma, T, T, T, T>(table, "fma.rn");
    add_float<Divide, T, T, T>(table, "div.rn");
    add_float<Reciprocal, T, T>(table, "rcp.rn");
    add_float<SquareRoot, T, T>(table, "sqrt.rn");
    add_float<Minimum, T, T, T>(table, "min");
    add_float<Maximum, T, T, T>(table, "max");
    add_float<Negate, T, T>(table, "neg");
    add_float<Absolute, T, T>(table, "abs");
    add<CopySign, T, T, T>(table, "copysign" + suffix<T>("f"));
    add_ordered<Equal, T>(table, "eq");
    add_ordered<NotEqual, T>(table, "ne");
    add_ordered<Less, T>(table, "lt");
    add_ordered<LessEqual, T>(table, "le");
    add_ordered<Greater, T>(table, "gt");
    add_ordered<GreaterEqual, T>(table, "ge");
    add_float_compare<IsNan, T>(table, "nan");
    add_float_compare<Neither<IsNan>, T>(table, "num");
}

void add_predicates(Operations &table) {
    table["and.pred"] = operation(predicate_step<And>, {1, 1, 1});
    table["or.pred"] = operation(predicate_step<Or>, {1, 1, 1});
    table["xor.pred"] = operation(predicate_step<Xor>, {1, 1, 1});
    table["not.pred"] = operation(predicate_step<Not>, {1, 1});
    table["mov.pred"] = operation(predicate_step<First>, {1, 1}, Kind::kMove);
}

void add_approximations(Operations &table) {
    using F = float;
    add_float<Divide, F, F, F>(table, "div.full");
    add_float<Divide, F, F, F>(table, "div.approx");
    add_float<Reciprocal, F, F>(table, "rcp.approx");
    add_float<SquareRoot, F, F>(table, "sqrt.approx");
    add_float<ReciprocalSquareRoot, F, F>(table, "rsqrt.approx");
    add_float<Exponential, F, F>(table, "ex2.approx");
    add_float<Logarithm, F, F>(table, "lg2.approx");
    add_float<Sine, F, F>(table, "sin.approx");
    add_float<Cosine, F, F>(table, "cos.approx");
    add<HyperbolicTangent, F, F>(table, "tanh.approx.f32");
}

}  // namespace

void add_arithmetic(Operations &table) {
    add_sums<uint16_t>(table);
    add_sums<uint32_t>(table);
    add_sums<uint64_t>(table);
    add_signed_or_not<int16_t>(table);
    add_signed_or_not<uint16_t>(table);
    add_signed_or_not<int32_t>(table);
    add_signed_or_not<uint32_t>(table);
    add_signed_or_not<int64_t>(table);
    add_signed_or_not<uint64_t>(table);
    add_wide<int16_t, int32_t>(table);
    add_wide<uint16_t, uint32_t>(table);
    add_wide<int32_t, int64_t>(table);
    add_wide<uint32_t, uint64_t>(table);
    add_wide<int64_t, __int128>(table);
    add_wide<uint64_t, unsigned __int128>(table);
    add_bits<uint16_t>(table);
    add_bits<uint32_t>(table);
    add_bits<uint64_t>(table);
    using Word = uint32_t;
    add<FunnelShift<true, true>, Word, Word, Word, Word>(table, "shf.l.wrap.b32");
    add<FunnelShift<true, false>, Word, Word, Word, Word>(table, "shf.l.clamp.b32");
    add<FunnelShift<false, true>, Word, Word, Word, Word>(table, "shf.r.wrap.b32");
    add<FunnelShift<false, false>, Word, Word, Word, Word>(table, "shf.r.clamp.b32");
    add<BitField, uint32_t, uint32_t, Word, Word>(table, "bfe.u32");
    add<BitField, int32_t, int32_t, Word, Word>(table, "bfe.s32");
    add<Permute, Word, Word, Word, Word>(table, "prmt.b32");
    add_predicates(table);
    add_floats<float>(table);
    add_floats<double>(table);
    add_approximations(table);
    for (auto &[name, operation] : table) {
        if (name.compare(0, 4, "fma.") == 0) operation.kind = Kind::kFma;
    }
    table["fma.rn.f32"].step = fma_step;
    table["mov.b32 split 2"] = operation(split_step<uint32_t, uint16_t>, {16, 16, 32}, Kind::kMove, 2);
    table["mov.b64 split 2"] = operation(split_step<uint64_t, uint32_t>, {32, 32, 64}, Kind::kMove, 2);
    table["mov.b64 split 4"] =
        operation(split_step<uint64_t, uint16_t>, {16, 16, 16, 16, 64}, Kind::kMove, 4);
    table["mov.b32 join 2"] = operation(join_step<uint32_t, uint16_t>, {32, 16, 16}, Kind::kMove, 1);
    table["mov.b64 join 2"] = operation(join_step<uint64_t, uint32_t>, {64, 32, 32}, Kind::kMove, 1);
    table["mov.b64 join 4"] = operation(join_step<uint64_t, uint16_t>, {64, 16, 16, 16, 16}, Kind::kMove, 1);
}

}  // namespace hardnet::ptx
