// hardnet run: pictures to labels, or a raw tensor to raw outputs.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/batch_run.h"
#include "cli/console.h"
#include "cli/contact_sheet.h"
#include "cli/npy.h"
#include "cli/verbs.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

struct RunOptions {
    std::string package, level, tensor, out, sheet;
    std::vector<std::string> inputs;
    int top = 5, threads = 0;
    int64_t max_pixels = ImageLimits().max_pixels;
    bool json = false, truth = false;
};

// What came of all pictures, besides what was printed on the way.
struct Tally {
    size_t failed = 0, labelled = 0, right = 0;
    std::vector<Error> errors;
    Json images = Json::array(), failures = Json::array();
    std::vector<SheetTile> tiles;

    double accuracy() const { return labelled == 0 ? 0 : double(right) / double(labelled); }
};

void print_guesses(const Manifest &manifest, const PictureResult &result, int top) {
    std::string text = fmt::format("{}\n", result.file);
    for (const Guess &guess : result.guesses) {
        const std::string label = label_text(manifest, guess.label);
        if (top == 1)
            text = fmt::format("{}  {}  {:.2f} %\n", result.file, label, guess.probability * 100);
        else
            text += fmt::format("  {:6.2f} %  {}\n", guess.probability * 100, label);
    }
    std::fputs(text.c_str(), stdout);
}

Json json_of(const Manifest &manifest, const PictureResult &result, int truth) {
    Json top = Json::array();
    for (const Guess &guess : result.guesses)
        top.push_back({{"class", guess.label},
                       {"name", label_text(manifest, guess.label)},
                       {"probability", guess.probability},
                       {"logit", guess.logit}});
    Json image = {{"file", result.file}, {"top", top}};
    if (truth >= 0) image["truth"] = label_text(manifest, truth);
    return image;
}

void take(const Manifest &manifest, const RunOptions &options, PictureResult result, Tally &tally) {
    if (result.error) {
        tally.failed++;
        tally.failures.push_back({{"file", result.file}, {"error", result.error->what}});
        tally.errors.push_back(*result.error);
        return;
    }
    const int truth = options.truth ? label_in_name(manifest, result.file) : -1;
    const bool right = truth == result.guesses.front().label;
    if (truth >= 0) tally.labelled++, tally.right += right;
    if (options.json)
        tally.images.push_back(json_of(manifest, result, truth));
    else
        print_guesses(manifest, result, options.top);
    if (options.sheet.empty() || tally.tiles.size() == kMaxSheetTiles) return;
    std::string caption = label_text(manifest, result.guesses.front().label);
    if (truth >= 0 && !right) caption += " not " + label_text(manifest, truth);
    tally.tiles.push_back({std::move(result.thumbnail), caption, truth >= 0 && !right});
}

std::string title_of(const Manifest &manifest, const Tally &tally, size_t pictures) {
    if (tally.labelled == 0) return fmt::format("{}: {} pictures", manifest.name, pictures);
    return fmt::format("{}: {} of {} right, {:.2f} %", manifest.name, tally.right, tally.labelled,
                       tally.accuracy() * 100);
}

Status print_summary(const LoadedPackage &loaded, const RunOptions &options, const Tally &tally,
                     size_t pictures) {
    const Manifest &m = loaded.manifest();
    if (!options.sheet.empty())
        if (const Status status =
                write_png(options.sheet, contact_sheet(tally.tiles, title_of(m, tally, pictures)));
            !status)
            return status;
    if (options.json) {
        Json root = {{"model", m.name},         {"input", fmt::format("{}x{}", m.height, m.width)},
                     {"level", loaded.level()}, {"threads", loaded.threads()},
                     {"images", tally.images},  {"failed", tally.failures}};
        if (options.truth)
            root["accuracy"] = {
                {"right", tally.right}, {"labelled", tally.labelled}, {"share", tally.accuracy()}};
        std::fputs((root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n").c_str(), stdout);
        return ok();
    }
    if (options.truth)
        std::fputs(fmt::format("accuracy: {:.2f} % ({} of {} right)\n", tally.accuracy() * 100, tally.right,
                               tally.labelled)
                       .c_str(),
                   stdout);
    if (!options.sheet.empty()) std::fputs(fmt::format("contact sheet: {}\n", options.sheet).c_str(), stdout);
    return ok();
}

// A batch of which nothing could be read is bad input; a single picture's error speaks for itself.
Result<ExitCode> outcome(const Tally &tally, size_t pictures) {
    if (tally.failed == 0) return ExitCode::kOk;
    if (pictures == 1) return tally.errors.front();
    Error error = bad_input(fmt::format("run: expected {} pictures, found {} that could be read", pictures,
                                        pictures - tally.failed));
    if (tally.failed < pictures) error.code = ExitCode::kPartialBatch;
    for (const Error &one : tally.errors) error.detail.push_back(one.what);
    return error;
}

Result<ExitCode> run_on_pictures(LoadedPackage &loaded, const RunOptions &options) {
    const Result<std::vector<std::string>> files = find_pictures(options.inputs);
    if (!files) return files.error();
    BatchOptions batch;
    batch.top = options.top;
    batch.limits.max_pixels = options.max_pixels;
    if (!options.sheet.empty()) batch.thumbnail_side = sheet_thumbnail_side(files->size());
    Tally tally;
    ProgressLine progress("run");
    const bool quiet =
        options.json || !options.sheet.empty();  // else the labels themselves show how far it is
    size_t done = 0;
    const Status status = run_pictures(loaded, *files, batch, [&](PictureResult result) {
        if (quiet) progress.show(int(++done), int(files->size()), result.file);
        take(loaded.manifest(), options, std::move(result), tally);
    });
    progress.wipe();
    if (!status) return status.error();
    if (options.truth && tally.labelled == 0 && tally.failed < files->size())
        return bad_input(
            "run: --truth-from-name: expected names such as <label>_1.png or <label>/1.png, found none");
    if (const Status printed = print_summary(loaded, options, tally, files->size()); !printed)
        return printed.error();
    return outcome(tally, files->size());
}

Result<ExitCode> run_on_tensor(LoadedPackage &loaded, const RunOptions &options) {
    const Result<NpyTensor> input = read_npy(options.tensor);
    if (!input) return input.error();
    const Manifest &m = loaded.manifest();
    if (input->shape.size() != 4 || input->shape[1] != 3 || input->shape[2] != m.height ||
        input->shape[3] != m.width)
        return bad_input(fmt::format("{}: expected the shape [N, 3, {}, {}], found [{}]", options.tensor,
                                     m.height, m.width, fmt::join(input->shape, ", ")));
    const int64_t images = input->shape[0];
    NpyTensor output{{images, m.classes}, std::vector<float>(size_t(images) * m.classes)};
    const size_t elems = loaded.input_elems();
    for (int64_t first = 0; first < images; first += loaded.batch()) {
        const int count = int(std::min<int64_t>(loaded.batch(), images - first));
        std::copy_n(&input->values[first * elems], count * elems, loaded.input(0));
        if (const Status status = loaded.run(); !status) return status.error();
        std::copy_n(loaded.output(0), size_t(count) * m.classes, &output.values[first * m.classes]);
    }
    if (const Status status = write_npy(options.out, output); !status) return status.error();
    return ExitCode::kOk;
}

Result<ExitCode> run(const RunOptions &options) {
    if (options.tensor.empty() != options.out.empty())
        return usage_error("run: expected --tensor and -o together, found one of them");
    if (options.tensor.empty() == options.inputs.empty())
        return usage_error(std::string("run: expected pictures or --tensor, found ") +
                           (options.inputs.empty() ? "neither" : "both"));
    const Result<std::unique_ptr<LoadedPackage>> loaded =
        LoadedPackage::load(options.package, {options.threads, options.level, note_of_runtime});
    if (!loaded) return loaded.error();
    return options.tensor.empty() ? run_on_pictures(**loaded, options) : run_on_tensor(**loaded, options);
}

}  // namespace

void add_run(CLI::App &program, Action &chosen) {
    CLI::App *verb = add_verb(program, "run", "Run a package on pictures, or on a raw tensor",
                              "hardnet run packages/hardnet68 cat.jpg photos/ --top 3\n"
                              "  hardnet run packages/hardnet68 --tensor in.npy -o out.npy");
    const auto options = std::make_shared<RunOptions>();
    verb->add_option("PACKAGE", options->package, "a package's folder")->required();
    verb->add_option("IMAGE|FOLDER", options->inputs, "JPEG or PNG files, and folders of them");
    verb->add_option("--top", options->top, "labels per picture")
        ->check(CLI::Validator(between(1, 1 << 20), ""))
        ->capture_default_str();
    verb->add_option("--threads", options->threads, "default: as many as this process may use")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option("--level", options->level,
                     "CPU level, such as avx2; default: the best that this CPU runs");
    verb->add_flag("--json", options->json, "one JSON object instead of text");
    verb->add_option("--tensor", options->tensor, "float32 NCHW, already normalised, as .npy");
    verb->add_option("-o,--output", options->out, "where --tensor's logits go, as .npy");
    verb->add_option("--max-pixels", options->max_pixels, "refuse larger pictures")
        ->check(CLI::Validator(between(1, int64_t{1} << 32), ""))
        ->capture_default_str();
    verb->add_option("--sheet", options->sheet,
                     "write a contact sheet of the pictures and their labels, as PNG");
    verb->add_flag("--truth-from-name", options->truth,
                   "files are <label>_*.png or lie in a folder <label>: print the accuracy");
    verb->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace hardnet
