// What is not compiled: a usage or input error that says what it found, and a disk that is left as it was.
#include <functional>

#include "tests/compiler/packages.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

struct Refusal {
    const char *name;
    std::function<void(CompileRequest &)> spoil;
    ExitCode code;
    const char *text;  // part of the error
};

class Refusals : public Packages, public ::testing::WithParamInterface<Refusal> {
protected:
    // What a request may run into.
    void furnish() {
        std::ofstream(folder_ / "file") << "a file\n";
        fs::create_directories(folder_ / "foreign");
        std::ofstream(folder_ / "foreign" / "thesis.txt") << "not a package\n";
        fs::create_directories(folder_ / "mixed");
        std::ofstream(folder_ / "mixed" / "holiday.json") << "{}\n";
        fs::create_directory_symlink("/proc", folder_ / "link");
        const CompileRequest r = request("");
        const Result<Network> network = build_network(r.record, r.size);
        ASSERT_TRUE(network);
        ASSERT_TRUE(write_safetensors((folder_ / "ten.safetensors").string(),
                                      seeded_checkpoint(*network, 1).tensors, {}));
    }
};

TEST_P(Refusals, LeaveTheDiskAsItWas) {
    furnish();
    CompileRequest r = request("package");
    GetParam().spoil(r);
    const auto place = [&](std::string &path) {
        if (path.rfind("HERE", 0) == 0) path = (folder_ / path.substr(5)).string();
    };
    place(r.folder);
    place(r.weights);
    use_cache(cache_);
    const auto before = contents(folder_);
    const Result<CompileReport> report = compile_package(r);
    ASSERT_FALSE(report);
    EXPECT_TRUE(fs::is_empty(cache_)) << "something was compiled before";
    EXPECT_EQ(int(report.error().code), int(GetParam().code)) << report.error().what;
    EXPECT_NE(report.error().what.find(GetParam().text), std::string::npos) << report.error().what;
    expect_same(contents(folder_), before);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Refusals,
    ::testing::
        Values(Refusal{"Name", [](CompileRequest &r) { r.name = "2fast"; }, ExitCode::kUsage,
                       "expected a C identifier of at most 64 characters, found '2fast'"},
               Refusal{"NameWithSlash", [](CompileRequest &r) { r.name = "../up"; }, ExitCode::kUsage,
                       "found '../up'"},
               Refusal{"NoFolder", [](CompileRequest &r) { r.folder = ""; }, ExitCode::kUsage,
                       "expected a folder"},
               Refusal{"FolderIsAFile", [](CompileRequest &r) { r.folder = "HERE/file"; }, ExitCode::kUsage,
                       "found a file"},
               Refusal{"ForeignFiles", [](CompileRequest &r) { r.folder = "HERE/foreign"; }, ExitCode::kUsage,
                       "found other files"},
               Refusal{"ForeignJson", [](CompileRequest &r) { r.folder = "HERE/mixed"; }, ExitCode::kUsage,
                       "found other files"},
               Refusal{"UnderAFile", [](CompileRequest &r) { r.folder = "HERE/file/below"; },
                       ExitCode::kUsage, "/file: expected a folder, found a file"},
               Refusal{"Unwritable", [](CompileRequest &r) { r.folder = "/proc/hardnet"; },
                       ExitCode::kEnvironment, "/proc: expected a writable folder, found: "},
               Refusal{"UnwritableFarAbove", [](CompileRequest &r) { r.folder = "/proc/hardnet/a/b"; },
                       ExitCode::kEnvironment, "/proc: expected a writable folder, found: "},
               Refusal{"UnwritableBehindALink", [](CompileRequest &r) { r.folder = "HERE/link/package"; },
                       ExitCode::kEnvironment, "/proc: expected a writable folder, found: "},
               Refusal{"BatchOfNone", [](CompileRequest &r) { r.batch = 0; }, ExitCode::kUsage,
                       "batch: expected 1 to 1024, found 0"},
               Refusal{"BatchTooLarge", [](CompileRequest &r) { r.batch = 1025; }, ExitCode::kUsage,
                       "found 1025"},
               Refusal{"Target",
                       [](CompileRequest &r) {
                           r.targets = {"host", "pdp-11"};
                       },
                       ExitCode::kUsage, "found 'pdp-11'"},
               Refusal{"Algorithm", [](CompileRequest &r) { r.algorithm = "fft"; }, ExitCode::kUsage,
                       "algorithm: expected auto, winograd or direct, found 'fft'"},
               Refusal{"Objective", [](CompileRequest &r) { r.objective = "beauty"; }, ExitCode::kUsage,
                       "optimize: expected speed or size, found 'beauty'"},
               Refusal{"Prepack",
                       [](CompileRequest &r) {
                           r.targets = {"arm64"};
                           r.prepack = {"neon", "avx2"};
                       },
                       ExitCode::kUsage,
                       "prepack: expected one of the targets' levels (neon), found 'avx2'"},
               Refusal{"SeedIsAWord", [](CompileRequest &r) { r.weights = "seed:abc"; }, ExitCode::kUsage,
                       "found 'seed:abc'"},
               Refusal{"SeedIsNegative", [](CompileRequest &r) { r.weights = "seed:-1"; }, ExitCode::kUsage,
                       "found 'seed:-1'"},
               Refusal{"SeedIsEmpty", [](CompileRequest &r) { r.weights = "seed:"; }, ExitCode::kUsage,
                       "found 'seed:'"},
               Refusal{"NoWeights", [](CompileRequest &r) { r.weights = "HERE/none.safetensors"; },
                       ExitCode::kBadInput, "none.safetensors"},
               Refusal{"WeightsAreNone", [](CompileRequest &r) { r.weights = "HERE/file"; },
                       ExitCode::kBadInput, "file"},
               Refusal{"Classes",
                       [](CompileRequest &r) {
                           r.weights = "HERE/ten.safetensors";
                           r.classes = 11;
                       },
                       ExitCode::kBadInput, "expected 11 classes, found 10"},
               Refusal{"OtherNetworksWeights",
                       [](CompileRequest &r) {
                           r.weights = "HERE/ten.safetensors";
                           r.record.blocks[0].growth_rate = 12;
                       },
                       ExitCode::kBadInput, "ten.safetensors"},
               Refusal{
                   "TinyImage",
                   [](CompileRequest &r) {
                       r.size = {0, 32};
                   },
                   ExitCode::kBadInput, ""}),
    [](const auto &refusal) { return refusal.param.name; });

}  // namespace
}  // namespace hardnet::testing
