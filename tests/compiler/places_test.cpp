// Where a package and its kernels go: a folder that is there stays and is filled, links are followed, and a cache that
// cannot be written costs time only.
#include <sys/stat.h>

#include "tests/compiler/packages.h"

namespace hardnet::testing {
namespace {

ino_t number_of(const fs::path &folder) {
    struct stat info {};
    return ::stat(folder.c_str(), &info) == 0 ? info.st_ino : 0;
}

class Places : public Packages {
protected:
    std::string compiled_to(const std::string &folder, const std::string &weights = "seed:1") const {
        CompileRequest r = request(folder);
        r.weights = weights;
        const Result<CompileReport> report = compile_package(r);
        EXPECT_TRUE(report) << report.error().what;
        return report ? report->folder : "";
    }
    std::set<std::string> names_in(const fs::path &folder) const {
        std::set<std::string> names;
        for (const fs::directory_entry &entry : fs::directory_iterator(folder))
            names.insert(entry.path().filename());
        return names;
    }
};

const std::set<std::string> kTinyPackage = {"lib",    "tiny-config.cmake", "tiny.c",
                                            "tiny.h", "tiny.json",         "tiny.safetensors"};

// As a mount point has to: a rename would need its parent, and fails.
TEST_F(Places, AFolderThatIsThereStays) {
    const fs::path volume = folder_ / "volume";
    fs::create_directories(volume / "lost+found");
    fs::create_directories(volume / ".hardnet.new.volume.1");  // left behind by a killed compile
    const ino_t number = number_of(volume);
    std::set<std::string> names = kTinyPackage;
    names.insert({"lost+found", ".hardnet.new.volume.1"});
    compiled_to("volume");
    EXPECT_EQ(number_of(volume), number);
    EXPECT_EQ(names_in(volume), names);

    const auto first = contents(volume);
    std::ofstream(volume / "verify.json") << "of the old package\n";
    compiled_to("volume", "seed:2");
    EXPECT_EQ(number_of(volume), number);
    EXPECT_EQ(names_in(volume), names);
    EXPECT_NE(contents(volume).at("tiny.safetensors"), first.at("tiny.safetensors"));
    EXPECT_EQ(names_in(folder_), std::set<std::string>{"volume"});
}

// What such a package's reader says is to compile it again.
TEST_F(Places, APackageOfAnotherVersionIsReplaced) {
    const fs::path manifest = fs::path(compiled_to("package")) / "tiny.json";
    const auto first = contents(folder_ / "package");
    std::ofstream(manifest) << "{\"format\": 1}\n";
    ASSERT_FALSE(open_package((folder_ / "package").string()));
    compiled_to("package");
    expect_same(contents(folder_ / "package"), first);
}

TEST_F(Places, NewFoldersAreMade) {
    compiled_to("a/b/../c/");
    EXPECT_EQ(names_in(folder_), std::set<std::string>{"a"});
    EXPECT_EQ(names_in(folder_ / "a"), std::set<std::string>{"c"});
    EXPECT_EQ(names_in(folder_ / "a" / "c"), kTinyPackage);
}

TEST_F(Places, LinksAreFollowed) {
    fs::create_directories(folder_ / "disk");
    fs::create_directory_symlink("disk/package", folder_ / "link");  // to nothing yet
    for (const char *weights : {"seed:1", "seed:2"}) {
        EXPECT_EQ(compiled_to("link", weights), (folder_ / "disk" / "package").string());
        EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
        EXPECT_EQ(names_in(folder_ / "disk" / "package"), kTinyPackage);
        EXPECT_EQ(names_in(folder_), (std::set<std::string>{"disk", "link"}));
    }
}

TEST_F(Places, LinksInACircleAreRefused) {
    fs::create_directory_symlink("circle", folder_ / "circle");
    const Result<CompileReport> report = compile_package(request("circle"));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().what,
              (folder_ / "circle").string() + ": expected a folder, found too many symbolic links");
}

TEST_F(Places, ACacheThatCannotBeWrittenIsANote) {
    compiled_to("cached");
    CompileRequest r = request("uncached");
    use_cache("/proc/hardnet");
    const Result<CompileReport> report = compile_package(r);
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->compiled, report->kernels);
    ASSERT_EQ(report->notes.size(), 1u);
    EXPECT_EQ(report->notes[0],
              "cache: /proc/hardnet cannot be written (No such file or directory), so no kernel is kept; "
              "HARDNET_CACHE names another folder");
    expect_same(contents(folder_ / "uncached"), contents(folder_ / "cached"));
}

// What a cache has is taken from it, whoever filled it.
TEST_F(Places, AReadOnlyCacheIsRead) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become a user who may not write there";
    use_cache(cache_);
    compiled_to("filled");
    ASSERT_EQ(chmod(cache_.c_str(), 0555), 0);
    ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
    const CompileRequest r = request("package");
    const auto compile_as_somebody = [&] {
        constexpr uid_t kSomebody = 54321;
        if (setuid(kSomebody) != 0) _exit(2);
        const Result<CompileReport> report = compile_package(r);
        const bool noted = report && report->notes.size() == 1 && report->compiled == 0;
        std::fprintf(stderr, "%s\n", !report ? report.error().what.c_str() : report->notes[0].c_str());
        _exit(noted ? 0 : 1);
    };
    EXPECT_EXIT(compile_as_somebody(), ::testing::ExitedWithCode(0),
                "cannot be written \\(Permission denied\\)");
    expect_same(contents(folder_ / "package"), contents(folder_ / "filled"));
}

}  // namespace
}  // namespace hardnet::testing
