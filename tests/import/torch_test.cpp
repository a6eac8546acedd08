// What PyTorch saved becomes the same tensors, bit for bit, in every arrangement and both formats; what holds
// anything else is refused and never executed.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "reference/compare.h"
#include "reference/run_network.h"
#include "tests/cli/program.h"
#include "tests/import/checkpoints.h"
#include "weights/describe.h"
#include "weights/import.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

struct Good {
    const char *file, *record, *arrangement;
};

void PrintTo(const Good &good, std::ostream *out) { *out << good.file; }

class GoodCheckpoint : public ProgramTest, public ::testing::WithParamInterface<Good> {};

TEST_P(GoodCheckpoint, HoldsTheSeededTensorsAndRunsAsPytorchDoes) {
    SKIP_WITHOUT_TORCH();
    const Good good = GetParam();
    const ModelRecord record = small_record(good.record);
    const std::string out = folder_ + "/out.safetensors";
    const auto notes = import_checkpoint(checkpoint_path(good.file), record, out, false);
    ASSERT_TRUE(notes) << notes.error().what;

    Result<Checkpoint> read = read_checkpoint(out);
    ASSERT_TRUE(read) << read.error().what;
    const Result<ModelRecord> described = described_record(record, *read);
    ASSERT_TRUE(described) << described.error().what;
    const Result<Network> network = build_network(*described, described->input);
    ASSERT_TRUE(network) << network.error().what;
    const Checkpoint expected = seeded_checkpoint(*network, 1);
    ASSERT_EQ(read->tensors.size(), expected.tensors.size());
    for (const auto &[key, tensor] : expected.tensors) {
        EXPECT_EQ(read->tensors.at(key).shape, tensor.shape) << key;
        EXPECT_EQ(read->tensors.at(key).values, tensor.values) << key;
    }

    const Result<FoldedWeights> folded = fold(*network, *read);
    ASSERT_TRUE(folded) << folded.error().what;
    const auto outputs = run_network(*network, *folded, seeded_input(3 * 32 * 32, 1), {1, {}});
    ASSERT_TRUE(outputs) << outputs.error().what;
    const auto difference = compare(outputs->back(), golden_logits(good.record, good.arrangement));
    EXPECT_LT(difference.relative_rms, 1e-6);  // folding rounds once to float32
}

INSTANTIATE_TEST_SUITE_P(Torch, GoodCheckpoint,
                         ::testing::Values(Good{"authors_zip.pth", "small", "authors"},
                                           Good{"authors_legacy.pth", "small", "authors"},
                                           Good{"resume_zip.pth", "small", "authors"},
                                           Good{"resume_legacy.pth", "small", "authors"},
                                           Good{"model_state.pkl", "small", "authors"},
                                           Good{"numpy_legacy.pkl", "small", "authors"},
                                           Good{"numpy_zip.pth", "small", "authors"},
                                           Good{"wrapped.pth", "small", "authors"},
                                           Good{"average_alone.pth", "small", "authors"},
                                           Good{"double.pth", "small", "authors"},
                                           Good{"small_pytorchcv_zip.pth", "small", "pytorchcv"},
                                           Good{"small_pytorchcv_legacy.pth", "small", "pytorchcv"},
                                           Good{"small_ds_pytorchcv_zip.pth", "small_ds", "pytorchcv"},
                                           Good{"small_ds_pytorchcv_legacy.pth", "small_ds", "pytorchcv"}),
                         [](const auto &info) {
                             const std::string file = info.param.file;
                             return file.substr(0, file.find('.'));
                         });

TEST(Goldens, TellPytorchcvsActivationsFromTheAuthors) {
    EXPECT_GT(compare(golden_logits("small", "authors"), golden_logits("small", "pytorchcv")).relative_rms,
              0.1);
    EXPECT_EQ(golden_logits("small_ds", "authors"), golden_logits("small_ds", "pytorchcv"));
}

class Refused : public ProgramTest {
protected:
    // `found` is what the line says behind the file's name.
    void expect_refused(const std::string &path, const std::string &found) {
        expect_error("import " + path + " --model hardnet68 -o out.safetensors", 3,
                     "hardnet: " + path + ": " + found);
        EXPECT_TRUE(std::filesystem::is_empty(folder_)) << path << " left something behind";
    }
    std::string bytes_of(const std::string &name) {
        std::ifstream file(checkpoint_path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
};

TEST_F(Refused, ProgramsInsidePickles) {
    SKIP_WITHOUT_TORCH();
    for (const char *format : {"zip", "legacy"}) {
        for (const auto &[name, found] : {std::pair("payload", "posix.system"), {"module", "__main__.Net"}})
            expect_refused(checkpoint_path(std::string(name) + "_" + format + ".pth"),
                           std::string("expected a state_dict of tensors and plain values, found ") + found +
                               ", which is not loaded (save model.state_dict() alone)\n");
    }
}

TEST_F(Refused, ArchivesThatPytorchWouldRun) {
    SKIP_WITHOUT_TORCH();
    expect_refused(checkpoint_path("torchscript.pth"),
                   "expected a state_dict, found a TorchScript program, which is code\n");
    expect_refused(checkpoint_path("tar.pth"), "expected what torch.save writes, found another format\n");
}

TEST_F(Refused, IntegersAreNotConverted) {
    SKIP_WITHOUT_TORCH();
    expect_refused(
        checkpoint_path("integers.pth"),
        "expected tensors of type F32, F16, BF16 or F64 (and num_batches_tracked of any), found 1 others\n"
        "  \"base.0.conv.weight\": I32\n");
}

TEST_F(Refused, AClassOfNumpyIsNoNumber) {
    SKIP_WITHOUT_TORCH();
    expect_refused(
        checkpoint_path("numpy_class.pth"),
        "expected a state_dict of tensors and plain values, found a class of numpy, which is not loaded "
        "(save model.state_dict() alone)\n");
}

// The opcodes by which a pickle can name something: GLOBAL, STACK_GLOBAL, INST; and one on an empty stack.
TEST_F(Refused, PicklesWrittenByHand) {
    SKIP_WITHOUT_TORCH();
    const std::string legacy = bytes_of("authors_legacy.pth");
    const std::string start = legacy.substr(0, legacy.find('.') + 1);  // the magic number's pickle
    // Behind the payload come as many pickles as the format has, so that the file is whole.
    for (const std::string &payload :
         {std::string("cposix\nsystem\n(S'touch executed'\ntR."),
          std::string("\x80\4\x8c\5posix\x8c\6system\x93.", 19),
          std::string("(S'touch executed'\niposix\nsystem\n."), std::string("Q.")}) {
        write("hand.pth", start + payload + "N.N.N.");
        const Outcome outcome = hardnet("import hand.pth --model hardnet68 -o out.safetensors");
        EXPECT_EQ(outcome.code, 3) << outcome.err;
        EXPECT_THAT(outcome.err, MatchesRegex("hardnet: hand.pth: expected [^\n]*, found:? [^\n]*\n"));
        EXPECT_FALSE(std::filesystem::exists(folder_ + "/executed"));
    }
}

TEST_F(Refused, DamagedFiles) {
    SKIP_WITHOUT_TORCH();
    const std::string zip = bytes_of("authors_zip.pth"), legacy = bytes_of("authors_legacy.pth");
    for (const std::string &bytes :
         {zip.substr(0, zip.size() - 1), zip.substr(0, 400), legacy.substr(0, legacy.size() - 1),
          legacy.substr(0, 60), legacy.substr(0, 1000), std::string("PK\3\4"), std::string()}) {
        write("damaged.pth", bytes);
        const Outcome outcome = hardnet("import damaged.pth --model hardnet68 -o out.safetensors");
        EXPECT_EQ(outcome.code, 3) << bytes.size() << ": " << outcome.err;
        EXPECT_THAT(outcome.err, MatchesRegex("hardnet: damaged.pth: expected [^\n]*, found:? [^\n]*\n"));
    }
}

TEST_F(Refused, WhatIsNoFile) {
    expect_error("import absent.pth --model hardnet68 -o out", 3,
                 "hardnet: absent.pth: expected a readable file, found: No such file or directory\n");
    ASSERT_EQ(mkfifo((folder_ + "/fifo.pth").c_str(), 0600), 0);
    expect_error("import fifo.pth --model hardnet68 -o out", 3,
                 "hardnet: fifo.pth: expected a regular file, found a FIFO\n");
}

TEST_F(Refused, WithoutPytorchTheEnvironmentIsWrong) {
    const std::string file = checkpoint_path("authors_zip.pth");
    const std::string line = "hardnet: " + file +
                             ": expected python3 with PyTorch to read it, found none (apt-get install -y "
                             "--no-install-recommends python3-torch)\n";
    for (const char *verb : {"import", "compile hardnet68 --input 64x64 --weights"}) {
        const bool import = std::string(verb) == "import";
        const Outcome outcome = shell("HARDNET_PYTHON=./none $H " + std::string(verb) + " " + file +
                                          (import ? " --model hardnet68 -o out" : " -o out"),
                                      folder_);
        if (!import && outcome.err.find("HARDNET_WITH_COMPILER") != std::string::npos) continue;
        EXPECT_EQ(outcome.code, 5);
        EXPECT_EQ(outcome.err, line + "  ./none: No such file or directory\n");
    }
    // An interpreter without the package.
    write("bare", "#!/bin/sh\necho 'expected PyTorch in bare, found: nothing'\nexit 5\n");
    const Outcome bare = shell(
        "chmod +x bare; HARDNET_PYTHON=./bare $H import " + file + " --model hardnet68 -o out", folder_);
    EXPECT_EQ(bare.code, 5);
    EXPECT_EQ(bare.err, line + "  ./bare: expected PyTorch in bare, found: nothing\n");
}

TEST_F(Refused, AConverterThatDies) {
    write("dies", "#!/bin/sh\nkill -SEGV $$\n");
    const std::string file = checkpoint_path("authors_zip.pth");
    const Outcome outcome = shell(
        "chmod +x dies; HARDNET_PYTHON=./dies $H import " + file + " --model hardnet68 -o out", folder_);
    EXPECT_EQ(outcome.code, 3);
    EXPECT_EQ(outcome.err, "hardnet: " + file +
                               ": expected a checkpoint that PyTorch reads, found that signal 11 ended it\n");
}

TEST_F(Refused, TheDoctorSaysWhetherTheyCanBeRead) {
    write("python", "#!/bin/sh\n[ \"$1\" = -c ]\n");
    const Outcome there = shell("chmod +x python; HARDNET_PYTHON=./python $H doctor", folder_);
    EXPECT_THAT(there.out, HasSubstr("  python3 with PyTorch    ./python\n"));
    const Outcome missing = shell("HARDNET_PYTHON=./none $H doctor", folder_);
    EXPECT_THAT(missing.out, HasSubstr("  python3 with PyTorch    missing, for reading .pth checkpoints: "
                                       "apt-get install python3-torch\n"));
}

}  // namespace
}  // namespace hardnet::testing
