#include "cli/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>

#include "base/files.h"
#include "base/json_text.h"
#include "cli/batch_run.h"
#include "cli/decoder.h"
#include "cli/find_pictures.h"
#include "cli/scores.h"
#include "cli/verification.h"
#include "graph/network_json.h"
#include "graph/task.h"
#include "reference/compare.h"
#include "reference/run_network.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr float kLeastOverlap = 0.5f;  // of a box that counts as found
constexpr float kLeastScore = 0.01f;   // of boxes whose precision is averaged
constexpr float kShownScore = 0.3f;    // of the other's boxes that are taken as the truth

using Values = std::vector<std::vector<float>>;  // per output

OutputValues pointers_to(const Values &values) {
    OutputValues pointers;
    for (const std::vector<float> &v : values) pointers.push_back(v.data());
    return pointers;
}

// What the package is compared with: runs on the input that lies in the package's first place.
class Other {
public:
    virtual ~Other() = default;
    virtual Result<Values> run(const LoadedPackage &loaded) = 0;
};

class OtherPackage : public Other {
public:
    static Result<std::unique_ptr<Other>> open(const std::string &folder, const LoadedPackage &than) {
        auto opened = LoadedPackage::load(folder, {than.threads(), ""});
        if (!opened) return opened.error();
        if (graph_json((*opened)->model())["layers"] != graph_json(than.model())["layers"])
            return bad_input(fmt::format("{}: expected a package of the network of {}, found one of {}",
                                         folder, than.package().folder, (*opened)->model().name));
        return std::unique_ptr<Other>(new OtherPackage(std::move(*opened)));
    }
    Result<Values> run(const LoadedPackage &loaded) override {
        std::copy_n(loaded.input(0), loaded.input_elems(), other_->input(0));
        if (const Status run = other_->run(); !run) return run.error();
        Values values;
        for (size_t i = 0; i < other_->outputs().size(); i++) values.push_back(other_->output_values(i, 0));
        return values;
    }

private:
    explicit OtherPackage(std::unique_ptr<LoadedPackage> other) : other_(std::move(other)) {}
    std::unique_ptr<LoadedPackage> other_;
};

class ReferenceOperators : public Other {
public:
    static Result<std::unique_ptr<Other>> open(const LoadedPackage &loaded) {
        Result<FoldedWeights> weights = package_weights(loaded);
        if (!weights) return weights.error();
        return std::unique_ptr<Other>(new ReferenceOperators(std::move(*weights)));
    }
    Result<Values> run(const LoadedPackage &loaded) override {
        const Network &network = loaded.model();
        const std::vector<float> input(loaded.input(0), loaded.input(0) + loaded.input_elems());
        const auto layers = run_network(network, weights_, input);
        if (!layers) return layers.error();
        Values values;
        for (const Output &output : network.outputs) {
            const std::vector<double> exact = hardnet::output_values(network, output, *layers);
            values.emplace_back(exact.begin(), exact.end());
        }
        return values;
    }

private:
    explicit ReferenceOperators(FoldedWeights weights) : weights_(std::move(weights)) {}
    FoldedWeights weights_;
};

// Gathers what one kind of network answers, and what it should.
class Scorer {
public:
    virtual ~Scorer() = default;
    virtual Status add(const PictureResult &picture, const Values &found, const Values &other) = 0;
    virtual std::vector<Score> scores() const = 0;
};

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

// Of all outputs together.
double relative_rms(const Values &found, const Values &other) {
    std::vector<float> all;
    std::vector<double> expected;
    for (const std::vector<float> &v : found) all.insert(all.end(), v.begin(), v.end());
    for (const std::vector<float> &v : other) expected.insert(expected.end(), v.begin(), v.end());
    return compare(all, expected).relative_rms;
}

}  // namespace

Result<Agreement> agreement_of(LoadedPackage &loaded, const AgreementSettings &settings) {
    const Result<Task> task = task_of(loaded.model());
    if (!task) return task.error();
    if (*task == Task::kTensor || !are_of_pictures(loaded.manifest().planes()))
        return usage_error(
            "verify: --pictures: expected a network whose task and preprocessing are known, found "
            "one of raw tensors");
    auto scorer = scorer_for(*task, loaded, settings.truth);
    if (!scorer) return scorer.error();
    auto other = settings.against.empty() ? ReferenceOperators::open(loaded)
                                          : OtherPackage::open(settings.against, loaded);
    if (!other) return other.error();
    const Result<FoundPictures> found = find_pictures(settings.pictures);
    if (!found) return found.error();

    Agreement agreement;
    for (const std::string &file : found->files) {
        if (settings.progress) settings.progress(agreement.pictures, int(found->files.size()), file);
        const Result<Image> image = read_image(file, ImageLimits(), Orientation::kUpright,
                                               transparency_for(loaded.manifest().planes()));
        if (!image) return image.error();
        const Result<PictureResult> picture = put_picture(loaded, *image, 0, file);
        if (!picture) return picture.error();
        if (const Status run = loaded.run(); !run) return run.error();
        Values values;
        for (size_t i = 0; i < loaded.outputs().size(); i++) values.push_back(loaded.output_values(i, 0));
        const Result<Values> expected = (*other)->run(loaded);
        if (!expected) return expected.error();
        const double rms = relative_rms(values, *expected);
        agreement.pictures++;
        agreement.mean_rms += (rms - agreement.mean_rms) / agreement.pictures;
        if (!(rms <= agreement.worst_rms)) agreement.worst_rms = rms, agreement.worst = file;
        if (const Status added = (*scorer)->add(*picture, values, *expected); !added) return added.error();
    }
    agreement.scores = (*scorer)->scores();
    return agreement;
}

nlohmann::ordered_json json_of(const Agreement &agreement, const std::string &other) {
    nlohmann::ordered_json scores = nlohmann::ordered_json::array();
    for (const Score &s : agreement.scores)  // a NaN is written as null
        scores.push_back({{"name", s.name},
                          {"with_other", s.with_other},
                          {"with_truth", s.with_truth},
                          {"other_with_truth", s.other_with_truth}});
    return {{"pictures", agreement.pictures},
            {"other", other},
            {"mean_relative_rms", agreement.mean_rms},
            {"worst_relative_rms", agreement.worst_rms},
            {"worst", agreement.worst},
            {"scores", scores}};
}

std::string text_of(const Agreement &agreement, const std::string &other) {
    std::string text =
        fmt::format("{} pictures beside {}: relative RMS {:.1e} in the mean, at most {:.1e} ({})\n",
                    agreement.pictures, other, agreement.mean_rms, agreement.worst_rms, agreement.worst);
    for (const Score &score : agreement.scores) {
        text += fmt::format("{}: {:.2f} %", score.name, 100 * score.with_other);
        if (!std::isnan(score.with_truth))
            text += fmt::format("; beside the truth {:.2f} %, {} {:.2f} %", 100 * score.with_truth, other,
                                100 * score.other_with_truth);
        text += "\n";
    }
    return text;
}

}  // namespace hardnet
