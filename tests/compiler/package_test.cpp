// Packages on disk: the same bytes however they are made, objects that need nothing, and refusals that leave
// the disk as it was.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "compiler/compile.h"
#include "package/manifest.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

#if defined(__aarch64__)
const std::string kPlatform = "aarch64-linux";
#else
const std::string kPlatform = "x86_64-linux";
#endif

// A folder of the test's own, in which every file and folder counts; the cache lies elsewhere.
class Packages : public ::testing::Test {
protected:
    Packages() {
        fs::create_directories(folder_);
        fs::create_directories(cache_);
        use_cache(HARDNET_TEST_CACHE);
    }
    ~Packages() override { fs::remove_all(root_); }

    static void use_cache(const fs::path &cache) { setenv("HARDNET_CACHE", cache.c_str(), 1); }

    CompileRequest request(const std::string &to) const {
        CompileRequest r;
        r.record.name = "tiny";
        r.record.stem[0] = 8;
        r.record.stem[1] = 14;
        r.record.blocks = {{8, 4, 20, true}, {10, 2, 24, false}};
        r.record.classes = 10;
        r.weights = "seed:1";
        r.size = {32, 40};
        r.folder = (folder_ / to).string();
        return r;
    }

    // Every path below the test's folder: files with their bytes, folders with "/".
    std::map<std::string, std::string> contents(const fs::path &of) const {
        std::map<std::string, std::string> all;
        for (const fs::directory_entry &entry : fs::recursive_directory_iterator(of)) {
            const std::string name = fs::relative(entry.path(), of).string();
            std::ifstream file(entry.path(), std::ios::binary);
            all[name] = entry.is_directory() ? "/" : std::string(std::istreambuf_iterator<char>(file), {});
        }
        return all;
    }

    const fs::path root_ = fs::path(HARDNET_TEST_PACKAGES) / ("test_packages-" + std::to_string(getpid()));
    const fs::path folder_ = root_ / "disk", cache_ = root_ / "cache";
};

void expect_same(const std::map<std::string, std::string> &a, const std::map<std::string, std::string> &b) {
    std::set<std::string> names;
    for (const auto &[name, bytes] : a) names.insert(name);
    for (const auto &[name, bytes] : b) names.insert(name);
    for (const std::string &name : names) {
        ASSERT_TRUE(a.count(name) && b.count(name)) << name << " is missing in one of them";
        EXPECT_TRUE(a.at(name) == b.at(name)) << name << " differs";
    }
}

TEST_F(Packages, AreTheSameBytesHoweverTheyAreMade) {
    std::vector<std::map<std::string, std::string>> made;
    std::vector<CompileReport> reports;
    for (int jobs : {1, 2, 2}) {  // the third finds every kernel in the second's cache
        const int number = int(made.size());
        use_cache(cache_ / std::to_string(std::min(number, 1)));
        CompileRequest r =
            request("deep/" + std::string(size_t(number * 9 + 1), 'x'));  // paths of other lengths
        r.jobs = jobs;
        const Result<CompileReport> report = compile_package(r);
        ASSERT_TRUE(report) << report.error().what;
        reports.push_back(*report);
        made.push_back(contents(r.folder));
    }
    EXPECT_EQ(reports[0].compiled, reports[0].kernels);
    EXPECT_EQ(reports[1].compiled, reports[1].kernels);
    EXPECT_EQ(reports[2].compiled, 0);
    EXPECT_GT(reports[0].kernels, 20);
    EXPECT_EQ(made[0].count("lib/" + kPlatform + "/libtiny.so"), 1u);
    expect_same(made[0], made[1]);
    expect_same(made[0], made[2]);
}

TEST_F(Packages, HoldWhatTheyPromise) {
    const CompileRequest r = request("tiny");
    const Result<CompileReport> report = compile_package(r);
    ASSERT_TRUE(report) << report.error().what;
    std::set<std::string> names;
    for (const auto &[name, bytes] : contents(r.folder)) names.insert(name);
    const std::string library = "lib/" + kPlatform;
    EXPECT_EQ(names, (std::set<std::string>{"lib", library, library + "/libtiny.a", library + "/libtiny.so",
                                            "tiny-config.cmake", "tiny.c", "tiny.h", "tiny.json",
                                            "tiny.safetensors"}));
    const Result<Package> package = open_package(r.folder);
    ASSERT_TRUE(package) << package.error().what;
    EXPECT_EQ(package->manifest.height, 32);
    EXPECT_EQ(package->manifest.width, 40);
    EXPECT_EQ(package->manifest.classes, 10);
    for (const LevelInfo &level : package->manifest.levels) {
        EXPECT_EQ(level.concat_bytes, 0);
        EXPECT_GT(level.transform_bytes, 0);
        EXPECT_GT(level.kernel_bytes, 0);
    }
}

// Kernels need the C library's memory functions at most; nothing of Halide's runtime.
TEST_F(Packages, ObjectsReferToNothing) {
    CompileRequest r = request("tiny");
    r.targets = {"x86-64", "arm64"};
    const Result<CompileReport> report = compile_package(r);
    ASSERT_TRUE(report) << report.error().what;
    const std::set<std::string> allowed = {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_"};
    for (const char *platform : {"x86_64-linux", "aarch64-linux"}) {
        const std::string archive = r.folder + "/lib/" + platform + "/libtiny.a";
        FILE *nm = popen(("nm " + archive).c_str(), "r");
        ASSERT_TRUE(nm);
        char line[512];
        int defined = 0;
        while (fgets(line, sizeof line, nm)) {
            char type = 0, name[400] = "";
            if (sscanf(line, " %c %399s", &type, name) == 2 && type == 'U') {
                EXPECT_EQ(allowed.count(name), 1u) << platform << " needs " << name;
            } else if (sscanf(line, "%*x %c %399s", &type, name) == 2 && type == 'T') {
                defined += std::string(name).rfind("hardnet_", 0) == 0;
            }
        }
        EXPECT_EQ(pclose(nm), 0);
        EXPECT_GT(defined, 20) << platform;
    }
}

TEST_F(Packages, AreReplacedWhole) {
    ASSERT_TRUE(compile_package(request("tiny")));
    const auto before = contents(folder_);
    CompileRequest other = request("tiny/");  // as a shell completes it
    other.weights = "seed:2";
    ASSERT_TRUE(compile_package(other));
    const auto after = contents(folder_);
    ASSERT_EQ(after.size(), before.size());
    EXPECT_NE(after.at("tiny/tiny.safetensors"), before.at("tiny/tiny.safetensors"));
    EXPECT_EQ(after.at("tiny/tiny.c"), before.at("tiny/tiny.c"));
}

// Without a C compiler the package is whole but for the library that only this host's program would open.
TEST_F(Packages, LackTheSharedLibraryWhereNothingLinksIt) {
    setenv("CC", "/bin/false", 1);
    const CompileRequest r = request("tiny");
    const Result<CompileReport> report = compile_package(r);
    unsetenv("CC");
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->shared_library, "");
    ASSERT_EQ(report->notes.size(), 1u);
    EXPECT_EQ(report->notes[0].rfind("no shared library", 0), 0u) << report->notes[0];
    const auto files = contents(r.folder);
    EXPECT_EQ(files.size(), 8u);
    EXPECT_EQ(files.count("lib/" + kPlatform + "/libtiny.so"), 0u);
}

TEST_F(Packages, NeedAWritableCache) {
    std::ofstream(cache_ / "file") << "in the way\n";
    use_cache(cache_ / "file" / "below");
    const Result<CompileReport> report = compile_package(request("tiny"));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ExitCode::kEnvironment);
    EXPECT_EQ(report.error().what.rfind("cache folder: expected a writable folder", 0), 0u)
        << report.error().what;
    EXPECT_TRUE(contents(folder_).empty());
}

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
    const auto before = contents(folder_);
    const Result<CompileReport> report = compile_package(r);
    ASSERT_FALSE(report);
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
                       ExitCode::kEnvironment, "expected a writable folder"},
               Refusal{"Unwritable", [](CompileRequest &r) { r.folder = "/proc/hardnet"; },
                       ExitCode::kEnvironment, "/proc/hardnet: expected a writable folder"},
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
