#include "cli/class_names_file.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/text.h"

namespace hardnet {
namespace {

constexpr uint64_t kMostNameBytes = 16u << 20;

bool is_utf8(const std::string &text) {
    try {
        return !nlohmann::json(text).dump().empty();
    } catch (const nlohmann::json::exception &) {
        return false;
    }
}

}  // namespace

Result<std::vector<std::string>> read_class_names(const std::string &path) {
    const Result<FileBytes> file = read_regular_file(path, kMostNameBytes);
    if (!file) return file.error();
    std::istringstream lines(std::string(reinterpret_cast<const char *>(file->data.get()), file->size));
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) {
        if (names.empty() && line.rfind("\xef\xbb\xbf", 0) == 0) line.erase(0, 3);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!is_utf8(line))
            return bad_input(path + ":" + std::to_string(names.size() + 1) +
                             ": expected a class name in UTF-8, found " + shown(line));
        names.push_back(line);
    }
    if (names.empty()) return bad_input(path + ": expected a class name per line, found an empty file");
    return names;
}

}  // namespace hardnet
