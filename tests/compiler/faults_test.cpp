// A disk that fills up at any file of a package, or of the cache: an error that names the folder, what was
// there stays, and nothing is left beside it. A limit on the size of files stands for the disk. And Halide's
// own errors.
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "compiler/emission/kernel.h"
#include "tests/compiler/packages.h"

namespace hardnet::testing {
namespace {

using Faults = Packages;

class FullDisk : public Packages {
protected:
    // compile_package while no file may grow past `bytes`.
    static Result<CompileReport> compile_within(rlim_t bytes, const CompileRequest &request) {
        rlimit before{};
        getrlimit(RLIMIT_FSIZE, &before);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{bytes, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        Result<CompileReport> report = compile_package(request);
        setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
        return report;
    }
};

TEST_F(FullDisk, LeavesThePackageThatWasThere) {
    CompileRequest r = request("package");
    r.record.classes = 4000;  // makes the weights, which are written last, larger than the archive
    ASSERT_TRUE(compile_package(r));
    const auto before = contents(folder_);
    r.weights = "seed:2";
    std::set<std::string> stopped_at;
    for (const auto &[name, bytes] : before) {
        const std::string extension = fs::path(name).extension();
        if (extension != ".h" && extension != ".c" && extension != ".a" && extension != ".safetensors")
            continue;
        const Result<CompileReport> report = compile_within(bytes.size() - 1, r);
        ASSERT_FALSE(report) << name;
        EXPECT_EQ(int(report.error().code), int(ExitCode::kEnvironment)) << report.error().what;
        const std::string &what = report.error().what, folder = r.folder + "/";
        EXPECT_EQ(what.substr(0, folder.size()), folder);
        EXPECT_EQ(what.find('\n'), std::string::npos);
        stopped_at.insert(fs::path(what.substr(0, what.find(": "))).extension());
        expect_same(contents(folder_), before);
    }
    EXPECT_EQ(stopped_at, (std::set<std::string>{".h", ".c", ".a", ".safetensors"}));
}

TEST_F(FullDisk, LeavesNoHalfKernelInTheCache) {
    use_cache(cache_);
    const Result<CompileReport> report = compile_within(64, request("package"));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().what,
              cache_.string() + ": expected to write a kernel's object, found no room or no permission");
    EXPECT_EQ(int(report.error().code), int(ExitCode::kEnvironment));
    EXPECT_TRUE(fs::is_empty(cache_));
    EXPECT_TRUE(fs::is_empty(folder_));
}

// Halide ends the process that meets its error, which is a child; this one gets the line.
TEST_F(Faults, OfHalideAreALine) {
    use_cache(cache_);
    Machine machine = machines().front();
    machine.target = "x86-64-linux-no_such_feature";
    const KernelSpec spec = GlobalPoolSpec{4, 4, 16, 64, 16, false, false, false, {}};
    const Result<KernelObjects> objects = emit_kernels({{&spec, &machine, "hardnet_fault"}}, 1, {});
    ASSERT_FALSE(objects);
    EXPECT_EQ(int(objects.error().code), int(ExitCode::kInternal));
    EXPECT_NE(objects.error().what.find("no_such_feature"), std::string::npos) << objects.error().what;
    EXPECT_EQ(objects.error().what.find('\n'), std::string::npos);
    EXPECT_TRUE(fs::is_empty(cache_));
}

// Other processes use objects, which changes their times, while this one sorts by them.
TEST_F(Faults, ACacheInUseIsTrimmed) {
    use_cache(cache_);
    std::vector<fs::path> objects;
    for (int i = 0; i < 200; i++) {
        objects.push_back(cache_ / ("hardnet_" + std::to_string(i) + ".o"));
        std::ofstream(objects.back()) << "object";
    }
    std::atomic<bool> done{false};
    std::thread user([&] {
        for (unsigned i = 0; !done; i = i * 1664525 + 1013904223)
            fs::last_write_time(objects[i % objects.size()], fs::file_time_type::clock::now());
    });
    for (int i = 0; i < 200; i++) EXPECT_EQ(trim_cache(1200), 0);
    done = true;
    user.join();
    EXPECT_EQ(trim_cache(600), 600);
    EXPECT_EQ(cache_size(), 600);
}

}  // namespace
}  // namespace hardnet::testing
