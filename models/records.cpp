// The built-in records together, and how a name or a file gives one.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "models/builtin_records.h"

namespace hardnet {
namespace {

constexpr off_t kMaxRecordBytes = off_t{4} << 20;

// A whole regular file; a pipe or a directory is refused without waiting on it.
Result<std::string> read_record_file(const std::string &path) {
    const auto refused = [&](const std::string &found) {
        return bad_input("record " + shown(path) + ": expected a readable file, found " + found);
    };
    if (path.find('\0') != std::string::npos) return refused("a path with a zero byte");
    const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return refused(fmt::format("\"{}\"", std::strerror(errno)));

    struct stat status {};
    std::string text;
    std::string problem;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        problem = "something else than a file";
    } else if (status.st_size > kMaxRecordBytes) {
        problem = fmt::format("{} bytes, more than {}", status.st_size, kMaxRecordBytes);
    } else {
        text.resize(static_cast<size_t>(status.st_size));
        size_t done = 0;
        while (done < text.size()) {
            const ssize_t got = read(file, &text[done], text.size() - done);
            if (got <= 0) break;
            done += static_cast<size_t>(got);
        }
        if (done < text.size()) problem = fmt::format("only {} of {} bytes", done, text.size());
    }
    close(file);
    if (!problem.empty()) return refused(problem);
    return text;
}

bool is_record_path(const std::string &name) {
    const std::string suffix = ".json";
    return name.size() >= suffix.size() &&
           name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

}  // namespace

void set_classes(ModelRecord &record, int classes) {
    if (record.classes != classes) record.class_names.clear();
    record.classes = classes;
}

const std::vector<ModelRecord> &builtin_records() {
    static const std::vector<ModelRecord> records = [] {
        std::vector<ModelRecord> all;
        for (const auto &task :
             {hardnet_records(), segmentation_records(), detection_records(), rival_records()})
            all.insert(all.end(), task.begin(), task.end());
        return all;
    }();
    return records;
}

Result<ModelRecord> find_record(const std::string &name_or_path) {
    if (is_record_path(name_or_path)) {
        Result<std::string> text = read_record_file(name_or_path);
        if (!text) return text.error();
        return record_from_json(*text, name_or_path);
    }
    std::vector<std::string> names;
    for (const ModelRecord &record : builtin_records()) {
        if (record.name == name_or_path) return record;
        names.push_back(record.name);
    }
    return usage_error(fmt::format("model: expected {} or a record's path ending in .json, found {}{}",
                                   fmt::join(names, ", "), shown(name_or_path),
                                   did_you_mean(name_or_path, names)));
}

}  // namespace hardnet
