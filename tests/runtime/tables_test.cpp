// Tables that no compiler should write: refused at open with a text that says where.
#include <gtest/gtest.h>

#include "sample.h"

namespace hardnet {
namespace {

int nothing(void **) { return 0; }

constexpr int64_t kArena = 100;

// What an open says of a plan with 100 elements of everything; "" where it opens.
std::string refusal(TinyPlan *plan) {
    plan->arena_elems = plan->scratch_elems = plan->weight_elems = kArena;
    Opened opened(plan->network(), default_options());
    if (opened.status != HARDNET_OK) {
        EXPECT_EQ(opened.status, HARDNET_INTERNAL);
    }
    return opened.error();
}

std::string of_view(hardnet_base base, int64_t offset, const std::vector<hardnet_dim> &dims) {
    TinyPlan plan;
    plan.batch = 2;
    plan.input({2, 1, 10, 10}, {2, 10, 10, 1});
    plan.output({2, 100});
    plan.read(base, offset, dims, base == HARDNET_INPUT_U8 ? HARDNET_UINT8 : HARDNET_FLOAT32);
    return refusal(&plan);
}

TEST(Tables, EveryViewLiesInItsMemory) {
    const std::string text = "view 0 of level plain: expected elements below 100, found ";
    for (hardnet_base base :
         {HARDNET_ARENA, HARDNET_WEIGHTS, HARDNET_INPUT, HARDNET_INPUT_U8, HARDNET_OUTPUT}) {
        EXPECT_EQ(of_view(base, 0, {{0, 10, 1}, {-1, 10, 10}}), "") << base;
        EXPECT_EQ(of_view(base, 1, {{0, 10, 1}, {-1, 10, 10}}), text + "1 to 100") << base;
        EXPECT_EQ(of_view(base, 0, {{0, 10, 1}, {0, 11, 10}}), text + "0 to 109") << base;
        EXPECT_EQ(of_view(base, -1, {{0, 10, 1}}), text + "-1 to -1") << base;
        EXPECT_EQ(of_view(base, 9, {{0, 10, -1}}), "") << base;
        EXPECT_EQ(of_view(base, 8, {{0, 10, -1}}), text + "-1 to 8") << base;
        EXPECT_EQ(of_view(base, 99, {}), "") << base;
        EXPECT_EQ(of_view(base, 100, {}), text + "100 to 100") << base;
    }
}

// int16 lies in the context's own memory, two in the place of a float32, and nowhere else.
TEST(Tables, ViewsOfInt16) {
    const auto of_int16 = [](hardnet_base base, int32_t extent) {
        TinyPlan plan;
        plan.input({1, 1, 10, 10}, {1, 10, 10, 1});
        plan.output({1, 100});
        plan.read(base, 0, {{0, extent, 1}}, HARDNET_INT16);
        return refusal(&plan);
    };
    for (hardnet_base base : {HARDNET_ARENA, HARDNET_SCRATCH, HARDNET_WEIGHTS}) {
        EXPECT_EQ(of_int16(base, 200), "") << base;
        if (base == HARDNET_SCRATCH) continue;  // its views are held to it as calls reach them
        EXPECT_EQ(of_int16(base, 201), "view 0 of level plain: expected elements below 200, found 0 to 200")
            << base;
    }
    const std::string text = "view 0 of level plain: expected type ";
    EXPECT_EQ(of_int16(HARDNET_INPUT, 100), text + "0, found 2");
    EXPECT_EQ(of_int16(HARDNET_INPUT_U8, 100), text + "1, found 2");
    EXPECT_EQ(of_int16(HARDNET_OUTPUT, 100), text + "0, found 2");
}

// Whose last element is inside where it is counted in 32 bits, or in 64 without care.
TEST(Tables, SpansDoNotWrap) {
    const std::string text = "view 0 of level plain: expected elements below 100, found ";
    EXPECT_EQ(of_view(HARDNET_ARENA, 0, {{0, 65537, 65536}}), text + "0 to 4294967296");
    const hardnet_dim huge{0, INT32_MAX, INT32_MAX};
    EXPECT_EQ(of_view(HARDNET_ARENA, 0, {huge, huge, huge, huge, huge}), text + "0 to 4611686011984936962");
    EXPECT_EQ(of_view(HARDNET_ARENA, INT64_MAX, {huge}), text + "9223372036854775807 to 9223372036854775807");
    EXPECT_EQ(of_view(HARDNET_ARENA, INT64_MIN, {huge}),
              text + "-9223372036854775808 to -9223372036854775808");
    EXPECT_EQ(of_view(HARDNET_ARENA, 50, {{0, INT32_MAX, INT32_MIN}}), text + "-4611686014132420558 to 50");
}

std::string of_argument(hardnet_base base, const std::vector<hardnet_dim> &dims, TinyPlan::Part part,
                        hardnet_split split, int32_t unit, uint8_t dim = 0) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    part.calls = {{nothing, {{plan.write(base, 0, dims), split, dim, unit}}}};
    plan.step(HARDNET_STEP_CONV1X1, "a", {part});
    return refusal(&plan);
}

TEST(Tables, EveryCallStaysInItsMemory) {
    const std::string text = "view 0 of level plain: expected elements below 100, found ";
    const auto shifted = [](uint32_t units, int32_t unit) {
        return of_argument(HARDNET_ARENA, {{0, 10, 1}}, {units, 1, 1, {}}, HARDNET_SHIFT, unit);
    };
    EXPECT_EQ(shifted(10, 10), "");
    EXPECT_EQ(shifted(11, 10), text + "0 to 109");
    EXPECT_EQ(shifted(2, -1), text + "-1 to 9");
    EXPECT_EQ(shifted(INT32_MAX, INT32_MAX), text + "0 to 4611686011984936971");
    // Scratch that holds two units of ten of a view of 1000.
    const auto slid = [](hardnet_base base, uint32_t chunk) {
        return of_argument(base, {{0, 5, 1}, {0, 200, 5}}, {20, chunk, 1, {}}, HARDNET_SLIDE, 10, 1);
    };
    EXPECT_EQ(slid(HARDNET_SCRATCH, 2), "");
    EXPECT_EQ(slid(HARDNET_SCRATCH, 3), text + "0 to 149");
    EXPECT_EQ(slid(HARDNET_SCRATCH, 0), text + "0 to 999");  // a thread's whole share at once
    EXPECT_EQ(slid(HARDNET_ARENA, 2), text + "0 to 999");
    EXPECT_EQ(of_argument(HARDNET_SCRATCH, {{0, 101, 1}}, {1, 0, 1, {}}, HARDNET_WHOLE, 0),
              text + "0 to 100");
}

TEST(Tables, SplitsAreOfDimensionsThatExist) {
    const auto cropped = [](uint32_t units, int32_t unit, uint8_t dim, hardnet_split split) {
        return of_argument(HARDNET_ARENA, {{0, 10, 1}}, {units, 1, 1, {}}, split, unit, dim);
    };
    const std::string text = "argument 0 of level plain: expected up to 2^31 of a dimension below 1, found ";
    EXPECT_EQ(cropped(10, 1, 0, HARDNET_CROP), "");
    EXPECT_EQ(cropped(10, 1, 1, HARDNET_CROP), text + "10 of 1");
    EXPECT_EQ(cropped(65536, 32768, 0, HARDNET_CROP), text + "2147483648 of 0");
    EXPECT_EQ(cropped(10, -1, 0, HARDNET_SLIDE), text + "-10 of 0");
    EXPECT_EQ(cropped(1u << 31, 0, 0, HARDNET_WHOLE),
              "part 0 of level plain: expected calls below 1 and fewer than 2^31 units, found others");
}

TEST(Tables, NumbersOfWhatDoesNotExist) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.step(HARDNET_STEP_CONV1X1, "a", {{1, 0, 1, {{nothing, {{7}}}}}});
    EXPECT_EQ(refusal(&plan),
              "argument 0 of level plain: expected a view below 0 and a split below 4, found 7 and 0");
    EXPECT_EQ(of_view(static_cast<hardnet_base>(6), 0, {}),
              "view 0 of level plain: expected a base below 6 and at most 5 dimensions, found 6 and 0");
}

TEST(Tables, ShapesAndSizesThatCannotBe) {
    const auto error = [](const std::vector<int64_t> &in, const std::vector<int64_t> &out, int32_t batch,
                          int64_t arena) {
        TinyPlan plan;
        plan.batch = batch;
        plan.input(in);
        plan.output(out);
        plan.arena_elems = arena;
        Opened opened(plan.network(), default_options());
        EXPECT_EQ(opened.status, HARDNET_INTERNAL);
        return std::string(opened.error());
    };
    EXPECT_EQ(error({1, 1, 1, 1}, {1, 1}, 0, 1), "batch: expected at least 1, found 0");
    const std::string shape = ": expected a shape of 2 images and fewer than 2^48 elements, found another";
    EXPECT_EQ(error({3, 1, 1, 1}, {2, 1}, 2, 1), "float input 0" + shape);
    EXPECT_EQ(error({2, 1, 1, 1}, {2, 0}, 2, 1), "output 0" + shape);
    EXPECT_EQ(error({2, 1, 1, 1}, {2, INT64_MAX, 3}, 2, 1), "output 0" + shape);
    EXPECT_EQ(error({2, 1, 1, 1}, {int64_t{1} << 32, int64_t{1} << 32}, 2, 1), "output 0" + shape);
    EXPECT_EQ(error({2, 1, 1, 1}, {2, 1}, 2, -1),
              "memory of level plain: expected 0 to 2^48 elements, found -1");
    EXPECT_EQ(error({2, 1, 1, 1}, {2, 1}, 2, INT64_MAX),
              "memory of level plain: expected 0 to 2^48 elements, found 9223372036854775807");
}

// A chunk beyond any share: its end does not fit 32 bits.
TEST(Tables, AChunkMayBeAsLongAsItLikes) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.step(HARDNET_STEP_CONV1X1, "a", {{10, UINT32_MAX, 1, {{nothing, {}}}}});
    hardnet_options options = default_options();
    options.threads = 3;
    Opened opened(plan.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(hardnet_context_memory(opened.context).calls, 3);
}

}  // namespace
}  // namespace hardnet
