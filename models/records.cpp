// The built-in records (the authors' released ImageNet models) and how a name finds one.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "models/architectures.h"
#include "models/text.h"

namespace hardnet {
namespace {

constexpr off_t kMaxRecordBytes = off_t{4} << 20;

ModelRecord hardnet68() {
    ModelRecord record;
    record.name = "hardnet68";
    record.stem = {32, 64};
    record.blocks = {
        {14, 8, 128, true},  {16, 16, 256, false},  {20, 16, 320, true},
        {40, 16, 640, true}, {160, 4, 1024, false},
    };
    return record;
}

ModelRecord hardnet68ds() {
    ModelRecord record = hardnet68();
    record.name = "hardnet68ds";
    record.stem_kernel = 1;
    record.depthwise = true;
    return record;
}

ModelRecord hardnet39ds() {
    ModelRecord record;
    record.name = "hardnet39ds";
    record.stem = {24, 48};
    record.stem_kernel = 1;
    record.multiplier = 1.6;
    record.depthwise = true;
    record.blocks = {
        {16, 4, 96, true},
        {20, 16, 320, true},
        {64, 8, 640, true},
        {160, 4, 1024, false},
    };
    return record;
}

ModelRecord hardnet85() {
    ModelRecord record;
    record.name = "hardnet85";
    record.stem = {48, 96};
    record.dropout_behind_last_block = true;
    record.blocks = {
        {24, 8, 192, true},   {24, 16, 256, false}, {28, 16, 320, true},
        {36, 16, 480, false}, {48, 16, 720, true},  {256, 4, 1280, false},
    };
    return record;
}

// ---- segmentation: 19 classes of Cityscapes, 11 of CamVid

constexpr float kByte = 255;

ModelRecord segmentation(const char *name, const char *architecture, int classes, InputSize input) {
    ModelRecord record;
    record.name = name;
    record.architecture = architecture;
    record.activation = Activation::kRelu;
    record.classes = classes;
    record.input = input;
    record.preprocessing.resize_short = 0;
    return record;
}

ModelRecord fchardnet70() {
    ModelRecord record = segmentation("fchardnet70", "fchardnet", 19, {1024, 2048});
    record.stem = {16, 24, 32, 48};
    record.blocks = {
        {10, 4, 64, true}, {16, 4, 96, true}, {18, 8, 160, true}, {24, 8, 224, true}, {32, 8, 320, false},
    };
    record.preprocessing.bgr = true;
    record.preprocessing.mean = {0.406f, 0.456f, 0.485f};
    record.preprocessing.deviation = {0.225f, 0.224f, 0.229f};
    return record;
}

// ---- detection: COCO, 80 classes and, for SSD, the background

ModelRecord ssd512(ModelRecord record, const char *name, const char *architecture) {
    record.name = name;
    record.architecture = architecture;
    record.activation = Activation::kRelu;
    record.dropout_behind_last_block = false;
    record.classes = 81;
    record.input = {512, 512};
    if (!record.blocks.empty()) record.blocks.pop_back();
    record.preprocessing.resize_short = 0;
    record.preprocessing.bgr = true;
    record.preprocessing.mean = {104 / kByte, 117 / kByte, 123 / kByte};
    record.preprocessing.deviation = {1 / kByte, 1 / kByte, 1 / kByte};
    return record;
}

ModelRecord ssd512_hardnet68() {
    ModelRecord record = ssd512(hardnet68(), "ssd512_hardnet68", "ssd_hardnet");
    record.blocks.back().downsample = false;
    return record;
}

ModelRecord ssd512_hardnet85() {
    ModelRecord record = ssd512(hardnet85(), "ssd512_hardnet85", "ssd_hardnet");
    record.blocks.back().downsample = false;
    record.bridge = 960;
    return record;
}

ModelRecord centernet_hardnet85() {
    ModelRecord record = ssd512_hardnet85();
    record.name = "centernet_hardnet85";
    record.architecture = "centernet_hardnet";
    record.bridge = 0;
    record.classes = 80;
    record.preprocessing.mean = {0.40789654f, 0.44719302f, 0.47026115f};
    record.preprocessing.deviation = {0.28863828f, 0.27408164f, 0.27809835f};
    return record;
}

// ---- the classifiers that the paper compares with

ModelRecord rival(const char *name) {
    ModelRecord record;
    record.name = record.architecture = name;
    record.activation = Activation::kRelu;
    return record;
}

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

const std::vector<ModelRecord> &builtin_records() {
    static const std::vector<ModelRecord> records = [] {
        std::vector<ModelRecord> all = {hardnet39ds(),
                                        hardnet68ds(),
                                        hardnet68(),
                                        hardnet85(),
                                        fchardnet70(),
                                        segmentation("fcdensenet56", "fcdensenet56", 11, {352, 480}),
                                        segmentation("fcdensenet67", "fcdensenet67", 11, {352, 480}),
                                        segmentation("fcdensenet103", "fcdensenet103", 11, {352, 480}),
                                        ssd512_hardnet68(),
                                        ssd512_hardnet85(),
                                        ssd512(ModelRecord(), "ssd512_vgg16", "ssd_vgg16"),
                                        centernet_hardnet85()};
        for (const Architecture &architecture : rival_architectures())
            all.push_back(rival(architecture.name));
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
