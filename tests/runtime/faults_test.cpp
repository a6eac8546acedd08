// Faults from outside while a context is opened or used: files that change, hooks that misalign, threads that
// all want one context, a fork.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "sample.h"

namespace hardnet {
namespace {

class Faults : public testing::Test {
protected:
    Faults() : images(ramp(kImages * kPixels)), expected(sample_expected(images)) {
        const int file = mkstemp(path);
        EXPECT_GE(file, 0);
        close(file);
        write_weights();
    }
    ~Faults() override { unlink(path); }
    void write_weights() const { std::ofstream(path, std::ios::binary) << sample.weights(); }
    hardnet_options from_file() const {
        hardnet_options options = default_options();
        options.weights_path = path;
        options.threads = 2;
        return options;
    }
    bool runs(const Opened &opened) const {
        std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
        if (hardnet_run(opened.context) != HARDNET_OK) return false;
        return std::memcmp(opened.output().data, expected.data(), expected.size() * sizeof(float)) == 0;
    }

    Sample sample;
    const std::vector<float> images, expected;
    char path[32] = "/tmp/hardnet_faults_XXXXXX";
};

TEST_F(Faults, AnOpenContextNeedsItsFileNoMore) {
    const Opened opened(sample.network(), from_file());
    ASSERT_EQ(opened.status, HARDNET_OK);
    ASSERT_EQ(truncate(path, 0), 0);
    EXPECT_TRUE(runs(opened));
}

// An allocator that does something at its n-th call.
struct Interruption {
    int calls = 0, at = 0;
    const char *truncated = nullptr;  // a file
    size_t skew = 0;                  // of what it returns from then on

    static void *allocate(void *user, size_t bytes, size_t alignment) {
        auto *self = static_cast<Interruption *>(user);
        const bool now = self->calls++ >= self->at;
        if (now && self->truncated && truncate(self->truncated, 0) != 0) return nullptr;
        auto *memory = static_cast<char *>(std::aligned_alloc(alignment, (bytes + 128) / 64 * 64));
        return memory + (now ? self->skew : 0);
    }
    static void release(void *, void *memory, size_t) {
        std::free(reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(memory) / 64 * 64));
    }
    void hook(hardnet_options *options) {
        options->allocate = allocate;
        options->release = release;
        options->user = this;
    }
};

TEST_F(Faults, AFileThatShrinksWhileItIsReadIsAnError) {
    int failed = 0, opened_anyway = 0;
    for (int at = 0; at < 20; at++) {
        write_weights();
        Interruption interruption;
        interruption.at = at;
        interruption.truncated = path;
        hardnet_options options = from_file();
        interruption.hook(&options);
        const Opened opened(sample.network(), options);
        if (opened.status == HARDNET_OK) {
            opened_anyway++;
            EXPECT_TRUE(runs(opened)) << at;
        } else {
            failed++;
            EXPECT_TRUE(opened.status == HARDNET_IO || opened.status == HARDNET_BAD_WEIGHTS) << opened.status;
            const std::string text = opened.error(), begin = std::string("weights ") + path + ": ";
            EXPECT_EQ(text.substr(0, begin.size()), begin);
            EXPECT_NE(text.find("expected "), std::string::npos) << text;
        }
    }
    EXPECT_GT(failed, 3);  // where something is still to be read
    EXPECT_GT(opened_anyway, 3);
}

TEST_F(Faults, AHookThatMisalignsIsToldTheSizeAndTheAlignment) {
    Interruption interruption;
    interruption.at = 1;  // behind the context itself
    interruption.skew = 16;
    hardnet_options options = from_file();
    interruption.hook(&options);
    const Opened opened(sample.network(), options);
    EXPECT_EQ(opened.status, HARDNET_OUT_OF_MEMORY);
    const std::string text = opened.error(), begin = "threads: expected ",
                      end = " bytes aligned to 64 from the allocate hook, found an address that is not";
    EXPECT_EQ(text.substr(0, begin.size()), begin);
    EXPECT_EQ(text.substr(text.size() - std::min(text.size(), end.size())), end);
}

TEST_F(Faults, ManyThreadsOnOneContextRunItOneAtATime) {
    const Opened opened(sample.network(), from_file());
    ASSERT_EQ(opened.status, HARDNET_OK);
    std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
    std::atomic<int> ran{0}, busy{0}, other{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&] {
            for (int i = 0; i < 200; i++) {
                const hardnet_status status = hardnet_run(opened.context);
                if (status == HARDNET_BUSY) {
                    EXPECT_STRNE(opened.error(), "");
                }
                (status == HARDNET_OK ? ran : status == HARDNET_BUSY ? busy : other)++;
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    EXPECT_GT(ran, 0);
    EXPECT_EQ(other, 0);
    EXPECT_EQ(ran + busy, 800);
    EXPECT_TRUE(runs(opened));
}

#if !defined(__SANITIZE_THREAD__)  // which knows no threads behind a fork
TEST_F(Faults, AForkedChildOpensAContextOfItsOwn) {
    const Opened parents(sample.network(), from_file());
    ASSERT_TRUE(runs(parents));
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);  // a deadlock ends the child by signal
        const Opened opened(sample.network(), from_file());
        _exit(opened.status == HARDNET_OK && runs(opened) ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(runs(parents));
}
#endif

}  // namespace
}  // namespace hardnet
