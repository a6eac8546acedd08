// The program on a package that it compiled itself.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <tuple>

#include "tests/cli/program.h"
#include "tests/onnx/writer.h"
#include "tests/weights/tiny.h"

namespace hardnet {
namespace {

class Compiled : public ProgramTest {
protected:
    Outcome cached(const std::string &arguments) {
        return shell("HARDNET_CACHE='" HARDNET_TEST_CACHE "' $H " + arguments, folder_);
    }
};

TEST_F(Compiled, batches_are_verified) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    for (const int batch : {1, 3}) {
        const Outcome made =
            cached("compile tiny.json --weights seed:1 --batch " + std::to_string(batch) + " -o package");
        ASSERT_EQ(made.code, 0) << made.err;
        const Outcome verified = hardnet("verify package --per-layer --threads 2");
        EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
        EXPECT_THAT(verified.out, ::testing::EndsWith("package/verify.json: every bound holds\n"));
        const auto json = nlohmann::json::parse(shell("cat package/verify.json", folder_).out);
        EXPECT_EQ(json["batch"], batch);
        EXPECT_EQ(json["images"], std::min(batch, 2)) << "the first and the last are compared";
        EXPECT_GT(json["layers"].size(), 10u);
    }
}

TEST_F(Compiled, onnx_files_are_verified_and_have_their_own_weights) {
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
                 "hardnet: compile: net.onnx: expected no --weights, --state-key, --classes or --mask beside "
                 "an ONNX file, "
                 "found one\n");
    expect_error("compile hardnet68 -o package", 2,
                 "hardnet: compile: --weights: expected a checkpoint or seed:N, found none\n");
}

// A concatenation, a value in front of its activation, one that others read, and a classifier's end in the middle.
TEST_F(Compiled, onnx_files_end_where_they_are_cut) {
    using namespace hardnet::testing;
    std::vector<float> last(48);
    for (size_t i = 0; i < last.size(); i++) last[i] = float(i % 7) - 3;
    write("net.onnx",
          model(graph(
              {{node("Conv", {"x", "w"}, {"a"}), node("Relu", {"a"}, {"b"}), node("Conv", {"b", "v"}, {"c"}),
                node("Concat", {"b", "c"}, {"\"d\\??/"}, {int_attribute("axis", 1)}),
                node("GlobalAveragePool", {"\"d\\??/"}, {"p"}), node("Flatten", {"p"}, {"f"}),
                node("Gemm", {"f", "u"}, {"g"}), node("Gemm", {"g", "t"}, {"h"}),
                node("NonMaxSuppression", {"h", "scores"}, {"y"})},
               {tensor("w", {8, 3, 3, 3}, std::vector<float>(216, 0.5f)),
                tensor("v", {4, 8, 1, 1}, std::vector<float>(32, -0.25f)), tensor("u", {12, 4}, last),
                tensor("t", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8})},
               {value_info("x", {1, 3, 8, 8}), value_info("scores", {1})},
               {value_info("y", {1})}})));
    const Outcome made =
        cached("compile net.onnx --cut h --cut g --cut '\"d\\??/' --cut a --cut c -o package");
    ASSERT_EQ(made.code, 0) << made.err;
    const Outcome verified = hardnet("verify package --per-layer");
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    for (const char *name : {"h", "g", "\"d\\??/", "a", "c"})
        EXPECT_THAT(verified.out, ::testing::HasSubstr(std::string("\noutput ") + name + " "));
    expect_error("inspect net.onnx --cut z", 3,
                 "hardnet: net.onnx: cut: expected the name of a tensor that a node gives, found \"z\"\n"
                 "  tensors of names like it:\n  \"a\"\n  \"b\"\n  \"c\"\n  \"p\"\n  \"f\"\n  \"g\"\n"
                 "  \"h\"\n  \"y\"\n");
    expect_error("compile hardnet68 --weights seed:1 --cut z -o other", 2,
                 "hardnet: compile: --cut: expected an ONNX file as MODEL, found \"hardnet68\"\n");
}

TEST_F(Compiled, another_class_count_drops_the_records_class_names) {
    ModelRecord record = hardnet::testing::tiny_record(false);
    record.class_names = {"ant", "bee", "cat", "dog", "eel"};
    write("tiny.json", to_json(record));
    const auto names_after = [&](const std::string &flags) {
        const Outcome made = cached("compile tiny.json --weights seed:1 " + flags + " -o package");
        EXPECT_EQ(made.code, 0) << made.err;
        return nlohmann::json::parse(shell("cat package/tiny.json", folder_).out)["class_names"].size();
    };
    EXPECT_EQ(names_after("--classes 5"), 5u);
    EXPECT_EQ(names_after("--classes 3"), 0u);
}

TEST_F(Compiled, masks_are_verified_by_the_logits_they_chose) {
    const std::string of = "compile '" HARDNET_MODELS "/shapes_";
    ASSERT_EQ(cached(of + "segmenter.json' --weights seed:1 --mask -o package").code, 0);
    const Outcome verified = hardnet("verify package --per-layer");
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    const auto manifest = nlohmann::json::parse(shell("cat package/shapes_segmenter.json", folder_).out);
    EXPECT_EQ(manifest["graph"]["layers"].back()["op"], "argmax");
    const Outcome refused = cached(of + "detector.json' --weights seed:1 --mask -o other");
    EXPECT_EQ(refused.code, 3);
    EXPECT_EQ(refused.err,
              "hardnet: shapes_detector: mask: expected a network of segmentation, found an output loc\n");
}

TEST_F(Compiled, a_verification_that_cannot_be_saved_is_a_result_all_the_same) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    ASSERT_EQ(cached("compile tiny.json --weights seed:1 -o package").code, 0);
    write("package/verify.json", "old");
    for (const auto &[bound, code, words] :
         {std::tuple("3e-6", 0, "every bound holds"), {"1e-12", 1, "a bound is broken"}}) {
        const Outcome full = shell(
            std::string("( ulimit -f 0; $H verify package --bound ") + bound + " 2>&1; echo code $? ) | cat",
            folder_);
        EXPECT_THAT(full.out,
                    ::testing::MatchesRegex(
                        std::string("([^\n]*\n)*hardnet: note: not saved: package/verify.json: expected "
                                    "to write [0-9]+ bytes, found: File too large\n"
                                    "([^\n]*\n)*package: ") +
                        words + "\ncode " + std::to_string(code) + "\n"));
        EXPECT_EQ(shell("cat package/verify.json", folder_).out, "old");
    }
}

TEST_F(Compiled, without_a_cache_nothing_is_left_behind) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    const Outcome made = shell(
        "mkdir temporary; HARDNET_CACHE=/proc/none TMPDIR=$PWD/temporary $H compile tiny.json --weights "
        "seed:1 "
        "-o package; code=$?; rmdir temporary && exit $code",
        folder_);
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.err, ::testing::HasSubstr("hardnet: note: cache: /proc/none cannot be written (No such "
                                               "file or directory), so no kernel is kept; HARDNET_CACHE"));
}

}  // namespace
}  // namespace hardnet
