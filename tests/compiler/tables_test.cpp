// The tables while they are built: live ranges, and calls held to their kernels' specifications.
#include "compiler/tables.h"

#include <gmock/gmock.h>

#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;

Network one_layer() {
    Network network;
    network.name = "one";
    network.input = {3, 4, 4};
    Layer layer;
    layer.name = "pool";
    layer.op = OpKind::kGlobalAveragePool;
    layer.reads = {{kNetworkInput, Role::kSource}};
    layer.in = network.input;
    layer.out = {8, 1, 1};
    network.layers = {layer, layer, layer};
    return network;
}

// A copy of 2 x 2 pixels of 8 channels without padding.
RowsSpec rows_spec() {
    RowsSpec spec;
    spec.channels = 8;
    spec.width = 2;
    spec.in_pixel_stride = 8;
    spec.in_row_stride = 16;
    return spec;
}

std::vector<hardnet_dim> pixels(int pixel_stride = 8, int columns = 2) {
    return {{0, 8, 1}, {0, columns, pixel_stride}, {0, 2, 16}};
}

class Tables : public ::testing::Test {
protected:
    // One call of the copy, from and to such views; the plan's error or "".
    std::string error_of(const std::vector<hardnet_dim> &from, const std::vector<hardnet_dim> &to,
                         bool written = true) {
        PlanBuilder builder(network_, machine_named("avx2"));
        const int a = builder.add_buffer(4 * 64), b = builder.add_buffer(4 * 64);
        builder.begin_step(HARDNET_STEP_OUTPUT, 0);
        builder.begin_part(1, 0, 1);
        const uint32_t x = builder.view(Place::arena(a, 0), from);
        const uint32_t y = builder.view(Place::arena(b, 0), to, written);
        builder.call(rows_spec(), {whole(x), whole(y)});
        const Result<Plan> plan = builder.finish();
        return plan ? "" : plan.error().what;
    }

    const Network network_ = one_layer();
};

TEST_F(Tables, TakeViewsThatAreAsTheKernelSays) { EXPECT_EQ(error_of(pixels(), pixels()), ""); }

TEST_F(Tables, NameTheStrideThatTheKernelDoesNotExpect) {
    EXPECT_EQ(error_of(pixels(16), pixels()), "pool: rows: X: expected stride of dimension 1 8, found 16");
}

TEST_F(Tables, NameTheExtentThatTheKernelDoesNotExpect) {
    EXPECT_EQ(error_of(pixels(), pixels(8, 3)), "pool: rows: Y: expected extent of dimension 1 2, found 3");
}

TEST_F(Tables, NameAnOutputThatIsNotWritten) {
    EXPECT_EQ(error_of(pixels(), pixels(), false), "pool: rows: Y: expected written 1, found 0");
}

TEST_F(Tables, CountArguments) {
    PlanBuilder builder(network_, machine_named("avx2"));
    const int a = builder.add_buffer(4 * 64);
    builder.begin_step(HARDNET_STEP_OUTPUT, 0);
    builder.begin_part(1, 0, 1);
    builder.call(rows_spec(), {whole(builder.view(Place::arena(a, 0), pixels()))});
    const Result<Plan> plan = builder.finish();
    ASSERT_FALSE(plan);
    EXPECT_THAT(plan.error().what, HasSubstr("expected 2 arguments, found 1"));
}

// A view may be made before the step that uses it begins: a buffer lives at its calls.
TEST_F(Tables, BuffersLiveAtTheirCalls) {
    PlanBuilder builder(network_, machine_named("avx2"));
    const int early = builder.add_buffer(4 * 64), late = builder.add_buffer(4 * 64),
              other = builder.add_buffer(4 * 64);
    const uint32_t first = builder.view(Place::arena(early, 0), pixels());
    builder.begin_step(HARDNET_STEP_OUTPUT, 0);
    builder.begin_part(1, 0, 1);
    builder.call(rows_spec(), {whole(first), whole(builder.view(Place::arena(other, 0), pixels(), true))});
    const uint32_t before_its_step = builder.view(Place::arena(late, 0), pixels());
    builder.begin_step(HARDNET_STEP_OUTPUT, 1);
    builder.begin_part(1, 0, 1);
    builder.call(rows_spec(),
                 {whole(before_its_step), whole(builder.view(Place::arena(other, 0), pixels(), true))});
    const Result<Plan> plan = builder.finish();
    ASSERT_TRUE(plan) << plan.error().what;
    EXPECT_EQ(plan->buffers[early].live->first, 0);
    EXPECT_EQ(plan->buffers[early].live->last, 0);
    EXPECT_EQ(plan->buffers[late].live->first, 1);
    EXPECT_EQ(plan->buffers[other].live->first, 0);
    EXPECT_EQ(plan->buffers[other].live->last, 1);
}

TEST_F(Tables, RefuseAViewThatKernelsCannotAddress) {
    PlanBuilder builder(network_, machine_named("avx2"));
    RowsSpec spec = rows_spec();
    spec.in_row_stride = 1 << 30;
    const int a = builder.add_buffer(int64_t{1} << 34);
    builder.begin_step(HARDNET_STEP_OUTPUT, 0);
    builder.begin_part(1, 0, 1);
    const uint32_t x = builder.view(Place::arena(a, 0), {{0, 8, 1}, {0, 2, 8}, {0, 3, 1 << 30}});
    builder.call(spec, {whole(x), whole(builder.view(Place::arena(a, 0), pixels(), true))});
    const Result<Plan> plan = builder.finish();
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ExitCode::kBadInput);
    EXPECT_EQ(plan.error().what,
              "pool: expected at most 8589934588 bytes behind a kernel's argument, found 8589934656; a "
              "smaller --input "
              "fits");
}

}  // namespace
}  // namespace hardnet::testing
