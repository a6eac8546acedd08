#include "cli/scorers.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

#include "base/files.h"
#include "base/json_text.h"
#include "cli/decoder.h"
#include "cli/scores.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr float kLeastOverlap = 0.5f;  // of a box that counts as found
constexpr float kLeastScore = 0.01f;   // of boxes whose precision is averaged
constexpr float kShownScore = 0.3f;    // of the other's boxes that are taken as the truth

OutputValues pointers_to(const Values &values) {
    OutputValues pointers;
    for (const std::vector<float> &v : values) pointers.push_back(v.data());
    return pointers;
}

class LabelScorer : public Scorer {
public:
    explicit LabelScorer(const LoadedPackage &loaded) : loaded_(loaded) {}
    Status add(const PictureResult &picture, const Values &found, const Values &other) override {
        const auto best = [](const Values &v) {
            return int(std::max_element(v[0].begin(), v[0].end()) - v[0].begin());
        };
        const int truth = label_in_name(loaded_.manifest(), picture.file), ours = best(found),
                  theirs = best(other);
        pictures_++;
        same_ += ours == theirs;
        if (truth < 0) return ok();
        labelled_++;
        right_ += ours == truth;
        other_right_ += theirs == truth;
        return ok();
    }
    std::vector<Score> scores() const override {
        const double n = labelled_ ? labelled_ : kNone;
        return {{"same label", same_ / pictures_, right_ / n, other_right_ / n}};
    }

private:
    const LoadedPackage &loaded_;
    double pictures_ = 0, same_ = 0, labelled_ = 0, right_ = 0, other_right_ = 0;
};

// Masks of the truth lie in a folder, grey PNG of the pictures' names and sizes.
class MaskScorer : public Scorer {
public:
    MaskScorer(const LoadedPackage &loaded, Decoder decoder, std::string truth)
        : decoder_(std::move(decoder)),
          truth_(std::move(truth)),
          classes_(std::max(loaded.manifest().classes(), 2)),
          with_other_(classes_),
          with_truth_(classes_),
          other_with_truth_(classes_) {}

    Status add(const PictureResult &picture, const Values &found, const Values &other) override {
        const LabelMap ours = decoder_.mask(pointers_to(found)), theirs = decoder_.mask(pointers_to(other));
        with_other_.add(ours, theirs);
        if (truth_.empty()) return ok();
        const Result<LabelMap> truth = mask_of(picture);
        if (!truth) return truth.error();
        for (auto [mask, overlaps] :
             {std::pair(&ours, &with_truth_), std::pair(&theirs, &other_with_truth_)}) {
            const auto whole = in_picture(*mask, picture.plan, picture.width, picture.height, picture.file);
            if (!whole) return whole.error();
            overlaps->add(*whole, *truth);
        }
        return ok();
    }
    std::vector<Score> scores() const override {
        return {{"mean IoU", with_other_.mean(), with_truth_.mean(), other_with_truth_.mean()}};
    }

private:
    Result<LabelMap> mask_of(const PictureResult &picture) const {
        const std::string path = (fs::path(truth_) / fs::path(picture.file).stem()).string() + ".png";
        const Result<Image> image = read_image(path);
        if (!image) return image.error();
        if (image->width != picture.width || image->height != picture.height)
            return bad_input(fmt::format("{}: expected a mask of {}x{} pixels, found {}x{}", path,
                                         picture.width, picture.height, image->width, image->height));
        LabelMap map{image->width, image->height, {}};
        for (size_t i = 0; i < image->rgb.size(); i += 3) {
            const uint8_t label = image->rgb[i];
            if (label >= classes_ && label != kGreyUnseen)
                return bad_input(fmt::format("{}: expected classes below {}, or {}, found {}", path, classes_,
                                             kGreyUnseen, label));
            map.labels.push_back(label == kGreyUnseen ? ClassOverlaps::kUnlabelled : label);
        }
        return map;
    }

    const Decoder decoder_;
    const std::string truth_;
    const int classes_;
    ClassOverlaps with_other_, with_truth_, other_with_truth_;
};

using BoxesByName = std::map<std::string, Detections>;  // by the pictures' file names

// As `run --json` prints them.
Result<BoxesByName> read_boxes(const std::string &path) {
    constexpr uint64_t kMostBytes = 256 << 20;
    const Result<FileBytes> bytes = read_regular_file(path, kMostBytes);
    if (!bytes) return bytes.error();
    const std::string text(reinterpret_cast<const char *>(bytes->data.get()), bytes->size);
    const Result<JsonText> json = parse_json(text, path);
    if (!json) return json.error();
    BoxesByName boxes;
    try {
        for (const auto &image : json->root.at("images")) {
            Detections &of = boxes[fs::path(image.at("file").get<std::string>()).filename().string()];
            for (const auto &one : image.at("boxes")) {
                const std::vector<float> box = one.at("box");
                of.push_back({one.at("class"), 1, {box.at(0), box.at(1), box.at(2), box.at(3)}});
            }
        }
    } catch (const std::exception &) {
        return bad_input(path +
                         ": expected what hardnet run --json prints, \"images\" with \"file\" and \"boxes\" "
                         "of \"class\" and \"box\", found something else");
    }
    return boxes;
}

class BoxScorer : public Scorer {
public:
    BoxScorer(const LoadedPackage &loaded, Decoder decoder, std::string path, BoxesByName truth)
        : classes_(loaded.manifest().classes()),
          decoder_(std::move(decoder)),
          path_(std::move(path)),
          truth_(std::move(truth)) {}

    Status add(const PictureResult &picture, const Values &found, const Values &other) override {
        found_.push_back(boxes_of(picture, found, kLeastScore));
        other_.push_back(boxes_of(picture, other, kLeastScore));
        shown_.push_back(boxes_of(picture, other, kShownScore));
        if (path_.empty()) return ok();
        const std::string name = fs::path(picture.file).filename().string();
        const auto truth = truth_.find(name);
        if (truth == truth_.end()) return bad_input(path_ + ": expected boxes of " + name + ", found none");
        wanted_.push_back(truth->second);
        return ok();
    }
    std::vector<Score> scores() const override {
        const auto mean = [&](const auto &found, const auto &wanted) {
            return wanted.empty() ? kNone : mean_average_precision(found, wanted, classes_, kLeastOverlap);
        };
        return {{fmt::format("mAP@{}", kLeastOverlap), mean(found_, shown_), mean(found_, wanted_),
                 mean(other_, wanted_)}};
    }

private:
    Detections boxes_of(const PictureResult &picture, const Values &values, float least) const {
        return in_picture(decoder_.boxes(pointers_to(values), least), picture.plan, picture.width,
                          picture.height);
    }

    const int classes_;
    const Decoder decoder_;
    const std::string path_;
    const BoxesByName truth_;
    std::vector<Detections> found_, other_, shown_, wanted_;
};

}  // namespace

Result<std::unique_ptr<Scorer>> scorer_for(Task task, const LoadedPackage &loaded, const std::string &truth) {
    if (task == Task::kClassification) {
        if (!truth.empty())
            return usage_error(
                "verify: --truth: expected none of classification, whose pictures' names or "
                "folders tell it, found " +
                truth);
        return std::unique_ptr<Scorer>(new LabelScorer(loaded));
    }
    Result<Decoder> decoder = Decoder::open(loaded, task);
    if (!decoder) return decoder.error();
    if (task == Task::kSegmentation)
        return std::unique_ptr<Scorer>(new MaskScorer(loaded, std::move(*decoder), truth));
    Result<BoxesByName> boxes = truth.empty() ? BoxesByName{} : read_boxes(truth);
    if (!boxes) return boxes.error();
    return std::unique_ptr<Scorer>(new BoxScorer(loaded, std::move(*decoder), truth, std::move(*boxes)));
}

}  // namespace hardnet
