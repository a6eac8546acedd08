// The runtime on a device of OpenCL's: what it computes, copies and gives back.
#include <thread>

#include "scaler_opencl.h"

namespace hardnet {
namespace {

using Opencl = OpenclTest;

TEST_F(Opencl, GivesWhatTheCpuGives) {
    for (const auto &[device, number] :
         {std::pair{"opencl", 1}, {"opencl:0", 0}, {"opencl:1", 1}, {"auto", 1}}) {
        const Opened opened(scaler.network(), options(device), &host);
        ASSERT_EQ(opened.status, HARDNET_OK) << device << ": " << opened.error();
        EXPECT_STREQ(hardnet_level_name(opened.context), "opencl");
        hardnet_device_info info;
        ASSERT_TRUE(hardnet_context_device(opened.context, &info));
        EXPECT_EQ(info.kind, HARDNET_DEVICE_OPENCL);
        EXPECT_EQ(info.number, number) << device;
        EXPECT_EQ(info.is_gpu, number == 1);
        EXPECT_EQ(std::string(info.name), "Stand-in " + std::to_string(number));
        EXPECT_EQ(std::string(info.platform), "Platform " + std::to_string(number));
        for (const float factor : {1.0f, 2.0f}) {
            std::vector<float> in = scaler_image();
            for (float &value : in) value *= factor;
            set_input(opened, in);
            ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
            EXPECT_EQ(get_output(opened), scaler_expected(in)) << device;
        }
    }
    expect_it_works(Opened(scaler.network(), options("cpu"), &host));
}

TEST_F(Opencl, NormalizesOnTheDevice) {
    hardnet_options u8 = options("opencl");
    u8.input_type = HARDNET_UINT8;
    const Opened opened(scaler.network(), u8, &host);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(hardnet_step_count(opened.context), 3);
    const uint8_t bytes[] = {0, 1, 255, 7, 8, 9};
    std::copy(bytes, bytes + 6, static_cast<uint8_t *>(opened.input().data));
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected({0, 0.25f, 63.75f, 1.75f, 2, 2.25f}));
    float normal[3];
    ASSERT_EQ(hardnet_read_view(opened.context, 1, 1, normal), HARDNET_OK) << opened.error();
    EXPECT_EQ(normal[0], 1.75f);
}

TEST_F(Opencl, ARunMakesNothing) {
    const Opened opened(scaler.network(), options("opencl"), &host);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(opencl_stand_in::calls_of("clCreateBuffer"), 3);  // arena, weights, inputs and outputs
    const int live = opencl_stand_in::live();
    for (int run = 0; run < 3; run++) {
        opencl_stand_in::reset();
        ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
        EXPECT_EQ(opencl_stand_in::calls_of("clEnqueueWriteBuffer"), 1);
        EXPECT_EQ(opencl_stand_in::calls_of("clEnqueueNDRangeKernel"), 2);  // of two images
        EXPECT_EQ(opencl_stand_in::calls_of("clEnqueueReadBuffer"), 1);
        EXPECT_EQ(opencl_stand_in::calls_of("clFinish"), 1);
        EXPECT_EQ(opencl_stand_in::calls(), 5);
        EXPECT_EQ(opencl_stand_in::live(), live);
    }
}

TEST_F(Opencl, RunsBesideTheHost) {
    const Opened opened(scaler.network(), options("opencl"), &host);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_enqueue(opened.context), HARDNET_OK) << opened.error();
    EXPECT_GT(opencl_stand_in::queued(), 0u);
    EXPECT_NE(get_output(opened), scaler_expected(scaler_image()));
    ASSERT_EQ(hardnet_wait(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(opencl_stand_in::queued(), 0u);
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
}

TEST_F(Opencl, ReadsAndWritesWhatIsBound) {
    const Opened opened(scaler.network(), options("opencl"), &host);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    std::vector<float> in = scaler_image(), out(in.size());
    hardnet_tensor tensor = opened.input();
    tensor.data = in.data();
    ASSERT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_OK) << opened.error();
    tensor = opened.output();
    tensor.data = out.data();
    ASSERT_EQ(hardnet_bind_output(opened.context, 0, &tensor), HARDNET_OK) << opened.error();
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(out, scaler_expected(in));
}

TEST_F(Opencl, KnowsNothingOfCudasMemory) {
    const Opened opened(scaler.network(), options("opencl"), &host);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(hardnet_device_memory(opened.context, true, 0), nullptr);
    EXPECT_EQ(hardnet_bind_input_device(opened.context, 0, &scaler), HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(), "input 0: expected a context on CUDA's device, found one on OpenCL's");
    hardnet_options cuda = options("opencl");
    cuda.cuda_stream = &scaler;
    const Opened streamed(scaler.network(), cuda, &host);
    EXPECT_EQ(streamed.status, HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(streamed.error(),
                 "cuda_stream: expected none beside device opencl, as it is CUDA's, found one");
}

TEST_F(Opencl, StepsGiveTheBitsOfARun) {
    const Opened opened(scaler.network(), options("opencl"), &host);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_run_step(opened.context, 0, 1), HARDNET_OK) << opened.error();
    EXPECT_EQ(hardnet_view_data(opened.context, static_cast<int32_t>(scaler.sums), 0, 0), nullptr);
    const std::vector<float> expected = scaler_expected(scaler_image());
    expect_sums(opened, scaler, expected);
    ASSERT_EQ(hardnet_run_step(opened.context, 1, 0), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), expected);
}

TEST_F(Opencl, TellsTheTimeOfSteps) {
    struct Told {
        int32_t step;
        int64_t begin_ns, end_ns;
    };
    const Opened opened(scaler.network(), options("opencl"), &host);
    std::vector<Told> told;
    hardnet_set_trace(
        opened.context,
        [](void *user, int32_t, int32_t step, int64_t begin_ns, int64_t end_ns) {
            static_cast<std::vector<Told> *>(user)->push_back({step, begin_ns, end_ns});
        },
        &told);
    const int live = opencl_stand_in::live();
    for (int run = 0; run < 2; run++) {
        told.clear();
        expect_it_works(opened);
        ASSERT_EQ(told.size(), 2u);
        for (size_t i = 0; i < told.size(); i++) EXPECT_EQ(told[i].step, int32_t(i));
        EXPECT_LE(told[0].begin_ns, told[0].end_ns);
        EXPECT_LE(told[0].end_ns, told[1].begin_ns);
        EXPECT_LE(told[1].begin_ns, told[1].end_ns);
        EXPECT_EQ(opencl_stand_in::live(), live + 1);  // a queue that takes times, for good
    }
}

TEST_F(Opencl, ContextsOfSeveralThreadsShareADevice) {
    std::vector<std::thread> threads;
    const hardnet_network *network = scaler.network();
    for (int t = 0; t < 4; t++)
        threads.emplace_back([&] {
            const Opened opened(network, options("opencl"), &host);
            for (int run = 0; run < 20; run++) expect_it_works(opened);
        });
    for (std::thread &thread : threads) thread.join();
}

TEST_F(Opencl, IsDescribedToWhoAsks) {
    hardnet_device_info devices[4];
    char why[200];
    ASSERT_EQ(hardnet_opencl_devices(&host, devices, 4, why, sizeof why), 2);
    EXPECT_STREQ(devices[1].name, "Stand-in 1");
    EXPECT_STREQ(devices[1].platform, "Platform 1");
    EXPECT_EQ(10 * devices[1].major + devices[1].minor, 12);
    EXPECT_EQ(devices[1].memory_bytes, uint64_t{8} << 30);
    EXPECT_EQ(hardnet_opencl_devices(&host, devices, 1, why, sizeof why), 1);
    opencl_stand_in::fail("clGetPlatformIDs", 0, -6);
    EXPECT_EQ(hardnet_opencl_devices(&host, devices, 4, why, sizeof why), -1);
    EXPECT_STREQ(why, "clGetPlatformIDs: expected CL_SUCCESS, found CL_OUT_OF_HOST_MEMORY");
    host.opencl = nullptr;
    EXPECT_EQ(hardnet_opencl_devices(&host, devices, 4, why, sizeof why), -1);
    EXPECT_STREQ(why, "opencl: expected its library, found none");
}

}  // namespace
}  // namespace hardnet
