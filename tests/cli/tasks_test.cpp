// `run` on networks for segmentation and detection: what is printed, written and refused. The packages are
// hand-written (tasks.c): their classes are where the picture is red, green and blue.
#include <gmock/gmock.h>
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/npy.h"
#include "models/records.h"
#include "tests/cli/program.h"
#include "vision/pictures/images.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Tasks : public ProgramTest {
protected:
    static Manifest manifest(const char *name, const char *record, InputSize size, int batch,
                             const std::vector<std::string> &classes = {"red", "green", "blue"}) {
        Manifest m;
        m.name = name;
        ModelRecord of = *find_record(record);
        set_classes(of, int(classes.size()));
        of.preprocessing = {0, {}, false, {0, 0, 0}, {1, 1, 1}};
        m.network = *build_network(of, size);
        m.class_names = classes;
        m.batch = batch;
        return m;
    }
    void make_regions() { make_package(manifest("regions", "fcdensenet56", {32, 32}, 2)); }
    void make_redness() { make_package(manifest("redness", "fcdensenet56", {32, 32}, 1, {"red"})); }
    void make_centers() { make_package(manifest("centers", "centernet_hardnet85", {64, 64}, 2)); }
    void make_boxes() { make_package(manifest("boxes", "ssd512_vgg16", {512, 512}, 1)); }

    // A red picture whose right quarter is blue.
    void paint_regions(const std::string &name, int width, int height) {
        Image image{width, height, {}};
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                const bool red = x < width * 3 / 4;
                image.rgb.insert(image.rgb.end(), {uint8_t(red ? 255 : 0), 0, uint8_t(red ? 0 : 255)});
            }
        fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
        ASSERT_TRUE(write_png(folder_ + "/" + name, image));
    }
    struct Spot {
        int x, y, side, channel, value;
    };
    void paint_spots(const std::string &name, int width, int height, const std::vector<Spot> &spots) {
        Image image{width, height, std::vector<uint8_t>(size_t(width) * height * 3)};
        for (const Spot &spot : spots)
            for (int y = spot.y; y < spot.y + spot.side; y++)
                for (int x = spot.x; x < spot.x + spot.side; x++)
                    image.at(x, y)[spot.channel] = uint8_t(spot.value);
        ASSERT_TRUE(write_png(folder_ + "/" + name, image));
    }
    std::array<int, 3> color_in(const std::string &name, int x, int y) {
        const Result<Image> image = read_image(folder_ + "/" + name);
        if (!image) throw std::runtime_error(image.error().what);
        const uint8_t *pixel = image->at(x, y);
        return {pixel[0], pixel[1], pixel[2]};
    }
    std::vector<std::string> files_in(const std::string &folder) {
        std::vector<std::string> names;
        for (const auto &entry : fs::directory_iterator(folder_ + "/" + folder))
            names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }
};

TEST_F(Tasks, segmentation_prints_shares) {
    make_regions();
    paint_regions("a.png", 64, 32);
    paint_regions("b.png", 8, 100);
    const Outcome text = hardnet("run regions a.png b.png");
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_EQ(text.out,
              "a.png\n   75.00 %  red\n   25.00 %  blue\nb.png\n   75.00 %  red\n   25.00 %  blue\n");
    const json root = json::parse(hardnet("run regions a.png --json").out);
    EXPECT_EQ(root["model"], "regions");
    const json image = root["images"][0];
    EXPECT_EQ(image["width"], 64);
    EXPECT_EQ(image["height"], 32);
    EXPECT_EQ(image["classes"].size(), 2u);
    EXPECT_EQ(image["classes"][0],
              (json{{"class", 0}, {"name", "red"}, {"pixels", 48 * 32}, {"share", 0.75}}));
    EXPECT_FALSE(image.contains("mask"));
}

TEST_F(Tasks, segmentation_writes_masks_and_overlays) {
    make_regions();
    paint_regions("a.png", 64, 48);
    const Outcome text = hardnet("run regions a.png -o new/masks");
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_THAT(text.out, ::testing::EndsWith("\nmasks and overlays: new/masks\n"));
    EXPECT_THAT(files_in("new/masks"), ElementsAre("a_mask.png", "a_overlay.png"));
    const Result<Image> mask = read_image(folder_ + "/new/masks/a_mask.png");
    ASSERT_TRUE(mask);
    EXPECT_EQ(mask->width, 64);
    EXPECT_EQ(mask->height, 48);
    const auto red = color_in("new/masks/a_mask.png", 47, 0), blue = color_in("new/masks/a_mask.png", 48, 47);
    EXPECT_NE(red, blue);
    EXPECT_EQ(color_in("new/masks/a_mask.png", 0, 47), red);
    const auto blended = color_in("new/masks/a_overlay.png", 0, 0);
    EXPECT_EQ(blended, (std::array<int, 3>{(255 + red[0] + 1) / 2, (red[1] + 1) / 2, (red[2] + 1) / 2}));
    const Result<Image> overlay = read_image(folder_ + "/new/masks/a_overlay.png");
    ASSERT_TRUE(overlay);
    EXPECT_GT(overlay->height, 48) << "the legend";
    const json root = json::parse(hardnet("run regions a.png -o new/masks --json").out);
    EXPECT_EQ(root["images"][0]["mask"], "new/masks/a_mask.png");
    EXPECT_EQ(root["images"][0]["overlay"], "new/masks/a_overlay.png");
}

// Width, height, bit depth and colour type as the PNG's first chunk has them.
std::string header_of_png(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(26, '\0');
    file.read(bytes.data(), std::streamsize(bytes.size()));
    return bytes.substr(16);
}

TEST_F(Tasks, segmentation_writes_class_numbers) {
    make_regions();
    paint_regions("a.png", 8, 4);
    EXPECT_EQ(hardnet("run regions a.png -o out --mask-ids").code, 0);
    EXPECT_THAT(files_in("out"), ElementsAre("a_ids.png", "a_mask.png", "a_overlay.png"));
    EXPECT_EQ(header_of_png(folder_ + "/out/a_ids.png"), std::string("\0\0\0\x08\0\0\0\x04\x08\0", 10));
    for (int x = 0; x < 8; x++)
        for (int y = 0; y < 4; y++) {
            const int label = x < 6 ? 0 : 2;  // red, blue
            EXPECT_EQ(color_in("out/a_ids.png", x, y), (std::array<int, 3>{label, label, label}));
        }
    const json root = json::parse(hardnet("run regions a.png -o out --mask-ids --json").out);
    EXPECT_EQ(root["images"][0]["ids"], "out/a_ids.png");
    EXPECT_FALSE(json::parse(hardnet("run regions a.png -o out --json").out)["images"][0].contains("ids"));
    make_redness();
    EXPECT_EQ(hardnet("run redness a.png -o out --mask-ids").code, 0);
    EXPECT_EQ(color_in("out/a_ids.png", 5, 3), (std::array<int, 3>{1, 1, 1}));
    EXPECT_EQ(color_in("out/a_ids.png", 6, 0), (std::array<int, 3>{0, 0, 0}));
    expect_error("run regions a.png --mask-ids", 2,
                 "hardnet: run: --mask-ids: expected pictures and -o FOLDER, found no -o\n");
    expect_error("run regions --tensor in.npy -o out.npy --mask-ids", 2,
                 "hardnet: run: --mask-ids: expected pictures and -o FOLDER, found --tensor\n");
}

// The file's rows as they are, with a chunk behind the first that says how the camera was held.
void set_orientation(const std::string &path, char orientation) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    std::string chunk(
        "\0\0\0\x1a"
        "eXIfMM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0",
        34);
    chunk[27] = orientation;
    for (int byte = 3; byte >= 0; byte--)
        chunk += char(crc32(0, reinterpret_cast<const Bytef *>(&chunk[4]), 30) >> (8 * byte));
    std::ofstream(path, std::ios::binary) << bytes.insert(33, chunk);
}

TEST_F(Tasks, masks_and_boxes_are_in_the_upright_picture) {
    make_regions();
    paint_regions("a.png", 64, 32);          // its right quarter is blue
    set_orientation(folder_ + "/a.png", 6);  // to be turned clockwise: the lowest quarter is
    const json root = json::parse(hardnet("run regions a.png -o out --mask-ids --json").out);
    EXPECT_EQ(root["images"][0]["width"], 32);
    EXPECT_EQ(root["images"][0]["height"], 64);
    const Result<Image> ids = read_image(folder_ + "/out/a_ids.png");
    ASSERT_TRUE(ids);
    ASSERT_EQ(ids->width, 32);
    ASSERT_EQ(ids->height, 64);
    for (int y = 0; y < 64; y++) EXPECT_EQ(*ids->at(5, y), y < 48 ? 0 : 2) << y;
    const json stored = json::parse(hardnet("run regions a.png --ignore-orientation --json").out);
    EXPECT_EQ(stored["images"][0]["width"], 64);
    make_centers();
    // The network reads one pixel of each cell: of the first spot as the picture is stored, of the second one upside down.
    paint_spots("b.png", 128, 64, {{24, 20, 2, 1, 255}, {30, 22, 2, 1, 255}});
    set_orientation(folder_ + "/b.png", 3);
    const auto box_of = [&](const std::string &flags) {
        const Outcome outcome = hardnet("run centers b.png --json --threshold 0.9" + flags);
        const json boxes = json::parse(outcome.out)["images"][0]["boxes"];
        EXPECT_EQ(boxes.size(), 1u) << outcome.out;
        return boxes.empty() ? json{} : boxes[0]["box"];
    };
    EXPECT_EQ(box_of(" --ignore-orientation"), (json{20, 14, 36, 26}));
    // Upside down the second spot lies at (96, 40): in cell (12, 10), at 8 pixels along x and 4 along y.
    const json turned = box_of("");
    EXPECT_EQ(turned, (json{92, 34, 108, 46}));
    EXPECT_EQ(hardnet("run centers b.png -o drawn --threshold 0.9").code, 0);
    EXPECT_EQ(color_in("drawn/b_boxes.png", 102, 42), (std::array<int, 3>{0, 255, 0}));
}

TEST_F(Tasks, segmentation_of_one_class_has_a_threshold) {
    make_redness();
    paint_spots("a.png", 32, 32, {{0, 0, 16, 0, 255}, {16, 16, 8, 0, 51}});  // logits of 1.5, -0.1 and -0.5
    const Outcome text = hardnet("run redness a.png -o out");
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_THAT(text.out, HasSubstr("a.png\n   75.00 %  background\n   25.00 %  red\n"));
    EXPECT_EQ(color_in("out/a_mask.png", 31, 0), (std::array<int, 3>{0, 0, 0}));
    EXPECT_NE(color_in("out/a_mask.png", 15, 15), (std::array<int, 3>{0, 0, 0}));
    // The probabilities are 0.82, 0.48 and 0.38.
    const json low = json::parse(hardnet("run redness a.png --threshold 0.45 --json").out);
    EXPECT_EQ(low["images"][0]["classes"][1],
              (json{{"class", 1}, {"name", "red"}, {"pixels", 256 + 64}, {"share", 0.3125}}));
    EXPECT_EQ(hardnet("run redness a.png --threshold 0.3").out, "a.png\n  100.00 %  red\n");
    EXPECT_EQ(hardnet("run redness a.png --threshold 0.9").out, "a.png\n  100.00 %  background\n");
}

TEST_F(Tasks, pictures_of_one_name_are_all_written_and_none_is_written_over) {
    make_regions();
    for (const char *name : {"p/a.png", "p/b/a.png", "p/c.png", "p/c_mask.png"}) paint_regions(name, 6, 5);
    const std::string before = shell("cat p/c_mask.png | md5sum", folder_).out;
    EXPECT_EQ(hardnet("run regions p/a.png p/b p/c.png p/c_mask.png -o p").code, 0);
    EXPECT_THAT(files_in("p"), ElementsAre("a.png", "a_2_mask.png", "a_2_overlay.png", "a_mask.png",
                                           "a_overlay.png", "b", "c.png", "c_2_mask.png", "c_2_overlay.png",
                                           "c_mask.png", "c_mask_mask.png", "c_mask_overlay.png"));
    EXPECT_EQ(shell("cat p/c_mask.png | md5sum", folder_).out, before);
}

TEST_F(Tasks, outputs_are_no_inputs_of_a_second_run) {
    make_regions();
    make_centers();
    for (const char *name : {"p/a.png", "p/b_mask.png"}) paint_regions(name, 6, 5);  // the user's own
    const auto run = [&](const std::string &arguments) {
        const Outcome outcome = hardnet("run " + arguments);
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        return outcome;
    };
    const Outcome first = run("regions p -o p --mask-ids");
    EXPECT_EQ(first.err, "");
    run("regions p -o p/deeper");
    run("centers p -o p");
    const auto before = files_in("p");
    EXPECT_EQ(before.size(), 2u + 2 * 3 + 2 + 1);
    const Outcome second = run("regions p -o p --mask-ids");
    EXPECT_EQ(second.out, first.out);
    EXPECT_EQ(second.err, "hardnet: note: p: skipped 12 written by an earlier run\n");
    EXPECT_EQ(files_in("p"), before);
    EXPECT_THAT(hardnet("run regions p/a_mask.png").out, HasSubstr("p/a_mask.png\n")) << "it was asked for";
    expect_error(
        "run regions p/deeper", 3,
        "hardnet: p/deeper: expected JPEG, PNG, WebP or BMP files, found only 4 written by an earlier run\n");
}

TEST_F(Tasks, goes_on_past_bad_pictures_but_not_past_a_full_disk) {
    make_regions();
    paint_regions("a.png", 6, 5);
    write("bad.png", "");
    const Outcome outcome = hardnet("run regions bad.png a.png -o out");
    EXPECT_EQ(outcome.code, 4);
    EXPECT_THAT(outcome.out, HasSubstr("66.67 %  red"));
    EXPECT_THAT(files_in("out"), ElementsAre("a_mask.png", "a_overlay.png"));
    const Outcome full =
        shell("( ulimit -f 0; $H run regions a.png -o full 2>&1; echo code $? ) | cat", folder_);
    EXPECT_THAT(full.out,
                MatchesRegex("hardnet: full/a_mask.png: expected to write [0-9]+ bytes, found: File "
                             "too large\ncode 5\n"));
    EXPECT_TRUE(fs::is_empty(folder_ + "/full"));
    write("file", "");
    const Outcome taken = hardnet("run regions a.png -o file");
    EXPECT_EQ(taken.code, 5);
    EXPECT_THAT(taken.err,
                MatchesRegex("hardnet: file: expected a folder to write pictures to, found: [^\n]*\n"));
}

TEST_F(Tasks, centernet_finds_and_draws_boxes) {
    make_centers();
    // 64x64 is the input; here twice as wide. Green at cell (3, 5), a weaker blue at (10, 2).
    paint_spots("a.png", 128, 64, {{2 * 12, 20, 2, 1, 255}, {2 * 40, 8, 2, 2, 192}});
    const json root = json::parse(hardnet("run centers a.png --json --threshold 0.9").out);
    const json boxes = root["images"][0]["boxes"];
    ASSERT_EQ(boxes.size(), 1u) << boxes;
    EXPECT_EQ(json::parse(hardnet("run centers a.png --json").out)["images"][0]["boxes"][1]["name"], "blue");
    EXPECT_EQ(boxes[0]["class"], 1);
    EXPECT_EQ(boxes[0]["name"], "green");
    EXPECT_GT(boxes[0]["score"], 0.99);
    // Centre (3.5, 5) of 2x3 cells of 4 pixels, and twice that along x.
    EXPECT_EQ(boxes[0]["box"], (json{20, 14, 36, 26}));

    const Outcome text = hardnet("run centers a.png --threshold 0.9 -o out");
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_THAT(text.out, MatchesRegex("a.png\n   [0-9.]+ %  green  20.0 14.0 36.0 26.0\n"
                                       "pictures with boxes: out\n"));
    EXPECT_THAT(files_in("out"), ElementsAre("a_boxes.png"));
    EXPECT_NE(color_in("out/a_boxes.png", 20, 20), (std::array<int, 3>{0, 0, 0}));
    EXPECT_EQ(color_in("out/a_boxes.png", 60, 60), (std::array<int, 3>{0, 0, 0}));
    paint_spots("black.png", 64, 64, {});
    EXPECT_EQ(hardnet("run centers black.png").out, "black.png\n  no boxes\n");
}

TEST_F(Tasks, ssd_finds_boxes_and_leaves_out_the_background) {
    make_boxes();
    // Class 1, called green here, is where channel 0 is: in the prior of pixel (10, 20), 20.48 pixels wide.
    paint_spots("a.png", 512, 512, {{80, 160, 8, 0, 255}});
    const json root = json::parse(hardnet("run boxes a.png --json").out);
    const json boxes = root["images"][0]["boxes"];
    ASSERT_EQ(boxes.size(), 1u) << boxes;
    EXPECT_EQ(boxes[0]["name"], "green");
    const double center[2] = {84, 164};
    for (int side = 0; side < 4; side++)
        EXPECT_NEAR(double(boxes[0]["box"][side]), center[side % 2] + (side < 2 ? -10.24 : 10.24), 1e-3);
}

TEST_F(Tasks, several_raw_outputs_are_written_all_or_none) {
    make_centers();
    make_regions();
    NpyTensor input{{3, 3, 64, 64}, std::vector<float>(3 * 3 * 64 * 64)};
    input.values[2 * 3 * 64 * 64] = 1;  // of the third image, channel 0
    ASSERT_TRUE(write_npy(folder_ + "/in.npy", input));
    const Outcome outcome = hardnet("run centers --tensor in.npy -o out.npy");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ + "/out.npy"));
    const Result<NpyTensor> hm = read_npy(folder_ + "/out0.npy"), wh = read_npy(folder_ + "/out1.npy");
    ASSERT_TRUE(hm && wh);
    EXPECT_EQ(hm->shape, (std::vector<int64_t>{3, 3, 16, 16}));
    EXPECT_EQ(wh->shape, (std::vector<int64_t>{3, 4, 16, 16}));
    EXPECT_EQ(hm->values[0], -10);
    EXPECT_EQ(hm->values[2 * 3 * 256], 10);
    EXPECT_EQ(wh->values[2 * 4 * 256 + 256], 3);

    // Nothing is written where the second cannot be.
    fs::create_directory(folder_ + "/no1.npy");
    EXPECT_EQ(hardnet("run centers --tensor in.npy -o no.npy").err,
              "hardnet: no1.npy: expected a file to write, found a directory\n");
    EXPECT_FALSE(fs::exists(folder_ + "/no0.npy"));
    // The first of 9 KB fits where the second of 12 KB does not: blocks of 512 bytes.
    fs::create_directory(folder_ + "/d");
    const Outcome half =
        shell("( ulimit -f 20; $H run centers --tensor in.npy -o d/full 2>&1; echo code $? ) | cat", folder_);
    EXPECT_THAT(half.out, MatchesRegex("hardnet: d/full1: expected to write [0-9]+ bytes, found: File too "
                                       "large\ncode 5\n"));
    EXPECT_TRUE(fs::is_empty(folder_ + "/d"));

    ASSERT_TRUE(write_npy(folder_ + "/one.npy", {{1, 3, 32, 32}, std::vector<float>(3 * 32 * 32, 7)}));
    EXPECT_EQ(hardnet("run regions --tensor one.npy -o one.out").code, 0);
    const Result<NpyTensor> logits = read_npy(folder_ + "/one.out");
    ASSERT_TRUE(logits);
    EXPECT_EQ(logits->shape, (std::vector<int64_t>{1, 3, 32, 32}));
}

TEST_F(Tasks, refuses_flags_of_other_tasks) {
    make_colours_package();
    make_regions();
    make_centers();
    paint_regions("a.png", 6, 5);
    const auto refused = [&](const std::string &arguments, const std::string &flag, const char *expected,
                             const char *found) {
        expect_error("run " + arguments, 2,
                     "hardnet: run: " + flag + ": expected a network for " + expected + ", found one for " +
                         found + "\n");
    };
    refused("regions a.png --top 3", "--top", "classification", "segmentation");
    refused("centers a.png --top 3", "--top", "classification", "detection");
    refused("regions a.png --sheet s.png", "--sheet", "classification", "segmentation");
    refused("regions a.png --truth-from-name", "--truth-from-name", "classification", "segmentation");
    refused("regions a.png --threshold 0.5", "--threshold", "detection or segmentation of one class",
            "segmentation");
    refused("colours a.png --threshold 0.5", "--threshold", "detection or segmentation of one class",
            "classification");
    refused("centers a.png -o out --mask-ids", "--mask-ids", "segmentation", "detection");
    refused("colours a.png -o out", "-o without --tensor", "segmentation or detection", "classification");
    EXPECT_FALSE(fs::exists(folder_ + "/out"));
    EXPECT_THAT(hardnet("run centers a.png --threshold 1.5").err,
                HasSubstr("hardnet: run: --threshold: expected a number from 0 to 1, found \"1.5\"\n"));
}

TEST_F(Tasks, every_output_is_compared_with_the_manifest) {
    make_centers();
    paint_regions("a.png", 6, 5);
    write("centers/centers.json", to_json(manifest("centers", "centernet_hardnet85", {64, 72}, 2)));
    const Outcome edited = hardnet("run centers a.png");
    EXPECT_EQ(edited.code, 3);
    EXPECT_EQ(edited.err,
              "hardnet: centers/centers.json: expected a network of 2x3x64x72 to hm 2x3x16x18, wh 2x4x16x18, "
              "found 2x3x64x64 to hm 2x3x16x16, wh 2x4x16x16\n");
}

}  // namespace
}  // namespace hardnet
