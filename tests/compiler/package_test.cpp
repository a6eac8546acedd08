// Packages on disk: the same bytes however they are made, and objects that need nothing.
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "package/manifest.h"
#include "runtime/inspect.h"
#include "schedules/machine.h"
#include "tests/compiler/packages.h"

namespace hardnet::testing {
namespace {

#if defined(__aarch64__)
const std::string kPlatform = "aarch64-linux";
#else
const std::string kPlatform = "x86_64-linux";
#endif

std::vector<std::string> host_levels() {
    std::vector<std::string> levels;
    const Result<std::vector<Machine>> machines = machines_for({"host"});
    if (machines)
        for (const Machine &m : *machines) levels.push_back(m.level);
    return levels;
}

// A package's shared library, opened at one of its levels.
struct OpenedPackage {
    OpenedPackage(const std::string &folder, const std::string &level, bool prepacked) {
        library = dlopen((folder + "/lib/" + kPlatform + "/libtiny.so").c_str(), RTLD_NOW | RTLD_LOCAL);
        const std::string weights = folder + "/tiny.safetensors";
        hardnet_options options = HARDNET_OPTIONS_DEFAULT;
        options.weights_path = weights.c_str();
        options.level = level.c_str();
        if (prepacked) options.packed_folder = folder.c_str();
        options.allocate = [](void *, size_t bytes, size_t alignment) {  // zeros between two packings, too
            void *zeros = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
            return zeros ? std::memset(zeros, 0, bytes) : nullptr;
        };
        options.release = [](void *, void *block, size_t) { std::free(block); };
        options.log = [](void *user, const char *text) { *static_cast<std::string *>(user) += text; };
        options.user = &logged;
        const auto *network =
            library ? static_cast<const hardnet_network *>(dlsym(library, "tiny")) : nullptr;
        status = hardnet_open(network, &options, &context);
        memory = hardnet_context_memory(context);
    }
    ~OpenedPackage() {
        hardnet_close(context);
        if (library) dlclose(library);
    }
    OpenedPackage(const OpenedPackage &) = delete;

    void *library;
    hardnet_context *context = nullptr;
    hardnet_status status;
    hardnet_memory memory{};
    std::string logged;
};

TEST_F(Packages, HoldPackedWeightsOfTheLevelsAskedFor) {
    const std::vector<std::string> levels = host_levels();
    CompileRequest r = request("tiny");
    r.prepack = levels;
    ASSERT_TRUE(compile_package(r));
    CompileRequest other = request("other");
    other.weights = "seed:2";
    ASSERT_TRUE(compile_package(other));
    for (const std::string &level : levels) {
        SCOPED_TRACE(level);
        const OpenedPackage made(r.folder, level, false), mapped(r.folder, level, true);
        ASSERT_EQ(made.status, HARDNET_OK) << hardnet_last_error(made.context);
        ASSERT_EQ(mapped.status, HARDNET_OK) << hardnet_last_error(mapped.context);
        EXPECT_FALSE(made.memory.prepacked);
        EXPECT_TRUE(mapped.memory.prepacked) << mapped.logged;
        ASSERT_EQ(mapped.memory.packed_weight_bytes, made.memory.packed_weight_bytes);
        EXPECT_EQ(std::memcmp(made.memory.packed, mapped.memory.packed, made.memory.packed_weight_bytes), 0);
        const fs::path file = fs::path(r.folder) / ("tiny." + level + ".safetensors");
        fs::copy_file(file, fs::path(other.folder) / file.filename());
        const OpenedPackage stale(other.folder, level, true);
        ASSERT_EQ(stale.status, HARDNET_OK);
        EXPECT_FALSE(stale.memory.prepacked);
        EXPECT_NE(stale.logged.find("found those of others"), std::string::npos) << stale.logged;
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
        r.targets = {"host", "opencl"};
        r.prepack = {host_levels().back()};
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
    EXPECT_EQ(made[0].count("tiny_opencl.c"), 1u);
    EXPECT_EQ(made[0].count("tiny." + host_levels().back() + ".safetensors"), 1u);
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
    EXPECT_EQ(package->manifest.height(), 32);
    EXPECT_EQ(package->manifest.width(), 40);
    EXPECT_EQ(package->manifest.classes(), 10);
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
            } else if (sscanf(line, "%*x %c %399s", &type, name) == 2 && isupper(type)) {  // visible outside
                EXPECT_EQ(std::string(name).rfind("hardnet_", 0), 0u) << platform << " defines " << name;
                defined++;
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

}  // namespace
}  // namespace hardnet::testing
