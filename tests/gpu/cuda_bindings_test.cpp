// Memory of a device, and of the host, that a context is bound to in place of its own.
#include "scaler.h"

namespace hardnet {
namespace {

using Cuda = CudaTest;

// Memory of the device that a test owns.
class OnDevice {
public:
    explicit OnDevice(const std::vector<float> &values) : bytes_(values.size() * sizeof(float)) {
        data = static_cast<float *>(stand_in::allocate(bytes_));
        std::copy(values.begin(), values.end(), data);
    }
    ~OnDevice() { stand_in::release(data); }
    OnDevice(const OnDevice &) = delete;
    std::vector<float> values() const { return {data, data + bytes_ / sizeof(float)}; }
    float *data;

private:
    size_t bytes_;
};

TEST_F(Cuda, BoundMemoryIsNotCopied) {
    const OnDevice in(scaler_image()), out(std::vector<float>(6, -1));
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    stand_in::reset();
    ASSERT_EQ(hardnet_bind_input_device(opened.context, 0, in.data), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_bind_output_device(opened.context, 0, out.data), HARDNET_OK) << opened.error();
    EXPECT_EQ(stand_in::calls_of("cuGraphInstantiateWithFlags"), 2);
    for (int run = 0; run < 2; run++) {
        stand_in::reset();
        ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
        EXPECT_EQ(stand_in::calls(), 4);  // push, launch, wait, pop
        EXPECT_EQ(stand_in::bytes_in() + stand_in::bytes_out(), 0u);
    }
    EXPECT_EQ(out.values(), scaler_expected(scaler_image()));
    EXPECT_EQ(get_output(opened), std::vector<float>(6, 0));

    // And back, each in one of the two ways.
    ASSERT_EQ(hardnet_bind_input_device(opened.context, 0, nullptr), HARDNET_OK);
    hardnet_tensor none = opened.output();
    none.data = nullptr;
    ASSERT_EQ(hardnet_bind_output(opened.context, 0, &none), HARDNET_OK);
    set_input(opened, {1, 1, 1, 1, 1, 1});
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected({1, 1, 1, 1, 1, 1}));
    EXPECT_EQ(out.values(), scaler_expected(scaler_image()));
}

TEST_F(Cuda, BindsBehindARunInFlight) {
    const OnDevice in({0, 0, 0, 0, 0, 0});
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_enqueue(opened.context), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_bind_input_device(opened.context, 0, in.data), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_wait(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
}

TEST_F(Cuda, TheContextsOwnDeviceMemoryCanBeBound) {
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    void *in = hardnet_device_memory(opened.context, true, 0),
         *out = hardnet_device_memory(opened.context, false, 0);
    EXPECT_EQ(hardnet_device_memory(opened.context, true, 1), nullptr);
    EXPECT_EQ(hardnet_device_memory(opened.context, false, 1), nullptr);
    stand_in::reset();
    ASSERT_EQ(hardnet_bind_input_device(opened.context, 0, in), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_bind_output_device(opened.context, 0, out), HARDNET_OK) << opened.error();
    EXPECT_EQ(stand_in::calls_of("cuGraphInstantiateWithFlags"), 0);  // the graph's addresses are these
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(stand_in::bytes_in() + stand_in::bytes_out(), 0u);
}

TEST_F(Cuda, HostMemoryIsBoundAsOnTheCpu) {
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    std::vector<float> in = scaler_image(), out(6);
    hardnet_tensor in_tensor = opened.input(), out_tensor = opened.output();
    in_tensor.data = in.data(), out_tensor.data = out.data();
    stand_in::reset();
    ASSERT_EQ(hardnet_bind_input(opened.context, 0, &in_tensor), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_bind_output(opened.context, 0, &out_tensor), HARDNET_OK) << opened.error();
    EXPECT_EQ(stand_in::calls(), 0);
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(out, scaler_expected(scaler_image()));
}

TEST_F(Cuda, RefusesWhatCannotBeBound) {
    const OnDevice block(std::vector<float>(64));
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    const auto refused = [&](bool input, void *address, int32_t index = 0) {
        EXPECT_EQ(input ? hardnet_bind_input_device(opened.context, index, address)
                        : hardnet_bind_output_device(opened.context, index, address),
                  HARDNET_INVALID_ARGUMENT);
        return std::string(opened.error());
    };
    EXPECT_EQ(refused(true, reinterpret_cast<void *>(0x1004)),
              "input 0: expected memory of the device aligned to 16, found 0x1004");
    EXPECT_EQ(refused(false, reinterpret_cast<void *>(0x1000)),
              "output 0: expected memory of the device, found 0x1000, which is not");
    EXPECT_EQ(refused(true, block.data, 1), "input: expected an index below 1, found 1");
    ASSERT_EQ(hardnet_bind_input_device(opened.context, 0, block.data), HARDNET_OK);
    EXPECT_EQ(refused(false, block.data + 4),
              "output 0: expected memory of its own, found an overlap with input 0");
    ASSERT_EQ(hardnet_bind_output_device(opened.context, 0, block.data + 8), HARDNET_OK);
    EXPECT_EQ(refused(true, block.data + 4),
              "input 0: expected memory of its own, found an overlap with output 0");

    const Opened cpu(scaler.network(), scaler.options(nullptr));
    EXPECT_EQ(hardnet_bind_input_device(cpu.context, 0, block.data), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(cpu.error(), "input 0: expected a context on CUDA's device, found one on the cpu");
}

}  // namespace
}  // namespace hardnet
