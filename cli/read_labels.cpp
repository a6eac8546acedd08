// Classification: the best labels of each picture, accuracy where names tell the truth, a contact sheet.
#include <fmt/format.h>

#include "cli/readers.h"
#include "cli/vision.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kTop = 5;
constexpr size_t kMaxSheetTiles = 1000;  // 10 megapixels; more would not be looked at

struct Tile {
    Image thumbnail;
    std::string caption;
    bool wrong = false;  // the guess is known to be a mistake
};

class LabelReader : public Reader {
public:
    LabelReader(const LoadedPackage &loaded, const RunOptions &options)
        : loaded_(loaded), options_(options) {}

    Result<Reading> read(PictureResult picture) override {
        const Manifest &m = loaded_.manifest();
        const std::vector<hardnet_guess> guesses =
            best_guesses(loaded_.output(0, picture.slot), m.classes(), options_.top.value_or(kTop));
        const int best = guesses.front().label, truth = options_.truth ? label_in_name(m, picture.file) : -1;
        read_++;
        if (truth >= 0) labelled_++, right_ += truth == best;
        if (!options_.sheet.empty() && tiles_.size() < kMaxSheetTiles) {
            const bool wrong = truth >= 0 && truth != best;
            std::string caption = label_text(m, best);
            if (wrong) caption += " not " + label_text(m, truth);
            tiles_.push_back({std::move(picture.thumbnail), caption, wrong});
        }
        return Reading{text(picture.file, guesses), json(picture.file, guesses, truth)};
    }

    Result<Reading> finish(size_t pictures) override {
        if (options_.truth && labelled_ == 0 && read_ > 0)
            return bad_input(
                "run: --truth-from-name: expected names such as <label>_1.png or <label>/1.png, found none");
        Reading reading;
        if (options_.truth) {
            reading.json["accuracy"] = {{"right", right_}, {"labelled", labelled_}, {"share", accuracy()}};
            reading.text =
                fmt::format("accuracy: {:.2f} % ({} of {} right)\n", accuracy() * 100, right_, labelled_);
        }
        if (options_.sheet.empty()) return reading;
        if (Status status = write_result_png(options_.sheet, sheet(title(pictures))); !status)
            return status.error();
        reading.text += fmt::format("contact sheet: {}\n", options_.sheet);
        return reading;
    }

private:
    double accuracy() const { return labelled_ == 0 ? 0 : double(right_) / double(labelled_); }

    std::string title(size_t pictures) const {
        const std::string &name = loaded_.manifest().name;
        if (labelled_ == 0) return fmt::format("{}: {} pictures", name, pictures);
        return fmt::format("{}: {} of {} right, {:.2f} %", name, right_, labelled_, accuracy() * 100);
    }

    Image sheet(const std::string &title) const {
        std::vector<hardnet_sheet_tile> tiles;
        for (const Tile &tile : tiles_)
            tiles.push_back({tile.thumbnail.view(), tile.caption.c_str(), tile.wrong});
        return contact_sheet(tiles, title);
    }

    std::string text(const std::string &file, const std::vector<hardnet_guess> &guesses) const {
        const auto label = [&](const hardnet_guess &guess) {
            return label_text(loaded_.manifest(), guess.label);
        };
        if (options_.top == 1)
            return fmt::format("{}  {}  {:.2f} %\n", file, label(guesses[0]), guesses[0].probability * 100);
        std::vector<std::string> lines;
        for (const hardnet_guess &guess : guesses)
            lines.push_back(fmt::format("{:6.2f} %  {}", guess.probability * 100, label(guess)));
        return text_of(file, lines);
    }

    Json json(const std::string &file, const std::vector<hardnet_guess> &guesses, int truth) const {
        const Manifest &m = loaded_.manifest();
        Json top = Json::array();
        for (const hardnet_guess &guess : guesses)
            top.push_back({{"class", guess.label},
                           {"name", label_text(m, guess.label)},
                           {"probability", guess.probability},
                           {"logit", guess.logit}});
        Json image = {{"file", file}, {"top", top}};
        if (truth >= 0) image["truth"] = label_text(m, truth);
        return image;
    }

    const LoadedPackage &loaded_;
    const RunOptions &options_;
    size_t read_ = 0, labelled_ = 0, right_ = 0;
    std::vector<Tile> tiles_;
};

}  // namespace

std::unique_ptr<Reader> label_reader(const LoadedPackage &loaded, const RunOptions &options) {
    return std::make_unique<LabelReader>(loaded, options);
}

}  // namespace hardnet
