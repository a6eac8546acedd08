// Weights that are not the network's: every one a status with a line that says what was expected and found.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "runtime/safetensors.h"
#include "sample.h"

namespace hardnet {
namespace {

class Weights : public testing::Test {
protected:
    Weights() {
        char name[] = "/tmp/hardnet_weights_XXXXXX";
        folder = mkdtemp(name);
        path = folder + "/w.safetensors";
    }
    ~Weights() override {
        std::remove(path.c_str());
        rmdir(folder.c_str());
    }
    void write(const std::string &bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
    // Opens from `from`; the error without the path.
    std::string error(const std::string &from, hardnet_status expected) {
        hardnet_options options = default_options();
        options.weights_path = from.c_str();
        Opened opened(sample.network(), options);
        EXPECT_EQ(opened.status, expected);
        const std::string text = opened.error(), prefix = "weights " + from + ": ";
        EXPECT_EQ(text.substr(0, prefix.size()), prefix);
        return text.substr(std::min(text.size(), prefix.size()));
    }
    std::string bad(const std::vector<FileTensor> &tensors) {
        write(safetensors(tensors));
        return error(path, HARDNET_BAD_WEIGHTS);
    }

    Sample sample;
    std::string folder, path;
    const FileTensor scale{"scale", "F32", {1}, {2}}, bias{"bias", "F32", {1}, {3}};
};

TEST_F(Weights, FromAFile) {
    write(sample.weights());
    hardnet_options options = default_options();
    options.weights_path = path.c_str();
    const std::vector<float> images = ramp(kImages * kPixels);
    EXPECT_EQ(sample_run(sample.network(), options, images), sample_expected(images));
}

TEST_F(Weights, MissingMisshapenAndForeignTensors) {
    EXPECT_EQ(bad({scale}), "tensor bias: expected F32 [1], found none");
    EXPECT_EQ(bad({scale, {"bias", "F32", {2}, {1, 2}}}), "tensor bias: expected F32 [1], found F32 [2]");
    EXPECT_EQ(bad({scale, {"bias", "F32", {1, 1}, {1}}}), "tensor bias: expected F32 [1], found F32 [1,1]");
    EXPECT_EQ(bad({scale, {"bias", "I32", {1}, {1}}}), "tensor bias: expected F32 [1], found I32 [1]");
    EXPECT_EQ(bad({bias, scale, {"more", "F32", {1}, {1}}}),
              "tensor more: expected no such tensor, found F32 [1]");
    EXPECT_EQ(bad({{"scale", "F32", {2}, {1, 1}}, {"module.bias", "F32", {1}, {1}}}),
              "tensor scale: expected F32 [1], found F32 [2]; tensor module.bias: expected no such tensor, "
              "found F32 "
              "[1]; tensor bias: expected F32 [1], found none");
}

TEST_F(Weights, AtMostTenProblemsAreListed) {
    std::vector<FileTensor> tensors;
    for (int i = 0; i < 500; i++) tensors.push_back({"t" + std::to_string(i), "F32", {1}, {1}});
    const std::string text = bad(tensors);
    EXPECT_NE(text.find("tensor t9:"), std::string::npos) << text;
    EXPECT_EQ(text.find("tensor t10:"), std::string::npos) << text;
    EXPECT_EQ(text.substr(text.size() - 10), "; and more");
}

TEST_F(Weights, LongNamesAreCutAndControlCharactersReplaced) {
    EXPECT_EQ(bad({scale, bias, {std::string(5000, 'n'), "F32", {1}, {1}}}),
              "tensor " + std::string(80, 'n') + "...: expected no such tensor, found F32 [1]");
    EXPECT_EQ(bad({scale,
                   bias,
                   {"a\x7f"
                    "b",
                    "F32",
                    {1},
                    {1}}}),
              "tensor a?b: expected no such tensor, found F32 [1]");
}

TEST_F(Weights, EveryTruncationIsAnError) {
    const std::string whole = sample.weights();
    for (size_t size = 0; size < whole.size(); size++) {
        write(whole.substr(0, size));
        EXPECT_FALSE(error(path, HARDNET_BAD_WEIGHTS).empty()) << size;
    }
    write(whole + "x");
    EXPECT_FALSE(error(path, HARDNET_BAD_WEIGHTS).empty());
}

TEST_F(Weights, NotARegularFile) {
    EXPECT_EQ(error(folder, HARDNET_BAD_WEIGHTS), "expected a regular file, found a directory");
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);  // nobody writes: opening it must not hang
    EXPECT_EQ(error(path, HARDNET_BAD_WEIGHTS), "expected a regular file, found a device, pipe or socket");
    EXPECT_EQ(error(folder + "/none", HARDNET_IO),
              "expected a readable file, found: No such file or directory");
}

TEST_F(Weights, AFileFarTooLargeIsRefusedBeforeItIsRead) {
    write(sample.weights());
    ASSERT_EQ(truncate(path.c_str(), off_t{1} << 40), 0);  // sparse
    EXPECT_EQ(error(path, HARDNET_BAD_WEIGHTS), "expected at most " +
                                                    std::to_string(8 + HARDNET_SAFETENSORS_MAX_HEADER + 8) +
                                                    " bytes, found 1099511627776");
}

// A file may be read piece by piece: the parser touches no more than what hardnet_safetensors_front says.
TEST_F(Weights, OnlyTheFrontIsParsed) {
    const std::string whole = sample.weights();
    const size_t front = hardnet_safetensors_front(whole.data(), whole.size());
    ASSERT_EQ(front, whole.size() - 2 * sizeof(float));
    const std::vector<char> memory(whole.begin(), whole.begin() + static_cast<long>(front));
    std::vector<uint64_t> scratch(hardnet_safetensors_scratch(memory.data(), whole.size()) / 8 + 1);
    std::vector<size_t> places;
    struct Seen {
        const char *begin;
        std::vector<size_t> *places;
    } seen{memory.data(), &places};
    const hardnet_safetensors_visitor visitor{
        &seen,
        [](void *user, const hardnet_safetensor *tensor) {
            const Seen *s = static_cast<Seen *>(user);
            s->places->push_back(reinterpret_cast<uintptr_t>(tensor->data) -
                                 reinterpret_cast<uintptr_t>(s->begin));
        },
        nullptr};
    char error[256];
    ASSERT_EQ(
        hardnet_safetensors_parse(memory.data(), whole.size(), scratch.data(), &visitor, error, sizeof error),
        0)
        << error;
    EXPECT_EQ(places, (std::vector<size_t>{front, front + sizeof(float)}));
    EXPECT_EQ(hardnet_safetensors_front("short", 5), 5u);
    EXPECT_EQ(hardnet_safetensors_front(whole.data(), 9), 8u);  // the header that it states cannot be there
}

TEST_F(Weights, NotANumberNeitherHangsNorTraps) {
    const float nan = __builtin_nanf(""), tiny = 1e-40f;
    write(safetensors({{"scale", "F32", {1}, {nan}}, {"bias", "F32", {1}, {tiny}}}));
    hardnet_options options = default_options();
    options.weights_path = path.c_str();
    for (float value : sample_run(sample.network(), options, ramp(kImages * kPixels)))
        EXPECT_NE(value, value);
}

}  // namespace
}  // namespace hardnet
