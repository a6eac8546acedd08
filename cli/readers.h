// What `hardnet run` and the Python module make of a network's outputs, one reader per kind of network: labels,
// masks, boxes.
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/batch_run.h"
#include "graph/task.h"

namespace hardnet {

struct RunOptions {
    std::string package, level, device, tensor, out, sheet;
    std::vector<std::string> inputs;
    std::optional<int> top;          // of classification
    std::optional<float> threshold;  // of detection, and of segmentation of one class
    int threads = 0;
    int64_t max_pixels = ImageLimits().max_pixels;
    bool json = false, truth = false, ignores_orientation = false;
    bool mask_ids = false;  // of segmentation
};

struct Reading {
    std::string text;                                                // lines, for people
    nlohmann::ordered_json json = nlohmann::ordered_json::object();  // the same for programs
    LabelMap map{};  // of segmentation, as large as the picture
};

class Reader {
public:
    virtual ~Reader() = default;
    // Of a picture that the package has just run on; its outputs are still there.
    virtual Result<Reading> read(PictureResult picture) = 0;
    // Behind `pictures` pictures, some of which may not have been readable: closing lines, and members of the
    // JSON's root.
    virtual Result<Reading> finish(size_t pictures) = 0;
};

// The references must outlive the reader. `files` are those that will be read: none of them is written over.
using Files = std::vector<std::string>;
std::unique_ptr<Reader> label_reader(const LoadedPackage &loaded, const RunOptions &options);
std::unique_ptr<Reader> mask_reader(const LoadedPackage &loaded, const RunOptions &options,
                                    const Files &files);
Result<std::unique_ptr<Reader>> box_reader(const LoadedPackage &loaded, const RunOptions &options,
                                           const Files &files, Task task);
Result<std::unique_ptr<Reader>> reader_for(Task task, const LoadedPackage &loaded, const RunOptions &options,
                                           const Files &files);  // of pictures: not for Task::kTensor

// Paths for pictures that are made of others: "<folder>/<name><suffix>.png", where <name> is that of the
// picture without folder and extension, with _2, _3... behind it where that is taken or would be one of
// `inputs`.
class OutputNames {
public:
    OutputNames(std::string folder, const Files &inputs);
    // One path per suffix, of one name.
    Files next(const std::string &file, const Files &suffixes);

private:
    std::string folder_;
    std::set<std::string> inputs_;  // as canonical paths
    std::set<std::string> taken_;   // names
};

// "photo.jpg\n", then a line each, indented.
std::string text_of(const std::string &file, const std::vector<std::string> &lines);

}  // namespace hardnet
