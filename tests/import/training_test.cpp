// Checkpoints as training leaves them: narrow or wide floats, wrappers' prefixes, an average beside the weights; and files
// that are no checkpoints at all, named as what they are.
#include <gmock/gmock.h>

#include "reference/compare.h"
#include "reference/run_network.h"
#include "tests/cli/program.h"
#include "tests/import/checkpoints.h"
#include "weights/import.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Training : public ProgramTest {
protected:
    // Imports a file of this folder as the small network; returns the notes.
    std::vector<std::string> imported(const std::string &file, const std::string &state_key = "") {
        ImportWishes wishes;
        wishes.state_key = state_key;
        const auto notes =
            import_checkpoint(checkpoint_path(file), small_record("small"), out(), false, wishes);
        EXPECT_TRUE(notes) << notes.error().what;
        return notes ? *notes : std::vector<std::string>{};
    }
    std::string out() const { return folder_ + "/out.safetensors"; }
    Network small() const {
        const ModelRecord record = small_record("small");
        return *build_network(record, record.input);
    }
    void expect_seeded(uint64_t seed) {
        const Result<Checkpoint> read = read_checkpoint(out());
        ASSERT_TRUE(read) << read.error().what;
        for (const auto &[key, tensor] : seeded_checkpoint(small(), seed).tensors)
            EXPECT_EQ(read->tensors.at(key).values, tensor.values) << key;
    }
};

TEST_F(Training, NarrowFloatsAreWidenedExactly) {
    SKIP_WITHOUT_TORCH();
    const Network network = small();
    for (const auto &[file, type] : {std::pair("half", "F16"), {"bfloat16", "BF16"}}) {
        EXPECT_THAT(imported(std::string(file) + ".pth"),
                    Contains(std::to_string(seeded_checkpoint(network, 1).tensors.size()) + " tensors of " +
                             type + ": widened exactly to F32"));
        const Result<FoldedWeights> folded = fold(network, *read_checkpoint(out()));
        ASSERT_TRUE(folded) << folded.error().what;
        const auto outputs = run_network(network, *folded, seeded_input(3 * 32 * 32, 1), {1, {}});
        ASSERT_TRUE(outputs) << outputs.error().what;
        // Folding rounds once to float32; from the weights of float32 both are 1e-3 away.
        EXPECT_LT(compare(outputs->back(), golden_logits("small", file)).relative_rms, 1e-6) << file;
        EXPECT_GT(compare(outputs->back(), golden_logits("small", "authors")).relative_rms, 1e-5) << file;
    }
}

TEST_F(Training, WideFloatsAreRounded) {
    SKIP_WITHOUT_TORCH();
    EXPECT_THAT(imported("double.pth"),
                Contains(std::to_string(seeded_checkpoint(small(), 1).tensors.size()) +
                         " tensors of F64: rounded to F32"));
}

// Of seed 2 are the weights, of seed 1 their average.
TEST_F(Training, AnAverageBesideTheWeights) {
    SKIP_WITHOUT_TORCH();
    EXPECT_THAT(
        imported("average.pth"),
        Contains("weights: those under state_dict, not their average under state_dict_ema (--state-key "
                 "state_dict_ema takes it)"));
    expect_seeded(2);
    EXPECT_THAT(imported("average.pth", "state_dict_ema"), IsEmpty());
    expect_seeded(1);
    EXPECT_THAT(imported("average_alone.pth"),
                Contains("weights: the average under model_ema, since there are no others"));
}

TEST_F(Training, AnAverageInTheSameDictionary) {
    SKIP_WITHOUT_TORCH();
    EXPECT_THAT(imported("average_flat.pth"),
                Contains("weights: those beside, not their average under ema (--state-key ema takes it)"));
    expect_seeded(2);
    EXPECT_THAT(imported("average_flat.pth", "ema"),
                Contains("keys: prefix 'module.' (DataParallel) stripped"));
    expect_seeded(1);
}

TEST_F(Training, AnAverageInTheSameSafetensorsFile) {
    const auto save = [&](const std::string &name, const std::string &prefix, bool both) {
        std::map<std::string, FloatTensor> tensors;
        for (const auto &[key, tensor] : seeded_checkpoint(small(), 1).tensors)
            tensors.emplace(prefix + key, tensor);
        if (both)
            for (const auto &[key, tensor] : seeded_checkpoint(small(), 2).tensors)
                tensors.emplace("model." + key, tensor);
        ASSERT_TRUE(write_safetensors(folder_ + "/" + name, tensors, {}));
    };
    const auto notes_of = [&](const std::string &name, const std::string &state_key = "") {
        ImportWishes wishes;
        wishes.state_key = state_key;
        const auto notes =
            import_checkpoint(folder_ + "/" + name, small_record("small"), out(), false, wishes);
        EXPECT_TRUE(notes) << notes.error().what;
        return notes ? *notes : std::vector<std::string>{};
    };
    save("both.safetensors", "ema_model.", true);
    EXPECT_THAT(
        notes_of("both.safetensors"),
        ElementsAre(
            "weights: those beside, not their average under ema_model (--state-key ema_model takes it)",
            "keys: prefix 'model.' stripped"));
    expect_seeded(2);
    EXPECT_THAT(notes_of("both.safetensors", "ema_model"), IsEmpty());
    expect_seeded(1);
    save("alone.safetensors", "ema.", false);
    EXPECT_THAT(notes_of("alone.safetensors"),
                ElementsAre("weights: the average under ema, since there are no others"));
    expect_seeded(1);
}

TEST_F(Training, AKeyChoosesTheWeights) {
    SKIP_WITHOUT_TORCH();
    imported("two.pth", "net");
    expect_seeded(1);
    imported("two.pth", "model");
    expect_seeded(2);
    imported("unusual.pth", "generator");
    expect_seeded(1);
    const auto expect_refused = [&](const std::string &arguments, const std::string &found) {
        const std::string file = checkpoint_path(arguments.substr(0, arguments.find(' ')));
        expect_error("import " + file + arguments.substr(arguments.find(' ')) + " --model hardnet68 -o none",
                     3, "hardnet: " + file + ": " + found + "\n");
    };
    expect_refused("two.pth ", "expected one state_dict, found 2: model, net (--state-key chooses)");
    expect_refused("two.pth --state-key ema", "expected tensors under ema, found the keys model, net");
}

TEST_F(Training, PrefixesOfWrappersAreStripped) {
    SKIP_WITHOUT_TORCH();
    EXPECT_THAT(imported("wrapped.pth"), Contains("keys: prefix 'module._orig_mod.model.' stripped"));
}

TEST_F(Training, OtherFilesAreNamed) {
    using std::string_literals::operator""s;
    for (const auto &[name, start, kind] : {
             std::tuple("a.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"s,
                        "a Git LFS pointer (git lfs pull gets the file itself)"),
             {"b.pth", "\n <!DOCTYPE html><html>"s, "an HTML page (of a download that failed?)"},
             {"c.safetensors", "\xef\xbb\xbf<html>"s, "an HTML page (of a download that failed?)"},
             {"d.h5", "\x89HDF\r\n\x1a\n\0\0"s, "an HDF5 file, such as Keras writes"},
             {"e.onnx", "\x08\x07\x12\x07pytorch"s, "an ONNX model"},
             {"f.pth", "\x08\x07\x12\x07pytorch"s, "an ONNX model"},
             {"g.pdparams", "\x80\x04\x95"s, "PaddlePaddle's parameters"},
             {"h.pth", "\x1f\x8b\x08"s, "a gzip file (unpack it)"},
             {"i.pth", ""s, "an empty file"},
         }) {
        write(name, start);
        expect_error("import "s + name + " --model hardnet68 -o none", 3,
                     "hardnet: "s + name +
                         ": expected a checkpoint (.safetensors, or of torch.save), found " + kind + "\n");
    }
    write("a.safetensors", "\2\0\0\0\0\0\0\0{}"s);
    expect_error("import a.safetensors --state-key ema --model hardnet68 -o none", 3,
                 "hardnet: a.safetensors: expected tensors under \"ema\", found none\n");
}

TEST_F(Training, AZipFileThatIsNoCheckpoint) {
    SKIP_WITHOUT_TORCH();
    const std::string empty = "PK\3\4" + std::string(26, '\0') + "PK\5\6" + std::string(18, '\0');
    write("notes.pth", empty);
    expect_error(
        "import notes.pth --model hardnet68 -o none", 3,
        "hardnet: notes.pth: expected an archive of torch.save, found a zip file without data.pkl\n");
}

TEST_F(Training, ClassNamesAreUtf8) {
    ASSERT_TRUE(write_safetensors(folder_ + "/small.safetensors", seeded_checkpoint(small(), 1).tensors, {}));
    const std::string import = "import small.safetensors --model " + checkpoint_path("small.json") +
                               " -o out.safetensors --class-names ";
    write("marked.txt",
          "\xef\xbb\xbf"
          "ant\r\nb\xc3\xa9"
          "e\ncat\ndog\neel\n");
    EXPECT_EQ(hardnet(import + "marked.txt").code, 0);
    EXPECT_EQ(read_checkpoint(out())->metadata.at("class_names"),
              "[\"ant\",\"b\xc3\xa9"
              "e\",\"cat\",\"dog\",\"eel\"]");
    write("latin.txt",
          "ant\nb\xe9"
          "e\ncat\ndog\neel\n");
    expect_error(import + "latin.txt", 3,
                 "hardnet: latin.txt:2: expected a class name in UTF-8, found \"b\\xe9"
                 "e\"\n");
}

// The system forgets how children end where SIGCHLD is ignored, unless they are asked for in time.
TEST_F(Training, TheConverterIsWaitedForWhereSigchldIsIgnored) {
    write("refuses", "#!/bin/sh\necho 'expected patience, found none'\nexit 3\n");
    const std::string file = checkpoint_path("authors_zip.pth");
    const Outcome outcome = shell("chmod +x refuses; trap '' CHLD; HARDNET_PYTHON=./refuses $H import " +
                                      file + " --model hardnet68 -o out",
                                  folder_);
    EXPECT_EQ(outcome.code, 3);
    EXPECT_EQ(outcome.err, "hardnet: " + file + ": expected patience, found none\n");
}

}  // namespace
}  // namespace hardnet::testing
