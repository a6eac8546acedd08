// Segmentation: each class's share of a picture, and the picture's mask and overlay in a folder.
#include <fmt/format.h>

#include <algorithm>

#include "cli/decoder.h"
#include "cli/readers.h"
#include "cli/vision.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

// A network of one class makes masks of two: 0, where it is not, and 1.
int mask_classes(const Manifest &manifest) { return std::max(manifest.classes(), 2); }

std::string mask_label(const Manifest &manifest, int label) {
    if (manifest.classes() > 1) return label_text(manifest, label);
    if (label == 0) return "background";
    return manifest.class_names.empty() ? "class 1" : manifest.class_names[0];
}

// The palette, with the background in black.
std::vector<hardnet_color> colors_of(const Manifest &manifest) {
    std::vector<hardnet_color> colors = palette(mask_classes(manifest));
    for (size_t i = 0; i < colors.size(); i++) {
        if (mask_label(manifest, int(i)) == "background") colors[i] = {0, 0, 0};
    }
    return colors;
}

class MaskReader : public Reader {
public:
    MaskReader(const LoadedPackage &loaded, const RunOptions &options, const Files &files)
        : loaded_(loaded),
          options_(options),
          names_(options.out, files),
          colors_(colors_of(loaded.manifest())),
          decoder_(*Decoder::open(loaded, Task::kSegmentation)) {}

    Result<Reading> read(PictureResult picture) override {
        const Manifest &m = loaded_.manifest();
        Result<LabelMap> found =
            in_picture(decoder_.mask(loaded_.outputs_of(picture.slot), options_.threshold), picture.plan,
                       picture.width, picture.height, picture.file);
        if (!found) return found.error();
        const std::vector<hardnet_class_share> shares = class_shares(*found, mask_classes(m));
        Reading reading{text(picture.file, shares), json(picture, shares), std::move(*found)};
        const LabelMap &map = reading.map;
        if (options_.out.empty()) return reading;
        const std::vector<std::string> paths = names_.next(picture.file, suffixes());
        if (Status status = write_result_png(paths[0], mask_image(map, colors_)); !status)
            return status.error();
        const Image overlay = overlay_of(picture.picture, map, shares);
        if (Status status = write_result_png(paths[1], overlay); !status) return status.error();
        reading.json["mask"] = paths[0];
        reading.json["overlay"] = paths[1];
        if (!options_.mask_ids) return reading;
        if (Status status = write_result_png(paths[2], number_image(map)); !status) return status.error();
        reading.json["ids"] = paths[2];
        return reading;
    }

    Result<Reading> finish(size_t) override {
        Reading reading;
        if (!options_.out.empty()) reading.text = fmt::format("masks and overlays: {}\n", options_.out);
        return reading;
    }

private:
    Files suffixes() const {
        if (options_.mask_ids) return {"_mask", "_overlay", "_ids"};
        return {"_mask", "_overlay"};
    }

    std::string text(const std::string &file, const std::vector<hardnet_class_share> &shares) const {
        std::vector<std::string> lines;
        for (const hardnet_class_share &share : shares)
            lines.push_back(
                fmt::format("{:6.2f} %  {}", share.share * 100, mask_label(loaded_.manifest(), share.label)));
        return text_of(file, lines);
    }

    Json json(const PictureResult &picture, const std::vector<hardnet_class_share> &shares) const {
        Json classes = Json::array();
        for (const hardnet_class_share &share : shares)
            classes.push_back({{"class", share.label},
                               {"name", mask_label(loaded_.manifest(), share.label)},
                               {"pixels", share.pixels},
                               {"share", share.share}});
        return {{"file", picture.file},
                {"width", picture.width},
                {"height", picture.height},
                {"classes", classes}};
    }

    Image overlay_of(const Image &picture, const LabelMap &map,
                     const std::vector<hardnet_class_share> &shares) const {
        std::vector<std::string> texts;
        std::vector<hardnet_legend_entry> legend;
        for (const hardnet_class_share &share : shares)
            texts.push_back(
                fmt::format("{} {:.1f} %", mask_label(loaded_.manifest(), share.label), share.share * 100));
        for (size_t i = 0; i < shares.size(); i++)
            legend.push_back({texts[i].c_str(), colors_[size_t(shares[i].label)]});
        return overlay_image(picture, map, colors_, legend);
    }

    const LoadedPackage &loaded_;
    const RunOptions &options_;
    OutputNames names_;
    const std::vector<hardnet_color> colors_;
    const Decoder decoder_;
};

}  // namespace

std::unique_ptr<Reader> mask_reader(const LoadedPackage &loaded, const RunOptions &options,
                                    const Files &files) {
    return std::make_unique<MaskReader>(loaded, options, files);
}

}  // namespace hardnet
