// Bad tensors handed to bind: refused with a text, the binding and the output as before.
#include <gtest/gtest.h>

#include <cstring>

#include "sample.h"

namespace hardnet {
namespace {

class Binding : public testing::Test {
protected:
    Binding() : opened(sample.network(), sample.options()), images(ramp(kImages * kPixels)), memory(images) {
        EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
        std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
        tensor = opened.input();
        tensor.data = memory.data();
    }
    // Binds `tensor` as the input; then a run must still use the context's own.
    std::string refused() {
        EXPECT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_INVALID_ARGUMENT);
        const std::string error = opened.error();
        for (float &value : memory) value = 100;
        EXPECT_EQ(outputs(), sample_expected(images));
        return error;
    }
    std::vector<float> outputs() {
        EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK);
        const auto *out = static_cast<const float *>(opened.output().data);
        return std::vector<float>(out, out + kImages * kPixels);
    }

    Sample sample;
    Opened opened;
    std::vector<float> images, memory;
    hardnet_tensor tensor;
};

TEST_F(Binding, RunsOnTheCallersMemoryAndGoesBack) {
    for (float &value : memory) value = 2;
    std::vector<float> out(memory.size(), -1), own = outputs();
    hardnet_tensor out_tensor = opened.output();
    out_tensor.data = out.data();
    ASSERT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_bind_output(opened.context, 0, &out_tensor), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    EXPECT_EQ(out, sample_expected(memory));
    EXPECT_EQ(std::memcmp(opened.output().data, own.data(), own.size() * sizeof(float)), 0);
    EXPECT_NE(opened.output().data, out.data());  // describes the context's own, whatever is bound

    tensor.data = out_tensor.data = nullptr;
    ASSERT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_OK);
    ASSERT_EQ(hardnet_bind_output(opened.context, 0, &out_tensor), HARDNET_OK);
    EXPECT_EQ(outputs(), sample_expected(images));
}

TEST_F(Binding, Type) {
    tensor.type = HARDNET_UINT8;
    EXPECT_EQ(refused(), "input 0: expected float32, found uint8");
    tensor.type = static_cast<hardnet_type>(9);
    EXPECT_EQ(refused(), "input 0: expected float32, found an unknown type");
}

TEST_F(Binding, RankAndShape) {
    tensor.rank = 3;
    EXPECT_EQ(refused(), "input 0: expected rank 4, found 3");
    tensor.rank = 1 << 30;
    EXPECT_EQ(refused(), "input 0: expected rank 4, found 1073741824");
    tensor.rank = 4;
    tensor.shape[0] = 1;
    EXPECT_EQ(refused(), "input 0: expected shape [2,1,9,5], found [1,1,9,5]");
    tensor.shape[0] = kImages;
    std::swap(tensor.shape[2], tensor.shape[3]);
    EXPECT_EQ(refused(), "input 0: expected shape [2,1,9,5], found [2,1,5,9] (height and width are swapped)");
}

// A mask is NCHW as any output; only uint8 input has its channels last.
TEST(Binding8, HeightAndWidthOfAMask) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.output({1, 1, 4, 6}, HARDNET_UINT8);
    Opened opened(plan.network(), default_options());
    hardnet_tensor mask = opened.output();
    std::swap(mask.shape[2], mask.shape[3]);
    EXPECT_EQ(hardnet_bind_output(opened.context, 0, &mask), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(),
                 "output 0: expected shape [1,1,4,6], found [1,1,6,4] (height and width are swapped)");
}

TEST_F(Binding, Strides) {
    tensor.strides[2] = kWidth + 1;
    EXPECT_EQ(refused(), "input 0: expected dense strides, found others");
    tensor.strides[2] = kWidth;
    tensor.strides[1] = 77;  // of a dimension with one element: it says nothing
    EXPECT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_OK);
}

TEST_F(Binding, Alignment) {
    tensor.data = reinterpret_cast<char *>(memory.data()) + 2;
    EXPECT_EQ(refused().substr(0, 47), "input 0: expected memory aligned to 4, found 0x");
}

TEST_F(Binding, Overlap) {
    hardnet_tensor out = opened.output();
    std::vector<float> both(2 * memory.size());
    out.data = both.data();
    ASSERT_EQ(hardnet_bind_output(opened.context, 0, &out), HARDNET_OK);
    tensor.data = both.data() + memory.size() - 1;
    EXPECT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "input 0: expected memory of its own, found an overlap with output 0");
    tensor.data = both.data() + memory.size();
    EXPECT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_OK);

    tensor.data = hardnet_context_memory(opened.context).arena;
    EXPECT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(),
                 "input 0: expected memory of its own, found an overlap with the context's (to go back to "
                 "that, bind NULL)");
}

TEST_F(Binding, NullAndIndex) {
    EXPECT_EQ(hardnet_bind_input(nullptr, 0, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_EQ(hardnet_bind_input(opened.context, 0, nullptr), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "tensor: expected an address, found NULL");
    EXPECT_EQ(hardnet_bind_input(opened.context, 1, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "input: expected an index below 1, found 1");
    EXPECT_EQ(hardnet_bind_output(opened.context, -1, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "output: expected an index below 1, found -1");
    EXPECT_EQ(hardnet_input(opened.context, 0, nullptr), HARDNET_INVALID_ARGUMENT);
    EXPECT_EQ(hardnet_output(nullptr, 0, &tensor), HARDNET_INVALID_ARGUMENT);
    EXPECT_EQ(hardnet_run(nullptr), HARDNET_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace hardnet
