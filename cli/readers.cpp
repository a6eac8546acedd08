#include "cli/readers.h"

#include <filesystem>

namespace hardnet {

namespace {

namespace fs = std::filesystem;

std::string canonical(const std::string &path) {
    std::error_code failed;  // then the path stays as it is
    const fs::path found = fs::weakly_canonical(path, failed);
    return failed ? path : found.string();
}

}  // namespace

OutputNames::OutputNames(std::string folder, const Files &inputs) : folder_(std::move(folder)) {
    for (const std::string &input : inputs) inputs_.insert(canonical(input));
}

Files OutputNames::next(const std::string &file, const Files &suffixes) {
    const std::string stem = fs::path(file).stem().string();
    std::string name = stem;
    for (int number = 2;; number++) {
        Files paths;
        bool is_input = false;
        for (const std::string &suffix : suffixes) {
            paths.push_back((fs::path(folder_) / (name + suffix + ".png")).string());
            is_input = is_input || inputs_.count(canonical(paths.back())) > 0;
        }
        if (!is_input && taken_.insert(name).second) return paths;
        name = stem + "_" + std::to_string(number);
    }
}

Result<std::unique_ptr<Reader>> reader_for(Task task, const LoadedPackage &loaded, const RunOptions &options,
                                           const Files &files) {
    if (task == Task::kClassification) return label_reader(loaded, options);
    if (task == Task::kSegmentation) return mask_reader(loaded, options, files);
    return box_reader(loaded, options, files, task);
}

std::string text_of(const std::string &file, const std::vector<std::string> &lines) {
    std::string text = file + "\n";
    for (const std::string &line : lines) text += "  " + line + "\n";
    return text;
}

}  // namespace hardnet
