// The program on batches of pictures with bad ones in them, and on folders with other files.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli/run.h"

namespace hardnet {
namespace {

using nlohmann::json;

TEST_F(Run, goes_on_past_bad_pictures) {
    paint("p/1.png", 255, 0, 0);
    write("p/2.png", "");
    write("p/3.jpg", "not a picture");
    paint("p/4.png", 0, 255, 0);
    paint("p/5.png", 0, 0, 255);
    const Outcome outcome = hardnet("run colours p --top 1");
    EXPECT_EQ(outcome.code, 4);
    EXPECT_EQ(outcome.out, "p/1.png  red  57.61 %\np/4.png  green  57.61 %\np/5.png  blue  57.61 %\n");
    EXPECT_EQ(outcome.err,
              "hardnet: run: expected 5 pictures, found 3 that could be read\n"
              "  bad image: p/2.png: expected a JPEG, PNG, WebP or BMP, found an empty file\n"
              "  bad image: p/3.jpg: expected a JPEG, PNG, WebP or BMP, found another format\n");
    json root = json::parse(hardnet("run colours p --json").out);
    EXPECT_EQ(root["images"].size(), 3u);
    EXPECT_EQ(root["failed"][1]["file"], "p/3.jpg");
}

TEST_F(Run, says_what_it_skips_in_a_folder) {
    paint("p/a.png", 255, 0, 0);
    paint("p/deeper/named.dat", 0, 255, 0);  // its bytes say what it is
    write("p/b.gif", "GIF89a");
    write("p/deeper/c", "GIF87a");
    write("p/d.avif", std::string("\0\0\0\x1c"
                                  "ftypavif",
                                  12));
    write("p/notes.TXT", "text");
    write("p/README", "text");
    std::filesystem::create_directory_symlink("..", folder_ + "/p/loop");
    const Outcome outcome = hardnet("run colours p --top 1");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.out, "p/a.png  red  57.61 %\np/deeper/named.dat  green  57.61 %\n");
    EXPECT_EQ(outcome.err,
              "hardnet: note: p: skipped 2 GIF, 1 .txt, 1 AVIF, 1 linked folder, 1 without extension\n");
    expect_error(
        "run colours p/b.gif", 3,
        "hardnet: bad image: p/b.gif: expected a JPEG, PNG, WebP or BMP, found another format, GIF\n");
    std::filesystem::remove(folder_ + "/p/a.png");
    std::filesystem::remove(folder_ + "/p/deeper/named.dat");
    expect_error("run colours p", 3,
                 "hardnet: p: expected JPEG, PNG, WebP or BMP files, found only 2 GIF, 1 .txt, 1 AVIF, 1 "
                 "linked folder, "
                 "1 without extension\n");
}

// One red pixel of 24 bits; the bytes of text begin as a BMP's do.
TEST_F(Run, takes_bmp_by_its_name_or_its_bytes) {
    std::string bmp(58, '\0');
    bmp[0] = 'B', bmp[1] = 'M', bmp[10] = 54, bmp[14] = 40, bmp[18] = 1, bmp[22] = 1, bmp[28] = 24;
    bmp[56] = '\xff';
    write("p/a.BMP", bmp);
    write("p/b", bmp);
    write("p/c", "BMP files are read, and this is none");
    const Outcome outcome = hardnet("run colours p --top 1");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.out, "p/a.BMP  red  57.61 %\np/b  red  57.61 %\n");
    EXPECT_EQ(outcome.err, "hardnet: note: p: skipped 1 without extension\n");
}

TEST_F(Run, says_which_folders_it_may_not_read) {
    if (geteuid() == 0) GTEST_SKIP() << "root may read all";
    paint("p/a.png", 255, 0, 0);
    mkdir((folder_ + "/p/closed").c_str(), 0);
    const Outcome outcome = hardnet("run colours p --top 1");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "hardnet: note: p: skipped 1 unreadable folder\n");
    expect_error("run colours p/closed", 5,
                 "hardnet: p/closed: expected a readable folder, found: Permission denied\n");
    chmod((folder_ + "/p/closed").c_str(), 0700);  // or nobody could remove it
}

TEST_F(Run, does_not_run_on_its_own_contact_sheets) {
    paint("p/a.png", 255, 0, 0);
    const std::string first = hardnet("run colours p --top 1 --sheet p/sheet.png").out;
    const Outcome again = hardnet("run colours p --top 1 --sheet p/sheet.png");
    EXPECT_EQ(again.out, first);
    EXPECT_EQ(again.err, "hardnet: note: p: skipped 1 written by an earlier run\n");
}

TEST_F(Run, lists_at_most_ten_of_many_bad_pictures) {
    paint("p/a.png", 255, 0, 0);
    for (int i = 0; i < 20; i++) write("p/b" + std::to_string(i) + ".png", "");
    const Outcome outcome = hardnet("run colours p --top 1");
    EXPECT_EQ(outcome.code, 4);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 11);
    EXPECT_THAT(outcome.err, ::testing::EndsWith("\n  and 11 more\n"));
}

TEST_F(Run, calls_a_batch_without_any_good_picture_bad_input) {
    write("x.png", "");
    write("y.png", "");
    mkdir((folder_ + "/empty").c_str(), 0700);
    expect_error("run colours x.png", 3,
                 "hardnet: bad image: x.png: expected a JPEG, PNG, WebP or BMP, found an empty file\n");
    expect_error("run colours x.png y.png", 3,
                 "hardnet: run: expected 2 pictures, found 0 that could be read\n"
                 "  bad image: x.png: expected a JPEG, PNG, WebP or BMP, found an empty file\n"
                 "  bad image: y.png: expected a JPEG, PNG, WebP or BMP, found an empty file\n");
    expect_error("run colours empty", 3,
                 "hardnet: empty: expected JPEG, PNG, WebP or BMP files, found none\n");
    paint("big.png", 1, 2, 3);
    expect_error("run colours big.png --max-pixels 29", 3,
                 "hardnet: bad image: big.png: expected at most 29 pixels, found 6x5\n");
}
}  // namespace
}  // namespace hardnet
