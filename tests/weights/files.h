// Safetensors files made in memory, and a folder of its own for every test.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/safetensors.h"

namespace hardnet::testing {

inline std::string little_endian_64(uint64_t value) {
    std::string bytes;
    for (int i = 0; i < 8; i++) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}

// A file of this header and so many bytes of data, which count 0, 1, 2...
inline std::string file_of(const std::string &header, size_t data_bytes) {
    std::string file = little_endian_64(header.size()) + header;
    for (size_t i = 0; i < data_bytes; i++) file += static_cast<char>(i);
    return file;
}

// What the reader makes of a file: its error ("" if none) and one line per visit.
struct Reading {
    std::string error;
    std::vector<std::string> visits;  // "name F32 [2,3] 24@0" (bytes@offset in the file's data), "key=value"
};

inline Reading read_bytes(const std::string &file) {
    // Exactly as large as the file, so that a sanitizer sees a read behind the end.
    const std::vector<char> bytes(file.begin(), file.end());
    std::vector<uint64_t> scratch(hardnet_safetensors_scratch(bytes.data(), bytes.size()) / 8);
    Reading reading;
    struct Context {
        std::vector<std::string> &visits;
        const std::vector<char> &bytes;
    } context{reading.visits, bytes};

    hardnet_safetensors_visitor visitor{};
    visitor.user = &context;
    visitor.tensor = [](void *user, const hardnet_safetensor *tensor) {
        Context &c = *static_cast<Context *>(user);
        const auto *data = static_cast<const char *>(tensor->data);
        const char *end = c.bytes.data() + c.bytes.size();
        EXPECT_LE(tensor->bytes, static_cast<uint64_t>(end - data));
        uint64_t header = 0;
        for (int i = 7; i >= 0; i--) header = header << 8 | static_cast<unsigned char>(c.bytes[i]);
        std::ostringstream line;
        line << std::string(tensor->name, tensor->name_size) << ' '
             << std::string(tensor->type, tensor->type_size) << " [";
        for (int i = 0; i < tensor->rank; i++) line << (i ? "," : "") << tensor->shape[i];
        line << "] " << tensor->bytes << '@' << data - (c.bytes.data() + 8 + header);
        c.visits.push_back(line.str());
    };
    visitor.metadata = [](void *user, const char *key, size_t key_size, const char *value,
                          size_t value_size) {
        static_cast<Context *>(user)->visits.push_back(std::string(key, key_size) + '=' +
                                                       std::string(value, value_size));
    };
    char error[512] = "not written";
    const int status =
        hardnet_safetensors_parse(bytes.data(), bytes.size(), scratch.data(), &visitor, error, sizeof error);
    reading.error = error;
    EXPECT_EQ(status, reading.error.empty() ? 0 : -1);
    return reading;
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "hardnet_test_XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder &) = delete;
    TemporaryFolder &operator=(const TemporaryFolder &) = delete;

    const std::string &path() const { return path_; }
    std::string file(const std::string &name) const { return path_ + "/" + name; }
    std::string write(const std::string &name, const std::string &bytes) const {
        std::ofstream(file(name), std::ios::binary) << bytes;
        return file(name);
    }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto &entry : std::filesystem::directory_iterator(path_))
            names.push_back(entry.path().filename());
        return names;
    }

private:
    std::string path_;
};

inline std::string bytes_of(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace hardnet::testing
