// .npy files that are damaged, hostile or of another kind than float32 in C order.
#include "cli/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace hardnet {
namespace {

using Bytes = std::vector<uint8_t>;
using testing::HasSubstr;

// Version 1 with `header` and `data_bytes` zeros behind it.
Bytes npy(const std::string &header, size_t data_bytes, uint8_t version = 1) {
    Bytes file = {
        0x93, 'N', 'U', 'M', 'P', 'Y', version, 0, uint8_t(header.size()), uint8_t(header.size() >> 8)};
    if (version > 1) file.insert(file.end(), 2, 0);
    file.insert(file.end(), header.begin(), header.end());
    file.insert(file.end(), data_bytes, 0);
    return file;
}

std::string header(const std::string &type, const std::string &order, const std::string &shape) {
    return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

std::string npy_error_of(const Bytes &file) {
    const Result<NpyTensor> tensor = decode_npy(file, "x.npy");
    EXPECT_FALSE(tensor);
    return tensor ? "" : tensor.error().what;
}

TEST(Npy, reads_what_it_writes) {
    const NpyTensor tensor{{2, 1, 3}, {1, -2, 0.5f, 4, 5, 6e30f}};
    const std::string path = testing::TempDir() + "hardnet_round_trip.npy";
    ASSERT_TRUE(write_npy(path, tensor));
    EXPECT_EQ((std::filesystem::file_size(path) - 6 * 4) % 64, 0u);
    const Result<NpyTensor> read = read_npy(path);
    std::filesystem::remove(path);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_EQ(read->values, tensor.values);
}

TEST(Npy, reads_every_version_and_rank) {
    for (const uint8_t version : {1, 2, 3}) {
        EXPECT_TRUE(decode_npy(npy(header("<f4", "False", "(2, 3)"), 24, version), "x.npy"));
        EXPECT_TRUE(decode_npy(npy(header("<f4", "False", "(6,)"), 24, version), "x.npy"));
        EXPECT_TRUE(decode_npy(npy(header("<f4", "False", "()"), 4, version), "x.npy"));
        EXPECT_TRUE(decode_npy(npy(header("<f4", "False", "(0, 3)"), 0, version), "x.npy"));
    }
}

TEST(Npy, names_what_it_found_instead) {
    EXPECT_EQ(npy_error_of({}), "x.npy: expected a .npy file, found an empty file");
    EXPECT_EQ(npy_error_of(Bytes(200, 'a')), "x.npy: expected a .npy file, found another format");
    EXPECT_EQ(npy_error_of(npy(header("<f8", "False", "(2,)"), 16)),
              "x.npy: expected '<f4' (float32), found '<f8'");
    EXPECT_EQ(npy_error_of(npy(header(">f4", "False", "(2,)"), 8)),
              "x.npy: expected '<f4' (float32), found '>f4'");
    EXPECT_EQ(npy_error_of(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8)),
              "x.npy: expected '<f4' (float32), found 'structured'");
    EXPECT_EQ(npy_error_of(npy(header("<f4", "True", "(2, 3)"), 24)),
              "x.npy: expected C order, found Fortran order");
    EXPECT_EQ(npy_error_of(npy(header("<f4", "False", "(2, 3)"), 20)),
              "x.npy: expected 24 bytes of data, found 20 bytes");
    EXPECT_EQ(npy_error_of(npy(header("<f4", "False", "(2, 3)"), 28)),
              "x.npy: expected 24 bytes of data, found 28 bytes");
    EXPECT_EQ(npy_error_of(npy("{}", 0, 4)), "x.npy: expected .npy version 1 to 3, found version 4");
}

TEST(Npy, refuses_sizes_that_overflow) {
    for (const char *shape :
         {"(4294967296, 4294967296)", "(4611686018427387904, 2)", "(4611686018427387904,)"})
        EXPECT_THAT(npy_error_of(npy(header("<f4", "False", shape), 0)),
                    HasSubstr("expected a shape that fits in memory"));
    for (const char *shape :
         {"(99999999999999999999,)", "(-1,)", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", "(1 2)", "(a,)", "1"})
        EXPECT_THAT(npy_error_of(npy(header("<f4", "False", shape), 4)),
                    HasSubstr("expected a header with descr"));
}

TEST(Npy, refuses_headers_that_lie) {
    Bytes file = npy(header("<f4", "False", "(1,)"), 4);
    file[9] = 0xff;  // the header would end behind the file
    EXPECT_THAT(npy_error_of(file), HasSubstr("expected a header inside the file"));
    for (const char *text :
         {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'descr': '<f4', 'shape': ()}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}",
          "{'descr': '<f4', 'fortran_order': Maybe, 'shape': ()}"})
        EXPECT_THAT(npy_error_of(npy(text, 4)), HasSubstr("expected a header with descr"));
}

TEST(Npy, random_damage_never_crashes) {
    std::mt19937 random(1);
    const Bytes file = npy(header("<f4", "False", "(2, 3)"), 24);
    for (int i = 0; i < 20000; i++) {
        Bytes damaged = file;
        for (int flips = 0; flips < 1 + i % 3; flips++)
            damaged[random() % damaged.size()] = uint8_t(random());
        damaged.resize(damaged.size() - random() % 3 * (random() % 40));
        const Result<NpyTensor> tensor = decode_npy(damaged, "x.npy");
        if (!tensor) {
            EXPECT_EQ(tensor.error().what.find('\n'), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace hardnet
