// Threads: contexts side by side, one context in two threads, refused threads, forks, idleness.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "sample.h"

namespace hardnet {
namespace {

std::atomic<bool> entered, may_leave;

int wait_for_leave(void **) {
    entered = true;
    while (!may_leave) std::this_thread::yield();
    return 0;
}

TEST(Threads, ASecondRunOnOneContextIsBusy) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.step(HARDNET_STEP_CONV1X1, "slow", {{1, 0, 1, {{wait_for_leave, {}}}}});
    Opened opened(plan.network(), default_options());
    entered = may_leave = false;
    std::thread other([&] { EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK); });
    while (!entered) std::this_thread::yield();
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_BUSY);
    EXPECT_STREQ(opened.error(), "context: expected an idle one, found it running in another thread");
    EXPECT_EQ(hardnet_run_step(opened.context, 0, 0), HARDNET_BUSY);
    hardnet_tensor tensor = opened.input();
    EXPECT_EQ(hardnet_bind_input(opened.context, 0, &tensor), HARDNET_BUSY);
    may_leave = true;
    other.join();
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK);
}

TEST(Threads, ContextsRunSideBySide) {
    Sample sample;
    const hardnet_network *network = sample.network();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&, t] {
            std::vector<float> images = ramp(kImages * kPixels);
            for (float &value : images) value += static_cast<float>(t);
            hardnet_options options = sample.options();
            options.threads = 1 + t;
            Opened opened(network, options);
            ASSERT_EQ(opened.status, HARDNET_OK);
            std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
            const std::vector<float> expected = sample_expected(images);
            for (int i = 0; i < 50; i++) {
                ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
                ASSERT_EQ(std::memcmp(opened.output().data, expected.data(), expected.size() * sizeof(float)),
                          0);
                std::memset(opened.output().data, 0, expected.size() * sizeof(float));
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
}

TEST(Threads, AContextMayBeOpenedAndClosedInAnyThread) {
    Sample sample;
    const hardnet_options options = sample.options();
    hardnet_context *context = nullptr;
    std::thread([&] { EXPECT_EQ(hardnet_open(sample.network(), &options, &context), HARDNET_OK); }).join();
    EXPECT_EQ(hardnet_run(context), HARDNET_OK);
    std::thread([&] { hardnet_close(context); }).join();
}

std::atomic<int> threads_left;
int few_threads(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    return threads_left-- > 0 ? pthread_create(thread, attributes, start, argument) : EAGAIN;
}

TEST(Threads, WhereTheSystemRefusesThreadsItGoesOnWithFewer) {
    Sample sample;
    const std::vector<float> images = ramp(kImages * kPixels);
    hardnet_host host = hardnet_this_host();
    host.create_thread = few_threads;
    for (int created : {0, 2}) {
        threads_left = created;
        std::string messages;
        hardnet_options options = sample.options();
        options.threads = 5;
        options.log = [](void *user, const char *text) { *static_cast<std::string *>(user) += text; };
        options.user = &messages;
        Opened opened(sample.network(), options, &host);
        ASSERT_EQ(opened.status, HARDNET_OK);
        EXPECT_EQ(hardnet_context_memory(opened.context).threads, created + 1);
        EXPECT_EQ(messages, "threads: expected 5, found that the system starts only " +
                                std::to_string(created + 1) + ": running with those");
        std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
        EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK);
        const std::vector<float> expected = sample_expected(images);
        EXPECT_EQ(std::memcmp(opened.output().data, expected.data(), expected.size() * sizeof(float)), 0);
    }
}

TEST(Threads, AsManyAsProcessorsByDefault) {
    Sample sample;
    hardnet_host host = hardnet_this_host();
    host.processors = 3;
    Opened opened(sample.network(), sample.options(), &host);
    EXPECT_EQ(hardnet_context_memory(opened.context).threads, 3);
}

#if !defined(__SANITIZE_THREAD__)
TEST(Threads, AForkedChildRunsWithoutTheWorkersItLost) {
    Sample sample;
    hardnet_options options = sample.options();
    options.threads = 3;
    Opened opened(sample.network(), options);
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    const std::vector<float> images = ramp(kImages * kPixels), expected = sample_expected(images);
    std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);  // a deadlock ends the child by signal
        const bool ran = hardnet_run(opened.context) == HARDNET_OK;
        const bool same =
            std::memcmp(opened.output().data, expected.data(), expected.size() * sizeof(float)) == 0;
        hardnet_close(opened.context);
        _exit(ran && same ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK);
}
#endif

double cpu_seconds() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

TEST(Threads, AnIdleContextTakesNoCpu) {
    Sample sample;
    hardnet_options options = sample.options();
    options.threads = 2;
    Opened opened(sample.network(), options);
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const double before = cpu_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_LT(cpu_seconds() - before, 0.002);  // of this thread's sleep; a spinning worker would take 0.3 s
}

int sleep_long(void **) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return 0;
}
int do_nothing(void **) { return 0; }

// A thread that is done with its share spins only for a moment, then sleeps until the others are.
TEST(Threads, WaitingForASlowThreadTakesNoCpu) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.step(HARDNET_STEP_CONV1X1, "uneven", {{1, 0, 1, {{sleep_long, {}}}}, {1, 0, 1, {{do_nothing, {}}}}});
    hardnet_options options = default_options();
    options.threads = 2;
    Opened opened(plan.network(), options);
    ASSERT_EQ(opened.status, HARDNET_OK);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the workers sleep, too
    const double before = cpu_seconds();
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK);
    EXPECT_LT(cpu_seconds() - before, 0.02);
}

#if !defined(__SANITIZE_THREAD__)
// Each process believes the processors to be its own; what spins must give way to what works.
TEST(Threads, ProcessesThatShareProcessorsAllFinish) {
    constexpr int kProcesses = 3, kRuns = 2000;
    Sample sample;
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; i++) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(60);
            hardnet_options options = sample.options();
            options.threads = 2;
            Opened opened(sample.network(), options);
            bool ran = opened.status == HARDNET_OK;
            for (int run = 0; run < kRuns && ran; run++) ran = hardnet_run(opened.context) == HARDNET_OK;
            _exit(ran ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
}
#endif

}  // namespace
}  // namespace hardnet
