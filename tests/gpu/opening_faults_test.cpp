// What can go wrong before a device's context is open: each its status and its text, nothing is left behind, and the CPU
// goes on.
#include <functional>

#include "faults.h"
#include "runtime/src/cuda_driver.h"

namespace hardnet {
namespace {

TEST(CudaDriver, LoadsOnlyWhatIsOne) {
    hardnet_cuda_driver driver;
    char why[200];
    EXPECT_FALSE(hardnet_cuda_load("libnone.so.1", &driver, why, sizeof why));
    EXPECT_EQ(std::string(why).substr(0, 66),
              "libnone.so.1: expected the library of NVIDIA's driver, found: libn");
    EXPECT_FALSE(hardnet_cuda_load("libc.so.6", &driver, why, sizeof why));
    EXPECT_STREQ(why, "libc.so.6: expected cuInit, which drivers for CUDA 11.4 and later have, found none");
    EXPECT_TRUE(hardnet_cuda_load("libcuda.so.1", &driver, why, sizeof why)) << why;
    const char *reason = nullptr;
    const hardnet_cuda_driver *first = hardnet_cuda_of_process(&reason);
    ASSERT_NE(first, nullptr) << reason;
    EXPECT_EQ(hardnet_cuda_of_process(&reason), first);
    EXPECT_EQ(first->launch_kernel, driver.launch_kernel);
}

TEST_F(Faults, WithoutADriver) {
    hardnet_host host = hardnet_this_host();
    host.cuda = [](const char **why) -> const hardnet_cuda_driver * {
        *why = "libcuda.so.1: expected the library of NVIDIA's driver, found: none";
        return nullptr;
    };
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE, "cuda", &host),
              "libcuda.so.1: expected the library of NVIDIA's driver, found: none");
    host.cuda = nullptr;
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE, "cuda", &host), "cuda: expected a driver, found none");
}

TEST_F(Faults, WhatIsNoDevice) {
    const std::string known = "device: expected cpu, cuda, cuda:N, opencl, opencl:N or auto, found ";
    for (const char *device :
         {"", "gpu", "cuda:", "cuda:x", "cuda:1x", "cuda1", "cuda:12345", "CUDA", "opencl:-1"})
        EXPECT_EQ(refusal(HARDNET_INVALID_ARGUMENT, device), known + "\"" + device + "\"");
    for (const char *device : {"opencl", "opencl:3"})
        EXPECT_EQ(
            refusal(HARDNET_NO_DEVICE, device),
            "device opencl: expected a level for it in tiny, found plain, cuda (compile it with --target "
            "opencl)");
    hardnet_options options = scaler.options("cuda");
    options.level = "plain";
    const Opened opened(scaler.network(), options);
    EXPECT_EQ(opened.status, HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(opened.error(),
                 "level: expected none beside device cuda, as levels are the cpu's, found \"plain\"");
}

TEST_F(Faults, WithoutADevice) {
    stand_in::fail("cuInit", 0, 100);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), "cuInit: expected CUDA_SUCCESS, found CUDA_ERROR_NO_DEVICE");
    stand_in::fail("cuInit", 0, 12345);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), "cuInit: expected CUDA_SUCCESS, found error 12345");
    stand_in::describe(0, 12040, 9, 0);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), "device cuda:0: expected one of 0 devices, found no such");
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE, "cuda:2"),
              "device cuda:2: expected one of 2 devices, found no such");
}

TEST_F(Faults, APackageThatIsForOthers) {
    TinyPlan cpu_only, cuda_only;
    hardnet_options options = default_options();
    cpu_only.input({1, 1, 1, 1});
    options.device = "cuda";
    const Opened on_cuda(cpu_only.network(), options);
    EXPECT_EQ(on_cuda.status, HARDNET_NO_DEVICE);
    EXPECT_STREQ(on_cuda.error(),
                 "device cuda: expected a level for it in tiny, found plain (compile it with --target cuda)");
    cuda_only.input({1, 1, 1, 1});
    cuda_only.level("gpu", 0, HARDNET_DEVICE_CUDA);
    const Opened on_cpu(cuda_only.network(), default_options());
    EXPECT_EQ(on_cpu.status, HARDNET_UNSUPPORTED_CPU);
    EXPECT_STREQ(on_cpu.error(),
                 "cpu: expected a level for it in tiny, found gpu (options.device chooses a device)");
    options = default_options();
    options.level = "gpu";
    const Opened by_name(cuda_only.network(), options);
    EXPECT_EQ(by_name.status, HARDNET_INVALID_ARGUMENT);
    EXPECT_STREQ(by_name.error(), "level: expected one of , found \"gpu\"");
}

// A driver that is too old for the PTX, a device that the fat binary has no code for, a module that is none.
TEST_F(Faults, AModuleThatDoesNotLoad) {
    const std::string ptx = "//\n.version 8.7\n.target sm_90a, debug\n.address_size 64\n";
    scaler.module = {ptx.c_str(), ptx.size() + 1};
    kernels.load_result = 222;
    stand_in::describe(1, 11070, 8, 6);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE),
              "cuModuleLoadData: expected a driver and a device for PTX 8.7 for sm_90a, found a driver for "
              "CUDA 11.7 "
              "and compute capability 8.6: CUDA_ERROR_UNSUPPORTED_PTX_VERSION");
    // Code for two architectures and PTX for what comes later, without what they hold; the second time cut off.
    const uint8_t fat_binary[] = {0x50, 0xed, 0x55, 0xba, 1,  0, 16, 0, 98, 0, 0, 0, 0,  0, 0, 0,  //
                                  2,    0,    1,    1,    32, 0, 0,  0, 1,  0, 0, 0, 0,  0, 0, 0,
                                  0,    0,    0,    0,    0,  0, 0,  0, 8,  0, 1, 0, 80, 0, 0, 0,  //
                                  0xff,                                                            //
                                  2,    0,    1,    1,    32, 0, 0,  0, 1,  0, 0, 0, 0,  0, 0, 0,
                                  0,    0,    0,    0,    0,  0, 0,  0, 8,  0, 1, 0, 90, 0, 0, 0,  //
                                  0xff,                                                            //
                                  1,    0,    1,    1,    32, 0, 0,  0, 0,  0, 0, 0, 0,  0, 0, 0,
                                  0,    0,    0,    0,    0,  0, 0,  0, 4,  0, 8, 0, 90, 0, 0, 0};
    scaler.module = {fat_binary, sizeof fat_binary};
    const std::string expected = "cuModuleLoadData: expected a driver and a device for ",
                      found = ", found a driver for CUDA 12.4 and compute capability 9.0: ",
                      fat = expected + "sm_80, sm_90, PTX 8.4 for sm_90" + found;
    kernels.load_result = 209;
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), fat + "CUDA_ERROR_NO_BINARY_FOR_GPU");
    kernels.load_result = 2;
    scaler.module.size -= 1;
    EXPECT_EQ(refusal(HARDNET_DEVICE_OUT_OF_MEMORY),
              expected + "sm_80, sm_90" + found + "CUDA_ERROR_OUT_OF_MEMORY");
    kernels.load_result = 200;
    scaler.module = {"module", 7};
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE),
              expected + "a module that they know" + found + "CUDA_ERROR_INVALID_IMAGE");
}

TEST_F(Faults, AKernelThatIsNotInTheModule) {
    scaler.launches[1].name = "scael";
    EXPECT_EQ(refusal(HARDNET_INTERNAL), "kernel scael: expected it in the module of level cuda, found none");
}

TEST_F(Faults, OutOfMemory) {
    const char *texts[] = {"arena: expected 64", "inputs and outputs: expected 512",
                           "packed weights: expected 16"};
    for (int k = 0; k < 3; k++) {
        stand_in::fail("cuMemAlloc_v2", k, 2);
        EXPECT_EQ(refusal(HARDNET_DEVICE_OUT_OF_MEMORY),
                  std::string(texts[k]) + " bytes of the device's memory, found CUDA_ERROR_OUT_OF_MEMORY");
    }
}

TEST_F(Faults, BadWeights) {
    hardnet_options options = scaler.options("cuda");
    options.weights_size = 8;
    const Opened opened(scaler.network(), options);
    EXPECT_EQ(opened.status, HARDNET_BAD_WEIGHTS);
    EXPECT_EQ(stand_in::live(), 0);
}

// Memory that cannot be pinned is copied as it is.
TEST_F(Faults, MemoryThatCannotBePinned) {
    stand_in::fail("cuMemHostRegister_v2", 0, 712);
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_TRUE(stand_in::failed());
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
}

void keep(void *user, const char *message) {
    static_cast<std::vector<std::string> *>(user)->push_back(message);
}

TEST_F(Faults, AutoFallsBackToTheCpuAndSaysSo) {
    const auto opens_on = [&](std::string *said) {
        std::vector<std::string> messages;
        hardnet_options options = scaler.options("auto");
        options.log = keep, options.user = &messages;
        const Opened opened(scaler.network(), options);
        EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
        EXPECT_STREQ(opened.error(), "");
        set_input(opened, scaler_image());
        EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
        EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
        EXPECT_LE(messages.size(), 1u);
        *said = messages.empty() ? "" : messages[0];
        return std::string(hardnet_level_name(opened.context));
    };
    std::string said;
    EXPECT_EQ(opens_on(&said), "cuda");
    EXPECT_EQ(said, "");
    for (const char *function :
         {"cuInit", "cuStreamCreate", "cuMemAlloc_v2", "cuGraphInstantiateWithFlags"}) {
        stand_in::reset();
        stand_in::fail(function, 0, 2);
        EXPECT_EQ(opens_on(&said), "plain") << function;
        EXPECT_EQ(stand_in::live(), 0);
        EXPECT_EQ(said.substr(0, 13), "device auto: ");
        EXPECT_NE(said.find(": running on the cpu"), std::string::npos) << said;
    }
    stand_in::reset();
    scaler.launches[0].grid[2] = 7;  // a defect of the package is none of the machine
    const Opened opened(scaler.network(), scaler.options("auto"));
    EXPECT_EQ(opened.status, HARDNET_INTERNAL);
}

// Tables of a device's level that it cannot be run by.
TEST_F(Faults, TablesThatCannotBe) {
    const auto of_launch = [&](const std::function<void(hardnet_launch *)> &change) {
        Scaler wrong;
        change(&wrong.launches[1]);
        const Opened opened(wrong.network(), wrong.options("cuda"));
        EXPECT_EQ(opened.status, HARDNET_INTERNAL);
        EXPECT_EQ(stand_in::calls(), 0);
        return std::string(opened.error());
    };
    const std::string text = "launch 1 of level cuda, scale: expected ";
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->grid[2] = 3; }), text + "a grid of 2 images, found 3");
    const std::string sizes = "a name, a grid and a block of 1 to 1024 threads, found ";
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->grid[0] = 0; }), text + sizes + "grid 0x1, block 32x1x1");
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->block[1] = 0; }), text + sizes + "grid 1x1, block 32x0x1");
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->block[2] = 33; }),
              text + sizes + "grid 1x1, block 32x1x33");
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->name = nullptr; }),
              "launch 1 of level cuda, ?: expected " + sizes + "grid 1x1, block 32x1x1");
    static const uint8_t twice[] = {0, 1, 1}, beyond[] = {0, 1, 3};
    const std::string order = "an order of all 3 parameters, found another";
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->order = twice; }), text + order);
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->order = beyond; }), text + order);
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->order = nullptr; }), text + order);
    static const uint8_t two[] = {1, 0};
    EXPECT_EQ(of_launch([](hardnet_launch *l) { l->order = two, l->parameters = 2; }),
              "call 1 of level cuda: expected a kernel of 3 parameters, found one of 2");

    const auto of_plan = [&](const std::function<void(TinyPlan *)> &change) {
        TinyPlan plan;
        plan.batch = 2;
        plan.input({2, 1, 1, 8});
        plan.level("cuda", 0, HARDNET_DEVICE_CUDA);
        change(&plan);
        hardnet_options options = default_options();
        options.device = "cuda";
        const Opened opened(plan.network(), options);
        EXPECT_EQ(opened.status, HARDNET_INTERNAL);
        return std::string(opened.error());
    };
    const auto step = [](TinyPlan *plan, uint32_t units, hardnet_split split) {
        const uint32_t view = plan->read(HARDNET_INPUT, 0, {{0, 4, 1}});
        plan->step(HARDNET_STEP_CONV1X1, "a", {{units, 0, 1, {{nullptr, {{view, split, 0, 4}}, "kernel"}}}});
    };
    EXPECT_EQ(of_plan([](TinyPlan *plan) { plan->module.bytes = nullptr; }),
              "level cuda: expected a module and launches, found none");
    EXPECT_EQ(of_plan([](TinyPlan *plan) { plan->module.size = 0; }),
              "level cuda: expected a module and launches, found none");
    EXPECT_EQ(of_plan([](TinyPlan *plan) { plan->scratch_elems = 1; }),
              "level cuda: expected no scratch on a device, found 1 elements");
    EXPECT_EQ(
        of_plan([](TinyPlan *plan) { plan->arena_elems = int64_t{1} << 48; }),
        "memory of level cuda: expected 0 to 2^48 elements for 2 images, found 281474976710656 for each");
    for (const uint32_t units : {0u, 2u})
        EXPECT_EQ(of_plan([&](TinyPlan *plan) { step(plan, units, HARDNET_WHOLE); }),
                  "part 0 of level cuda: expected one unit on a device, found " + std::to_string(units));
    EXPECT_EQ(of_plan([&](TinyPlan *plan) { step(plan, 1, HARDNET_SHIFT); }),
              "argument 0 of level cuda: expected a whole view on a device, found split 3");
}

}  // namespace
}  // namespace hardnet
