// What is allocated when, and what happens where memory is short.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "allocations.h"
#include "sample.h"

namespace hardnet {
namespace {

// An allocator that fails at its n-th call and knows what is still out.
struct Heap {
    int calls = 0, fail_at = -1, skew = 0;
    std::map<void *, size_t> out;

    static void *allocate(void *user, size_t bytes, size_t alignment) {
        auto *heap = static_cast<Heap *>(user);
        EXPECT_EQ(alignment, 64u);
        if (heap->calls++ == heap->fail_at) return nullptr;
        void *memory = std::aligned_alloc(alignment, (bytes + 128) / 64 * 64);
        std::memset(memory, 0xff, bytes);
        memory = static_cast<char *>(memory) + heap->skew;
        heap->out[memory] = bytes;
        return memory;
    }
    static void release(void *user, void *memory, size_t bytes) {
        auto *heap = static_cast<Heap *>(user);
        ASSERT_EQ(heap->out.count(memory), 1u);
        EXPECT_EQ(heap->out[memory], bytes);
        heap->out.erase(memory);
        std::free(static_cast<char *>(memory) - heap->skew);
    }
    void hook(hardnet_options *options) {
        options->allocate = allocate;
        options->release = release;
        options->user = this;
    }
};

TEST(Memory, CountingCounts) {
    start_counting_allocations();
    void *volatile memory = std::malloc(3);
    std::free(memory);
    EXPECT_EQ(counted_allocations(), 1);
}

TEST(Memory, ARunAllocatesNothing) {
    Sample sample;
    for (int threads : {1, 3}) {
        hardnet_options options = sample.options();
        options.threads = threads;
        Opened opened(sample.network(), options);
        ASSERT_EQ(opened.status, HARDNET_OK);
        start_counting_allocations();
        for (int i = 0; i < 10; i++) hardnet_run(opened.context);
        EXPECT_EQ(counted_allocations(), 0) << threads;
    }
}

TEST(Memory, EverythingComesFromTheHookAndGoesBack) {
    Sample sample;
    hardnet_options options = sample.options();
    options.threads = 3;
    Heap heap;
    heap.hook(&options);
    const std::vector<float> images = ramp(kImages * kPixels);
    EXPECT_EQ(sample_run(sample.network(), options, images), sample_expected(images));
    EXPECT_GE(heap.calls, 7);
    EXPECT_TRUE(heap.out.empty());
}

TEST(Memory, EveryAllocationOfOpenMayFail) {
    Sample sample;
    hardnet_options options = sample.options();
    options.threads = 2;
    hardnet_status status = HARDNET_OUT_OF_MEMORY;
    int k = 0;
    for (; status == HARDNET_OUT_OF_MEMORY && k < 100; k++) {
        Heap heap;
        heap.fail_at = k;
        heap.hook(&options);
        hardnet_context *context = reinterpret_cast<hardnet_context *>(&heap);
        status = hardnet_open(sample.network(), &options, &context);
        if (status == HARDNET_OUT_OF_MEMORY) {
            EXPECT_EQ(context == nullptr, k == 0);
            EXPECT_EQ(std::strlen(hardnet_last_error(context)) > 0, k != 0);
            EXPECT_EQ(heap.out.size(), k ? 1u : 0u) << "a failed context keeps only itself";
            EXPECT_NE(hardnet_run(context), HARDNET_OK);
        }
        hardnet_close(context);
        EXPECT_TRUE(heap.out.empty()) << k;
    }
    EXPECT_EQ(status, HARDNET_OK);
    EXPECT_EQ(k, 10);  // nine allocations, each of which failed once
}

TEST(Memory, AHookThatMisalignsIsRefused) {
    Sample sample;
    hardnet_options options = sample.options();
    Heap heap;
    heap.skew = 16;
    heap.hook(&options);
    hardnet_context *context = nullptr;
    EXPECT_EQ(hardnet_open(sample.network(), &options, &context), HARDNET_OUT_OF_MEMORY);
    EXPECT_EQ(context, nullptr);
    EXPECT_TRUE(heap.out.empty());
}

TEST(Memory, LargeBlocksAreAlignedForHugePages) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    plan.arena_elems = 2 << 20;
    Opened opened(plan.network(), default_options());
    ASSERT_EQ(opened.status, HARDNET_OK);
    const hardnet_memory memory = hardnet_context_memory(opened.context);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.arena) % (2 << 20), 0u);
    EXPECT_EQ(memory.arena_bytes, size_t{8} << 20);
    for (int64_t i = 0; i < plan.arena_elems; i += 4097) ASSERT_EQ(static_cast<float *>(memory.arena)[i], 0);
}

TEST(Memory, FiguresAreThoseOfTheTables) {
    Sample sample;
    hardnet_options options = sample.options();
    options.threads = 2;
    Opened opened(sample.network(), options);
    const hardnet_memory memory = hardnet_context_memory(opened.context);
    EXPECT_EQ(memory.arena_bytes, sizeof(float) * sample.arena_elems);
    EXPECT_EQ(memory.scratch_bytes, 64u);
    EXPECT_EQ(memory.packed_weight_bytes, 64u);
    EXPECT_EQ(memory.threads, 2);
    // Two shares of 9 rows: 1 call each, 2 + 3 chunks of 2 calls (5 + 4 rows), 9 single rows.
    EXPECT_EQ(memory.calls, 2 + 5 * 2 + 9);
}

}  // namespace
}  // namespace hardnet
