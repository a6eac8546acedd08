// Measured machines as text: read, written, refused.
#include "base/machine_record.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/date.h"

namespace hardnet::testing {
namespace {

class MachineRecords : public ::testing::Test {
protected:
    ~MachineRecords() override { std::filesystem::remove(path_); }

    static MachineRecord record() {
        MachineRecord r;
        r.cpu = "A CPU";
        r.version = "1.2.3";
        r.date = "2026-11-30T02:00:00Z";
        r.threads = 4;
        r.clock_ghz = 3.5;
        r.l1_bytes = 49152, r.l2_bytes = 1 << 20, r.l3_bytes = int64_t{3} << 30;
        r.one = {{{"avx2", 100.25}, {"avx512", 200.5}}, 400, 200, 50, 12.5};
        r.all = {{{"avx2", 400}, {"avx512", 800}}, 1600, 800, 150, 25};
        r.barrier_us = 0.25;
        return r;
    }
    Result<MachineRecord> read(const std::string &text) {
        std::ofstream(path_) << text;
        return read_machine_record(path_);
    }

    const std::string path_ = ::testing::TempDir() + "hardnet-machine-" + std::to_string(getpid()) + ".json";
};

TEST_F(MachineRecords, ComeBackAsTheyWereWritten) {
    const std::string text = machine_record_text(record());
    const auto found = read(text);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(machine_record_text(*found), text);
    EXPECT_EQ(found->threads, 4);
    EXPECT_EQ(found->l3_bytes, int64_t{3} << 30);
    EXPECT_EQ(found->one.gflops.at("avx512"), 200.5);
    EXPECT_EQ(found->all.memory_gb_s, 25);
    EXPECT_EQ(found->barrier_us, 0.25);
}

TEST_F(MachineRecords, AreRefusedWithTheirPlace) {
    const struct {
        const char *from, *to, *fault;
    } cases[] = {
        {"\"format\": 1", "\"format\": 2", ":2:3: format: expected 1, found 2"},
        {"\"clock_ghz\": 3.5", "\"clock_ghz\": 0", "clock_ghz: expected a positive number, found another"},
        {"12.5", "-1", "memory_gb_s: expected a positive number, found another"},
        {"\"threads\": 4", "\"threads\": \"x\"", "threads: expected a number, found \"x\""},
        {"\"l2_bytes\"", "\"l4_bytes\"", "expected the key l2_bytes, found none"},
        {"\"avx2\": 100.25", "\"avx3\": 100.25", "avx3"},
        {"\"cpu\": \"A CPU\",", "", "expected the key cpu, found none"},
    };
    for (const auto &c : cases) {
        std::string text = machine_record_text(record());
        ASSERT_NE(text.find(c.from), std::string::npos) << c.from;
        text.replace(text.find(c.from), std::string(c.from).size(), c.to);
        const auto found = read(text);
        ASSERT_FALSE(found) << c.to;
        EXPECT_EQ(found.error().what.rfind(path_, 0), 0u) << found.error().what;
        EXPECT_NE(found.error().what.find(c.fault), std::string::npos) << found.error().what;
    }
    EXPECT_FALSE(read("{"));
    EXPECT_FALSE(read_machine_record(path_ + ".none"));
}

TEST(Date, IsUtcToTheSecond) {
    EXPECT_EQ(utc_date().size(), std::string("2026-11-30T02:00:00Z").size());
    EXPECT_EQ(utc_date()[10], 'T');
    EXPECT_EQ(utc_date().back(), 'Z');
}

}  // namespace
}  // namespace hardnet::testing
