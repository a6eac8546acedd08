#include "tests/gpu/ptx_vectors.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace hardnet::ptx {
namespace {

template <typename T>
uint64_t bits(T value) {
    uint64_t result = 0;
    std::memcpy(&result, &value, sizeof value);
    return result;
}
std::string f(float value) { return fmt::format("0f{:08X}", bits(value)); }
std::string d(double value) { return fmt::format("0d{:016X}", bits(value)); }

const float kNan = std::numeric_limits<float>::quiet_NaN(),
            kInfinity = std::numeric_limits<float>::infinity(),
            kTiny = std::numeric_limits<float>::denorm_min();

}  // namespace

std::vector<Vector> integer_vectors() {
    return {
        {"add.s16 %h1, 0x7fff, 1;", 0x8000},
        {"add.s32 %r1, 5, -7;", 0xfffffffe},
        {"add.u64 %d1, 0xffffffff, 1;", 0x100000000},
        {"sub.s32 %r1, 5, 7;", 0xfffffffe},
        {"sub.u64 %d1, 0, 1;", UINT64_MAX},
        {"mul.lo.s16 %h1, 300, 300;", 90000 & 0xffff},
        {"mul.lo.s32 %r1, 100000, 100000;", 10000000000 & 0xffffffff},
        {"mul.lo.u64 %d1, 0x100000001, 0x100000001;", 0x200000001},
        {"mul.hi.s32 %r1, -2, 3;", 0xffffffff},
        {"mul.hi.u32 %r1, -2, 3;", 2},
        {"mul.hi.s64 %d1, -2, 3;", UINT64_MAX},
        {"mul.hi.u64 %d1, -2, 3;", 2},
        {"mul.wide.s16 %r1, -2, 3;", 0xfffffffa},
        {"mul.wide.u16 %r1, -2, 3;", 0xfffe * 3},
        {"mul.wide.s32 %d1, -2, 3;", uint64_t(-6)},
        {"mul.wide.u32 %d1, -2, 3;", 0xfffffffeull * 3},
        {"mad.lo.s32 %r1, 7, -3, 1;", uint32_t(-20)},
        {"mad.wide.s32 %d1, 7, -3, 1;", uint64_t(-20)},
        {"mad.wide.u32 %d1, -1, 2, 3;", 0x200000001},
        {"div.s32 %r1, -7, 2;", uint32_t(-3)},
        {"div.u32 %r1, -7, 2;", 0x7ffffffc},
        {"div.s32 %r1, 0x80000000, -1;", 0x80000000},
        {"div.s64 %d1, -7, 2;", uint64_t(-3)},
        {"rem.s32 %r1, -7, 2;", uint32_t(-1)},
        {"rem.u32 %r1, -7, 4;", 1},
        {"rem.s64 %d1, 0x8000000000000000, -1;", 0},
        {"min.s32 %r1, -1, 1;", 0xffffffff},
        {"min.u32 %r1, -1, 1;", 1},
        {"min.s16 %h1, -1, 1;", 0xffff},
        {"max.s32 %r1, -1, 1;", 1},
        {"max.u32 %r1, -1, 1;", 0xffffffff},
        {"max.s64 %d1, -1, 1;", 1},
        {"and.b32 %r1, 0x0ff0, 0x3c3c;", 0x0c30},
        {"and.b16 %h1, -1, 0x3c3c;", 0x3c3c},
        {"and.pred %p1, %p2, %p3;", 0},
        {"and.pred %p1, %p2, %p2;", 1},
        {"or.b32 %r1, 0x0ff0, 0x3c3c;", 0x3ffc},
        {"or.b64 %d1, 0x100000000, 1;", 0x100000001},
        {"or.pred %p1, %p2, %p3;", 1},
        {"xor.b32 %r1, 0x0ff0, 0x3c3c;", 0x33cc},
        {"xor.pred %p1, %p2, %p2;", 0},
        {"xor.pred %p1, %p2, %p3;", 1},
        {"not.b32 %r1, 0;", 0xffffffff},
        {"not.pred %p1, %p3;", 1},
        {"shl.b32 %r1, 3, 31;", 0x80000000},
        {"shl.b32 %r1, 3, 32;", 0},
        {"shl.b64 %d1, 3, 33;", 0x600000000},
        {"shr.u32 %r1, 0x80000000, 31;", 1},
        {"shr.u32 %r1, 0x80000000, 32;", 0},
        {"shr.s32 %r1, 0x80000000, 31;", 0xffffffff},
        {"shr.s32 %r1, 0x80000000, 99;", 0xffffffff},
        {"shr.b64 %d1, 0x600000000, 33;", 3},
        {"shr.s16 %h1, %h2, 1;", 0xffff},
        {"shf.l.wrap.b32 %r1, 0x80000001, 0x7, 33;", 0xf},
        {"shf.l.clamp.b32 %r1, 0x80000001, 0x7, 33;", 0x80000001},
        {"shf.r.wrap.b32 %r1, 0x80000001, 0x7, 33;", 0xc0000000},
        {"shf.r.clamp.b32 %r1, 0x80000001, 0x7, 33;", 0x7},
        {"bfe.u32 %r1, 0xabcd, 4, 8;", 0xbc},
        {"bfe.s32 %r1, 0xabcd, 4, 8;", 0xffffffbc},
        {"bfe.s32 %r1, 0x80000000, 28, 8;", 0xfffffff8},
        {"bfe.u32 %r1, 0xabcd, 4, 0;", 0},
        {"prmt.b32 %r1, 0x33221180, 0x77665544, 0x7408;", 0x774480ff},
        {"neg.s32 %r1, 5;", uint32_t(-5)},
        {"neg.s16 %h1, %h2;", 2},
        {"abs.s32 %r1, -5;", 5},
        {"abs.s64 %d1, %d2;", 2},
        {"clz.b32 %r1, 0x00010000;", 15},
        {"clz.b64 %r1, 0x00010000;", 47},
        {"popc.b32 %r1, 0xf1;", 5},
        {"brev.b32 %r1, 0xf1;", 0x8f000000},
        {"mov.b16 %h1, 7;", 7},
        {"mov.u32 %r1, %ntid.x;", 40},
        {"mov.b64 %d1, words;", 0},
        {"mov.pred %p1, %p2;", 1},
        {"mov.b32 {%h1, _}, 0x12345678;", 0x5678},
        {"mov.b32 {_, %h1}, 0x12345678;", 0x1234},
        {"mov.b64 {%r1, _}, 0x1234567890abcdef;", 0x90abcdef},
        {"mov.b64 {_, %r1}, 0x1234567890abcdef;", 0x12345678},
        {"mov.b64 {_, %h1, _, _}, 0x1234567890abcdef;", 0x90ab},
        {"mov.b32 %r1, {0x5678, %h2};", 0xfffe5678},
        {"mov.b64 %d1, {%r2, 0x12345678};", 0x12345678fffffffe},
        {"mov.b64 %d1, {1, 2, 3, 4};", 0x0004000300020001},
        {"selp.b32 %r1, 1, 2, %p2;", 1},
        {"selp.b32 %r1, 1, 2, %p3;", 2},
        {"selp.b16 %h1, 1, 2, %p3;", 2},
        {"selp.f64 %d1, 1, 2, %p2;", 1},
        {"cvta.to.global.u64 %d1, %d2;", uint64_t(-2)},
        {"cvta.global.u64 %d1, %d2;", uint64_t(-2)},
    };
}

std::vector<Vector> comparison_vectors() {
    std::vector<Vector> all;
    const auto add = [&](const std::string &name, const std::string &a, const std::string &b, bool expected) {
        all.push_back({fmt::format("setp.{} %p1, {}, {};", name, a, b), expected});
    };
    struct Outcome {
        const char *name;
        bool less, equal, greater, unordered;
    };
    const Outcome outcomes[] = {{"eq", false, true, false, false},  {"ne", true, false, true, false},
                                {"lt", true, false, false, false},  {"le", true, true, false, false},
                                {"gt", false, false, true, false},  {"ge", false, true, true, false},
                                {"equ", false, true, false, true},  {"neu", true, false, true, true},
                                {"ltu", true, false, false, true},  {"leu", true, true, false, true},
                                {"gtu", false, false, true, true},  {"geu", false, true, true, true},
                                {"nan", false, false, false, true}, {"num", true, true, true, false}};
    for (const Outcome &o : outcomes) {
        const std::string name = o.name;
        add(name + ".f32", f(1), f(2), o.less);
        add(name + ".f32", f(2), f(2), o.equal);
        add(name + ".f32", f(2), f(1), o.greater);
        add(name + ".f32", f(kNan), f(1), o.unordered);
        add(name + ".f64", d(1), d(2), o.less);
        add(name + ".f64", d(1), d(std::nan("")), o.unordered);
        add(name + ".ftz.f32", f(kTiny), f(-kTiny), o.equal);
        if (name.size() > 2 || name[0] == 'n' || name[0] == 'e') continue;
        for (const char *type : {"s16", "s32", "s64"}) {
            add(name + "." + type, "-1", "1", o.less);
            add(name + "." + type, "1", "1", o.equal);
            add(name + "." + type, "1", "-1", o.greater);
        }
        for (const char *type : {"u16", "u32", "u64"}) {
            add(name + "." + type, "-1", "1", o.greater);
            add(name + "." + type, "1", "1", o.equal);
            add(name + "." + type, "1", "-1", o.less);
        }
    }
    for (const char *type : {"b16", "b32", "b64", "s32", "u32"}) {
        add(std::string("eq.") + type, "-1", "-1", true);
        add(std::string("eq.") + type, "-1", "1", false);
        add(std::string("ne.") + type, "-1", "1", true);
    }
    add("lo.u32", "1", "-1", true);
    add("ls.u32", "1", "1", true);
    add("hi.u32", "-1", "1", true);
    add("hs.u32", "1", "-1", false);
    return all;
}

std::vector<Vector> float_vectors() {
    std::vector<Vector> all;
    const auto add = [&](const std::string &name, float expected, std::vector<float> operands) {
        std::string text = name + " %r1";
        for (float operand : operands) text += ", " + f(operand);
        all.push_back({text + ";", bits(expected)});
    };
    const auto add_double = [&](const std::string &name, double expected, std::vector<double> operands) {
        std::string text = name + " %d1";
        for (double operand : operands) text += ", " + d(operand);
        all.push_back({text + ";", bits(expected)});
    };
    const float third = 1.0f / 3, above_one = 1 + 0x1p-23f;
    for (const std::string rounding : {"", ".rn"}) {
        add("add" + rounding + ".f32", 4, {1.5f, 2.5f});
        add("add" + rounding + ".f32", 1, {1, 0x1p-24f});  // half of a unit: to even
        add("sub" + rounding + ".f32", -1, {1.5f, 2.5f});
        add("mul" + rounding + ".f32", 3.75f, {1.5f, 2.5f});
        add_double("add" + rounding + ".f64", 4, {1.5, 2.5});
        add_double("sub" + rounding + ".f64", -1, {1.5, 2.5});
        add_double("mul" + rounding + ".f64", 3.75, {1.5, 2.5});
    }
    add("add.ftz.f32", 1, {1, kTiny});
    add("sub.ftz.f32", 0, {0x1.8p-126f, 0x1p-126f});  // the result is subnormal
    add("sub.f32", 0x1p-127f, {0x1.8p-126f, 0x1p-126f});
    add("mul.ftz.f32", -0.0f, {-0x1p-100f, 0x1p-40f});
    add("mul.rn.ftz.f32", 0.0f, {kTiny, 0x1p100f});
    add("fma.rn.f32", 0x1p-46f, {above_one, above_one, -(1 + 0x1p-22f)});  // one rounding
    add("fma.rn.ftz.f32", 7, {2, 3, 1});
    add("fma.rn.ftz.f32", 0, {0x1p-100f, 0x1p-40f, 0});
    // what .ftz takes for 0
    add("add.rn.ftz.f32", 1, {1, kTiny});
    add("sub.rn.ftz.f32", -0.0f, {-kTiny, 0});
    add("div.rn.ftz.f32", kInfinity, {1, kTiny});
    add("div.full.ftz.f32", 0, {kTiny, 1});
    add("sqrt.rn.ftz.f32", 0, {kTiny});
    add("sqrt.approx.ftz.f32", 0, {kTiny});
    add("lg2.approx.ftz.f32", -kInfinity, {kTiny});
    add("sin.approx.ftz.f32", 0, {kTiny});
    add("cos.approx.ftz.f32", 1, {kTiny});
    add("max.ftz.f32", 0, {kTiny, -1});
    add_double("fma.rn.f64", 7, {2, 3, 1});
    add("div.rn.f32", third, {1, 3});
    add("div.rn.f32", kInfinity, {1, 0});
    add("div.full.f32", third, {1, 3});
    add("div.approx.f32", third, {1, 3});
    add("div.approx.ftz.f32", 0, {kTiny, 1});
    add_double("div.rn.f64", 1.0 / 3, {1, 3});
    add("rcp.rn.f32", third, {3});
    add("rcp.rn.ftz.f32", kInfinity, {kTiny});
    add("rcp.approx.f32", third, {3});
    add("rcp.approx.ftz.f32", third, {3});
    add_double("rcp.rn.f64", 0.25, {4});
    add("sqrt.rn.f32", 1.41421354f, {2});
    add("sqrt.approx.f32", 3, {9});
    add_double("sqrt.rn.f64", 3, {9});
    add("rsqrt.approx.f32", 0.25f, {16});
    add("rsqrt.approx.ftz.f32", 0.25f, {16});
    add("ex2.approx.f32", 0.125f, {-3});
    add("ex2.approx.ftz.f32", 0, {-130});
    add("lg2.approx.f32", -3, {0.125f});
    add("sin.approx.f32", 0, {0});
    add("cos.approx.f32", 1, {0});
    add("tanh.approx.f32", 1, {20});
    add("min.f32", -1, {1, -1});
    add("min.f32", 1, {kNan, 1});
    add("min.f32", 1, {1, kNan});
    add("min.f32", -0.0f, {0, -0.0f});
    add("min.ftz.f32", 0, {kTiny, 1});
    add("max.f32", 1, {1, -1});
    add("max.f32", 1, {1, kNan});
    add("max.f32", 0, {-0.0f, 0});
    add_double("min.f64", -1, {1, -1});
    add_double("max.f64", 1, {1, -1});
    add("neg.f32", -1, {1});
    add("neg.ftz.f32", -0.0f, {kTiny});
    add_double("neg.f64", -1, {1});
    add("abs.f32", 1, {-1});
    add("abs.ftz.f32", 0, {-kTiny});
    add_double("abs.f64", 1, {-1});
    add("copysign.f32", -3, {-1, 3});
    add_double("copysign.f64", -3, {-1, 3});
    add("mov.f32", 1.5f, {1.5f});
    add_double("mov.f64", 1.5, {1.5});
    return all;
}

std::vector<Vector> conversion_vectors() {
    return {
        {"cvt.u32.u16 %r1, %h2;", 0xfffe},
        {"cvt.s32.s16 %r1, %h2;", 0xfffffffe},
        {"cvt.s32.s8 %r1, 0x1ff;", 0xffffffff},
        {"cvt.u32.u8 %r1, 0x1ff;", 0xff},
        {"cvt.s64.s32 %d1, %r2;", uint64_t(-2)},
        {"cvt.u64.u32 %d1, %r2;", 0xfffffffe},
        {"cvt.u32.u64 %r1, 0x100000002;", 2},
        {"cvt.u16.u32 %h1, 0x12345;", 0x2345},
        {"cvt.s8.s32 %r1, 0x80;", 0xffffff80},  // with its sign in a wider register
        {"cvt.rn.f32.s32 %r1, -16777217;", bits(-16777216.0f)},
        {"cvt.rn.f32.u32 %r1, -1;", bits(4294967296.0f)},
        {"cvt.rn.f32.s16 %r1, %h2;", bits(-2.0f)},
        {"cvt.rn.f32.u16 %r1, %h2;", bits(65534.0f)},
        {"cvt.rn.f32.u8 %r1, %h2;", bits(254.0f)},
        {"cvt.rn.f32.s64 %r1, %d2;", bits(-2.0f)},
        {"cvt.rn.f64.s32 %d1, %r2;", bits(-2.0)},
        {"cvt.rn.f32.f64 %r1, " + d(1 + 0x1p-25) + ";", bits(1.0f)},
        {"cvt.rn.ftz.f32.f64 %r1, " + d(0x1p-130) + ";", bits(0.0f)},
        {"cvt.f64.f32 %d1, " + f(1.5f) + ";", bits(1.5)},
        {"cvt.ftz.f64.f32 %d1, " + f(kTiny) + ";", bits(0.0)},
        {"cvt.rni.f32.f32 %r1, " + f(2.5f) + ";", bits(2.0f)},
        {"cvt.rzi.f32.f32 %r1, " + f(-2.5f) + ";", bits(-2.0f)},
        {"cvt.rmi.f32.f32 %r1, " + f(-2.5f) + ";", bits(-3.0f)},
        {"cvt.rpi.f32.f32 %r1, " + f(2.5f) + ";", bits(3.0f)},
        {"cvt.rni.ftz.f32.f32 %r1, " + f(2.5f) + ";", bits(2.0f)},
        {"cvt.rzi.ftz.f32.f32 %r1, " + f(2.5f) + ";", bits(2.0f)},
        {"cvt.rmi.ftz.f32.f32 %r1, " + f(-kTiny) + ";", bits(-0.0f)},
        {"cvt.rpi.ftz.f32.f32 %r1, " + f(kTiny) + ";", bits(0.0f)},
        {"cvt.rpi.f32.f32 %r1, " + f(kTiny) + ";", bits(1.0f)},
        {"cvt.rni.s32.f32 %r1, " + f(3.5f) + ";", 4},
        {"cvt.rzi.s32.f32 %r1, " + f(-3.5f) + ";", uint32_t(-3)},
        {"cvt.rzi.s32.f32 %r1, " + f(1e20f) + ";", 0x7fffffff},
        {"cvt.rzi.s32.f32 %r1, " + f(-1e20f) + ";", 0x80000000},
        {"cvt.rzi.s32.f32 %r1, " + f(kNan) + ";", 0},
        {"cvt.rzi.u32.f32 %r1, " + f(-1) + ";", 0},
        {"cvt.rzi.u32.f32 %r1, " + f(4294967040.0f) + ";", 4294967040},
        {"cvt.rzi.s64.f64 %d1, " + d(-3.5) + ";", uint64_t(-3)},
        {"cvt.rzi.u64.f32 %d1, " + f(kInfinity) + ";", UINT64_MAX},
        {"cvt.sat.f32.f32 %r1, " + f(1.5f) + ";", bits(1.0f)},
        {"cvt.sat.f32.f32 %r1, " + f(kNan) + ";", bits(0.0f)},
    };
}

std::vector<Vector> memory_vectors() {
    return {
        {"st.local.b32 [own+4], 5; ld.local.b32 %r1, [own+4];", 5},
        {"st.local.v4.b32 [own+16], {1, 2, 3, 4}; ld.local.v2.b32 {_, %r1}, [own+24];", 4},
        {"st.local.b64 [own], 0x0807060504038281; ld.local.u8 %h1, [own];", 0x81},
        {"st.local.b64 [own], 0x0807060504038281; ld.local.s8 %r1, [own];", 0xffffff81},
        {"st.local.b64 [own], 0x0807060504038281; ld.local.b16 %h1, [own+2];", 0x0403},
        {"st.local.v2.b64 [own], {1, 0x200000003}; ld.local.v4.f32 {_, _, _, %r1}, [own];", 2},
        {"st.local.b8 [own], 0x1ff; ld.local.b8 %h1, [own];", 0xff},
        {"st.local.v4.b8 [own+4], {1, 2, 3, 4}; ld.local.b32 %r1, [own+4];", 0x04030201},
    };
}

}  // namespace hardnet::ptx
