// The program on a package: labels, tensors, batches with bad files in them, timings. The package is
// hand-written (colours.c), so that this runs without the compiler.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/npy.h"
#include "tests/cli/program.h"
#include "vision/pictures/images.h"

namespace hardnet {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Run : public ProgramTest {
protected:
    void SetUp() override {
        ProgramTest::SetUp();
        make_colours_package();
    }
    void paint(const std::string &name, uint8_t red, uint8_t green, uint8_t blue) {
        Image image{6, 5, {}};
        for (int i = 0; i < 30; i++) image.rgb.insert(image.rgb.end(), {red, green, blue});
        std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
        ASSERT_TRUE(write_png(folder_ + "/" + name, image));
    }
};

TEST_F(Run, labels_pictures_in_order) {
    paint("b.png", 0, 0, 255);
    paint("a/2.png", 0, 255, 0);
    paint("a/deeper/1.png", 255, 0, 0);
    const Outcome one = hardnet("run colours b.png a --top 1");
    EXPECT_EQ(one.code, 0) << one.err;
    EXPECT_EQ(one.err, "");
    EXPECT_EQ(one.out, "b.png  blue  57.61 %\na/2.png  green  57.61 %\na/deeper/1.png  red  57.61 %\n");
    const Outcome all = hardnet("run colours b.png");
    EXPECT_EQ(all.out, "b.png\n   57.61 %  blue\n   21.19 %  red\n   21.19 %  green\n");
}

TEST_F(Run, prints_json) {
    paint("b.png", 0, 0, 255);
    json root = json::parse(hardnet("run colours b.png --json --top 2 --threads 2").out);
    EXPECT_EQ(root["model"], "colours");
    EXPECT_EQ(root["level"], "plain");
    EXPECT_EQ(root["threads"], 2);
    EXPECT_EQ(root["images"][0]["file"], "b.png");
    EXPECT_EQ(root["images"][0]["top"].size(), 2u);
    EXPECT_EQ(root["images"][0]["top"][0]["name"], "blue");
    EXPECT_EQ(root["images"][0]["top"][0]["logit"], 1.0);
    EXPECT_EQ(root["failed"], json::array());
}

// Red becomes 2, the rest -2; a softmax over one class would say 100 % of both.
TEST_F(Run, one_class_has_the_sigmoid_for_probability) {
    Manifest m;
    m.name = "one_class";
    ModelRecord record = builtin_records().front();
    record.input = {4, 4};
    record.preprocessing = {4, {}, false, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}};
    set_classes(record, 1);
    m.network = *build_network(record, record.input);
    m.batch = 1;
    m.class_names = {"red"};
    make_package(m);
    paint("a.png", 255, 0, 0);
    paint("b.png", 0, 255, 0);
    EXPECT_EQ(hardnet("run one_class a.png b.png").out, "a.png\n   88.08 %  red\nb.png\n   11.92 %  red\n");
    const json root = json::parse(hardnet("run one_class b.png --json").out);
    EXPECT_EQ(root["images"][0]["top"].size(), 1u);
    EXPECT_EQ(root["images"][0]["top"][0]["logit"], -2.0);
    EXPECT_EQ(root["images"][0]["top"][0]["probability"], 1 / (1 + std::exp(2.0)));
}

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

TEST_F(Run, tells_accuracy_and_draws_a_sheet) {
    paint("p/red_1.png", 255, 0, 0);
    paint("p/red_2.png", 0, 255, 0);
    paint("p/blue_1.png", 0, 0, 255);
    paint("blue/unlabelled.png", 0, 0, 255);
    const Outcome outcome = hardnet("run colours p blue --top 1 --truth-from-name --sheet sheet.png");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("accuracy: 75.00 % (3 of 4 right)\ncontact sheet: sheet.png\n"));
    const Result<Image> sheet = read_image(folder_ + "/sheet.png");
    ASSERT_TRUE(sheet) << sheet.error().what;
    size_t frame = 0;  // pixels of the one mistake's frame and caption
    for (size_t i = 0; i < sheet->rgb.size(); i += 3)
        frame += sheet->rgb[i] == 255 && sheet->rgb[i + 1] == 92 && sheet->rgb[i + 2] == 92;
    EXPECT_GT(frame, size_t(4 * 3 * 192));
    EXPECT_LT(frame, size_t(4 * 3 * 200 + 1500));
    expect_error("run colours sheet.png --truth-from-name --json", 3,
                 "hardnet: run: --truth-from-name: expected names such as <label>_1.png or <label>/1.png, "
                 "found none\n");
}

TEST_F(Run, runs_raw_tensors) {
    NpyTensor tensor{{3, 3, 4, 4}, std::vector<float>(3 * 48)};
    for (size_t i = 0; i < tensor.values.size(); i++)
        tensor.values[i] = float(i / 16);  // channel means 0 to 8
    ASSERT_TRUE(write_npy(folder_ + "/in.npy", tensor));
    const Outcome outcome = hardnet("run colours --tensor in.npy -o out.npy");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    const Result<NpyTensor> out = read_npy(folder_ + "/out.npy");
    ASSERT_TRUE(out) << out.error().what;
    EXPECT_EQ(out->shape, (std::vector<int64_t>{3, 3}));
    EXPECT_EQ(out->values, (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8}));

    tensor.shape = {3, 4, 3, 4};
    ASSERT_TRUE(write_npy(folder_ + "/in.npy", tensor));
    expect_error("run colours --tensor in.npy -o no.npy", 3,
                 "hardnet: in.npy: expected the shape [N, 3, 4, 4], found [3, 4, 3, 4]\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/no.npy"));
    expect_error("run colours --tensor absent.npy -o no.npy", 3,
                 "hardnet: absent.npy: expected a readable file, found: No such file or directory\n");
}

TEST_F(Run, refuses_levels_and_manifests_that_do_not_fit) {
    paint("b.png", 0, 0, 255);
    const Outcome level = hardnet("run colours b.png --level avx9");
    EXPECT_EQ(level.code, 2);
    EXPECT_THAT(level.err, MatchesRegex("hardnet: colours: [^\n]*avx9[^\n]*\n"));
    const Outcome edited =
        shell("sed -i 's/\"height\": 4/\"height\": 8/' colours/colours.json; $H run colours b.png", folder_);
    EXPECT_EQ(edited.code, 3);
    EXPECT_EQ(edited.err,
              "hardnet: colours/colours.json:6:5: input/height: expected the extents of the graph, 3x4x4, "
              "found 3x8x4\n");
}

TEST_F(Run, times_runs_and_steps) {
    json root = json::parse(hardnet("bench colours --iterations 7 --json --layers --threads 1").out);
    for (const char *key :
         {"model", "input", "batch", "threads", "level", "min_ms", "median_ms", "p99_ms", "iterations"})
        EXPECT_TRUE(root.contains(key)) << key;
    EXPECT_EQ(root["iterations"], 7);
    EXPECT_EQ(root["batch"], 2);
    EXPECT_LE(root["min_ms"], root["median_ms"]);
    EXPECT_LE(root["median_ms"], root["p99_ms"]);
    EXPECT_EQ(root["steps"].size(), 1u);
    EXPECT_EQ(root["steps"][0]["layer"], "mean");
    EXPECT_GT(root["limits"]["gflops"], 0.5);
    EXPECT_GT(root["limits"]["weights_gb_s"], 0.1);
    EXPECT_GT(root["limits"]["activations_gb_s"], 0.1);
    ASSERT_EQ(root["layers"].size(), 1u);
    const json layer = root["layers"][0];
    EXPECT_EQ(layer["layer"], "mean");
    EXPECT_EQ(layer["steps"], "global pool");
    EXPECT_EQ(layer["macs"], 0);
    EXPECT_EQ(layer["weight_bytes"], 0);
    EXPECT_EQ(layer["activation_bytes"], 4 * (3 * 16 + 3));  // the image and the means, each once
    EXPECT_EQ(layer["bound"], "memory");
    const double rate = root["limits"]["activations_gb_s"];
    EXPECT_NEAR(double(layer["memory_ms"]), 4 * (3 * 16 + 3) / rate / 1e6, 1e-9);
    EXPECT_NEAR(double(layer["reached"]), double(layer["memory_ms"]) / double(layer["ms"]), 1e-9);
    const Outcome text = hardnet("bench colours --iterations 7");
    EXPECT_THAT(text.out, HasSubstr("the 1 dearest of 1 steps (--layers shows all):\n"));
}

TEST_F(Run, traces_what_each_thread_does) {
    const Outcome outcome = hardnet("bench colours --iterations 3 --threads 2 --trace trace.json --json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::ifstream file(folder_ + "/trace.json");
    const json trace = json::parse(file);
    EXPECT_EQ(trace["otherData"]["threads"], 2);
    std::map<int, std::vector<json>> by_thread;
    int names = 0;
    for (const json &event : trace["traceEvents"]) {
        if (event["ph"] == "M")
            names++;
        else
            by_thread[event["tid"]].push_back(event);
    }
    EXPECT_EQ(names, 2);
    for (int thread : {0, 1}) {
        const std::vector<json> &events = by_thread[thread];
        ASSERT_EQ(events.size(), 3u * 2u);  // runs x images, of one step
        for (size_t i = 0; i < events.size(); i++) {
            EXPECT_EQ(events[i]["ph"], "X");
            EXPECT_EQ(events[i]["name"], "mean global pool");
            EXPECT_EQ(events[i]["args"]["run"], i / 2);
            EXPECT_GE(events[i]["dur"], 0);
            if (i > 0) {
                EXPECT_GE(double(events[i]["ts"]), double(events[i - 1]["ts"]));
            }
        }
    }
    const Outcome unwritable = hardnet("bench colours --iterations 3 --json --trace no/where.json");
    EXPECT_EQ(unwritable.code, 5);
    EXPECT_THAT(unwritable.err, MatchesRegex("hardnet: no/where.json: expected to write [0-9]+ bytes, found: "
                                             "No such file or directory\n"));
}

// A device that is there, by the stand-in for its driver.
class RunOnDevice : public Run {
protected:
    Outcome hardnet(const std::string &arguments, const std::string &variables = "") {
        return shell(variables + " LD_LIBRARY_PATH='" HARDNET_COLOURS_CUDA "' $H " + arguments, folder_);
    }
};

TEST_F(RunOnDevice, gives_what_the_cpu_gives) {
    paint("a.png", 10, 20, 250);
    paint("b.png", 200, 100, 3);
    const json cpu = json::parse(hardnet("run colours a.png b.png --json").out);
    EXPECT_EQ(cpu["device"], "cpu");
    for (const auto &[flag, device] :
         {std::pair{"cuda", "cuda:0"}, {"cuda:1", "cuda:1"}, {"auto", "cuda:0"}}) {
        const Outcome outcome = hardnet(std::string("run colours a.png b.png --json --device ") + flag);
        ASSERT_EQ(outcome.code, 0) << outcome.err;
        EXPECT_EQ(outcome.err, "");
        const json there = json::parse(outcome.out);
        EXPECT_EQ(there["device"], device);
        EXPECT_EQ(there["level"], "cuda");
        EXPECT_EQ(there["images"], cpu["images"]);
    }
}

TEST_F(RunOnDevice, is_timed_with_copies_and_without) {
    const Outcome outcome =
        hardnet("bench colours --device cuda:1 --iterations 7 --layers --trace trace.json --json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const json root = json::parse(outcome.out);
    EXPECT_EQ(root["device"], "cuda:1");
    EXPECT_EQ(root["level"], "cuda");
    EXPECT_GT(root["without_copies_min_ms"], 0);
    EXPECT_GE(root["without_copies_median_ms"], root["without_copies_min_ms"]);
    EXPECT_FALSE(root.contains("limits"));
    ASSERT_EQ(root["steps"].size(), 1u);
    EXPECT_EQ(root["steps"][0]["layer"], "mean");
    std::ifstream file(folder_ + "/trace.json");
    const json trace = json::parse(file);
    EXPECT_EQ(trace["otherData"]["device"], "cuda:1");
    const json &events = trace["traceEvents"];
    ASSERT_EQ(events.size(), 1u + 3u);  // the device's name, and its one step of three runs
    EXPECT_EQ(events[0]["args"]["name"], "cuda:1");
    for (size_t run = 0; run < 3; run++) EXPECT_EQ(events[1 + run]["args"]["run"], run);

    const Outcome text = hardnet("bench colours --device cuda --iterations 7 --layers");
    EXPECT_THAT(text.out, HasSubstr("level cuda on cuda:0, Stand-in 0  1 thread\n"));
    EXPECT_THAT(text.out, HasSubstr("\nwithout copies: min "));
    EXPECT_THAT(text.out, HasSubstr("\nmean                      global pool"));
}

TEST_F(RunOnDevice, falls_back_only_where_it_may) {
    const std::string why = "cuInit: expected CUDA_SUCCESS, found CUDA_ERROR_NO_DEVICE";
    const Outcome refused = hardnet("bench colours --device cuda", "STAND_IN_FAILS=cuInit=100");
    EXPECT_EQ(refused.code, 5);
    EXPECT_EQ(refused.err, "hardnet: colours: " + why + "\n");
    const Outcome fallen =
        hardnet("bench colours --device auto --iterations 1 --json", "STAND_IN_FAILS=cuInit=100");
    EXPECT_EQ(fallen.code, 0);
    EXPECT_EQ(fallen.err, "hardnet: note: device auto: " + why + ": running on the cpu\n");
    EXPECT_EQ(json::parse(fallen.out)["device"], "cpu");
}

TEST_F(RunOnDevice, is_named_by_the_doctor) {
    const json cuda = json::parse(hardnet("doctor --json").out)["cuda"];
    EXPECT_EQ(cuda["works"], true);
    EXPECT_EQ(cuda["version"], "12.4");
    ASSERT_EQ(cuda["devices"].size(), 2u);
    const json expected = {{"device", "cuda:1"},
                           {"name", "Stand-in 1"},
                           {"compute_capability", "9.0"},
                           {"memory_bytes", int64_t{80} << 30}};
    EXPECT_EQ(cuda["devices"][1], expected);
    EXPECT_THAT(hardnet("doctor").out,
                HasSubstr("\ncuda: a driver for CUDA 12.4\n  cuda:0                  Stand-in 0, "
                          "compute capability 9.0, 80.0 GiB\n"));
    const Outcome none = hardnet("doctor", "STAND_IN_FAILS=cuDeviceGetCount=100");
    EXPECT_THAT(
        none.out,
        HasSubstr("\ncuda: cuDeviceGetCount: expected CUDA_SUCCESS, found CUDA_ERROR_NO_DEVICE: apt-get"));
}

TEST_F(Run, says_why_a_device_cannot_be_had) {
    Manifest m;
    m.name = "one_class";
    m.network = *build_network(builtin_records().front(), {4, 4});
    make_package(m);
    const std::string none =
        "device cuda: expected a level for it in one_class, found plain (compile it with --target cuda)";
    for (const std::string verb : {"run one_class a.png", "verify one_class", "bench one_class"}) {
        expect_error(verb + " --device cuda", 5, "hardnet: one_class: " + none + "\n");
        expect_error(verb + " --device opencl:1", 5,
                     "hardnet: one_class: device opencl: expected a level for it in one_class, found plain "
                     "(compile it "
                     "with --target opencl)\n");
        expect_error(
            verb + " --device cuda:x", 2,
            "hardnet: one_class: device: expected cpu, cuda, cuda:N, opencl, opencl:N or auto, found "
            "\"cuda:x\"\n");
    }
}

TEST_F(Run, verifies_only_what_the_manifest_describes) {
    const Outcome outcome = hardnet("verify colours");
    EXPECT_EQ(outcome.code, 3);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/colours/verify.json"));
}

TEST_F(Run, ends_with_130_when_interrupted) {
    const Outcome outcome =
        shell("timeout --preserve-status -s INT 0.5 $H bench colours --seconds 60", folder_);
    EXPECT_EQ(outcome.code, 130);
    EXPECT_EQ(outcome.err, "\nhardnet: interrupted\n");
}

}  // namespace
}  // namespace hardnet
