// A tiny network to compile into a folder in which every file counts.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "compiler/compile.h"

namespace hardnet::testing {

namespace fs = std::filesystem;

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
        r.record.stem = {8, 14};
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

inline void expect_same(const std::map<std::string, std::string> &a,
                        const std::map<std::string, std::string> &b) {
    std::set<std::string> names;
    for (const auto &[name, bytes] : a) names.insert(name);
    for (const auto &[name, bytes] : b) names.insert(name);
    for (const std::string &name : names) {
        ASSERT_TRUE(a.count(name) && b.count(name)) << name << " is missing in one of them";
        EXPECT_TRUE(a.at(name) == b.at(name)) << name << " differs";
    }
}

}  // namespace hardnet::testing
