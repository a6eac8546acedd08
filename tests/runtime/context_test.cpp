// Options, statuses and texts.
#include <gtest/gtest.h>

#include <cstring>

#include "sample.h"

namespace hardnet {
namespace {

std::string open_error(const hardnet_network *network, const hardnet_options &options,
                       hardnet_status expected) {
    Opened opened(network, options);
    EXPECT_EQ(opened.status, expected);
    EXPECT_STREQ(hardnet_level_name(opened.context), "");
    hardnet_tensor tensor;
    const std::string error = opened.error();
    EXPECT_EQ(hardnet_input(opened.context, 0, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_INVALID_ARGUMENT);
    EXPECT_EQ(hardnet_run_step(opened.context, 0, 0), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "context: expected an open one, found one that failed to open");
    return error;
}

TEST(Context, PlanVersion) {
    Sample sample;
    sample.plan_version = 7;
    EXPECT_EQ(
        open_error(sample.network(), sample.options(), HARDNET_VERSION_MISMATCH),
        "plan version: expected 6, found 7 (the package is of another version of hardnet: compile it again)");
}

TEST(Context, NullArguments) {
    Sample sample;
    const hardnet_options options = sample.options();
    EXPECT_EQ(open_error(nullptr, options, HARDNET_INVALID_ARGUMENT),
              "network: expected an address, found NULL");
    EXPECT_EQ(hardnet_open(sample.network(), &options, nullptr), HARDNET_INVALID_ARGUMENT);
    hardnet_close(nullptr);
    EXPECT_STREQ(hardnet_last_error(nullptr), "");
    EXPECT_STREQ(hardnet_level_name(nullptr), "");
}

TEST(Context, OptionsMayBeNullWithoutWeights) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    hardnet_context *context = nullptr;
    EXPECT_EQ(hardnet_open(plan.network(), nullptr, &context), HARDNET_OK);
    EXPECT_STREQ(hardnet_last_error(context), "");
    EXPECT_STREQ(hardnet_level_name(context), "plain");
    EXPECT_EQ(hardnet_run(context), HARDNET_OK);
    hardnet_close(context);
    Sample sample;
    EXPECT_EQ(hardnet_open(sample.network(), nullptr, &context), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(hardnet_last_error(context),
                 "weights: expected weights_path or weights_data, found neither");
    hardnet_close(context);
}

TEST(Context, StructSize) {
    Sample sample;
    struct Newer {
        hardnet_options known;
        void *added;
    } newer = {sample.options(), nullptr};
    newer.known.struct_size = sizeof newer;
    hardnet_context *context = nullptr;
    EXPECT_EQ(hardnet_open(sample.network(), &newer.known, &context), HARDNET_OK);
    hardnet_close(context);
    newer.added = &newer;
    EXPECT_EQ(hardnet_open(sample.network(), &newer.known, &context), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(hardnet_last_error(context),
                 "options: expected the fields of this version, found newer ones in use");
    hardnet_close(context);
    hardnet_options zero{};
    EXPECT_EQ(open_error(sample.network(), zero, HARDNET_INVALID_ARGUMENT),
              "struct_size: expected sizeof(hardnet_options), found less");
}

TEST(Context, OptionsOutOfRange) {
    Sample sample;
    hardnet_options options = sample.options();
    options.threads = -1;
    EXPECT_EQ(open_error(sample.network(), options, HARDNET_INVALID_ARGUMENT),
              "threads: expected 0 to 256, found -1");
    options.threads = 257;
    EXPECT_EQ(open_error(sample.network(), options, HARDNET_INVALID_ARGUMENT),
              "threads: expected 0 to 256, found 257");
    options = sample.options();
    options.input_type = static_cast<hardnet_type>(5);
    EXPECT_EQ(open_error(sample.network(), options, HARDNET_INVALID_ARGUMENT),
              "input_type: expected float32 or uint8, found neither");
    options = sample.options();
    options.allocate = [](void *, size_t, size_t) -> void * { return nullptr; };
    EXPECT_EQ(open_error(sample.network(), options, HARDNET_INVALID_ARGUMENT),
              "hooks: expected allocate and release together, found one of them");
    options = sample.options();
    options.weights_path = "also";
    EXPECT_EQ(open_error(sample.network(), options, HARDNET_INVALID_ARGUMENT),
              "weights: expected weights_path or weights_data, found both");
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    options = default_options();
    options.input_type = HARDNET_UINT8;
    EXPECT_EQ(open_error(plan.network(), options, HARDNET_INVALID_ARGUMENT),
              "input type: expected float32, found uint8, which tiny lacks");
}

TEST(Context, DescribesItsPorts) {
    Sample sample;
    Opened opened(sample.network(), sample.options());
    ASSERT_EQ(opened.status, HARDNET_OK);
    const hardnet_tensor input = opened.input();
    EXPECT_EQ(input.type, HARDNET_FLOAT32);
    EXPECT_EQ(input.rank, 4);
    EXPECT_EQ(input.shape[2], kHeight);
    EXPECT_EQ(input.strides[0], kPixels);
    EXPECT_EQ(input.strides[3], 1);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(input.data) % 64, 0u);
}

TEST(Context, TextsOfStatusesAndVersion) {
    EXPECT_STREQ(hardnet_status_text(HARDNET_OK), "ok");
    EXPECT_STREQ(hardnet_status_text(HARDNET_DEVICE_LOST), "device lost");
    EXPECT_STREQ(hardnet_status_text(static_cast<hardnet_status>(99)), "unknown status");
    EXPECT_EQ(HARDNET_INTERNAL, 11);
    EXPECT_STREQ(hardnet_version(), "0.1.0");
    EXPECT_STREQ(hardnet_step_kind_name(HARDNET_STEP_FULLY_CONNECTED), "fully connected");
    EXPECT_STREQ(hardnet_step_kind_name(HARDNET_STEP_OUTPUT), "output");
    EXPECT_STREQ(hardnet_step_kind_name(HARDNET_STEP_ELEMENTWISE), "elementwise");
    EXPECT_STREQ(hardnet_step_kind_name(99), "?");
}

}  // namespace
}  // namespace hardnet
