// Bytes as the readers take them, and folders of files.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/files.h"

namespace hardnet::testing {

// Where HARDNET_ONNX_SEEDS names a folder, each file that tests read is kept there: fuzzing starts from them.
inline ByteView view_of(const std::string &bytes) {
    if (const char *folder = std::getenv("HARDNET_ONNX_SEEDS"))
        std::ofstream(std::filesystem::path(folder) / std::to_string(std::hash<std::string>()(bytes)),
                      std::ios::binary)
            << bytes;
    return {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()};
}

// A folder that goes with its owner.
struct Folder {
    std::filesystem::path path;

    explicit Folder(const std::string &name)
        : path(std::filesystem::temp_directory_path() /
               ("hardnet_onnx_" + name + "_" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    std::string at(const std::string &name) const { return (path / name).string(); }
    void write(const std::string &name, const std::string &bytes) const {
        std::ofstream(path / name, std::ios::binary) << bytes;
    }
};

}  // namespace hardnet::testing
