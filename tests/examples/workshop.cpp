#include "tests/examples/workshop.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

const std::string kSource = HARDNET_SOURCE_FOLDER, kBuild = HARDNET_BUILD_FOLDER, kCmake = HARDNET_CMAKE;

bool on_path(const std::string &tool) {
    return std::system(("command -v " + tool + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

Platform native() { return {"native", "", "", ""}; }

Platform arm64() {
    std::string missing;
    for (const char *tool : {"aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++", "qemu-aarch64"})
        if (!on_path(tool)) missing += std::string(missing.empty() ? "" : ", ") + tool;
    // Debian's arm64 C library where it is installed, else the cross compiler's; see the toolchain file.
    const bool native_libc = fs::exists("/lib/ld-linux-aarch64.so.1");
    return {"arm64", " --toolchain '" + kSource + "/cmake/aarch64-linux-gnu.cmake'",
            native_libc ? "qemu-aarch64 " : "qemu-aarch64 -L /usr/aarch64-linux-gnu ", missing};
}

void OnPlatform::SetUp() {
    if (!GetParam().missing.empty())
        GTEST_SKIP() << "not installed: " << GetParam().missing
                     << " (apt-get install g++-aarch64-linux-gnu qemu-user)";
}

Workshop &Workshop::of(const Platform &platform) {
    static std::map<std::string, std::unique_ptr<Workshop>> workshops;
    std::unique_ptr<Workshop> &workshop = workshops[platform.name];
    if (!workshop) workshop.reset(new Workshop(platform));
    return *workshop;
}

Workshop::Workshop(const Platform &platform) : platform_(platform), folder_(kBuild + "/test-examples") {
    fs::create_directories(folder_ + "/packages");
    fs::remove_all(folder_ + "/" + platform.name);
    fs::create_directories(folder_ + "/" + platform.name);
    if (platform.toolchain.empty()) {
        make_packages();
        install("program", kBuild, program());
    } else {
        error_ = of(native()).error();  // its packages hold the kernels of all platforms
    }
    install_runtime();
}

Outcome Workshop::run(const std::string &line) { return shell(line, folder_); }

void Workshop::must(const std::string &line) {
    if (!error_.empty()) return;
    const Outcome outcome = run(line);
    if (outcome.code != 0) error_ = line + "\n" + outcome.out + outcome.err;
}

// The kernels of both platforms in each package; "hardnet68" is the smaller network under that name, so that
// its kernels are those of hardnet39ds.
void Workshop::make_packages() {
    const std::string targets = arm64().missing.empty() ? " --target host --target arm64" : " --target host";
    const auto compile = [&](const std::string &what, const std::string &name) {
        must(fmt::format("HARDNET_CACHE='{}/test-cache' $H compile {} -o packages/{}{}", kBuild, what, name,
                         targets));
    };
    compile(
        fmt::format("'{0}/models/digits.json' --weights '{0}/tools/train/digits.safetensors' --target cuda "
                    "--cubins none",
                    kSource),
        "hardnet_digits");
    compile(fmt::format(
                "'{0}/models/shapes_detector.json' --weights '{0}/tools/train/shapes_detector.safetensors'",
                kSource),
            "shapes_detector");
    compile("hardnet39ds --weights seed:1 --input 64x64", "hardnet39ds");
    compile("hardnet39ds --weights seed:1 --input 64x96 --name hardnet39ds_wide", "hardnet39ds_wide");
    compile("hardnet39ds --weights seed:1 --input 64x64 --name hardnet68", "hardnet68");
}

// In one place and moved to another: nothing in it may say where it was.
void Workshop::install(const std::string &component, const std::string &from, const std::string &to) {
    must(fmt::format(
        "'{0}' --install '{1}' --component {2} --prefix '{3}.installed' && mv '{3}.installed' '{3}'", kCmake,
        from, component, to));
}

void Workshop::install_runtime() {
    std::string build = kBuild;
    if (!platform_.toolchain.empty()) {
        build = folder_ + "/" + platform_.name + "/runtime";
        must(fmt::format("'{}' -S '{}' -B '{}' -G Ninja{} -DHARDNET_WITH_PROGRAM=OFF -DHARDNET_TESTS=OFF",
                         kCmake, kSource, build, platform_.toolchain));
        must(fmt::format("'{}' --build '{}'", kCmake, build));
    }
    install("runtime", build, prefix());
}

std::string Workshop::build(const std::string &folder, const std::string &program) {
    const std::string build = fmt::format("{}/{}/{}", folder_, platform_.name, program);
    // The packages' folder finds all of them; find_package takes one package's own as well.
    const Outcome built = run(
        fmt::format("'{}' -S '{}/examples/{}' -B '{}' -G Ninja{} -DCMAKE_PREFIX_PATH='{};{}/packages' "
                    "-DCMAKE_BUILD_TYPE=Release "
                    "-DCMAKE_C_FLAGS='-Wall -Wextra -Werror' -DCMAKE_CXX_FLAGS='-Wall -Wextra -Werror' && "
                    "'{}' --build '{}'",
                    kCmake, kSource, folder, build, platform_.toolchain, prefix(), folder_, kCmake, build));
    EXPECT_EQ(error_, "");
    EXPECT_EQ(built.code, 0) << built.out << built.err;
    return error_.empty() && built.code == 0 ? build + "/" + program : "";
}

}  // namespace hardnet::testing
