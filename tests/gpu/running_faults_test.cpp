// What can go wrong with a device that has a context: each its status and its text, and nothing is left behind.
#include <sys/wait.h>
#include <unistd.h>

#include "failing_calls.h"
#include "faults.h"

namespace hardnet {
namespace {

// A device that fails on the way stays lost, and its context can only be closed.
TEST_F(Faults, ADeviceThatIsLost) {
    struct Case {
        const char *function;
        int result;
        const char *text;
    };
    for (const Case &c :
         {Case{"cuGraphLaunch", 719, "cuGraphLaunch: expected CUDA_SUCCESS, found CUDA_ERROR_LAUNCH_FAILED"},
          Case{"cuStreamSynchronize", 700,
               "cuStreamSynchronize: expected CUDA_SUCCESS, found CUDA_ERROR_ILLEGAL_ADDRESS"},
          Case{"cuMemcpyHtoDAsync_v2", 214,
               "cuMemcpyHtoDAsync: expected CUDA_SUCCESS, found CUDA_ERROR_ECC_UNCORRECTABLE"},
          Case{"cuMemcpyDtoHAsync_v2", 719,
               "cuMemcpyDtoHAsync: expected CUDA_SUCCESS, found CUDA_ERROR_LAUNCH_FAILED"}}) {
        {
            const Opened opened(scaler.network(), scaler.options("cuda"));
            ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
            ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
            stand_in::lose(c.function, 0, c.result);
            EXPECT_EQ(hardnet_run(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_STREQ(opened.error(), c.text);
            stand_in::reset();  // even if it came back
            const std::string lost = std::string("device: expected one that works, found it lost: ") + c.text;
            float values[3];
            EXPECT_EQ(hardnet_run(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_EQ(opened.error(), lost);
            EXPECT_EQ(hardnet_enqueue(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_EQ(hardnet_wait(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_EQ(hardnet_run_step(opened.context, 0, 0), HARDNET_DEVICE_LOST);
            EXPECT_EQ(hardnet_read_view(opened.context, 2, 0, values), HARDNET_DEVICE_LOST);
            EXPECT_EQ(hardnet_bind_input_device(opened.context, 0, nullptr), HARDNET_DEVICE_LOST);
            EXPECT_EQ(opened.error(), lost);
            EXPECT_EQ(stand_in::calls(), 0);
        }
        EXPECT_EQ(stand_in::live(), 0);
        expect_cpu_works();
    }
}

// What a failed run had begun is over when it says so: the caller may free what was bound.
TEST_F(Faults, LeavesNothingOnItsWay) {
    for (const auto &call : {&hardnet_run, &hardnet_enqueue}) {
        for (const char *function : {"cuGraphLaunch", "cuMemcpyDtoHAsync_v2"}) {
            const Opened opened(scaler.network(), scaler.options("cuda"));
            ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
            stand_in::fail(function, 0, 719);
            EXPECT_EQ(call(opened.context), HARDNET_DEVICE_LOST);
            EXPECT_EQ(stand_in::queued(), 0u) << function;
        }
    }
}

TEST_F(Faults, ALaunchThatFailsNamesItsLayer) {
    stand_in::fail("cuLaunchKernel", 1, 719);
    EXPECT_EQ(refusal(HARDNET_DEVICE_LOST),
              "layer out: cuLaunchKernel of add: expected CUDA_SUCCESS, found CUDA_ERROR_LAUNCH_FAILED");
}

// Want of memory for a new graph leaves the old one.
TEST_F(Faults, ABindingThatCannotBeHad) {
    void *memory = stand_in::allocate(24);
    {
        const Opened opened(scaler.network(), scaler.options("cuda"));
        ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
        stand_in::fail("cuGraphInstantiateWithFlags", 0, 2);
        EXPECT_EQ(hardnet_bind_output_device(opened.context, 0, memory), HARDNET_DEVICE_OUT_OF_MEMORY);
        EXPECT_STREQ(opened.error(),
                     "cuGraphInstantiateWithFlags: expected CUDA_SUCCESS, found CUDA_ERROR_OUT_OF_MEMORY");
        set_input(opened, scaler_image());
        ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
        EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
    }
    stand_in::release(memory);
}

TEST_F(Faults, AnyCallMayFail) {
    const auto live_through = [&] {
        const Opened opened(scaler.network(), scaler.options("cuda"));
        hardnet_status status = opened.status;
        if (status == HARDNET_OK) {
            set_input(opened, scaler_image());
            status = hardnet_run(opened.context);
            if (status == HARDNET_OK) {
                EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
            }
        }
        if (status == HARDNET_OK) status = hardnet_run_step(opened.context, 0, 0);
        float values[3];
        if (status == HARDNET_OK) status = hardnet_read_view(opened.context, 2, 1, values);
        void *own = hardnet_device_memory(opened.context, true, 0);
        if (status == HARDNET_OK) status = hardnet_bind_input_device(opened.context, 0, own);
        hardnet_set_trace(
            opened.context, [](void *, int32_t, int32_t, int64_t, int64_t) {}, nullptr);
        if (status == HARDNET_OK) status = hardnet_run(opened.context);
        if (status != HARDNET_OK) {
            EXPECT_STRNE(opened.error(), "");
        }
        return status;
    };
    const auto leave = [&] {
        const hardnet_status status = live_through();
        EXPECT_EQ(stand_in::pushed(), 0);
        return status;
    };
    expect_any_call_may_fail({stand_in::reset, stand_in::calls, stand_in::fail, stand_in::lose,
                              stand_in::failed, stand_in::live, stand_in::violations},
                             {2, 719}, leave);
    expect_cpu_works();
}

// In a child nothing is asked of the driver, whose state is the parent's.
TEST_F(Faults, AForkOfTheProcessThatOpened) {
    const Opened opened(scaler.network(), scaler.options("cuda"));
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    const pid_t child = fork();
    if (child == 0) {
        stand_in::reset();
        int wrong = hardnet_run(opened.context) != HARDNET_DEVICE_LOST;
        wrong += std::string(opened.error()) !=
                 "device: expected the process that opened the context, found a fork of it";
        wrong += hardnet_enqueue(opened.context) != HARDNET_DEVICE_LOST;
        wrong += hardnet_run_step(opened.context, 0, 0) != HARDNET_DEVICE_LOST;
        hardnet_close(opened.context);
        wrong += stand_in::calls() != 0;
        const Opened cpu(scaler.network(), scaler.options("cpu"));
        wrong += cpu.status != HARDNET_OK || hardnet_run(cpu.context) != HARDNET_OK;
        _exit(wrong);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
}

}  // namespace
}  // namespace hardnet
