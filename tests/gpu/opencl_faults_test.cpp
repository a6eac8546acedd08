// What can go wrong with a device of OpenCL's: each its status and its text, nothing is left behind, and the CPU goes on.
#include <sys/wait.h>
#include <unistd.h>

#include "failing_calls.h"
#include "scaler_opencl.h"

namespace hardnet {
namespace {

class OpenclFaults : public OpenclTest {
protected:
    // The text of an open that fails with `expected`; the CPU works behind it.
    std::string refusal(hardnet_status expected, const char *device = "opencl") {
        std::string text;
        {
            const Opened opened(scaler.network(), options(device), &host);
            EXPECT_EQ(opened.status, expected) << opened.error();
            text = opened.error();
            EXPECT_EQ(hardnet_run(opened.context), HARDNET_INVALID_ARGUMENT);
        }
        EXPECT_EQ(opencl_stand_in::live(), 0);
        opencl_stand_in::reset();
        expect_it_works(Opened(scaler.network(), options("cpu"), &host));
        return text;
    }
};

TEST(OpenclLibrary, LoadsOnlyWhatIsOne) {
    hardnet_opencl_library table;
    char why[200];
    EXPECT_FALSE(hardnet_opencl_load("libnone.so.1", &table, why, sizeof why));
    EXPECT_EQ(std::string(why).substr(0, 48), "libnone.so.1: expected OpenCL's library, found: ");
    EXPECT_FALSE(hardnet_opencl_load("libc.so.6", &table, why, sizeof why));
    EXPECT_STREQ(
        why, "libc.so.6: expected clGetPlatformIDs, which those of OpenCL 1.2 and later have, found none");
}

TEST_F(OpenclFaults, WithoutALibrary) {
    host.opencl = [](const char **why) -> const hardnet_opencl_library * {
        *why = "libOpenCL.so.1: expected OpenCL's library, found: none";
        return nullptr;
    };
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), "libOpenCL.so.1: expected OpenCL's library, found: none");
    host.opencl = nullptr;
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), "opencl: expected its library, found none");
}

TEST_F(OpenclFaults, WithoutADevice) {
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE, "opencl:2"),
              "device opencl:2: expected one of 2 devices, found no such");
    opencl_stand_in::describe(0, "OpenCL 1.2", 256, true);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), "device opencl:0: expected one of 0 devices, found no such");
    opencl_stand_in::describe(2, "OpenCL 1.2", 256, false);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE, "opencl:1"),
              "device opencl:1: expected one of 1 devices, found no such");
    opencl_stand_in::describe(2, "OpenCL 1.1", 256, true);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE),
              "device opencl:1: expected OpenCL 1.2 with a compiler, found 1.1 with one");
    opencl_stand_in::fail("clGetPlatformIDs", 0, -30);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE), "clGetPlatformIDs: expected CL_SUCCESS, found error -30");
}

TEST_F(OpenclFaults, APackageThatIsForOthers) {
    Scaler cuda;
    const Opened opened(cuda.network(), options("opencl"), &host);
    EXPECT_EQ(opened.status, HARDNET_NO_DEVICE);
    EXPECT_STREQ(
        opened.error(),
        "device opencl: expected a level for it in tiny, found plain, cuda (compile it with --target "
        "opencl)");
}

TEST_F(OpenclFaults, ATextThatDoesNotCompile) {
    kernels.build_result = -11;
    kernels.log = "warning: unused\n<kernel>:7:3: error: no such thing\n more\n";
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE),
              "clBuildProgram: expected a compiler for Stand-in 1 that takes the kernels, found "
              "CL_BUILD_PROGRAM_FAILURE: <kernel>:7:3: error: no such thing");
    kernels.build_result = -5;
    kernels.log = "";
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE),
              "clBuildProgram: expected a compiler for Stand-in 1 that takes the kernels, found "
              "CL_OUT_OF_RESOURCES: ");
}

TEST_F(OpenclFaults, KernelsThatTheDeviceCannotRun) {
    opencl_stand_in::describe(2, "OpenCL 3.0", 16, true);
    EXPECT_EQ(refusal(HARDNET_NO_DEVICE),
              "kernel scale: expected a device that runs blocks of 32 threads, found one of 16");
    scaler.launches[1].name = "scael";
    EXPECT_EQ(refusal(HARDNET_INTERNAL),
              "kernel scael: expected it in the module of level opencl, found none");
}

TEST_F(OpenclFaults, OutOfMemory) {
    const char *texts[] = {"arena: expected 64", "inputs and outputs: expected 512",
                           "packed weights: expected 16"};
    for (const char *function : {"clCreateBuffer", "clEnqueueFillBuffer"}) {
        for (int k = 0; k < 3; k++) {
            opencl_stand_in::fail(function, k, -4);
            EXPECT_EQ(refusal(HARDNET_DEVICE_OUT_OF_MEMORY),
                      std::string(texts[k]) +
                          " bytes of the device's memory, found CL_MEM_OBJECT_ALLOCATION_FAILURE");
        }
    }
    opencl_stand_in::fail("clCreateBuffer", 0, -61);
    EXPECT_EQ(refusal(HARDNET_DEVICE_OUT_OF_MEMORY),
              "arena: expected 64 bytes of the device's memory, found CL_INVALID_BUFFER_SIZE");
}

void keep_message(void *user, const char *message) {
    static_cast<std::vector<std::string> *>(user)->push_back(message);
}

TEST_F(OpenclFaults, AutoTakesGpusAloneAndSaysWhatItDoes) {
    std::vector<std::string> messages;
    const auto opens_on = [&](const hardnet_network *network) {
        messages.clear();
        hardnet_options automatic = options("auto");
        automatic.log = keep_message, automatic.user = &messages;
        const Opened opened(network, automatic, &host);
        expect_it_works(opened);
        return std::string(hardnet_level_name(opened.context));
    };
    const std::string no_gpu =
        "device auto: device opencl: expected a GPU, found none among 1 devices: running on the cpu";
    using Messages = std::vector<std::string>;
    host.cuda = nullptr;
    EXPECT_EQ(opens_on(scaler.network()), "opencl");
    EXPECT_EQ(messages, Messages{});
    opencl_stand_in::describe(2, "OpenCL 1.2", 256, false);
    EXPECT_EQ(opens_on(scaler.network()), "plain");
    EXPECT_EQ(messages, Messages{no_gpu});

    Scaler cuda;
    const hardnet_level levels[] = {cuda.network()->levels[1], scaler.network()->levels[1],
                                    scaler.network()->levels[0]};
    hardnet_network both = *scaler.network();
    both.levels = levels, both.level_count = 3;
    const std::string no_driver = "device auto: cuda: expected a driver, found none: ";
    EXPECT_EQ(opens_on(&both), "plain");
    EXPECT_EQ(messages, (Messages{no_driver + "trying opencl", no_gpu}));
    opencl_stand_in::reset();
    EXPECT_EQ(opens_on(&both), "opencl");
    EXPECT_EQ(messages, Messages{no_driver + "trying opencl"});
    EXPECT_EQ(opens_on(cuda.network()), "plain");
    EXPECT_EQ(messages, Messages{no_driver + "running on the cpu"});
}

// A device that fails on the way stays lost, and its context can only be closed.
TEST_F(OpenclFaults, ADeviceThatIsLost) {
    for (const auto &[function, text] :
         {std::pair{"clEnqueueNDRangeKernel",
                    "layer scale: clEnqueueNDRangeKernel of scale: expected CL_SUCCESS, found "
                    "CL_OUT_OF_RESOURCES"},
          {"clFinish", "clFinish: expected CL_SUCCESS, found CL_OUT_OF_RESOURCES"},
          {"clEnqueueWriteBuffer", "clEnqueueWriteBuffer: expected CL_SUCCESS, found CL_OUT_OF_RESOURCES"},
          {"clEnqueueReadBuffer", "clEnqueueReadBuffer: expected CL_SUCCESS, found CL_OUT_OF_RESOURCES"}}) {
        {
            const Opened opened(scaler.network(), options("opencl"), &host);
            expect_it_works(opened);
            opencl_stand_in::lose(function, 0, -5);
            EXPECT_EQ(hardnet_run(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_STREQ(opened.error(), text);
            EXPECT_EQ(opencl_stand_in::queued(), 0u);
            opencl_stand_in::reset();  // even if it came back
            float values[3];
            EXPECT_EQ(hardnet_run(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_EQ(opened.error(), std::string("device: expected one that works, found it lost: ") + text);
            EXPECT_EQ(hardnet_enqueue(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_EQ(hardnet_wait(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_EQ(hardnet_run_step(opened.context, 0, 0), HARDNET_DEVICE_LOST);
            EXPECT_EQ(hardnet_read_view(opened.context, 2, 0, values), HARDNET_DEVICE_LOST);
            EXPECT_EQ(opencl_stand_in::calls(), 0);
        }
        EXPECT_EQ(opencl_stand_in::live(), 0);
    }
}

TEST_F(OpenclFaults, AnyCallMayFail) {
    const auto live_through = [&] {
        const Opened opened(scaler.network(), options("opencl"), &host);
        hardnet_status status = opened.status;
        if (status == HARDNET_OK) set_input(opened, scaler_image());
        if (status == HARDNET_OK) status = hardnet_run(opened.context);
        if (status == HARDNET_OK) {
            EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
        }
        if (status == HARDNET_OK) status = hardnet_run_step(opened.context, 0, 0);
        float values[3];
        if (status == HARDNET_OK) status = hardnet_read_view(opened.context, 2, 1, values);
        if (status == HARDNET_OK) status = hardnet_enqueue(opened.context);
        if (status == HARDNET_OK) status = hardnet_wait(opened.context);
        hardnet_set_trace(
            opened.context, [](void *, int32_t, int32_t, int64_t, int64_t) {}, nullptr);
        if (status == HARDNET_OK) status = hardnet_run(opened.context);
        if (status != HARDNET_OK) {
            EXPECT_STRNE(opened.error(), "");
        }
        return status;
    };
    expect_any_call_may_fail(
        {opencl_stand_in::reset, opencl_stand_in::calls, opencl_stand_in::fail, opencl_stand_in::lose,
         opencl_stand_in::failed, opencl_stand_in::live, opencl_stand_in::violations},
        {-4, -5}, live_through);
}

// In a child nothing is asked of the library, whose state is the parent's.
TEST_F(OpenclFaults, AForkOfTheProcessThatOpened) {
    const Opened opened(scaler.network(), options("opencl"), &host);
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    const pid_t child = fork();
    if (child == 0) {
        opencl_stand_in::reset();
        int wrong = hardnet_run(opened.context) != HARDNET_DEVICE_LOST;
        wrong += hardnet_enqueue(opened.context) != HARDNET_DEVICE_LOST;
        hardnet_close(opened.context);
        _exit(wrong + (opencl_stand_in::calls() != 0));
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    expect_it_works(opened);
}

TEST_F(OpenclFaults, TablesThatCannotBe) {
    static const uint8_t three[] = {0, 1, 2};
    scaler.launches[1].order = three, scaler.launches[1].parameters = 3;
    EXPECT_EQ(refusal(HARDNET_INTERNAL),
              "call 1 of level opencl: expected a kernel of 6 parameters, found one of 3");
}

}  // namespace
}  // namespace hardnet
