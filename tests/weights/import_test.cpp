#include "weights/import.h"

#include <gmock/gmock.h>

#include "tests/weights/files.h"
#include "tests/weights/tiny.h"
#include "weights/keys.h"

namespace hardnet::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Import : public ::testing::Test {
protected:
    TemporaryFolder folder_;
    ModelRecord record_ = tiny_record(false);
    std::string in_ = folder_.file("in.safetensors"), out_ = folder_.file("out.safetensors");

    void SetUp() override { record_.class_names = {"ant", "bee", "cat", "dog", "eel"}; }
    Checkpoint checkpoint() const { return seeded_checkpoint(tiny_network(), 1); }
};

TEST_F(Import, WritesTheAuthorsKeysAndSaysWhatTheyAre) {
    ASSERT_TRUE(write_safetensors(in_, checkpoint().tensors, {{"trained by", "me"}}));
    const auto notes = import_checkpoint(in_, record_, out_, false);
    ASSERT_TRUE(notes) << notes.error().what;
    EXPECT_THAT(*notes, IsEmpty());

    const auto read = read_checkpoint(out_);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->tensors.size(), checkpoint().tensors.size());
    const std::map<std::string, std::string> expected{
        {"activation", "relu6"},
        {"class_names", R"(["ant","bee","cat","dog","eel"])"},
        {"classes", "5"},
        {"folded", "false"},
        {"model", "tiny"},
        {"preprocessing",
         R"({"resize_short":256,"mean":[0.485,0.456,0.406],"deviation":[0.229,0.224,0.225]})"},
        {"trained by", "me"}};
    EXPECT_EQ(read->metadata, expected);
}

TEST_F(Import, MapsPytorchcvsKeys) {
    const Network network = tiny_network();
    std::map<std::string, FloatTensor> theirs;
    const auto ours = parameters_of(network, KeySet::kAuthors),
               names = parameters_of(network, KeySet::kPytorchcv);
    for (size_t i = 0; i < ours.size(); i++)
        theirs["module." + names[i].key] = checkpoint().tensors.at(ours[i].key);
    ASSERT_TRUE(write_safetensors(in_, theirs, {}));
    const auto notes = import_checkpoint(in_, record_, out_, false);
    ASSERT_TRUE(notes) << notes.error().what;
    EXPECT_THAT(*notes, Contains(HasSubstr("pytorchcv")));
    EXPECT_EQ(read_checkpoint(out_)->tensors.at("base.1.conv.weight").values,
              checkpoint().tensors.at("base.1.conv.weight").values);
}

TEST_F(Import, MakesSeededWeights) {
    ASSERT_TRUE(import_checkpoint("seed:1", record_, out_, false));
    const auto read = read_checkpoint(out_);
    ASSERT_EQ(read->tensors.size(), checkpoint().tensors.size());
    for (const auto &[key, tensor] : checkpoint().tensors)
        EXPECT_EQ(read->tensors.at(key).values, tensor.values) << key;
    for (const char *unlike : {"seed:", "seed:one", "seed:-1", "seed:1234567890123456789"}) {
        const auto refused = import_checkpoint(unlike, record_, out_, false);
        ASSERT_FALSE(refused) << unlike;
        EXPECT_EQ(refused.error().what,
                  std::string("weights: expected seed:N with a whole number N, found '") + unlike + "'");
    }
}

TEST_F(Import, FoldsWhereAsked) {
    ASSERT_TRUE(write_safetensors(in_, checkpoint().tensors, {}));
    ASSERT_TRUE(import_checkpoint(in_, record_, out_, true));
    const auto read = read_checkpoint(out_);
    EXPECT_EQ(read->metadata.at("folded"), "true");
    const Network network = tiny_network();
    EXPECT_EQ(read->tensors.at("base.0.weight").values, fold(network, checkpoint())->layers[0].weight.values);
    EXPECT_EQ(read->tensors.count("base.0.norm.weight"), 0u);
}

TEST_F(Import, TakesTheClassCountFromTheFile) {
    ASSERT_TRUE(write_safetensors(in_, checkpoint().tensors, {}));
    record_.classes = 9;
    const auto notes = import_checkpoint(in_, record_, out_, false);
    ASSERT_TRUE(notes) << notes.error().what;
    EXPECT_THAT(*notes, Contains("classes: 5 as the head says, not tiny's 9"));
    const auto metadata = read_checkpoint(out_)->metadata;
    EXPECT_EQ(metadata.at("classes"), "5");
    EXPECT_EQ(metadata.count("class_names"), 0u);
}

TEST_F(Import, ChecksTheFirstConvolutionAgainstTheRecordsPlanes) {
    ASSERT_TRUE(write_safetensors(in_, checkpoint().tensors, {}));
    record_.input_planes = 1;
    record_.preprocessing = usual_preprocessing(1);
    const auto refused = import_checkpoint(in_, record_, out_, false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().what,
        in_ + ": expected a first convolution of 1 input planes, as tiny's \"input_planes\", found one of 3");
    EXPECT_THAT(refused.error().detail,
                ElementsAre("base.0.conv.weight: expected [4, 1, 3, 3], found [4, 3, 3, 3]"));

    Checkpoint grey = checkpoint();
    FloatTensor &weight = grey.tensors["base.0.conv.weight"];
    weight.shape[1] = 1;
    weight.values.resize(4 * 9);
    ASSERT_TRUE(write_safetensors(in_, grey.tensors, {}));
    ImportWishes wishes;
    wishes.mean = {0.5f};
    const auto notes = import_checkpoint(in_, record_, out_, false, wishes);
    ASSERT_TRUE(notes) << notes.error().what;
    EXPECT_EQ(read_checkpoint(out_)->metadata.at("preprocessing"),
              R"({"resize_short":256,"mean":[0.5],"deviation":[0.226]})");
    wishes.mean = {0.5f, 0.5f, 0.5f};
    const auto of_three = import_checkpoint(in_, record_, out_, false, wishes);
    ASSERT_FALSE(of_three);
    EXPECT_EQ(of_three.error().what, "preprocessing/mean: expected 1, one per input plane, found 3");
}

TEST_F(Import, NotesOddValues) {
    Checkpoint odd = checkpoint();
    odd.tensors["base.0.conv.weight"].values[3] = 1e-40f;
    odd.tensors["base.1.norm.running_var"].values[0] = 0;
    ASSERT_TRUE(write_safetensors(in_, odd.tensors, {}));
    const auto notes = import_checkpoint(in_, record_, out_, false);
    ASSERT_TRUE(notes);
    EXPECT_THAT(*notes, Contains("base.0.conv.weight: 1 denormal values"));
    EXPECT_THAT(*notes, Contains("base.1.norm.running_var: 1 variances of 0"));
}

TEST_F(Import, WritesNothingWhereTheFileIsWrong) {
    Checkpoint wrong = checkpoint();
    wrong.tensors.erase("base.0.conv.weight");
    ASSERT_TRUE(write_safetensors(in_, wrong.tensors, {}));
    const auto notes = import_checkpoint(in_, record_, out_, false);
    ASSERT_FALSE(notes);
    EXPECT_THAT(notes.error().what, HasSubstr(in_));
    EXPECT_THAT(folder_.names(), Not(Contains("out.safetensors")));
}

}  // namespace
}  // namespace hardnet::testing
