// Detection: the boxes found in each picture, and the picture with them drawn in, in a folder.
#include <fmt/format.h>

#include "cli/readers.h"
#include "cli/vision.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr float kThreshold = 0.3f;  // as CenterNet's own demonstration draws them

class BoxReader : public Reader {
public:
    BoxReader(const LoadedPackage &loaded, const RunOptions &options, const Files &files, Task task,
              Priors priors)
        : loaded_(loaded),
          options_(options),
          names_(options.out, files),
          colors_(palette(loaded.manifest().classes())) {
        is_ssd_ = task == Task::kSsd;
        boxes_ = boxes_output(loaded.model(), task);
        priors_ = std::move(priors);
    }

    Result<Reading> read(PictureResult picture) override {
        const Detections found =
            in_picture(decode(picture.slot), picture.plan, picture.width, picture.height);
        Reading reading{text(picture.file, found), json(picture, found)};
        if (options_.out.empty()) return reading;
        const hardnet_picture drawn = picture.picture.view();
        for (size_t i = found.size(); i-- > 0;) {  // the best on top
            const std::string caption = fmt::format("{} {:.2f}", name(found[i]), found[i].score);
            check(hardnet_draw_box(&drawn, &found[i].box, caption.c_str(), colors_[size_t(found[i].label)]));
        }
        const std::string path = names_.next(picture.file, {"_boxes"})[0];
        if (Status status = write_result_png(path, picture.picture); !status) return status.error();
        reading.json["drawn"] = path;
        return reading;
    }

    Result<Reading> finish(size_t) override {
        Reading reading;
        if (!options_.out.empty()) reading.text = fmt::format("pictures with boxes: {}\n", options_.out);
        return reading;
    }

private:
    Detections decode(int image) const {
        const Manifest &m = loaded_.manifest();
        const float threshold = options_.threshold.value_or(kThreshold);
        const float *boxes = loaded_.output(boxes_, image), *scores = loaded_.output(1 - boxes_, image);
        if (is_ssd_)
            return decode_ssd(priors_, boxes, scores, m.classes(), {m.height(), m.width()}, threshold);
        const std::vector<int64_t> &shape = loaded_.outputs()[boxes_].shape;  // N, 4, height, width
        return decode_centernet(scores, boxes, m.classes(), int(shape[2]), int(shape[3]), threshold);
    }

    std::string name(const hardnet_detection &detection) const {
        return label_text(loaded_.manifest(), detection.label);
    }

    std::string text(const std::string &file, const Detections &found) const {
        std::vector<std::string> lines;
        for (const hardnet_detection &d : found)
            lines.push_back(fmt::format("{:6.2f} %  {}  {:.1f} {:.1f} {:.1f} {:.1f}", d.score * 100, name(d),
                                        d.box.left, d.box.top, d.box.right, d.box.bottom));
        if (found.empty()) lines.push_back("no boxes");
        return text_of(file, lines);
    }

    Json json(const PictureResult &picture, const Detections &found) const {
        Json boxes = Json::array();
        for (const hardnet_detection &d : found)
            boxes.push_back({{"class", d.label},
                             {"name", name(d)},
                             {"score", d.score},
                             {"box", {d.box.left, d.box.top, d.box.right, d.box.bottom}}});
        return {
            {"file", picture.file}, {"width", picture.width}, {"height", picture.height}, {"boxes", boxes}};
    }

    const LoadedPackage &loaded_;
    const RunOptions &options_;
    OutputNames names_;
    const std::vector<hardnet_color> colors_;
    bool is_ssd_ = false;
    size_t boxes_ = 0;  // of the outputs
    Priors priors_;
};

// Those that were stated with the network's task, else the authors'.
Result<Priors> priors_of(const LoadedPackage &loaded) {
    if (!loaded.model().task) return ssd_priors(loaded.model());
    const std::string path = loaded.package().priors_path();
    const Result<Checkpoint> file = read_checkpoint(path);
    if (!file) return file.error();
    const auto found = file->tensors.find("priors");
    const size_t boxes = loaded.outputs()[boxes_output(loaded.model(), Task::kSsd)].elems / 4;
    if (found == file->tensors.end() || found->second.values.size() != boxes * 4)
        return bad_input(
            fmt::format("{}: expected the tensor priors of [{}, 4], found another", path, boxes));
    Priors priors;
    for (size_t i = 0; i < boxes; i++) {
        const float *box = &found->second.values[i * 4];
        priors.push_back({box[0], box[1], box[2], box[3]});
    }
    return priors;
}

}  // namespace

Result<std::unique_ptr<Reader>> box_reader(const LoadedPackage &loaded, const RunOptions &options,
                                           const Files &files, Task task) {
    Result<Priors> priors = task == Task::kSsd ? priors_of(loaded) : Priors();
    if (!priors) return priors.error();
    return std::unique_ptr<Reader>(
        std::make_unique<BoxReader>(loaded, options, files, task, std::move(*priors)));
}

}  // namespace hardnet
