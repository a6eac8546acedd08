// Records that must be refused: every error names the place, what was expected and what was found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "models/records.h"

namespace hardnet {
namespace {

std::string error_of(const std::string &text) {
    const Result<ModelRecord> read = record_from_json(text, "net.json");
    if (read) return "";
    EXPECT_EQ(read.error().code, ExitCode::kBadInput);
    return read.error().what;
}

// A record with `line` in it; line 3 is where it stands.
std::string with(const std::string &line) {
    return "{\"name\": \"tiny\",\n \"stem\": [4, 8],\n " + line +
           "\n \"blocks\": [{\"growth_rate\": 4, \"layers\": 2, \"transition\": 16}]}";
}

// A record of one block with these members.
std::string with_block(const std::string &members) {
    return "{\"name\": \"tiny\", \"stem\": [4, 8],\n\"blocks\": [\n  {" + members + "}]}";
}

TEST(BadRecord, TheFrameItselfIsGood) {
    EXPECT_EQ(error_of(with("")), "");
    EXPECT_EQ(error_of(with_block(R"("growth_rate": 4, "layers": 2, "transition": 16)")), "");
}

TEST(BadRecord, NotJson) {
    EXPECT_EQ(error_of(""),
              "net.json:1:1: expected JSON, found syntax error while parsing value - unexpected end of "
              "input; expected '[', "
              "'{', or a literal");
    EXPECT_EQ(error_of("{\"name\": \"tiny\",\n  stem: 3}").rfind("net.json:2:3: expected JSON, found ", 0),
              0u);
    EXPECT_EQ(error_of("{\"name\": \"\xff\"}").rfind("net.json:1:11: expected JSON, found ", 0), 0u);
    EXPECT_EQ(error_of(with("\"classes\": 1e999,")).rfind("net.json:3:", 0), 0u);
    EXPECT_EQ(error_of(with("") + "x").rfind("net.json:4:", 0), 0u);
}

TEST(BadRecord, ErrorsStayOnOneLineOfText) {
    for (const std::string &junk : {std::string("\x01me\n"), std::string("\xff\xfe"), std::string("\x7f")}) {
        const std::string error = error_of("{\"na" + junk + std::string(100000, 'y'));
        EXPECT_FALSE(error.empty());
        EXPECT_LT(error.size(), 300u);
        for (unsigned char c : error) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << int(c);
    }
}

TEST(BadRecord, UnknownKey) {
    EXPECT_EQ(
        error_of(with("\"clases\": 10,")),
        "net.json:3:2: expected one of the keys name, architecture, input_planes, stem, blocks, stem_kernel, "
        "multiplier, "
        "depthwise, bridge, sources, activation, block_activation, "
        "dropout_behind_last_block, mask, threshold, classes, input, preprocessing, class_names, found "
        "\"clases\", did "
        "you mean "
        "classes?");
    EXPECT_EQ(error_of(with_block(R"("growth": 4, "growth_rate": 4, "layers": 2, "transition": 16)")),
              "net.json:3:4: expected one of the keys growth_rate, layers, transition, downsample, found "
              "\"growth\"");
    EXPECT_EQ(
        error_of(with("\"preprocessing\": {\"means\": [0, 0, 0]},")),
        "net.json:3:20: expected one of the keys resize_short, bgr, mean, deviation, found \"means\", did "
        "you mean mean?");
}

TEST(BadRecord, DuplicateKey) {
    EXPECT_EQ(error_of(with("\"name\": \"other\",")),
              "net.json:3:2: expected every key once, found \"name\" again");
    EXPECT_EQ(error_of(with_block(R"("layers": 4, "layers": 2)")),
              "net.json:3:17: expected every key once, found \"layers\" again");
}

TEST(BadRecord, MissingKey) {
    EXPECT_EQ(error_of("{}"), "net.json: expected the key name, found none");
    EXPECT_EQ(error_of(with_block(R"("growth_rate": 4, "transition": 16)")),
              "net.json:3:3: blocks/0: expected the key layers, found none");
}

TEST(BadRecord, WrongType) {
    EXPECT_EQ(error_of("[1, 2]"), "net.json: expected an object, found an array");
    EXPECT_EQ(error_of(with("\"classes\": \"ten\",")),
              "net.json:3:2: classes: expected an integer, found \"ten\"");
    EXPECT_EQ(error_of(with("\"classes\": 10.5,")), "net.json:3:2: classes: expected an integer, found 10.5");
    EXPECT_EQ(error_of(with("\"classes\": 4294967297,")),
              "net.json:3:2: classes: expected a 32-bit integer, found 4294967297");
    EXPECT_EQ(error_of(with("\"classes\": 18446744073709551615,")),
              "net.json:3:2: classes: expected a 32-bit integer, found 18446744073709551615");
    EXPECT_EQ(error_of(with("\"depthwise\": 1,")),
              "net.json:3:2: depthwise: expected true or false, found 1");
    EXPECT_EQ(error_of(with("\"multiplier\": null,")),
              "net.json:3:2: multiplier: expected a number, found null");
    EXPECT_EQ(error_of(with("\"input\": [224],")),
              "net.json:3:2: input: expected an array of 2 integers, found one of 1");
    EXPECT_EQ(error_of(with("\"input\": 224,")),
              "net.json:3:2: input: expected an array of 2 integers, found 224");
    EXPECT_EQ(error_of(with("\"class_names\": [\"a\", {}],")),
              "net.json:3:23: class_names/1: expected a string, found an object");
    EXPECT_EQ(error_of(with("\"preprocessing\": [],")),
              "net.json:3:2: preprocessing: expected an object, found an array");
    EXPECT_EQ(error_of(with("\"activation\": \"swish\",")),
              "net.json:3:2: activation: expected none, relu or relu6, found \"swish\"");
    EXPECT_EQ(error_of(with("\"block_activation\": 6,")),
              "net.json:3:2: block_activation: expected a string, found 6");
    EXPECT_EQ(error_of("{\"name\": \"tiny\", \"stem\": [4, 8], \"blocks\": 7}"),
              "net.json:1:34: blocks: expected an array, found 7");
    EXPECT_EQ(error_of("{\"name\": \"tiny\", \"stem\": [4, 8], \"blocks\": [7]}"),
              "net.json:1:45: blocks/0: expected an object, found 7");
}

TEST(BadRecord, InputPlanesAndWhatIsToldOfThem) {
    EXPECT_EQ(error_of(with("\"input_planes\": 0,")),
              "net.json:3:2: input_planes: expected 1 to 64, found 0");
    EXPECT_EQ(error_of(with("\"input_planes\": 65,")),
              "net.json:3:2: input_planes: expected 1 to 64, found 65");
    EXPECT_EQ(error_of(with("\"preprocessing\": {\"mean\": [0.5]},")),
              "net.json:3:20: preprocessing/mean: expected an array of 3 numbers, found one of 1");
    EXPECT_EQ(error_of(with("\"input_planes\": 1, \"preprocessing\": {\"deviation\": [1, 1, 1]},")),
              "net.json:3:39: preprocessing/deviation: expected an array of 1 number, found one of 3");
    EXPECT_EQ(error_of(with("\"input_planes\": 4, \"preprocessing\": {\"bgr\": true},")),
              "net.json: preprocessing/bgr: expected false with 4 input planes, found true");
    ModelRecord record = builtin_records().front();
    record.preprocessing.mean = {0.5f};
    EXPECT_EQ(check_record(record).error().what,
              "preprocessing/mean: expected 3, one per input plane, found 1");
}

TEST(BadRecord, OutOfRange) {
    EXPECT_EQ(error_of(with("\"classes\": 0,")), "net.json: classes: expected 1 to 16384, found 0");
    EXPECT_EQ(error_of(with("\"classes\": 1000000,")),
              "net.json: classes: expected 1 to 16384, found 1000000");
    EXPECT_EQ(error_of(with("\"multiplier\": 0.5,")), "net.json: multiplier: expected 1 to 4, found 0.5");
    EXPECT_EQ(error_of(with("\"multiplier\": 1e300,")),
              "net.json: multiplier: expected 1 to 4, found 1e+300");
    EXPECT_EQ(error_of(with("\"stem_kernel\": 5,")), "net.json: stem_kernel: expected 1 or 3, found 5");
    EXPECT_EQ(error_of(with("\"sources\": 1,")), "net.json: sources: expected 2 to 7, found 1");
    EXPECT_EQ(error_of(with("\"sources\": 8,")), "net.json: sources: expected 2 to 7, found 8");
    EXPECT_EQ(error_of(with("\"input\": [224, -1],")), "net.json: input/1: expected 1 to 32768, found -1");
    EXPECT_EQ(error_of(with("\"preprocessing\": {\"deviation\": [1, 0, 1]},")),
              "net.json: preprocessing/deviation: expected 1e-06 to 1000, found 0");
    EXPECT_EQ(error_of(with("\"preprocessing\": {\"mean\": [1e39, 0, 0]},")),
              "net.json: preprocessing/mean: expected -1000 to 1000, found inf");
    EXPECT_EQ(error_of(with_block(R"("growth_rate": 4, "layers": 65, "transition": 16)")),
              "net.json: blocks/0/layers: expected 1 to 64, found 65");
    EXPECT_EQ(error_of(with_block(R"("growth_rate": 0, "layers": 2, "transition": 16)")),
              "net.json: blocks/0/growth_rate: expected 1 to 4096, found 0");
    EXPECT_EQ(error_of("{\"name\": \"tiny\", \"stem\": [4, 8], \"blocks\": []}"),
              "net.json: number of blocks: expected 1 to 32, found 0");
}

TEST(BadRecord, Names) {
    for (const char *name : {"", "7up", "a/b", "../x", "a b", "a-b", "h\xc3\xa9"}) {
        ModelRecord record = builtin_records()[0];
        record.name = name;
        const Status status = check_record(record);
        ASSERT_FALSE(status) << name;
        EXPECT_EQ(status.error().what.rfind(
                      "name: expected 1 to 64 letters, digits and underscores, no digit first, found \"", 0),
                  0u);
    }
    EXPECT_EQ(error_of(with("\"classes\": 3, \"class_names\": [\"a\", \"b\"],")),
              "net.json: class_names: expected 3 names, one per class, or none, found 2");
    EXPECT_EQ(
        error_of(with("\"classes\": 2, \"class_names\": [\"a\", \"b\\u001b[2J\"],")),
        "net.json: class_names: expected 1 to 200 bytes without control characters, found \"b\\x1b[2J\"");
}

TEST(BadRecord, Absurd) {
    EXPECT_EQ(error_of("{\"name\": " + std::string(1000000, '[')),
              "net.json:1:25: expected at most 16 levels, found more");
    EXPECT_EQ(error_of(std::string((4 << 20) + 1, ' ')),
              "net.json: expected at most 4194304 bytes, found 4194305");

    ModelRecord record = builtin_records()[0];  // within every bound, yet 10^16 weights
    record.multiplier = 4;
    record.blocks.assign(32, {4096, 64, 16384, false});
    const Result<Network> network = build_network(record, {1, 1});
    ASSERT_FALSE(network);
    EXPECT_EQ(network.error().what.rfind("hardnet39ds: expected at most 536870912 weights, found ", 0), 0u)
        << network.error().what;
}

TEST(BadRecord, ThresholdOfAMask) {
    ModelRecord record = *find_record("fcdensenet56");
    record.mask = true;
    record.threshold = 0.25;
    set_classes(record, 1);
    const Result<Network> one = build_network(record, {64, 64});
    ASSERT_TRUE(one) << one.error().what;
    EXPECT_EQ(one->layers.back().threshold, float(-std::log(3.0)));  // where the sigmoid is 1/4
    const auto error = [&] {
        const Result<Network> network = build_network(record, {64, 64});
        return network ? "" : network.error().what;
    };
    set_classes(record, 2);
    EXPECT_EQ(error(), "fcdensenet56: threshold: expected a network of one class, found 2 classes");
    for (double threshold : {0.0, 1.0}) {
        record.threshold = threshold;
        EXPECT_THAT(error(), ::testing::HasSubstr("threshold: expected more than 0 and less than 1, found "));
    }
}

TEST(BadRecord, Files) {
    char folder[] = "/tmp/hardnet_record_XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    const std::string base = folder;
    const auto error = [](const std::string &path) {
        const Result<ModelRecord> found = find_record(path);
        return found ? "" : found.error().what;
    };
    EXPECT_EQ(error("/nowhere/net.json"),
              "record \"/nowhere/net.json\": expected a readable file, found \"No such file or directory\"");
    EXPECT_EQ(error(std::string("net\0.json", 9)),
              "record \"net\\x00.json\": expected a readable file, found a path with a zero byte");
    EXPECT_LT(error(std::string(100000, 'a') + ".json").size(), 200u);

    ASSERT_EQ(mkfifo((base + "/pipe.json").c_str(), 0600), 0);  // must not wait for a writer
    EXPECT_EQ(
        error(base + "/pipe.json"),
        "record \"" + base + "/pipe.json\": expected a readable file, found something else than a file");
    ASSERT_EQ(mkdir((base + "/folder.json").c_str(), 0700), 0);
    EXPECT_EQ(
        error(base + "/folder.json"),
        "record \"" + base + "/folder.json\": expected a readable file, found something else than a file");
    std::ofstream(base + "/large.json") << std::string((4 << 20) + 1, ' ');
    EXPECT_EQ(error(base + "/large.json"),
              "record \"" + base +
                  "/large.json\": expected a readable file, found 4194305 bytes, more than "
                  "4194304");
    std::ofstream(base + "/broken.json") << "{\n\"name\": \"x\"}";
    EXPECT_EQ(error(base + "/broken.json"), base + "/broken.json: expected the key stem, found none");
    std::filesystem::remove_all(base);
}

}  // namespace
}  // namespace hardnet
