// Packed weights against plain loops in double. All values and coefficients are small multiples of 1/8, so
// equality is exact whatever the order of the sums.
#include <gtest/gtest.h>

#include <cstring>

#include "tiny_plan.h"

namespace hardnet {
namespace {

// F(4x4)'s shape with exact numbers. The second and third are of points a and -a.
const std::vector<std::vector<double>> kG = {
    {1, 0, 0}, {0.5, 0.25, 0.125}, {0.5, -0.25, 0.125}, {2, 1, 0.5}, {0, 0, 1}};

struct Positions {
    std::vector<std::vector<double>> rows, columns;
};
// In steps of 1 (a point's rows together, a and -a side by side) or 7 (mixed); one position is dropped.
Positions positions(int step, int dropped) {
    Positions p;
    for (int i = 0; i < 25; i++) {
        const int k = i * step % 25;
        if (k == dropped) continue;
        p.rows.push_back(kG[k / 5]);
        p.columns.push_back(kG[k % 5]);
    }
    return p;
}

// Opens a network whose only content is one tensor and one packing at element 16; gives the packed floats.
std::vector<float> packed(TinyPlan *plan, const std::string &file, int64_t count, int threads,
                          int misaligned = 0) {
    plan->input({1, 1, 1, 1});
    plan->weight_elems = 16 + count;
    plan->read(HARDNET_WEIGHTS, 16, {{0, static_cast<int32_t>(count), 1}});
    std::string shifted = std::string(static_cast<size_t>(misaligned), 'x') + file;
    hardnet_options options = default_options();
    options.threads = threads;
    options.weights_data = shifted.data() + misaligned;
    options.weights_size = file.size();
    Opened opened(plan->network(), options);
    EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
    const auto *data = static_cast<const float *>(hardnet_view_data(opened.context, 0, 0, 0));
    return data ? std::vector<float>(data, data + count) : std::vector<float>();
}

struct Case {
    int out_total, first_out, out, in, height, width, block;
};

float weight_at(const Case &c, const std::vector<float> &w, int o, int i, int tap) {
    if (o >= c.out) return 0;
    return w[((c.first_out + o) * c.in + i) * c.height * c.width + tap];
}

std::vector<float> expected_blocked(const Case &c, const std::vector<float> &w, const Positions *t) {
    const int blocks = (c.out + c.block - 1) / c.block, taps = c.height * c.width;
    const int count = t ? static_cast<int>(t->rows.size()) : taps;
    std::vector<float> out;
    for (int b = 0; b < blocks; b++) {
        for (int p = 0; p < count; p++) {
            for (int i = 0; i < c.in; i++) {
                for (int lane = 0; lane < c.block; lane++) {
                    double value = t ? 0 : weight_at(c, w, b * c.block + lane, i, p);
                    for (int tap = 0; t && tap < 9; tap++) {
                        value += t->rows[p][tap / 3] * weight_at(c, w, b * c.block + lane, i, tap) *
                                 t->columns[p][tap % 3];
                    }
                    out.push_back(static_cast<float>(value));
                }
            }
        }
    }
    return out;
}

void check_blocked(const Case &c, const Positions *p, int threads, int misaligned) {
    TinyPlan plan;
    std::vector<int64_t> shape = {c.out_total, c.in};
    if (c.height) shape.insert(shape.end(), {c.height, c.width});
    Case taps = c;
    if (!c.height) taps.height = taps.width = 1;
    const std::vector<float> w = ramp(size_t{1} * c.out_total * c.in * taps.height * taps.width);
    const int32_t t = p ? plan.transform(p->rows, p->columns) : -1;
    plan.pack({HARDNET_PACK_BLOCKED, plan.weight("w", shape), t, c.first_out, c.out, c.block, 16, -1});
    const std::vector<float> expected = expected_blocked(taps, w, p);
    EXPECT_EQ(packed(&plan, safetensors({{"w", "F32", shape, w}}), static_cast<int64_t>(expected.size()),
                     threads, misaligned),
              expected)
        << "block " << c.block << ", " << c.in << " in, " << threads << " threads";
}

TEST(Packing, Blocked) {
    for (int threads : {1, 3}) {
        check_blocked({14, 0, 14, 5, 3, 3, 8}, nullptr, threads, 0);
        check_blocked({78, 48, 30, 7, 1, 1, 24}, nullptr, threads, 1);  // a channel part of a wider tensor
        check_blocked({10, 0, 10, 33, 0, 0, 16}, nullptr, threads, 3);  // fully connected: rank 2
        check_blocked({3, 0, 3, 2, 5, 5, 1}, nullptr, threads, 2);
    }
}

TEST(Packing, Transformed) {
    for (const Positions &p : {positions(7, 24), positions(1, 24), positions(1, 7)}) {
        for (int threads : {1, 3}) {
            check_blocked({14, 0, 14, 5, 3, 3, 8}, &p, threads, 1);
            check_blocked({100, 0, 96, 28, 3, 3, 48}, &p, threads, 0);
            check_blocked({134, 112, 22, 78, 3, 3, 24}, &p, threads, 2);
            check_blocked({300, 0, 300, 3, 3, 3, HARDNET_MAX_BLOCK}, &p, threads, 0);
            check_blocked({2, 0, 2, 600, 3, 3, 1}, &p, threads, 0);
        }
    }
}

// Coefficients that are no sums of powers of two, of F(4x4): every sum rounds, so its order shows in the bits.
TEST(Packing, InexactCoefficientsGiveTheSameBitsOnEveryMachine) {
    const std::vector<std::vector<double>> points = {{1. / 4, 0, 0},
                                                     {-1. / 6, -1. / 6, -1. / 6},
                                                     {-1. / 6, 1. / 6, -1. / 6},
                                                     {1. / 24, 1. / 12, 1. / 6},
                                                     {1. / 24, -1. / 12, 1. / 6},
                                                     {0, 0, 1}};
    std::vector<float> w = ramp(24 * 5 * 9);
    for (size_t i = 0; i < w.size(); i++) w[i] = (w[i] + 5) / static_cast<float>(3 + i % 7);
    for (int step : {1, 7}) {  // mirrored points side by side, or apart
        Positions p;
        for (int i = 0; i < 36; i++) {
            p.rows.push_back(points[i * step % 36 / 6]);
            p.columns.push_back(points[i * step % 36 % 6]);
        }
        TinyPlan plan;
        plan.pack({HARDNET_PACK_BLOCKED, plan.weight("w", {24, 5, 3, 3}), plan.transform(p.rows, p.columns),
                   0, 24, 16, 16, -1});
        uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
        for (float value : packed(&plan, safetensors({{"w", "F32", {24, 5, 3, 3}, w}}), 2 * 36 * 5 * 16, 1)) {
            uint32_t bits;
            std::memcpy(&bits, &value, sizeof bits);
            hash = (hash ^ bits) * 0x100000001b3u;
        }
        EXPECT_EQ(hash, step == 1 ? 1329699474093993002u : 2797880419729739762u) << step;
    }
}

// A point that no position is of, and no order of the points: they are numbers only.
TEST(Packing, PointsMayBeUnusedAndInAnyOrder) {
    const std::vector<std::vector<double>> rows = {kG[4], kG[1], {7, 7, 7}, kG[2]}, columns = {kG[3], kG[0]};
    const std::vector<std::array<uint8_t, 2>> points = {{3, 1}, {0, 0}, {1, 1}, {1, 0}, {3, 0}};
    Positions p;
    for (const auto &[row, column] : points)
        p.rows.push_back(rows[row]), p.columns.push_back(columns[column]);
    const Case c{10, 0, 10, 3, 3, 3, 8};
    const std::vector<float> w = ramp(10 * 3 * 9), expected = expected_blocked(c, w, &p);
    TinyPlan plan;
    plan.pack({HARDNET_PACK_BLOCKED, plan.weight("w", {10, 3, 3, 3}), plan.transform(rows, columns, points),
               0, 10, 8, 16, -1});
    EXPECT_EQ(packed(&plan, safetensors({{"w", "F32", {10, 3, 3, 3}, w}}),
                     static_cast<int64_t>(expected.size()), 1),
              expected);
}

TEST(Packing, DepthwiseAndVector) {
    const std::vector<float> w = ramp(14 * 9);
    TinyPlan depthwise;
    depthwise.pack({HARDNET_PACK_DEPTHWISE, depthwise.weight("w", {14, 1, 3, 3}), -1, 2, 11, 16, 16, -1});
    const std::vector<float> taps =
        packed(&depthwise, safetensors({{"w", "F32", {14, 1, 3, 3}, w}}), 9 * 16, 1);
    for (int tap = 0; tap < 9; tap++) {
        for (int c = 0; c < 16; c++)
            EXPECT_EQ(taps[tap * 16 + c], c < 11 ? w[(c + 2) * 9 + tap] : 0) << tap << ' ' << c;
    }
    TinyPlan vector;
    vector.pack({HARDNET_PACK_VECTOR, vector.weight("w", {14}), -1, 3, 10, 16, 16, -1});
    const std::vector<float> v =
        packed(&vector, safetensors({{"w", "F32", {14}, {w.begin(), w.begin() + 14}}}), 16, 1);
    for (int c = 0; c < 16; c++) EXPECT_EQ(v[c], c < 10 ? w[c + 3] : 0) << c;
}

// The text of an open that fails on what the plan says of a 1x1x3x3 tensor; `plan` has the transform.
std::string refusal(TinyPlan *plan, int block) {
    plan->input({1, 1, 1, 1});
    plan->weight_elems = 16;
    plan->pack({HARDNET_PACK_BLOCKED, plan->weight("w", {1, 1, 3, 3}), 0, 0, 1, block, 0, -1});
    const std::string file = safetensors({{"w", "F32", {1, 1, 3, 3}, ramp(9)}});
    hardnet_options options = default_options();
    options.weights_data = file.data();
    options.weights_size = file.size();
    Opened opened(plan->network(), options);
    EXPECT_EQ(opened.status, HARDNET_INTERNAL);
    return opened.error();
}
std::string refusal(const Positions &p, int block) {
    TinyPlan plan;
    plan.transform(p.rows, p.columns);
    return refusal(&plan, block);
}
std::string refusal(const std::vector<std::array<uint8_t, 2>> &points) {
    TinyPlan plan;
    plan.transform(kG, {kG[0], kG[4]}, points);
    return refusal(&plan, 8);
}

// The text of an open with this packing of a tensor w into 64 elements.
std::string refusal(const std::vector<int64_t> &shape, hardnet_packing packing) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.weight_elems = 64;
    plan.weight("w", shape);
    plan.transform({kG[0]}, {kG[0]});
    plan.pack(packing);
    Opened opened(plan.network(), default_options());
    return opened.error();
}

TEST(Packing, PackingsOfWhatIsNotThereAreRefused) {
    const std::string fits =
        "weights: expected weights_path or weights_data, found neither";  // the next thing
    const std::string others = "packing 0: expected channels of tensor w, found others";
    const auto text = [](int64_t elems, int64_t offset) {
        return "packing 0: expected elements below 64, found " + std::to_string(elems) + " from " +
               std::to_string(offset) + " on";
    };
    const std::vector<int64_t> w = {12, 4, 1, 1}, w3 = {12, 4, 3, 3};
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 8, 0, -1}), fits);
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 8, 1, -1}), text(64, 1));
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 8, -1, -1}), text(64, -1));
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 8, INT64_MAX, -1}), text(64, INT64_MAX));
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 32, 0, -1}), text(128, 0));
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, 4, 9, 8, 0, -1}), others);
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, -1, 9, 8, 0, -1}), others);
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 0, 0, -1}), others);
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 0, 0, 0, 12, 8, 0, -1}), others);  // 1x1 has no transform
    EXPECT_EQ(refusal(w3, {HARDNET_PACK_BLOCKED, 0, 0, 0, 12, 8, 0, -1}), fits);
    EXPECT_EQ(refusal(w3, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 8, 0, -1}), text(576, 0));
    EXPECT_EQ(refusal({12, 1 << 20, 1 << 12}, {HARDNET_PACK_BLOCKED, 0, -1, 0, 12, 8, 0, -1}), others);
    EXPECT_EQ(refusal({INT32_MAX, INT32_MAX}, {HARDNET_PACK_BLOCKED, 0, -1, 0, INT32_MAX, INT32_MAX, 0, -1}),
              text(int64_t{INT32_MAX} * INT32_MAX, 0));
    EXPECT_EQ(refusal({64}, {HARDNET_PACK_VECTOR, 0, -1, 0, 64, 64, 0, -1}), fits);
    EXPECT_EQ(refusal({64}, {HARDNET_PACK_VECTOR, 0, -1, 0, 64, 63, 0, -1}), others);
    EXPECT_EQ(refusal(w, {HARDNET_PACK_DEPTHWISE, 0, -1, 0, 12, 16, 0, -1}), others);  // four channels deep
    const std::string none = "packing 0: expected a kind, a tensor and a transform that exist, found ";
    EXPECT_EQ(refusal(w, {4, 0, -1, 0, 12, 8, 0, -1}), none + "4, 0 and -1");
    EXPECT_EQ(refusal(w, {HARDNET_PACK_BLOCKED, 1, -1, 0, 12, 8, 0, -1}), none + "0, 1 and -1");
    EXPECT_EQ(refusal(w3, {HARDNET_PACK_BLOCKED, 0, 1, 0, 12, 8, 0, -1}), none + "0, 0 and 1");
}

TEST(Packing, PlansThatItCannotPackAreRefused) {
    EXPECT_EQ(refusal(positions(1, 24), HARDNET_MAX_BLOCK + 1),
              "packing 0: expected a block of at most 256 channels, found 257");
    Positions many;
    for (double i = 0; i < 17; i++) many.rows.push_back({i, 1, 1}), many.columns.push_back({1, 0, 0});
    EXPECT_EQ(refusal(many, 8), "transform 0: expected at most 16 distinct rows and columns, found more");
    std::swap(many.rows, many.columns);
    EXPECT_EQ(refusal(many, 8), "transform 0: expected at most 16 distinct rows and columns, found more");
    EXPECT_EQ(refusal({{4, 1}, {5, 1}}),
              "transform 0, position 1: expected points below 5 and 2, found 5 and 1");
    EXPECT_EQ(refusal({{4, 2}}), "transform 0, position 0: expected points below 5 and 2, found 4 and 2");
    EXPECT_EQ(refusal({{1, 1}, {1, 0}, {1, 1}}),
              "transform 0, position 2: expected points of its own, found 1 and 1 again");
}

}  // namespace
}  // namespace hardnet
