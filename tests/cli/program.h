// The built program as a subprocess, and what it needs around it.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "package/manifest.h"

namespace hardnet {

struct Outcome {
    int code = -1;  // 128 + the signal where one ended it
    std::string out, err;
};

// Runs `command` in a shell in `folder`, where $H is the program.
Outcome shell(const std::string &command, const std::string &folder);

// A test in a folder of its own, removed behind it.
class ProgramTest : public ::testing::Test {
protected:
    void SetUp() override;
    void TearDown() override { std::filesystem::remove_all(folder_); }

    Outcome hardnet(const std::string &arguments) { return shell("$H " + arguments, folder_); }
    // The program fails with `code`, prints nothing on stdout, and `err` on stderr.
    void expect_error(const std::string &arguments, int code, const std::string &err);
    void write(const std::string &name, const std::string &bytes);
    // A package in a folder of its name, of a network that is written by hand: colours.c, tasks.c.
    void make_package(const Manifest &manifest);
    // "colours": the class of a picture is its strongest channel.
    void make_colours_package();

    std::string folder_;
};

}  // namespace hardnet
