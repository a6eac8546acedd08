// Detection: the boxes found in each picture, and the picture with them drawn in, in a folder.
#include <fmt/format.h>

#include "cli/decoder.h"
#include "cli/readers.h"
#include "cli/vision.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

class BoxReader : public Reader {
public:
    BoxReader(const LoadedPackage &loaded, const RunOptions &options, const Files &files, Decoder decoder)
        : loaded_(loaded),
          options_(options),
          names_(options.out, files),
          colors_(palette(loaded.manifest().classes())),
          decoder_(std::move(decoder)) {}

    Result<Reading> read(PictureResult picture) override {
        const Detections found =
            in_picture(decoder_.boxes(loaded_.outputs_of(picture.slot), options_.threshold), picture.plan,
                       picture.width, picture.height);
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
    const Decoder decoder_;
};

}  // namespace

Result<std::unique_ptr<Reader>> box_reader(const LoadedPackage &loaded, const RunOptions &options,
                                           const Files &files, Task task) {
    Result<Decoder> decoder = Decoder::open(loaded, task);
    if (!decoder) return decoder.error();
    return std::unique_ptr<Reader>(std::make_unique<BoxReader>(loaded, options, files, std::move(*decoder)));
}

}  // namespace hardnet
