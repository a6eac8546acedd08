// The heap itself runs out, without a hook: at every allocation that the process makes while a context is
// opened, run and closed, also those of the C library for a new thread.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "allocations.h"
#include "sample.h"

namespace hardnet {
namespace {

TEST(Exhaustion, OfTheHeapAtAnyAllocation) {
    if (!fail_allocation(-1)) GTEST_SKIP() << "the sanitizer's allocator does not fail on demand";
    char path[] = "/tmp/hardnet_heap_XXXXXX";
    const int file = mkstemp(path);
    ASSERT_GE(file, 0);
    close(file);
    Sample sample;
    std::ofstream(path, std::ios::binary) << sample.weights();
    const hardnet_network *network = sample.network();
    const std::vector<float> images = ramp(kImages * kPixels), expected = sample_expected(images);
    hardnet_options options = default_options();
    options.weights_path = path;
    options.threads = 3;

    int failures = 0, fewer_threads = 0, k = 0;
    for (bool reached = true; reached; k++) {
        ASSERT_LT(k, 200);
        auto *context = reinterpret_cast<hardnet_context *>(&options);
        fail_allocation(k);
        const hardnet_status status = hardnet_open(network, &options, &context);
        if (status == HARDNET_OK) {
            fewer_threads += hardnet_context_memory(context).threads < 3;
            hardnet_tensor input, output;
            hardnet_input(context, 0, &input);
            hardnet_output(context, 0, &output);
            std::memcpy(input.data, images.data(), images.size() * sizeof(float));
            const hardnet_status ran = hardnet_run(context);
            const bool same = std::memcmp(output.data, expected.data(), expected.size() * sizeof(float)) == 0;
            hardnet_close(context);
            reached = allocation_failed();
            fail_allocation(-1);
            EXPECT_EQ(ran, HARDNET_OK) << k;
            EXPECT_TRUE(same) << k;
        } else {
            fail_allocation(-1);
            failures++;
            EXPECT_EQ(status, HARDNET_OUT_OF_MEMORY) << k << " " << hardnet_last_error(context);
            EXPECT_EQ(context == nullptr, k == 0);
            EXPECT_NE(hardnet_run(context), HARDNET_OK);
            hardnet_close(context);
        }
    }
    unlink(path);
    EXPECT_GE(failures, 9);       // the context and its blocks
    EXPECT_GE(fewer_threads, 1);  // a thread's own memory
}

}  // namespace
}  // namespace hardnet
