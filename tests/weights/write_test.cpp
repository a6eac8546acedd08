// Written files: their bytes, and what is left when writing fails.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/weights/files.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::map<std::string, FloatTensor> kTensors{
    {"a", {{2, 2}, {1, 2, 3, 4}}}, {"b", {{1}, {0.5}}}, {"c", {{0}, {}}}};

TEST(Write, GivesTheSameBytesEachTime) {
    const TemporaryFolder folder;
    for (const char *name : {"one", "two"})
        ASSERT_TRUE(write_safetensors(folder.file(name), kTensors, {{"k", "v"}}));
    const std::string bytes = bytes_of(folder.file("one"));
    EXPECT_EQ(bytes, bytes_of(folder.file("two")));
    const Reading reading = read_bytes(bytes);
    EXPECT_EQ(reading.error, "");
    EXPECT_THAT(reading.visits, ElementsAre("k=v", "a F32 [2,2] 16@0", "b F32 [1] 4@16", "c F32 [0] 0@20"));
}

TEST(Write, AlignsTheDataWhateverTheHeadersLength) {
    const TemporaryFolder folder;
    for (size_t length = 0; length < 70; length++) {
        ASSERT_TRUE(write_safetensors(folder.file("x"), kTensors, {{"k", std::string(length, 'v')}}));
        const std::string bytes = bytes_of(folder.file("x"));
        EXPECT_EQ((bytes.size() - 20) % 64, 0u) << length;  // the data are 20 bytes
        EXPECT_EQ(read_bytes(bytes).error, "");
    }
}

TEST(Write, ReplacesAFileAndLeavesNothingElse) {
    const TemporaryFolder folder;
    const std::string path = folder.write("weights", "old");
    ASSERT_TRUE(write_safetensors(path, kTensors, {}));
    const auto read = read_checkpoint(path);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_THAT(read->tensors.at("a").values, ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(folder.names(), ElementsAre("weights"));
}

TEST(Write, MetadataThatIsNotUtf8IsMadeSo) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_safetensors(folder.file("x"), {}, {{"path", "caf\xe9"}}));
    EXPECT_EQ(read_checkpoint(folder.file("x"))->metadata.at("path"), "caf\xef\xbf\xbd");
}

TEST(Write, KeepsTheOldFileWhereTheNewOneDoesNotFit) {
    const TemporaryFolder folder;
    const std::string path = folder.write("weights", "old");
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const Status status = write_safetensors(path, kTensors, {});
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);

    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ExitCode::kEnvironment);
    EXPECT_THAT(status.error().what, HasSubstr(path + ": expected to write "));
    EXPECT_EQ(bytes_of(path), "old");
    EXPECT_THAT(folder.names(), ElementsAre("weights"));
}

TEST(Write, NamesAFolderThatIsNotThere) {
    const TemporaryFolder folder;
    const Status status = write_safetensors(folder.file("no/such"), kTensors, {});
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().what, HasSubstr("no/such: expected to write"));
    EXPECT_THAT(status.error().what, HasSubstr("No such file"));
}

}  // namespace
}  // namespace hardnet::testing
