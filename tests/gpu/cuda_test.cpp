// The runtime on a device: what it computes, copies, takes and gives back.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "scaler.h"

namespace hardnet {
namespace {

using Cuda = CudaTest;

TEST_F(Cuda, GivesWhatTheCpuGives) {
    for (const char *device : {"cpu", "cuda", "cuda:1", "auto"}) {
        const Opened opened(scaler.network(), scaler.options(device));
        ASSERT_EQ(opened.status, HARDNET_OK) << device << ": " << opened.error();
        const bool on_cpu = std::string(device) == "cpu";
        EXPECT_STREQ(hardnet_level_name(opened.context), on_cpu ? "plain" : "cuda");
        hardnet_device_info info;
        EXPECT_EQ(hardnet_context_device(opened.context, &info), !on_cpu);
        EXPECT_EQ(info.number, std::string(device) == "cuda:1" ? 1 : 0);
        for (const float factor : {1.0f, 2.0f}) {
            std::vector<float> in = scaler_image();
            for (float &value : in) value *= factor;
            set_input(opened, in);
            ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
            EXPECT_EQ(get_output(opened), scaler_expected(in)) << device;
        }
    }
}

TEST_F(Cuda, NormalizesOnTheDevice) {
    hardnet_options options = scaler.options("cuda");
    options.input_type = HARDNET_UINT8;
    const Opened opened(scaler.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(hardnet_step_count(opened.context), 3);
    const uint8_t bytes[] = {0, 1, 255, 7, 8, 9};
    std::copy(bytes, bytes + 6, static_cast<uint8_t *>(opened.input().data));
    stand_in::reset();
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected({0, 0.25f, 63.75f, 1.75f, 2, 2.25f}));
    EXPECT_EQ(stand_in::bytes_in(), 6u);
    EXPECT_EQ(stand_in::launches(), 3);
    float normal[3];
    ASSERT_EQ(hardnet_read_view(opened.context, 1, 1, normal), HARDNET_OK) << opened.error();
    EXPECT_EQ(normal[0], 1.75f);
}

struct Counted {
    int taken = 0, given = 0, left = -1;
};
void *count_take(void *user, size_t bytes, size_t alignment) {
    auto *counted = static_cast<Counted *>(user);
    if (counted->left-- == 0) return nullptr;
    counted->taken++;
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void count_give(void *user, void *memory, size_t) {
    static_cast<Counted *>(user)->given++;
    std::free(memory);
}

TEST_F(Cuda, ARunIsTwoCopiesAndOneGraph) {
    Counted counted;
    hardnet_options options = scaler.options("cuda");
    options.allocate = count_take, options.release = count_give, options.user = &counted;
    const Opened opened(scaler.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    const int taken = counted.taken;
    for (int run = 0; run < 3; run++) {
        stand_in::reset();
        ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
        EXPECT_EQ(stand_in::calls_of("cuMemcpyHtoDAsync_v2"), 1);
        EXPECT_EQ(stand_in::calls_of("cuGraphLaunch"), 1);
        EXPECT_EQ(stand_in::calls_of("cuMemcpyDtoHAsync_v2"), 1);
        EXPECT_EQ(stand_in::calls_of("cuStreamSynchronize"), 1);
        EXPECT_EQ(stand_in::calls_of("cuCtxPushCurrent_v2"), 1);
        EXPECT_EQ(stand_in::calls_of("cuCtxPopCurrent_v2"), 1);
        EXPECT_EQ(stand_in::calls(), 6);
        EXPECT_EQ(stand_in::bytes_in(), 24u);
        EXPECT_EQ(stand_in::bytes_out(), 24u);
        EXPECT_EQ(stand_in::launches(), 2);
    }
    EXPECT_EQ(counted.taken, taken);
}

// The arena for both images, the weights, and the float32 input and the output, each on 256 bytes of its own.
TEST_F(Cuda, TakesWhatItSays) {
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    const hardnet_memory memory = hardnet_context_memory(opened.context);
    EXPECT_EQ(memory.arena_bytes, 2 * 8 * sizeof(float));
    EXPECT_EQ(memory.arena, nullptr);
    EXPECT_EQ(memory.packed, nullptr);
    EXPECT_EQ(stand_in::live_bytes(), memory.arena_bytes + memory.packed_weight_bytes + 2 * 256);
    EXPECT_EQ(stand_in::calls_of("cuMemAlloc_v2"), 3);
    EXPECT_EQ(stand_in::calls_of("cuMemHostRegister_v2"), 1);
    EXPECT_EQ(stand_in::bytes_in(), memory.packed_weight_bytes);
}

TEST_F(Cuda, PackedWeightsAreNotKeptOnTheHost) {
    Counted counted;
    hardnet_options options = scaler.options("cuda");
    options.allocate = count_take, options.release = count_give, options.user = &counted;
    const Opened opened(scaler.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(counted.taken - counted.given, 4);  // the context, its device's state, tables and ports
}

TEST_F(Cuda, ThreadsEndWithTheOpen) {
    hardnet_options options = scaler.options("cuda");
    options.threads = 3;
    const Opened opened(scaler.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(hardnet_context_memory(opened.context).threads, 1);
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
}

TEST_F(Cuda, TakesPrepackedWeights) {
    const hardnet_network *network = scaler.network();
    char identity[17];
    hardnet_packing_identity(network, &network->levels[1], identity);
    const std::string path = testing::TempDir() + "tiny.cuda.safetensors";
    std::ofstream(path, std::ios::binary)
        << safetensors({{"packed", "F32", {4}, {1, 2, 3, 0}}}, {{"packing", identity}});
    const std::string folder = testing::TempDir();
    hardnet_options options = scaler.options("cuda");
    options.weights_data = nullptr, options.packed_folder = folder.c_str();
    const Opened opened(network, options);
    std::remove(path.c_str());
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, {1, 1, 1, 2, 2, 2});
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    EXPECT_EQ(get_output(opened), (std::vector<float>{2, 3, 4, 3, 5, 7}));
    EXPECT_FALSE(hardnet_context_memory(opened.context).prepacked);  // the device has a copy
}

// What nothing writes is as zero as on the CPU, in every image.
TEST_F(Cuda, TheArenaIsClear) {
    TinyPlan plan;
    plan.batch = 2, plan.arena_elems = 3;
    plan.input({2, 1, 1, 1});
    const auto all = static_cast<int32_t>(plan.read(HARDNET_ARENA, 0, {{0, 3, 1}}));
    plan.level("cuda", 0, HARDNET_DEVICE_CUDA);
    hardnet_options options = default_options();
    options.device = "cuda";
    const Opened opened(plan.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    float values[3] = {1, 1, 1};
    for (int32_t image : {0, 1}) {
        ASSERT_EQ(hardnet_read_view(opened.context, all, image, values), HARDNET_OK) << opened.error();
        EXPECT_EQ(values[0] + values[1] + values[2], 0);
    }
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
}

TEST_F(Cuda, EnqueuedWorkIsDoneWhenItIsWaitedFor) {
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    stand_in::reset();
    ASSERT_EQ(hardnet_enqueue(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(stand_in::launches(), 0);
    EXPECT_EQ(get_output(opened), std::vector<float>(6, 0));
    ASSERT_EQ(hardnet_wait(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
    EXPECT_EQ(stand_in::calls_of("cuStreamSynchronize"), 1);
}

TEST_F(Cuda, EnqueueOnTheCpuRuns) {
    const Opened opened(scaler.network(), scaler.options(nullptr));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_enqueue(opened.context), HARDNET_OK);
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
    EXPECT_EQ(hardnet_wait(opened.context), HARDNET_OK);
    EXPECT_EQ(stand_in::calls(), 0);
    EXPECT_EQ(hardnet_enqueue(nullptr), HARDNET_INVALID_ARGUMENT);
    EXPECT_EQ(hardnet_wait(nullptr), HARDNET_INVALID_ARGUMENT);
}

TEST_F(Cuda, CloseWaitsForARunInFlight) {
    {
        const Opened opened(scaler.network(), scaler.options("cuda"));
        ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
        ASSERT_EQ(hardnet_enqueue(opened.context), HARDNET_OK) << opened.error();
        stand_in::reset();
    }
    EXPECT_EQ(stand_in::launches(), 2);
}

TEST_F(Cuda, StepsGiveTheBitsOfARun) {
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(hardnet_step_count(opened.context), 2);  // float32 input: nothing to normalise
    set_input(opened, scaler_image());
    stand_in::reset();
    ASSERT_EQ(hardnet_run_step(opened.context, 0, 1), HARDNET_OK) << opened.error();
    EXPECT_EQ(stand_in::launches(), 1);
    EXPECT_EQ(stand_in::bytes_out(), 0u);
    EXPECT_EQ(hardnet_view_data(opened.context, static_cast<int32_t>(scaler.sums), 0, 0), nullptr);
    const std::vector<float> expected = scaler_expected(scaler_image());
    expect_sums(opened, scaler, expected);
    stand_in::reset();
    ASSERT_EQ(hardnet_run_step(opened.context, 1, 0), HARDNET_OK) << opened.error();
    EXPECT_EQ(stand_in::bytes_in(), 0u);
    EXPECT_EQ(get_output(opened), expected);
}

// The same from the CPU's and from a device's memory, of views whose dimensions lie every which way.
TEST_F(Cuda, ReadsViewsDensely) {
    for (const char *device : {"cpu", "cuda"}) {
        TinyPlan plan;
        plan.batch = 2;
        plan.input({2, 1, 3, 4}, {2, 3, 4, 1});
        const auto turned = static_cast<int32_t>(plan.read(HARDNET_INPUT, 11, {{0, 3, -4}, {5, 2, -2}}));
        const auto one = static_cast<int32_t>(plan.read(HARDNET_INPUT, 7, {}));
        const auto none = static_cast<int32_t>(plan.read(HARDNET_INPUT, 0, {{0, 0, 1}}));
        const auto u8 = static_cast<int32_t>(plan.read(HARDNET_INPUT_U8, 0, {{0, 1, 1}}, HARDNET_UINT8));
        const auto scratch = static_cast<int32_t>(plan.read(HARDNET_SCRATCH, 0, {{0, 1, 1}}));
        plan.level("plain", 0);
        plan.level("cuda", 0, HARDNET_DEVICE_CUDA);
        hardnet_options options = default_options();
        options.device = device;
        const Opened opened(plan.network(), options);
        ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
        for (int i = 0; i < 24; i++) static_cast<float *>(opened.input().data)[i] = float(i);
        ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
        std::vector<float> values(6);
        ASSERT_EQ(hardnet_read_view(opened.context, turned, 1, values.data()), HARDNET_OK) << opened.error();
        EXPECT_EQ(values, (std::vector<float>{23, 19, 15, 21, 17, 13})) << device;
        ASSERT_EQ(hardnet_read_view(opened.context, one, 0, values.data()), HARDNET_OK);
        EXPECT_EQ(values[0], 7);
        ASSERT_EQ(hardnet_read_view(opened.context, none, 0, values.data()), HARDNET_OK);
        EXPECT_EQ(hardnet_read_view(opened.context, u8, 0, values.data()), HARDNET_INVALID_ARGUMENT);
        EXPECT_STREQ(opened.error(),
                     "view: expected one of the context's float32 input, found one of uint8 input");
        for (const auto &[view, image] : {std::pair{scratch, 0}, {-1, 0}, {5, 0}, {one, 2}, {one, -1}}) {
            EXPECT_EQ(hardnet_read_view(opened.context, view, image, values.data()),
                      HARDNET_INVALID_ARGUMENT);
            EXPECT_EQ(opened.error(), "view: expected one of 5, outside scratch, of one of 2 images, found " +
                                          std::to_string(view) + " of image " + std::to_string(image));
        }
    }
}

struct Row {
    int32_t thread, step;
    int64_t begin_ns, end_ns;
};

TEST_F(Cuda, TracesEveryStepByTheDevicesClock) {
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    std::vector<Row> rows;
    const auto add = [](void *user, int32_t thread, int32_t step, int64_t begin_ns, int64_t end_ns) {
        static_cast<std::vector<Row> *>(user)->push_back({thread, step, begin_ns, end_ns});
    };
    const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
    hardnet_set_trace(opened.context, add, &rows);
    kernels.scale_ms = 3;
    const int64_t before = now();
    for (int run = 0; run < 2; run++) {
        stand_in::reset();
        ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
        EXPECT_EQ(stand_in::calls_of("cuGraphLaunch"), 0);
        EXPECT_EQ(stand_in::calls_of("cuEventCreate"), run == 0 ? 3 : 0);
    }
    const int64_t after = now();
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
    ASSERT_EQ(rows.size(), 4u);
    for (size_t i = 0; i < rows.size(); i++) {
        EXPECT_EQ(rows[i].thread, 0);
        EXPECT_EQ(rows[i].step, int32_t(i % 2));
        EXPECT_GE(rows[i].begin_ns, before);
        EXPECT_LE(rows[i].end_ns, after);
        EXPECT_LE(rows[i].begin_ns, rows[i].end_ns);
        if (i % 2) {
            EXPECT_EQ(rows[i].begin_ns, rows[i - 1].end_ns);
        } else {
            EXPECT_GE(rows[i].end_ns - rows[i].begin_ns, 2'900'000);
        }
    }
    hardnet_set_trace(opened.context, nullptr, nullptr);
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    EXPECT_EQ(rows.size(), 4u);
}

TEST_F(Cuda, RunsInTheCallersContextAndStream) {
    void *context = stand_in::make_context(1);
    stand_in::push(context);
    void *stream = stand_in::make_stream();
    {
        hardnet_options options = scaler.options("cuda");
        options.cuda_context = context, options.cuda_stream = stream;
        const Opened opened(scaler.network(), options);
        ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
        hardnet_device_info info;
        ASSERT_TRUE(hardnet_context_device(opened.context, &info));
        EXPECT_EQ(info.number, 1);
        EXPECT_EQ(stand_in::calls_of("cuDevicePrimaryCtxRetain"), 0);
        EXPECT_EQ(stand_in::pushed(), 1);
        set_input(opened, scaler_image());
        ASSERT_EQ(hardnet_enqueue(opened.context), HARDNET_OK) << opened.error();
        stand_in::finish(stream);
        EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));

        options.device = "cuda:0";
        const Opened other(scaler.network(), options);
        EXPECT_EQ(other.status, HARDNET_INVALID_ARGUMENT);
        EXPECT_STREQ(other.error(),
                     "device cuda:0: expected a cuda_context of it, found one of another device");
        options.device = "cuda:1";
        const Opened same(scaler.network(), options);
        EXPECT_EQ(same.status, HARDNET_OK) << same.error();
    }
    EXPECT_EQ(stand_in::live(), 1);  // the stream
    stand_in::destroy_stream(stream);
    EXPECT_EQ(stand_in::pop(), context);
    stand_in::destroy_context(context);
}

TEST_F(Cuda, ContextsOfOneDeviceRunSideBySide) {
    const hardnet_network *network = scaler.network();
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&, t] {
            const Opened opened(network, scaler.options(t % 2 ? "cuda" : "cuda:1"));
            std::vector<float> in = scaler_image();
            in[0] = float(t);
            if (opened.status != HARDNET_OK) return void(wrong++);
            for (int run = 0; run < 50; run++) {
                set_input(opened, in);
                wrong +=
                    hardnet_run(opened.context) != HARDNET_OK || get_output(opened) != scaler_expected(in);
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST_F(Cuda, NamesItsDevices) {
    const hardnet_host host = hardnet_this_host();
    hardnet_device_info devices[3];
    int32_t version = 0;
    char why[200];
    ASSERT_EQ(hardnet_cuda_devices(&host, devices, 3, &version, why, sizeof why), 2) << why;
    EXPECT_EQ(version, 12040);
    EXPECT_STREQ(devices[1].name, "Stand-in 1");
    EXPECT_EQ(devices[1].number, 1);
    EXPECT_EQ(devices[1].major, 9);
    EXPECT_EQ(devices[1].memory_bytes, uint64_t{80} << 30);
    EXPECT_EQ(hardnet_cuda_devices(&host, devices, 1, &version, why, sizeof why), 1);
    stand_in::fail("cuInit", 0, 100);
    EXPECT_EQ(hardnet_cuda_devices(&host, devices, 3, &version, why, sizeof why), -1);
    EXPECT_STREQ(why, "cuInit: expected CUDA_SUCCESS, found CUDA_ERROR_NO_DEVICE");
}

// Every allocation of the host refused in turn.
TEST_F(Cuda, LeaksNothingWhereTheHostsMemoryIsShort) {
    for (int k = 0;; k++) {
        Counted counted;
        counted.left = k;
        hardnet_options options = scaler.options("cuda");
        options.allocate = count_take, options.release = count_give, options.user = &counted;
        hardnet_status status;
        {
            const Opened opened(scaler.network(), options);
            status = opened.status;
        }
        EXPECT_EQ(counted.taken, counted.given);
        EXPECT_EQ(stand_in::live(), 0) << k;
        if (status == HARDNET_OK) break;
        EXPECT_EQ(status, HARDNET_OUT_OF_MEMORY) << k;
        ASSERT_LT(k, 20);
    }
}

}  // namespace
}  // namespace hardnet
