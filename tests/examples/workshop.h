// Where the examples are built: an installed runtime per platform, packages, and a folder per example.
#pragma once
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/cli/program.h"

namespace hardnet::testing {

struct Platform {
    std::string name;       // "native", "arm64": a folder's name
    std::string toolchain;  // arguments for cmake
    std::string emulator;   // before a program's path
    std::string missing;    // why nothing can be built or run here; else empty
};

inline void PrintTo(const Platform &platform, std::ostream *out) { *out << platform.name; }

class Workshop {
public:
    // Made on first use and kept for the process: packages, and the platform's runtime, installed and moved.
    static Workshop &of(const Platform &platform);

    const std::string &error() const { return error_; }
    std::string prefix() const { return folder_ + "/" + platform_.name + "/prefix"; }
    std::string program() const {
        return folder_ + "/native/program";
    }  // installed and moved, with its CMake files
    std::string package(const std::string &name) const { return folder_ + "/packages/" + name; }
    std::string weights(const std::string &name) const { return package(name) + "/" + name + ".safetensors"; }

    // Configures and builds examples/<folder>; returns the built program's path, or "" with a failure.
    std::string build(const std::string &folder, const std::string &program);
    // A line for the shell, from the workshop's folder.
    Outcome run(const std::string &line);
    const Platform &platform() const { return platform_; }

private:
    explicit Workshop(const Platform &platform);
    void make_packages();
    void install_runtime();
    void install(const std::string &component, const std::string &from, const std::string &to);
    void must(const std::string &line);

    Platform platform_;
    std::string folder_, error_;
};

// A test on each platform that can be built for and run here.
class OnPlatform : public ::testing::TestWithParam<Platform> {
protected:
    void SetUp() override;
    Workshop &shop() { return Workshop::of(GetParam()); }
};

Platform native();
Platform arm64();

}  // namespace hardnet::testing
