// Checkpoints that cannot be used: files that are no files, tensors of other types, names, shapes and values.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cmath>
#include <limits>

#include "tests/weights/files.h"
#include "tests/weights/tiny.h"
#include "weights/keys.h"

namespace hardnet::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

void expect_bad(const std::string &path, const std::string &error, ExitCode code = ExitCode::kBadInput) {
    const auto read = read_checkpoint(path);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().what, path + ": " + error);
    EXPECT_EQ(read.error().code, code);
}

TEST(BadCheckpoint, FilesThatAreNone) {
    const TemporaryFolder folder;
    expect_bad(folder.file("absent"), "expected a readable file, found: No such file or directory");
    expect_bad(folder.path(), "expected a regular file, found a directory");
    expect_bad(folder.write("empty", ""), "header: expected a file of at least 8 bytes, found 0");
    expect_bad(folder.write("short", "1234567"), "header: expected a file of at least 8 bytes, found 7");
    expect_bad("/dev/zero", "expected a regular file, found a device");
    ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
    expect_bad(folder.file("fifo"),
               "expected a regular file, found a FIFO");  // and does not wait for a writer
}

TEST(BadCheckpoint, SizesThatCannotBe) {
    const TemporaryFolder folder;
    const std::string path = folder.write("sparse", little_endian_64(2) + "{}");
    ASSERT_EQ(truncate(path.c_str(), int64_t{1} << 40), 0);
    expect_bad(path, "expected at most 2147483648 bytes, found 1099511627776");
    // The kernel says 0 bytes and gives more: what a file looks like that grows while it is read.
    expect_bad("/proc/self/status", "expected 0 bytes as at opening, found more");
}

TEST(BadCheckpoint, OtherTypes) {
    const TemporaryFolder folder;
    std::string header = "{";
    for (int i = 0; i < 12; i++) {
        header += "\"t" + std::to_string(10 + i) + R"(":{"dtype":"I16","shape":[0],"data_offsets":[0,0]},)";
    }
    header += R"("x.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})";
    const auto read = read_checkpoint(folder.write("half", file_of(header, 8)));
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, EndsWith("expected tensors of type F32, F16, BF16 or F64 (and "
                                            "num_batches_tracked of any), found 12 others"));
    EXPECT_THAT(read.error().detail, SizeIs(10));
    EXPECT_EQ(read.error().detail[0], R"("t10": I16)");
}

TEST(BadCheckpoint, CountersArePassedOver) {
    const TemporaryFolder folder;
    const auto read = read_checkpoint(folder.write(
        "counters",
        file_of(R"({"x.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})", 8)));
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->tensors.empty());
    EXPECT_THAT(read->notes, ElementsAre("1 num_batches_tracked passed over"));
}

Error fold_error(const Network &network, const Checkpoint &checkpoint) {
    const auto folded = fold(network, checkpoint);
    return folded ? Error{ExitCode::kOk, "folded", {}} : folded.error();
}

TEST(BadCheckpoint, MissingExtraAndMisshapen) {
    const Network network = tiny_network();
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    auto renamed = checkpoint.tensors.extract("base.1.conv.weight");
    renamed.key() = "base.1.conv.weights";
    checkpoint.tensors.insert(std::move(renamed));
    checkpoint.tensors["base.0.norm.bias"].shape = {2, 2};
    checkpoint.tensors["optimizer.step.of.something.else"] = {{1}, {0}};
    const Error error = fold_error(network, checkpoint);
    EXPECT_EQ(error.what, "seed:1: expected the 67 tensors of tiny, found 1 missing, 2 extra, 1 misshapen");
    EXPECT_THAT(error.detail,
                ElementsAre("base.0.norm.bias: expected [4], found [2, 2]",
                            R"("base.1.conv.weights": not of this network, did you mean base.1.conv.weight?)",
                            "base.1.conv.weight: missing, expected [6, 4, 3, 3]",
                            R"("optimizer.step.of.something.else": not of this network)"));
}

TEST(BadCheckpoint, TenDetailsAreShownAndAllCounted) {
    Checkpoint checkpoint;
    checkpoint.source = "none.safetensors";
    for (int i = 0; i < 30; i++) checkpoint.tensors["x" + std::to_string(i)] = {{1}, {0}};
    for (const char *field : {"weight", "bias", "running_mean", "running_var"}) {
        checkpoint.tensors["base.0.norm." + std::string(field)] = {{1}, {0}};
    }
    const Error error = fold_error(tiny_network(), checkpoint);
    EXPECT_EQ(error.what,
              "none.safetensors: expected the 67 tensors of tiny, found 63 missing, 30 extra, 4 misshapen");
    EXPECT_THAT(error.detail, SizeIs(10));
    EXPECT_THAT(error.detail, Contains("base.0.norm.bias: expected [4], found [1]"));
    EXPECT_THAT(error.detail, Contains("base.0.conv.weight: missing, expected [4, 3, 3, 3]"));
    EXPECT_THAT(error.detail, Contains(R"("x0": not of this network)"));
}

TEST(BadCheckpoint, NamesFromTheFileAreShownSafely) {
    Checkpoint checkpoint = seeded_checkpoint(tiny_network(), 1);
    checkpoint.tensors["\xc2\x9b\x7f" + std::string(100000, 'x')] = {{1}, {0}};  // moves a terminal's cursor
    const Error error = fold_error(tiny_network(), checkpoint);
    ASSERT_THAT(error.detail, SizeIs(1));
    EXPECT_THAT(error.detail[0], HasSubstr(R"("\xc2\x9b\x7fxxx)"));
    EXPECT_LT(error.detail[0].size(), 150u);
}

TEST(BadCheckpoint, AnotherNetworkIsNamed) {
    ModelRecord have = *find_record("hardnet39ds"), want = *find_record("hardnet68");
    set_classes(have, 7);  // the file's own count decides
    const Network network = *build_network(want, want.input);
    Checkpoint checkpoint = seeded_checkpoint(*build_network(have, have.input), 1);
    EXPECT_THAT(fold_error(network, checkpoint).what, EndsWith("; these tensors fit hardnet39ds"));
    checkpoint.tensors.erase("base.0.conv.weight");
    EXPECT_THAT(fold_error(network, checkpoint).what, EndsWith("misshapen"));  // fits none any more
    have = *find_record("centernet_hardnet85");
    set_classes(have, 7);
    checkpoint = seeded_checkpoint(*build_network(have, have.input), 1);
    EXPECT_THAT(fold_error(network, checkpoint).what, EndsWith("; these tensors fit centernet_hardnet85"));
}

TEST(BadCheckpoint, AnotherNetworkUnderPytorchcvsKeysIsNamed) {
    const ModelRecord have = *find_record("hardnet68ds"), want = *find_record("hardnet39ds");
    Checkpoint checkpoint;
    checkpoint.source = "theirs.safetensors";
    for (const Parameter &parameter : parameters_of(*build_network(have, have.input), KeySet::kPytorchcv)) {
        checkpoint.tensors[parameter.key] = {parameter.shape, {}};
    }
    const auto renamed = with_author_keys(*build_network(want, want.input), checkpoint);
    ASSERT_FALSE(renamed);
    EXPECT_THAT(renamed.error().what,
                HasSubstr("theirs.safetensors: expected the 372 tensors of hardnet39ds, found "));
    EXPECT_THAT(renamed.error().what, EndsWith("; these tensors fit hardnet68ds"));
}

TEST(BadCheckpoint, AnotherClassCountIsNamed) {
    const Network network = tiny_network();
    ModelRecord record = tiny_record(false);
    record.classes = 7;
    const Error error = fold_error(network, seeded_checkpoint(*build_network(record, record.input), 1));
    EXPECT_EQ(error.what, "seed:1: expected the 5 classes of tiny, found 7");
    EXPECT_THAT(error.detail, SizeIs(2));
}

TEST(BadCheckpoint, DimensionsOfZero) {
    const Network network = tiny_network();
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    for (auto &[key, tensor] : checkpoint.tensors) {
        if (tensor.shape.size() == 2) tensor = {{0, tensor.shape[1]}, {}};
    }
    EXPECT_THAT(fold_error(network, checkpoint).what, HasSubstr("1 misshapen"));
    EXPECT_THAT(classes_in(tiny_record(false), checkpoint).error().what,
                HasSubstr("expected at least one class, found 0"));
}

TEST(BadCheckpoint, ValuesThatAreNoNumbers) {
    const Network network = tiny_network();
    for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
        Checkpoint checkpoint = seeded_checkpoint(network, 1);
        checkpoint.tensors["base.1.conv.weight"].values[5] = value;
        EXPECT_THAT(fold_error(network, checkpoint).what,
                    HasSubstr("seed:1: base.1.conv.weight: expected finite values, found "));
    }
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    checkpoint.tensors["base.1.norm.running_var"].values[2] = -0.5;
    EXPECT_EQ(fold_error(network, checkpoint).what,
              "seed:1: base.1.norm.running_var: expected no variance below 0, found -0.5 at channel 2");
}

TEST(BadCheckpoint, FoldingThatOverflows) {
    const Network network = tiny_network();
    Checkpoint checkpoint = seeded_checkpoint(network, 1);
    checkpoint.tensors["base.1.norm.weight"].values[0] = 1e38f;
    checkpoint.tensors["base.1.norm.running_var"].values[0] = 0;
    const std::string error = "seed:1: base.1 folded: expected finite values, found ";

    Checkpoint weight_only = checkpoint;
    weight_only.tensors["base.1.norm.running_mean"].values[0] = 0;
    EXPECT_THAT(fold_error(network, weight_only).what, HasSubstr(error));
    Checkpoint bias_only = checkpoint;
    for (float &value : bias_only.tensors["base.1.conv.weight"].values) value = 0;
    EXPECT_THAT(fold_error(network, bias_only).what, HasSubstr(error));
}

}  // namespace
}  // namespace hardnet::testing
