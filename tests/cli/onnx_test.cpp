// The program on ONNX files: what is compiled of them, and what run makes of pictures.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/npy.h"
#include "tests/cli/cached.h"
#include "tests/onnx/writer.h"
#include "vision/pictures/images.h"

namespace hardnet {
namespace {

class Onnx : public CachedTest {};

TEST_F(Onnx, files_are_verified_and_have_their_own_weights) {
    using namespace hardnet::testing;
    write("net.onnx", model(graph({{node("Conv", {"x", "w"}, {"c"}), node("Relu", {"c"}, {"y"})},
                                   {tensor("w", {8, 3, 3, 3}, std::vector<float>(216, 0.5f))},
                                   {value_info("x", {1, 3, -1, -1})},
                                   {value_info("y", {1, 8, 6, 6})}})));
    const Outcome made = cached("compile net.onnx --input 8x8 -o package");
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(hardnet("verify package").code, 0);
    const auto json = nlohmann::json::parse(shell("cat package/net.json", folder_).out);
    EXPECT_EQ(json["graph"]["outputs"][0]["name"], "y");
    expect_error("compile net.onnx --weights seed:1 -o package", 2,
                 "hardnet: compile: net.onnx: expected no --weights, --state-key or --classes beside "
                 "an ONNX file, "
                 "found one\n");
    expect_error("compile hardnet68 -o package", 2,
                 "hardnet: compile: --weights: expected a checkpoint or seed:N, found none\n");
}

// A concatenation, a value in front of its activation, one that others read, and a classifier's end in the middle.
TEST_F(Onnx, files_end_where_they_are_cut) {
    using namespace hardnet::testing;
    std::vector<float> last(48);
    for (size_t i = 0; i < last.size(); i++) last[i] = float(i % 7) - 3;
    write("net.onnx",
          model(graph(
              {{node("Conv", {"x", "w"}, {"a"}), node("Relu", {"a"}, {"b"}), node("Conv", {"b", "v"}, {"c"}),
                node("Concat", {"b", "c"}, {"\"d\\?\?/"}, {int_attribute("axis", 1)}),
                node("GlobalAveragePool", {"\"d\\?\?/"}, {"p"}), node("Flatten", {"p"}, {"f"}),
                node("Gemm", {"f", "u"}, {"g"}), node("Gemm", {"g", "t"}, {"h"}),
                node("NonMaxSuppression", {"h", "scores"}, {"y"})},
               {tensor("w", {8, 3, 3, 3}, std::vector<float>(216, 0.5f)),
                tensor("v", {4, 8, 1, 1}, std::vector<float>(32, -0.25f)), tensor("u", {12, 4}, last),
                tensor("t", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8})},
               {value_info("x", {1, 3, 8, 8}), value_info("scores", {1})},
               {value_info("y", {1})}})));
    const Outcome made =
        cached("compile net.onnx --cut h --cut g --cut '\"d\\?\?/' --cut a --cut c -o package");
    ASSERT_EQ(made.code, 0) << made.err;
    const Outcome verified = hardnet("verify package --per-layer");
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    for (const char *name : {"h", "g", "\"d\\?\?/", "a", "c"})
        EXPECT_THAT(verified.out, ::testing::HasSubstr(std::string("\noutput ") + name + " "));
    expect_error("inspect net.onnx --cut z", 3,
                 "hardnet: net.onnx: cut: expected the name of a tensor that a node gives, found \"z\"\n"
                 "  tensors of names like it:\n  \"a\"\n  \"b\"\n  \"c\"\n  \"p\"\n  \"f\"\n  \"g\"\n"
                 "  \"h\"\n  \"y\"\n");
    expect_error("compile hardnet68 --weights seed:1 --cut z -o other", 2,
                 "hardnet: compile: --cut: expected an ONNX file as MODEL, found \"hardnet68\"\n");
}

// Pictures of 16x16 through a network whose outputs are what single pixels say.
class OnnxPictures : public Onnx {
protected:
    void SetUp() override {
        Onnx::SetUp();
        using namespace hardnet::testing;
        const auto middles = [](const std::string &name, float channel, int outputs) {
            std::vector<float> weight(size_t(outputs) * 27, 0);
            for (int c = 0; c < std::min(outputs, 3); c++) weight[size_t(c * 27 + c * 9 + 4)] = channel;
            return tensor(name, {outputs, 3, 3, 3}, weight);
        };
        const auto conv = [](const std::string &weight, const std::string &bias, const std::string &to,
                             int64_t stride) {
            return node("Conv", {"x", weight, bias}, {to},
                        {ints_attribute("strides", {stride, stride}), ints_attribute("pads", {1, 1, 1, 1})});
        };
        write("net.onnx",
              model(graph({{conv("one", "zero", "map", 1), node("GlobalAveragePool", {"map"}, {"mean"}),
                            node("Flatten", {"mean"}, {"logits"}), conv("many", "less", "peaks", 4),
                            conv("none", "sizes", "extents", 4), conv("none", "still", "offsets", 4),
                            conv("broad", "", "wide", 1), node("Conv", {"wide", "thin"}, {"deep"}),
                            node("Transpose", {"peaks"}, {"pt"}, {ints_attribute("perm", {0, 2, 3, 1})}),
                            node("Reshape", {"pt", "pixels"}, {"conf"}),
                            node("Transpose", {"offsets"}, {"ot"}, {ints_attribute("perm", {0, 2, 3, 1})}),
                            node("Reshape", {"ot", "pixels"}, {"loc"})},
                           {middles("one", 1, 3), middles("many", 20, 3), middles("none", 0, 4),
                            tensor("zero", {3}, {0, 0, 0}), tensor("less", {3}, {-10, -10, -10}),
                            tensor("sizes", {4}, {2, 3, 0.5f, 0}), tensor("still", {4}, {0, 0, 0, 0}),
                            middles("broad", 1, 8), tensor("thin", {8, 8, 1, 1}, std::vector<float>(64, 1)),
                            int_tensor("pixels", {3}, {1, 16, -1})},
                           {value_info("x", {-1, 3, 16, 16})},
                           {value_info("logits", {1, 3})}})));
        write("names.txt", "red\ngreen\nblue\n");
        write("pictures.json", R"({"resize_short": 0, "mean": [0, 0, 0], "deviation": [1, 1, 1]})");
        Image image{16, 16, std::vector<uint8_t>(16 * 16 * 3)};  // blue, and a square of green
        for (int y = 0; y < 16; y++)
            for (int x = 0; x < 16; x++) image.at(x, y)[y >= 8 && y < 12 && x >= 4 && x < 8 ? 1 : 2] = 255;
        ASSERT_TRUE(write_png(folder_ + "/a.png", image));
    }
    Outcome made(const std::string &flags) {
        return cached("compile net.onnx --preprocessing pictures.json --class-names names.txt -o package " +
                      flags);
    }
    nlohmann::json run() {
        const Outcome outcome = hardnet("run package a.png --json");
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        return outcome.code == 0 ? nlohmann::json::parse(outcome.out)["images"][0] : nlohmann::json();
    }
};

TEST_F(OnnxPictures, give_labels) {
    const Outcome outcome = made("--task classify --batch 2");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto top = run()["top"];
    EXPECT_EQ(top[0]["name"], "blue");
    EXPECT_EQ(top[0]["logit"], 240 / 256.0);
    EXPECT_EQ(top[1]["name"], "green");
    EXPECT_EQ(top[1]["logit"], 16 / 256.0);
    EXPECT_EQ(hardnet("verify package --per-layer").code, 0);
}

TEST_F(OnnxPictures, give_masks) {
    const Outcome outcome = made("--task segment --cut map");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto classes = run()["classes"];
    ASSERT_EQ(made("--task segment --cut map --mask").code, 0);
    EXPECT_EQ(run()["classes"], classes);
    EXPECT_EQ(hardnet("verify package").code, 0);
    EXPECT_EQ(made("--task classify --mask").err,
              "hardnet: net: mask: expected a network of segmentation, found an output logits\n");
    ASSERT_EQ(classes.size(), 2u);
    EXPECT_EQ(classes[0],
              (nlohmann::json{{"class", 2}, {"name", "blue"}, {"pixels", 240}, {"share", 0.9375}}));
    EXPECT_EQ(classes[1],
              (nlohmann::json{{"class", 1}, {"name", "green"}, {"pixels", 16}, {"share", 0.0625}}));
}

TEST_F(OnnxPictures, give_boxes) {
    for (const std::string cuts : {"--cut peaks --cut extents", "--cut extents --cut peaks"}) {
        const Outcome outcome = made("--task detect-centernet " + cuts);
        ASSERT_EQ(outcome.code, 0) << outcome.err;
        const auto boxes = run()["boxes"];
        const auto green =
            std::find_if(boxes.begin(), boxes.end(), [](const auto &b) { return b["name"] == "green"; });
        ASSERT_NE(green, boxes.end()) << boxes;
        EXPECT_EQ((*green)["box"], (nlohmann::json{2, 2, 10, 14}));
        EXPECT_EQ(hardnet("verify package").code, 0);
    }
}

// The prior of map pixel (x, y) is a box of 6x8 with its centre at (4 x, 4 y); class 0 is the background.
TEST_F(OnnxPictures, give_boxes_from_priors) {
    const std::string flags = "--task detect-ssd --cut loc --cut conf --priors priors.npy";
    NpyTensor priors{{16, 4}, {}};
    for (int i = 0; i < 16; i++)
        priors.values.insert(priors.values.end(), {float(i % 4) / 4, float(i / 4) / 4, 0.375f, 0.5f});
    ASSERT_TRUE(write_npy(folder_ + "/priors.npy", priors));
    const Outcome outcome = made(flags);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto boxes = run()["boxes"];
    const auto green =
        std::find_if(boxes.begin(), boxes.end(), [](const auto &b) { return b["name"] == "green"; });
    ASSERT_NE(green, boxes.end()) << boxes;
    EXPECT_EQ((*green)["box"], (nlohmann::json{1, 4, 7, 12}));
    EXPECT_EQ(hardnet("verify package").code, 0);

    priors.values[7] = 0;
    ASSERT_TRUE(write_npy(folder_ + "/priors.npy", priors));
    EXPECT_EQ(made(flags).err,
              "hardnet: priors.npy: row 1: expected a centre and extents above 0 as shares of the image's "
              "sides, found "
              "0\n");
    priors = {{15, 4}, std::vector<float>(60, 0.5f)};
    ASSERT_TRUE(write_npy(folder_ + "/priors.npy", priors));
    EXPECT_EQ(made(flags).err, "hardnet: priors.npy: expected the shape [16, 4], found [15, 4]\n");
    EXPECT_EQ(
        made("--task detect-ssd --cut loc --cut conf").err,
        "hardnet: compile: --priors: expected a file with --task detect-ssd, and none without, found none\n");
    std::filesystem::remove(folder_ + "/package/net.priors.safetensors");
    EXPECT_EQ(hardnet("run package a.png").code, 3);
}

TEST_F(OnnxPictures, give_raw_tensors_where_no_task_is_stated) {
    ASSERT_EQ(made("").code, 0);
    expect_error(
        "run package a.png", 2,
        "hardnet: run: package: expected --tensor, or a package that was compiled with another --task, found "
        "pictures and one of raw tensors\n");
}

TEST_F(OnnxPictures, are_summed_up_and_tuned) {
    EXPECT_THAT(hardnet("inspect net.onnx --cut peaks --cut logits").out,
                ::testing::StartsWith("net at 3x16x16; outputs: peaks [3, 4, 4]; logits [3]\n\n"));
    const Outcome tuned = cached("tune net.onnx --cut deep --seconds 2 -o mine.jsonl");
    EXPECT_EQ(tuned.code, 0) << tuned.err;
    EXPECT_THAT(tuned.out, ::testing::MatchesRegex("mine.jsonl: [01] of 1 kinds of layer changed, [^\n]*\n"));
    EXPECT_EQ(cached("compile net.onnx --cut deep --blocks mine.jsonl -o package").code, 0);
    expect_error("tune hardnet68 --cut x -o mine.jsonl", 2,
                 "hardnet: tune: --cut: expected an ONNX file as MODEL, found \"hardnet68\"\n");
}

TEST_F(OnnxPictures, refuse_what_does_not_fit_them) {
    const std::string compile = "compile net.onnx -o package ";
    expect_error(compile + "--task segment", 3,
                 "hardnet: net: task segment: expected one output [classes, 16, 16], found logits [3]\n");
    expect_error(
        compile + "--task segmentation", 2,
        "hardnet: compile: --task: expected classify, segment, detect-ssd, detect-centernet or tensor, found "
        "segmentation\n  hardnet compile --help shows what it takes\n");
    write("two.txt", "red\ngreen\n");
    expect_error(compile + "--task classify --class-names two.txt", 3,
                 "hardnet: two.txt: expected 3 names, one per class of net, found 2\n");
    write("typo.json", "{\"men\": [0, 0, 0]}");
    EXPECT_THAT(
        hardnet(compile + "--preprocessing typo.json").err,
        ::testing::MatchesRegex("hardnet: typo.json:1:[0-9]+: [^\n]*\"men\", did you mean mean\\?\n"));
    write("zero.json", "{\"deviation\": [1, 0, 1]}");
    expect_error(compile + "--preprocessing zero.json", 3,
                 "hardnet: zero.json: preprocessing/deviation: expected 1e-06 to 1000, found 0\n");
    expect_error(compile + "--class-names none.txt", 3,
                 "hardnet: none.txt: expected a readable file, found: No such file or directory\n");
    expect_error("compile hardnet68 --weights seed:1 --task classify -o package", 2,
                 "hardnet: compile: --task, --priors, --preprocessing and --class-names: expected an ONNX "
                 "file as MODEL, found "
                 "hardnet68, whose record says them\n");
}

}  // namespace
}  // namespace hardnet
