// How steps become calls: shares, chunks, what a chunk makes of a view, images, ports.
#include <gtest/gtest.h>

#include <cstring>

#include "sample.h"

namespace hardnet {
namespace {

struct Seen {  // what a kernel was handed: its thread, dimension 1, where in the arena it points, in elements
    int thread, min, extent;
    int64_t offset;
    bool operator==(const Seen &o) const {
        return thread == o.thread && min == o.min && extent == o.extent && offset == o.offset;
    }
};
void PrintTo(const Seen &s, std::ostream *out) {
    *out << "{" << s.thread << ", " << s.min << ", " << s.extent << ", " << s.offset << "}";
}
using Calls = std::vector<Seen>;
const uint8_t *arena;
std::vector<Seen> seen;
int current_thread;

int record(void **arguments) {
    const auto *b = buffer(arguments, 0);
    seen.push_back({current_thread, b->dim[1].min, b->dim[1].extent, (b->host - arena) / 4});
    return 0;
}

// Runs the tasks in order, so that `current_thread` says whose calls are recorded.
void one_by_one(void *, int32_t count, hardnet_task task, void *argument) {
    for (current_thread = 0; current_thread < count; current_thread++) task(argument, current_thread);
    current_thread = 0;
}

hardnet_options in_order(int threads) {
    hardnet_options options = default_options();
    options.threads = threads;
    options.parallel = one_by_one;
    return options;
}

std::vector<Seen> recorded(TinyPlan *plan, int threads) {
    plan->input({1, 1, 1, 1});
    Opened opened(plan->network(), in_order(threads));
    EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
    seen.clear();
    arena = static_cast<const uint8_t *>(hardnet_context_memory(opened.context).arena);
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK);
    return seen;
}

const std::vector<hardnet_dim> kRows = {{0, 4, 1}, {-1, 12, 4}};  // rows -1 to 10

TEST(Schedule, SameResultForEveryThreadCount) {
    Sample sample;
    const std::vector<float> images = ramp(kImages * kPixels), expected = sample_expected(images);
    for (int threads : {1, 2, 3, 4, 5, 6, 7, 16}) {
        hardnet_options options = sample.options();
        options.threads = threads;
        EXPECT_EQ(sample_run(sample.network(), options, images), expected) << threads;
        options.parallel = one_by_one;
        EXPECT_EQ(sample_run(sample.network(), options, images), expected) << threads << " by the hook";
    }
}

TEST(Schedule, CropMovesThePointerAndIsCutAtTheViewsEnd) {
    TinyPlan plan;
    plan.arena_elems = 64;
    const uint32_t view = plan.write(HARDNET_ARENA, 8, kRows);
    plan.step(HARDNET_STEP_CONV3X3, "crop", {{3, 1, 1, {{record, {{view, HARDNET_CROP, 1, 4}}}}}});
    EXPECT_EQ(recorded(&plan, 1), (Calls{{0, 0, 4, 8 + 4}, {0, 4, 4, 8 + 5 * 4}, {0, 8, 3, 8 + 9 * 4}}));
}

TEST(Schedule, SlideKeepsThePointer) {
    TinyPlan plan;
    plan.arena_elems = 64;
    const uint32_t view = plan.write(HARDNET_ARENA, 8, {{0, 4, 1}, {0, 8, 4}});
    plan.step(HARDNET_STEP_CONV3X3, "slide", {{5, 2, 1, {{record, {{view, HARDNET_SLIDE, 1, 4}}}}}});
    EXPECT_EQ(recorded(&plan, 1), (Calls{{0, 0, 8, 8}, {0, 8, 8, 8}, {0, 16, 4, 8}}));
}

TEST(Schedule, ShiftMovesOnlyThePointer) {
    TinyPlan plan;
    plan.arena_elems = 64;
    const uint32_t view = plan.read(HARDNET_ARENA, 8, kRows);
    plan.step(HARDNET_STEP_CONV3X3, "shift", {{2, 1, 1, {{record, {{view, HARDNET_SHIFT, 0, 7}}}}}});
    EXPECT_EQ(recorded(&plan, 1), (Calls{{0, -1, 12, 8}, {0, -1, 12, 8 + 7}}));
}

TEST(Schedule, WithoutChunksAShareIsOneCall) {
    TinyPlan plan;
    plan.arena_elems = 64;
    const uint32_t view = plan.write(HARDNET_ARENA, 0, {{0, 1, 1}, {0, 10, 1}});
    plan.step(HARDNET_STEP_CONV3X3, "whole", {{10, 0, 1, {{record, {{view, HARDNET_CROP, 1, 1}}}}}});
    EXPECT_EQ(recorded(&plan, 3), (Calls{{0, 0, 3, 0}, {1, 3, 4, 3}, {2, 7, 3, 7}}));
}

TEST(Schedule, SharesAreCutByCostAcrossParts) {
    TinyPlan plan;
    plan.arena_elems = 64;
    const uint32_t view = plan.write(HARDNET_ARENA, 0, {{0, 1, 1}, {0, 10, 1}});
    const TinyPlan::Call call{record, {{view, HARDNET_CROP, 1, 1}}};
    // 6 units of 1, 2 of 5, 4 of 1: 20 in all. Two shares of 10: all of the first part and nearly one of the
    // second's.
    plan.step(HARDNET_STEP_PRODUCT, "parts", {{6, 0, 1, {call}}, {2, 0, 5, {call}}, {4, 0, 1, {call}}});
    EXPECT_EQ(recorded(&plan, 2), (Calls{{0, 0, 6, 0}, {0, 0, 1, 0}, {1, 1, 1, 1}, {1, 0, 4, 0}}));
}

TEST(Schedule, PartsOfManyUnitsAreSharedEach) {
    TinyPlan plan;
    plan.arena_elems = 64;
    const uint32_t view = plan.write(HARDNET_ARENA, 0, {{0, 1, 1}, {0, 24, 1}});
    const TinyPlan::Call call{record, {{view, HARDNET_CROP, 1, 1}}};
    plan.step(HARDNET_STEP_PRODUCT, "many", {{24, 0, 1, {call}}, {16, 0, 9, {call}}});
    EXPECT_EQ(recorded(&plan, 2), (Calls{{0, 0, 12, 0}, {0, 0, 8, 0}, {1, 12, 12, 12}, {1, 8, 8, 8}}));
    // 16 units are too few for three threads: 168 by cost, three shares of 56.
    EXPECT_EQ(recorded(&plan, 3), (Calls{{0, 0, 24, 0}, {0, 0, 4, 0}, {1, 4, 6, 4}, {2, 10, 6, 10}}));
}

TEST(Schedule, EveryUnitIsDoneOnceHoweverManyThreads) {
    for (int threads = 1; threads <= 40; threads++) {
        TinyPlan plan;
        plan.arena_elems = 64;
        const uint32_t view = plan.write(HARDNET_ARENA, 0, {{0, 1, 1}, {0, 37, 1}});
        const TinyPlan::Call call{record, {{view, HARDNET_CROP, 1, 1}}};
        plan.step(HARDNET_STEP_PRODUCT, "a", {{37, 0, 0.3f, {call}}, {1, 0, 0, {call}}, {11, 3, 7, {call}}});
        int extents = 0;
        for (const Seen &s : recorded(&plan, threads)) extents += s.extent;
        EXPECT_EQ(extents, 37 + 1 + 11) << threads;
    }
}

TEST(Schedule, ScratchIsAThreadsOwnOnLinesOfItsOwn) {
    TinyPlan plan;
    plan.scratch_elems = 17;
    const std::vector<hardnet_dim> dims = {{0, 1, 1}, {0, 1, 1}};
    for (uint32_t view : {plan.write(HARDNET_SCRATCH, 1, dims), plan.read(HARDNET_SCRATCH, 1, dims)}) {
        plan.step(HARDNET_STEP_PRODUCT, "a", {{3, 1, 1, {{record, {{view}}}}}});
    }
    const Calls calls = recorded(&plan, 3);
    ASSERT_EQ(calls.size(), 6u);
    for (int i : {0, 3}) {
        EXPECT_EQ(calls[i + 1].offset - calls[i].offset, 32);
        EXPECT_EQ(calls[i + 2].offset - calls[i + 1].offset, 32);
    }
}

TEST(Schedule, Uint8InputIsNormalisedFirst) {
    Sample sample;
    std::vector<uint8_t> bytes(kImages * kPixels);
    std::vector<float> images(bytes.size());
    for (size_t i = 0; i < bytes.size(); i++) {
        bytes[i] = static_cast<uint8_t>(i * 37);
        images[i] = static_cast<float>(bytes[i]) / 4;
    }
    for (int threads : {1, 3}) {
        hardnet_options options = sample.options();
        options.input_type = HARDNET_UINT8;
        options.threads = threads;
        Opened opened(sample.network(), options);
        ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
        EXPECT_EQ(opened.input().type, HARDNET_UINT8);
        EXPECT_EQ(opened.input().shape[3], 1);
        EXPECT_EQ(hardnet_step_count(opened.context), 4);
        std::memcpy(opened.input().data, bytes.data(), bytes.size());
        ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
        const auto *out = static_cast<const float *>(opened.output().data);
        EXPECT_EQ(std::vector<float>(out, out + images.size()), sample_expected(images));
    }
}

TEST(Schedule, StepByStepIsTheSameAsARun) {
    Sample sample;
    const std::vector<float> images = ramp(kImages * kPixels);
    hardnet_options options = sample.options();
    options.threads = 2;
    Opened opened(sample.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK);
    std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
    ASSERT_EQ(hardnet_step_count(opened.context), 3);
    EXPECT_EQ(hardnet_step_at(opened.context, 0)->kind, HARDNET_STEP_STEM);
    EXPECT_EQ(hardnet_step_at(opened.context, 3), nullptr);
    for (int image = 0; image < kImages; image++) {
        for (int step = 0; step < 3; step++) {
            ASSERT_EQ(hardnet_run_step(opened.context, step, image), HARDNET_OK) << opened.error();
        }
        // View 2 is the image that the first step reads.
        EXPECT_EQ(*static_cast<float *>(hardnet_view_data(opened.context, 2, image, 0)),
                  images[image * kPixels]);
    }
    const auto *out = static_cast<const float *>(opened.output().data);
    EXPECT_EQ(std::vector<float>(out, out + images.size()), sample_expected(images));
    EXPECT_EQ(hardnet_run_step(opened.context, 3, 0), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "step: expected one of 3 on one of 2 images, found step 3 on image 0");
    EXPECT_EQ(hardnet_run_step(opened.context, 0, 2), HARDNET_INVALID_ARGUMENT);
}

int fill(void **arguments) {
    const auto *b = buffer(arguments, 0);
    for (int x = 0; x < b->dim[0].extent; x++) at(b, x) = static_cast<float>(b->dim[0].extent);
    return 0;
}

TEST(Schedule, EachOutputIsAddressedOnItsOwn) {
    TinyPlan plan;
    plan.batch = 2;
    plan.input({2, 1, 1, 1});
    plan.output({2, 3});
    plan.output({2, 5});
    const uint32_t a = plan.write_output(0, 0, {{0, 3, 1}}), b = plan.write_output(1, 0, {{0, 5, 1}});
    plan.step(HARDNET_STEP_FULLY_CONNECTED, "heads", {{1, 0, 1, {{fill, {{a}}}, {fill, {{b}}}}}});
    Opened opened(plan.network(), default_options());
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    for (int i = 0; i < 6; i++) EXPECT_EQ(static_cast<float *>(opened.output(0).data)[i], 3);
    for (int i = 0; i < 10; i++) EXPECT_EQ(static_cast<float *>(opened.output(1).data)[i], 5);
    hardnet_tensor tensor;
    EXPECT_EQ(hardnet_output(opened.context, 2, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "output: expected an index below 2, found 2");
}

// mask(x) = x + 10 * image(0), scores(x, y) = mask(x) + y / 2
int classes(void **arguments) {
    const auto *image = buffer(arguments, 0), *mask = buffer(arguments, 1);
    EXPECT_EQ(mask->type.code, HARDNET_HALIDE_UINT);
    EXPECT_EQ(mask->type.bits, 8);
    for (int x = mask->dim[0].min; x < mask->dim[0].min + mask->dim[0].extent; x++)
        mask->host[x - mask->dim[0].min] = static_cast<uint8_t>(x + 10 * at(image, 0));
    return 0;
}
int scores(void **arguments) {
    const auto *mask = buffer(arguments, 0), *out = buffer(arguments, 1);
    EXPECT_EQ(out->type.code, HARDNET_HALIDE_FLOAT);
    for (int y = out->dim[1].min; y < out->dim[1].min + out->dim[1].extent; y++) {
        for (int x = 0; x < 7; x++) at(out, x, y) = static_cast<float>(mask->host[x] + y / 2.0);
    }
    return 0;
}

// Per image a mask of 7 bytes, no multiple of a float's, in front of 7 x 3 scores and behind one score.
struct Segmenter : TinyPlan {
    Segmenter() {
        batch = 2;
        input({2, 1, 1, 1});
        output({2}), output({2, 7}, HARDNET_UINT8), output({2, 3, 7});
        const uint32_t image = read(HARDNET_INPUT, 0, {{0, 1, 1}}), first = write_output(0, 0, {{0, 1, 1}});
        const uint32_t begin = write_output(1, 0, {{0, 3, 1}}, HARDNET_UINT8);
        const uint32_t end = write_output(1, 3, {{3, 4, 1}}, HARDNET_UINT8);
        whole = write_output(1, 0, {{0, 7, 1}}, HARDNET_UINT8);
        const uint32_t rows = write_output(2, 0, {{0, 7, 1}, {0, 3, 7}});
        step(HARDNET_STEP_CONV1X1, "mask",
             {{1, 0, 1, {{fill, {{first}}}, {classes, {{image}, {begin}}}, {classes, {{image}, {end}}}}}});
        step(HARDNET_STEP_OUTPUT, "scores", {{3, 1, 1, {{scores, {{whole}, {rows, HARDNET_CROP, 1, 1}}}}}});
    }
    uint32_t whole;
};

void expect_classes(const uint8_t *mask, const float *values) {
    for (int image = 0; image < 2; image++) {
        for (int x = 0; x < 7; x++) {
            const int value = x + 10 * (image + 1);
            EXPECT_EQ(mask[7 * image + x], value) << image << ' ' << x;
            for (int y = 0; y < 3; y++)
                EXPECT_EQ(values[(3 * image + y) * 7 + x], value + y / 2.0) << image << ' ' << x << ' ' << y;
        }
    }
}

TEST(Schedule, OutputsHaveTypesOfTheirOwn) {
    Segmenter plan;
    Opened opened(plan.network(), default_options());
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    const hardnet_tensor one = opened.output(0), mask = opened.output(1), values = opened.output(2);
    EXPECT_EQ(one.type, HARDNET_FLOAT32);
    EXPECT_EQ(mask.type, HARDNET_UINT8);
    EXPECT_EQ(values.type, HARDNET_FLOAT32);
    // One behind the other on lines of 64 bytes: the mask's 14 bytes take one, 14 floats would.
    EXPECT_EQ(static_cast<uint8_t *>(values.data) - static_cast<uint8_t *>(mask.data), 64);
    for (int i = 0; i < 2; i++) static_cast<float *>(opened.input().data)[i] = static_cast<float>(i + 1);
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    expect_classes(static_cast<const uint8_t *>(mask.data), static_cast<const float *>(values.data));
    for (int i = 0; i < 2; i++) EXPECT_EQ(static_cast<float *>(one.data)[i], 1);
    EXPECT_EQ(hardnet_view_data(opened.context, static_cast<int32_t>(plan.whole), 1, 0),
              static_cast<uint8_t *>(mask.data) + 7);
}

TEST(Schedule, OutputsOfAnyTypeMayBeBound) {
    Segmenter plan;
    Opened opened(plan.network(), default_options());
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    for (int i = 0; i < 2; i++) static_cast<float *>(opened.input().data)[i] = static_cast<float>(i + 1);
    std::vector<uint8_t> bytes(1 + 14 + 1, 0xee);
    std::vector<float> floats(42);
    hardnet_tensor mask = opened.output(1), values = opened.output(2);
    mask.data = floats.data();
    mask.type = HARDNET_FLOAT32;
    EXPECT_EQ(hardnet_bind_output(opened.context, 1, &mask), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "output 1: expected uint8, found float32");
    mask.type = HARDNET_UINT8;
    mask.data = bytes.data() + 1;  // aligned to its elements, and no longer than 14 bytes
    values.data = floats.data();
    ASSERT_EQ(hardnet_bind_output(opened.context, 1, &mask), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_bind_output(opened.context, 2, &values), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    expect_classes(bytes.data() + 1, floats.data());
    EXPECT_EQ(bytes.front(), 0xee);
    EXPECT_EQ(bytes.back(), 0xee);
}

TEST(Schedule, ViewsOfNoOutputOrOfItsWrongTypeAreRefused) {
    const auto error = [](uint8_t port, hardnet_type type) {
        TinyPlan plan;
        plan.input({1, 1, 1, 1});
        plan.output({1, 4}, HARDNET_UINT8);
        plan.write_output(port, 0, {{0, 1, 1}}, type);
        Opened opened(plan.network(), default_options());
        EXPECT_EQ(opened.status, HARDNET_INTERNAL);
        return std::string(opened.error());
    };
    EXPECT_EQ(error(1, HARDNET_UINT8), "view 0 of level plain: expected a port below 1, found 1");
    EXPECT_EQ(error(0, HARDNET_FLOAT32), "view 0 of level plain: expected type 1, found 0");
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.output({1, 4}, static_cast<hardnet_type>(2));
    Opened opened(plan.network(), default_options());
    EXPECT_EQ(opened.status, HARDNET_INTERNAL);
    EXPECT_STREQ(opened.error(), "output 0: expected type 0 or 1, found 2");
}

int fail_once(void **arguments) {
    float &calls = at(buffer(arguments, 0), 0);
    return calls++ == 0 ? -7 : 0;
}

TEST(Schedule, AFailingKernelIsAnErrorThatNamesTheLayer) {
    TinyPlan plan;
    plan.arena_elems = 16;
    plan.input({1, 1, 1, 1});
    const uint32_t view = plan.write(HARDNET_ARENA, 0, {{0, 1, 1}});
    plan.step(HARDNET_STEP_CONV1X1, "fine", {});
    plan.step(HARDNET_STEP_CONV1X1, "base.3", {{1, 0, 1, {{fail_once, {{view}}}}}});
    Opened opened(plan.network(), default_options());
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_INTERNAL);
    EXPECT_STREQ(opened.error(), "layer base.3: expected its kernel to return 0, found -7");
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK);
}

struct Share {
    int32_t step;
    int64_t begin_ns, end_ns;
};
using Shares = std::vector<std::vector<Share>>;  // per thread, in its order

TEST(Trace, EveryThreadReportsEveryStepInOrder) {
    Sample sample;
    for (int threads : {1, 3}) {
        hardnet_options options = sample.options();
        options.threads = threads;
        Opened opened(sample.network(), options);
        ASSERT_EQ(opened.status, HARDNET_OK);
        const int32_t steps = hardnet_step_count(opened.context);
        ASSERT_GT(steps, 1);
        Shares shares(static_cast<size_t>(threads));
        hardnet_run(opened.context);
        hardnet_set_trace(
            opened.context,
            [](void *user, int32_t thread, int32_t step, int64_t begin_ns, int64_t end_ns) {
                (*static_cast<Shares *>(user))[static_cast<size_t>(thread)].push_back(
                    {step, begin_ns, end_ns});
            },
            &shares);
        hardnet_run(opened.context);
        hardnet_set_trace(opened.context, nullptr, nullptr);
        hardnet_run(opened.context);
        for (const std::vector<Share> &mine : shares) {
            ASSERT_EQ(mine.size(), static_cast<size_t>(steps * kImages));
            for (size_t i = 0; i < mine.size(); i++) {
                EXPECT_EQ(mine[i].step, static_cast<int32_t>(i) % steps);
                EXPECT_LE(mine[i].begin_ns, mine[i].end_ns);
                // A step begins when all threads are done with the one before it.
                for (size_t t = 0; i > 0 && t < shares.size(); t++)
                    EXPECT_GE(mine[i].begin_ns, shares[t][i - 1].end_ns);
            }
        }
    }
}

}  // namespace
}  // namespace hardnet
