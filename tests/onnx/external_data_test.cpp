// Tensors in a file beside the model's: what a model may name, and that its bounds hold for any file.
#include "onnx/external_data.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "onnx/read_model.h"
#include "onnx/tensor_data.h"
#include "tests/onnx/files.h"
#include "tests/onnx/writer.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The error of reading 8 bytes; "read" where there is none.
std::string error_of_place(const Folder &folder, const OnnxExternalPlace &place,
                           const std::string &file = "") {
    uint64_t to = 0;
    const Status read =
        read_external_data({folder.at("x.onnx"), file}, place, sizeof to, [&]() -> void * { return &to; });
    return read ? "read" : read.error().what;
}

TEST(ExternalData, GivesATensorsValues) {
    const Folder folder("values");
    folder.write("x.onnx.data", "1234" + little_endian(std::vector<float>{0.5f, -3}));
    folder.write("x.onnx", model(graph({{},
                                        {external_tensor("w", {2},
                                                         {"location", "x.onnx.data", "offset", "4", "length",
                                                          "8", "checksum", "none"})},
                                        {},
                                        {}})));
    const Result<OnnxModel> read = read_onnx(folder.at("x.onnx"));
    ASSERT_TRUE(read) << read.error().what;
    const OnnxTensor &weight = read->graph.initializers[0];
    EXPECT_THAT(*float_values(*read, weight, ""), ElementsAre(0.5f, -3));
    folder.write("other", "1234" + little_endian(std::vector<float>{7, 8}));
    EXPECT_THAT(*float_values(*read, weight, folder.at("other")), ElementsAre(7, 8));
    EXPECT_EQ(float_values(*read, weight, folder.at("none")).error().what,
              folder.at("x.onnx") + ": tensor \"w\": external data \"" + folder.at("none") +
                  "\": expected a readable file, found: No such file or directory");
}

TEST(ExternalData, LeavesNoFolder) {
    const Folder folder("names");
    folder.write("d", "12345678");
    std::filesystem::create_directory(folder.at("sub"));
    folder.write("sub/d", "12345678");
    EXPECT_EQ(error_of_place(folder, {"d", 0, {}}), "read");
    for (const std::string &name :
         {std::string("../d"), std::string(".."), std::string("."), std::string(""), folder.at("d"),
          std::string("sub/d"), std::string("./d"), std::string("sub\\d"), std::string("d\0", 2)})
        EXPECT_THAT(error_of_place(folder, {name, 0, {}}),
                    HasSubstr("expected a plain file name in the model's own folder, found another path"))
            << name;
    EXPECT_EQ(error_of_place(folder, {"../../etc/passwd", 0, {}}, folder.at("sub/d")), "read");
}

TEST(ExternalData, FollowsLinksOfTheCallersAlone) {
    const Folder folder("links");
    folder.write("d", "12345678");
    std::filesystem::create_symlink("d", folder.at("soft"));
    EXPECT_EQ(error_of_place(folder, {"soft", 0, {}}),
              "external data \"soft\": expected a file, found a symbolic link (--external-data FILE follows "
              "links)");
    EXPECT_EQ(error_of_place(folder, {"soft", 0, {}}, folder.at("soft")), "read");
    std::filesystem::create_hard_link(folder.at("d"), folder.at("hard"));
    for (const char *name : {"d", "hard"}) {
        EXPECT_EQ(
            error_of_place(folder, {name, 0, {}}),
            std::string("external data \"") + name + "\": expected a file of one name, found 2 hard links");
        EXPECT_EQ(error_of_place(folder, {name, 0, {}}, folder.at(name)), "read");
    }
}

TEST(ExternalData, IsARegularFile) {
    const Folder folder("kinds");
    ASSERT_EQ(::mkfifo(folder.at("fifo").c_str(), 0600), 0);
    std::filesystem::create_directory(folder.at("sub"));
    for (const char *name : {"fifo", "sub"})
        for (const std::string &own : {std::string(), folder.at(name)})
            EXPECT_THAT(error_of_place(folder, {name, 0, {}}, own),
                        HasSubstr("expected a regular file, found another kind"));
}

TEST(ExternalData, ReachesNotBeyondItsFile) {
    const Folder folder("bounds");
    folder.write("d", "123456789");
    for (const std::string &own : {std::string(), folder.at("d")}) {
        EXPECT_EQ(error_of_place(folder, {"d", 1, {}}, own), "read");
        EXPECT_THAT(error_of_place(folder, {"d", 2, {}}, own),
                    HasSubstr("expected 8 bytes from byte 2 on, found a file of 9"));
        EXPECT_THAT(error_of_place(folder, {"d", 10, {}}, own), HasSubstr("found a file of 9"));
        EXPECT_THAT(error_of_place(folder, {"d", ~uint64_t{0} - 3, {}}, own),
                    HasSubstr("expected 8 bytes from byte 18446744073709551612 on, found a file of 9"));
    }
}

// Far into a file that is larger than memory may be: only the range is read.
TEST(ExternalData, IsReadByRange) {
    const Folder folder("range");
    constexpr uint64_t kOffset = uint64_t{3} << 40;  // a hole, which takes no room on the disk
    folder.write("d", "");
    std::error_code failed;
    std::filesystem::resize_file(folder.at("d"), kOffset, failed);
    if (failed) GTEST_SKIP() << "the file system has no files of 3 TiB";
    std::ofstream(folder.at("d"), std::ios::binary | std::ios::app) << "abcdefgh";
    char to[9] = {};
    const Status read =
        read_external_data({folder.at("x.onnx"), ""}, {"d", kOffset, {}}, 8, [&]() -> void * { return to; });
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_STREQ(to, "abcdefgh");
}

}  // namespace
}  // namespace hardnet::testing
