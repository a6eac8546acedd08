// The program on a package: labels, tensors, timings.
#include "tests/cli/run.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/npy.h"

namespace hardnet {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

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
