// Outputs without room, without a folder, or with something in their way: one line that names the file, and
// the disk as it was.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "cli/npy.h"
#include "tests/cli/program.h"
#include "tests/weights/tiny.h"
#include "vision/pictures/images.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;
using ::testing::MatchesRegex;

struct Output {
    const char *name, *command;  // the command writes OUT
};

class Outputs : public ProgramTest, public ::testing::WithParamInterface<Output> {
protected:
    void SetUp() override {
        ProgramTest::SetUp();
        make_colours_package();
        ASSERT_TRUE(write_png(folder_ + "/a.png", Image{1, 1, {1, 2, 3}}));
        ASSERT_TRUE(write_npy(folder_ + "/in.npy", {{2, 3, 4, 4}, std::vector<float>(96)}));
        const ModelRecord record = ::hardnet::testing::tiny_record(false);
        write("tiny.json", to_json(record));
        const Result<Network> network = build_network(record, record.input);
        ASSERT_TRUE(network);
        ASSERT_TRUE(write_safetensors(folder_ + "/w", seeded_checkpoint(*network, 1).tensors, {}));
    }

    // The command with `out` as its output, `before` in its shell. What it prints goes through a pipe, which
    // no limit on files holds up, with its exit code behind.
    std::string output(const std::string &out, const std::string &before) {
        std::string command = GetParam().command;
        command.replace(command.find("OUT"), 3, out);
        return shell("( " + before + "$H " + command + " 2>&1; echo code $? ) | cat", folder_).out;
    }
    std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> bytes;
        for (const auto &entry : fs::recursive_directory_iterator(folder_)) {
            std::string &of = bytes[entry.path()];
            of = entry.is_fifo() ? "a FIFO" : "";
            if (!entry.is_regular_file()) continue;  // opening a FIFO would wait for a writer
            std::ifstream file(entry.path(), std::ios::binary);
            of.assign(std::istreambuf_iterator<char>(file), {});
        }
        return bytes;
    }
};

TEST_P(Outputs, are_written) {
    const std::string text = output("out", "");
    EXPECT_THAT(text, MatchesRegex("([^\n]*\n)*code 0\n"));
    EXPECT_GT(fs::file_size(folder_ + "/out"), 0u);
}

TEST_P(Outputs, leave_the_old_file_where_the_disk_is_full) {
    write("out", "old");
    const auto before = files();
    EXPECT_THAT(
        output("out", "ulimit -f 0; "),
        MatchesRegex("([^\n]*\n)*hardnet: out: expected to write [0-9]+ bytes, found: File too large\n"
                     "code 5\n"));
    EXPECT_EQ(files(), before);
}

TEST_P(Outputs, need_their_folder) {
    const auto before = files();
    EXPECT_THAT(output("no/such/out", ""),
                MatchesRegex(
                    "([^\n]*\n)*hardnet: no/such/out: expected to write [0-9]+ bytes, found: No such file or "
                    "directory\ncode 5\n"));
    EXPECT_THAT(output("/proc/out", ""),
                MatchesRegex("([^\n]*\n)*hardnet: /proc/out: expected to write [0-9]+ bytes, found: [^\n]*\n"
                             "code 5\n"));
    EXPECT_EQ(files(), before);
}

TEST_P(Outputs, replace_nothing_but_files) {
    ASSERT_EQ(mkfifo((folder_ + "/fifo").c_str(), 0600), 0);
    fs::create_directory(folder_ + "/folder");
    fs::create_symlink("fifo", folder_ + "/link");
    const auto before = files();
    for (const auto &[out, found] :
         {std::pair("fifo", "a FIFO"), std::pair("link", "a FIFO"), std::pair("folder", "a directory")})
        EXPECT_THAT(output(out, ""),
                    ::testing::EndsWith(std::string("hardnet: ") + out +
                                        ": expected a file to write, found " + found + "\ncode 5\n"));
    EXPECT_EQ(files(), before);
}

INSTANTIATE_TEST_SUITE_P(Of, Outputs,
                         ::testing::Values(Output{"Tensors", "run colours --tensor in.npy -o OUT"},
                                           Output{"Sheets", "run colours a.png --sheet OUT"},
                                           Output{"Imports", "import w --model tiny.json -o OUT"}),
                         [](const auto &output) { return output.param.name; });

class Prints : public ProgramTest {};

TEST_F(Prints, nothing_into_a_full_disk_unnoticed) {
    make_colours_package();
    ASSERT_TRUE(write_png(folder_ + "/a.png", Image{1, 1, {1, 2, 3}}));
    for (const char *command : {"list", "inspect hardnet39ds --layers --format csv", "inspect colours",
                                "run colours a.png", "run colours a.png --json",
                                "bench colours --iterations 1 --seconds 0 --json", "doctor", "--help"}) {
        const Outcome full = shell(std::string("$H ") + command + " >/dev/full", folder_);
        EXPECT_EQ(full.code, 5) << command;
        EXPECT_EQ(full.err, "hardnet: stdout: expected to print, found: No space left on device\n")
            << command;
    }
}

// Nothing asks for the user's locale, so numbers have a point whatever it is.
TEST_F(Prints, numbers_with_a_point) {
    const Outcome symbols = shell("nm -D --undefined-only \"$H\"", folder_);
    EXPECT_THAT(symbols.out, ::testing::HasSubstr("localeconv"));
    EXPECT_THAT(symbols.out, ::testing::Not(::testing::HasSubstr(" setlocale")));
    EXPECT_THAT(symbols.out, ::testing::Not(::testing::HasSubstr("_ZNSt6localeC1EPKc")));
    const std::string list = hardnet("list").out;
    EXPECT_THAT(list, ::testing::ContainsRegex("[0-9]\\.[0-9]"));
    EXPECT_EQ(shell("LC_ALL=de_DE.UTF-8 $H list", folder_).out, list);
}

}  // namespace
}  // namespace hardnet
