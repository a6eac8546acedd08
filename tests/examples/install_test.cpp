// What the installation promises beside working.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "tests/examples/workshop.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

std::set<std::string> matches(const std::string &text, const std::string &pattern) {
    std::set<std::string> found;
    const std::regex regex(pattern);
    for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
        found.insert((*at)[1]);
    return found;
}

std::string text_of(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Installed : public ::testing::Test {
protected:
    Workshop &shop_ = Workshop::of(native());
    void SetUp() override { ASSERT_EQ(shop_.error(), ""); }
    std::string output(const std::string &line) {
        const Outcome outcome = shop_.run(line);
        EXPECT_EQ(outcome.code, 0) << line << "\n" << outcome.err;
        return outcome.out;
    }
};

TEST_F(Installed, ACProgramNeedsTheCLibraryOnly) {
    const std::string program = shop_.build("", "classify");
    ASSERT_NE(program, "");
    for (const std::string &library : matches(output("ldd '" + program + "'"), R"(\s*(\S+)\s.*)"))
        EXPECT_THAT(library,
                    ::testing::MatchesRegex("(linux-vdso|libc|libm|.*/ld-linux[-a-z0-9_]*)\\.so\\.[0-9]+"));
    const std::string symbols = output("nm '" + program + "'");
    EXPECT_THAT(symbols, HasSubstr(" hardnet_open"));
    EXPECT_THAT(matches(symbols, R"(\b(halide_\w+|_Z\w+|__cxa_throw\w*|__gxx_\w+|_Unwind\w+|GOMP_\w+)\b)"),
                IsEmpty());
}

TEST_F(Installed, TheSharedLibraryExportsTheApi) {
    const std::string header = text_of(shop_.prefix() + "/include/hardnet/hardnet.h");
    const std::set<std::string> declared = matches(header, R"(HARDNET_API [^;(]*?(hardnet_\w+)\()");
    EXPECT_EQ(declared.size(), 15u);
    const std::string exported = output("nm -D --defined-only '" + shop_.prefix() + "/lib/libhardnet.so'");
    EXPECT_EQ(matches(exported, R"( T (\w+)@@HARDNET_0\.1)"), declared);
    EXPECT_EQ(matches(exported, R"( T (\w+)@)"), matches(exported, R"( [A-Za-z] (hardnet\w+)@)"));
    EXPECT_THAT(output("readelf -d '" + shop_.prefix() + "/lib/libhardnet.so'"),
                HasSubstr("[libhardnet.so.0]"));
}

TEST_F(Installed, PackagesShareKernels) {
    const auto kernels = [&](const std::string &name) {
        return matches(output("nm --defined-only '" + shop_.package(name) + "'/lib/*/lib" + name + ".a"),
                       R"( T (\w+)_argv)");
    };
    EXPECT_EQ(kernels("hardnet39ds"), kernels("hardnet68"));  // the same network under another name
    std::set<std::string> shared;
    const std::set<std::string> small = kernels("hardnet39ds"), wide = kernels("hardnet39ds_wide");
    std::set_intersection(small.begin(), small.end(), wide.begin(), wide.end(),
                          std::inserter(shared, shared.end()));
    EXPECT_THAT(shared, Not(IsEmpty()));  // linked once in several_networks
}

TEST_F(Installed, SaysNothingOfThisMachine) {
    for (const std::string &folder : {shop_.prefix(), shop_.package("hardnet39ds")}) {
        for (const auto &entry : fs::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file()) continue;
            const std::string text = text_of(entry.path());
            EXPECT_EQ(text.find(HARDNET_SOURCE_FOLDER), std::string::npos) << entry.path();
            EXPECT_EQ(text.find(HARDNET_BUILD_FOLDER), std::string::npos) << entry.path();
        }
    }
}

// The lines of docs/linking.md for a build without CMake.
TEST_F(Installed, WorksWithPkgConfigAndACompiler) {
    if (std::system("command -v pkg-config >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "pkg-config is not installed";
    const std::string package = shop_.package("hardnet68"), prefix = shop_.prefix();
    output("export PKG_CONFIG_PATH='" + prefix + "/lib/pkgconfig'; cc -std=c99 -O2 -I '" + package + "' '" +
           HARDNET_SOURCE_FOLDER + "/examples/classify.c' '" + package + "/hardnet68.c' " +
           "$(pkg-config --cflags hardnet-runtime) '" + package + "'/lib/$(uname -m)-linux/libhardnet68.a " +
           "$(pkg-config --libs hardnet-runtime) -o '" + prefix + ".by_hand'");
    EXPECT_EQ(shop_.run("'" + prefix + ".by_hand'").code, 2);
}

// A package's own folder as prefix, a project without C of its own, and a platform that the package lacks.
TEST_F(Installed, APackageIsFoundByItsFolder) {
    const std::string folder = shop_.prefix() + ".app";
    fs::create_directories(folder);
    std::ofstream(folder + "/CMakeLists.txt")
        << "cmake_minimum_required(VERSION 3.25)\n"
           "project(app LANGUAGES CXX)\n"
           "find_package(hardnet_digits REQUIRED)\n"
           "find_package(hardnet_digits REQUIRED)\n"
           "add_library(app SHARED app.cpp)\n"
           "target_link_libraries(app hardnet_digits::hardnet_digits)\n";
    std::ofstream(folder + "/app.cpp") << "#include \"hardnet_digits.h\"\n"
                                          "const void *network() { return &hardnet_digits; }\n";
    const std::string configure = std::string("'") + HARDNET_CMAKE + "' -S '" + folder + "' -G Ninja " +
                                  "-DCMAKE_PREFIX_PATH='" + shop_.prefix() + ";" +
                                  shop_.package("hardnet_digits") + "'";
    output(configure + " -B '" + folder + "/build' && '" + HARDNET_CMAKE + "' --build '" + folder +
           "/build'");

    const Outcome lacking =
        shop_.run("mv '" + shop_.package("hardnet_digits") + "/lib' '" + folder + "/lib'; " + configure +
                  " -B '" + folder + "/other'; code=$?; mv '" + folder + "/lib' '" +
                  shop_.package("hardnet_digits") + "/lib'; exit $code");
    EXPECT_EQ(lacking.code, 1);
    EXPECT_THAT(lacking.err, HasSubstr("expected kernels for"));
}

TEST_F(Installed, TheProgramFindsItsConverter) {
    const std::string prefix = shop_.prefix() + ".program";
    output(std::string("'") + HARDNET_CMAKE + "' --install '" + HARDNET_BUILD_FOLDER +
           "' --component program --prefix '" + prefix + "'");
    EXPECT_THAT(output("'" + prefix + "/bin/hardnet' list"), HasSubstr("hardnet68"));
    const Outcome refused = shop_.run("'" + prefix + "/bin/hardnet' import '" + HARDNET_SOURCE_FOLDER +
                                      "/tests/import/checkpoints/payload_zip.pth' --model hardnet68 -o out");
    if (refused.code == 5 && std::system("command -v python3 >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "python3 is not installed";
    EXPECT_EQ(refused.code, 3);
    EXPECT_THAT(refused.err, HasSubstr("found posix.system"));
}

}  // namespace
}  // namespace hardnet::testing
