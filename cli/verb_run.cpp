// hardnet run: pictures to labels, masks or boxes, or a raw tensor to raw outputs.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/console.h"
#include "cli/find_pictures.h"
#include "cli/npy.h"
#include "cli/readers.h"
#include "cli/verbs.h"
#include "graph/mask.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

// What came of all pictures, besides what was printed on the way.
struct Tally {
    std::vector<Error> errors;
    Json images = Json::array(), failures = Json::array();
};

Error misplaced(const std::string &flag, const std::string &expected, Task task) {
    return usage_error(
        fmt::format("run: {}: expected a network for {}, found one for {}", flag, expected, name_of(task)));
}

Status check_flags(const RunOptions &options, Task task, const LoadedPackage &loaded) {
    const int classes = loaded.manifest().classes();
    const bool classifies = task == Task::kClassification;
    const bool detects = task == Task::kSsd || task == Task::kCenterNet;
    if (options.top && !classifies) return misplaced("--top", "classification", task);
    if (!options.sheet.empty() && !classifies) return misplaced("--sheet", "classification", task);
    if (options.truth && !classifies) return misplaced("--truth-from-name", "classification", task);
    if (options.mask_ids && task != Task::kSegmentation) return misplaced("--mask-ids", "segmentation", task);
    if (options.mask_ids && classes > kMostGreyClasses)
        return usage_error(fmt::format("run: --mask-ids: expected a network of at most {} classes, found {}",
                                       kMostGreyClasses, classes));
    const bool has_threshold = detects || (task == Task::kSegmentation && classes == 1);
    if (options.threshold && !has_threshold)
        return misplaced("--threshold", "detection or segmentation of one class", task);
    if (options.threshold && !detects && gives_mask(loaded.model()))
        return usage_error(
            "run: --threshold: expected a package of logits, found one of masks, whose threshold is "
            "compile's");
    if (!options.out.empty() && classifies)
        return misplaced("-o without --tensor", "segmentation or detection", task);
    return ok();
}

Status make_folder(const std::string &path) {
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (!failed && std::filesystem::is_directory(path, failed)) return ok();
    return environment_error(fmt::format("{}: expected a folder to write pictures to, found: {}", path,
                                         failed ? failed.message() : "something else"));
}

// The side of thumbnails for so many pictures: few are shown larger.
int sheet_thumbnail_side(size_t pictures) { return pictures <= 12 ? 192 : pictures <= 60 ? 128 : 80; }

void print_text(const std::string &text) { std::fputs(text.c_str(), stdout); }

Status print_summary(const LoadedPackage &loaded, const RunOptions &options, Tally &tally,
                     const Reading &closing) {
    if (!options.json) {
        print_text(closing.text);
        return ok();
    }
    const Manifest &m = loaded.manifest();
    Json root = {{"model", m.name},
                 {"input", fmt::format("{}x{}", m.height(), m.width())},
                 {"device", loaded.device()},
                 {"level", loaded.level()},
                 {"threads", loaded.threads()},
                 {"images", tally.images},
                 {"failed", tally.failures}};
    root.update(closing.json);
    print_text(root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return ok();
}

// A batch of which nothing could be read is bad input; a single picture's error speaks for itself.
Result<ExitCode> outcome(const Tally &tally, size_t pictures) {
    const size_t failed = tally.errors.size();
    if (failed == 0) return ExitCode::kOk;
    if (pictures == 1) return tally.errors.front();
    Error error = bad_input(
        fmt::format("run: expected {} pictures, found {} that could be read", pictures, pictures - failed));
    if (failed < pictures) error.code = ExitCode::kPartialBatch;
    for (const Error &one : tally.errors) error.detail.push_back(one.what);
    return error;
}

// Prints a picture's result or, with --json, keeps it.
Status take(Reader &reader, const RunOptions &options, PictureResult picture, Tally &tally) {
    if (picture.error) {
        tally.failures.push_back({{"file", picture.file}, {"error", picture.error->what}});
        tally.errors.push_back(*picture.error);
        return ok();
    }
    Result<Reading> reading = reader.read(std::move(picture));
    if (!reading) return reading.error();
    if (options.json)
        tally.images.push_back(std::move(reading->json));
    else
        print_text(reading->text);
    return ok();
}

Result<ExitCode> run_on_pictures(LoadedPackage &loaded, const RunOptions &options) {
    const Result<Task> task = task_of(loaded.model());
    if (!task) return task.error();
    if (*task == Task::kTensor)
        return usage_error("run: " + options.package +
                           ": expected --tensor, or a package that was compiled with another --task, found "
                           "pictures and one of raw "
                           "tensors");
    if (const int planes = loaded.manifest().planes(); !are_of_pictures(planes))
        return usage_error(
            fmt::format("run: {}: expected --tensor, since a picture has 1, 3 or 4 planes, found "
                        "pictures and a network of {}",
                        options.package, planes));
    if (const Status fit = check_flags(options, *task, loaded); !fit) return fit.error();
    const Result<FoundPictures> found = find_pictures(options.inputs);
    if (!found) return found.error();
    for (const std::string &line : found->skipped) note(line);
    const Files *files = &found->files;
    if (!options.out.empty())
        if (const Status made = make_folder(options.out); !made) return made.error();
    BatchOptions batch;
    batch.limits.max_pixels = options.max_pixels;
    if (options.ignores_orientation) batch.orientation = Orientation::kAsStored;
    batch.keeps_pictures = !options.out.empty();
    if (!options.sheet.empty()) batch.thumbnail_side = sheet_thumbnail_side(files->size());
    const Result<std::unique_ptr<Reader>> made = reader_for(*task, loaded, options, *files);
    if (!made) return made.error();
    Reader &reader = **made;
    Tally tally;
    ProgressLine progress("run");
    const bool quiet =
        options.json || !options.sheet.empty();  // else the results themselves show how far it is
    size_t done = 0;
    const Status status = run_pictures(loaded, *files, batch, [&](PictureResult picture) {
        if (quiet) progress.show(int(++done), int(files->size()), picture.file);
        return take(reader, options, std::move(picture), tally);
    });
    progress.wipe();
    if (!status) return status.error();
    const Result<Reading> closing = reader.finish(files->size());
    if (!closing) return closing.error();
    if (const Status printed = print_summary(loaded, options, tally, *closing); !printed)
        return printed.error();
    return outcome(tally, files->size());
}

// "out.npy" of one output; "out0.npy", "out1.npy"... of several.
std::string output_path(const std::string &asked, size_t index, size_t outputs) {
    if (outputs == 1) return asked;
    const std::filesystem::path path(asked);
    const std::string name = path.stem().string() + std::to_string(index) + path.extension().string();
    return (path.parent_path() / name).string();
}

Result<ExitCode> run_on_tensor(LoadedPackage &loaded, const RunOptions &options) {
    const Result<NpyTensor> input = read_npy(options.tensor);
    if (!input) return input.error();
    const Manifest &m = loaded.manifest();
    if (input->shape.size() != 4 || input->shape[1] != m.planes() || input->shape[2] != m.height() ||
        input->shape[3] != m.width())
        return bad_input(fmt::format("{}: expected the shape [N, {}, {}, {}], found [{}]", options.tensor,
                                     m.planes(), m.height(), m.width(), fmt::join(input->shape, ", ")));
    const int64_t images = input->shape[0];
    const std::vector<PackageOutput> &outputs = loaded.outputs();
    std::vector<NpyFile> files;
    for (size_t i = 0; i < outputs.size(); i++) {
        NpyFile file{output_path(options.out, i, outputs.size()), {outputs[i].shape, {}}};
        file.tensor.shape[0] = images;
        file.tensor.values.reserve(size_t(images) * outputs[i].elems);
        files.push_back(std::move(file));
    }
    const size_t elems = loaded.input_elems();
    for (int64_t first = 0; first < images; first += loaded.batch()) {
        const int count = int(std::min<int64_t>(loaded.batch(), images - first));
        std::copy_n(&input->values[first * elems], count * elems, loaded.input(0));
        if (const Status status = loaded.run(); !status) return status.error();
        for (size_t i = 0; i < outputs.size(); i++) {
            std::vector<float> &values = files[i].tensor.values;
            values.insert(values.end(), loaded.output(i, 0), loaded.output(i, count));
        }
    }
    if (const Status status = write_npy(files); !status) return status.error();
    return ExitCode::kOk;
}

Result<ExitCode> run(const RunOptions &options) {
    if (!options.tensor.empty() && options.out.empty())
        return usage_error("run: expected --tensor and -o together, found one of them");
    if (options.tensor.empty() == options.inputs.empty())
        return usage_error(std::string("run: expected pictures or --tensor, found ") +
                           (options.inputs.empty() ? "neither" : "both"));
    if (options.mask_ids && (options.out.empty() || options.inputs.empty()))
        return usage_error(std::string("run: --mask-ids: expected pictures and -o FOLDER, found ") +
                           (options.inputs.empty() ? "--tensor" : "no -o"));
    const Result<std::unique_ptr<LoadedPackage>> loaded = LoadedPackage::load(
        options.package, {options.threads, options.level, note_of_runtime, options.device});
    if (!loaded) return loaded.error();
    return options.tensor.empty() ? run_on_pictures(**loaded, options) : run_on_tensor(**loaded, options);
}

}  // namespace

void add_run(CLI::App &program, Action &chosen) {
    CLI::App *verb =
        add_verb(program, "run", "Run a package on pictures, or on a raw tensor",
                 "hardnet run packages/hardnet68 cat.jpg photos/ --top 3\n"
                 "  hardnet run packages/fchardnet70 street.png -o masks\n"
                 "  hardnet run packages/ssd512_hardnet68 photos/ --threshold 0.5 --json -o boxes\n"
                 "  hardnet run packages/hardnet68 --tensor in.npy -o out.npy");
    const auto options = std::make_shared<RunOptions>();
    verb->add_option("PACKAGE", options->package, "a package's folder")->required();
    verb->add_option("IMAGE|FOLDER", options->inputs,
                     "JPEG, PNG, WebP or BMP files, and folders of them, taken as grey or with their alpha "
                     "where the network's input has one plane or four; other files in a folder, and what "
                     "run itself wrote, are skipped and counted");
    verb->add_option("--top", options->top, "classification: labels per picture; default: 5")
        ->check(CLI::Validator(between(1, 1 << 20), ""));
    verb->add_option(
            "--threshold", options->threshold,
            "detection: boxes of at least this score, 0 to 1; default: 0.3. Segmentation of one class: "
            "pixels whose probability is above this; default: 0.5")
        ->check(CLI::Validator(number_between(0, 1), ""));
    verb->add_option("--threads", options->threads, "default: as many as this process may use")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option("--level", options->level,
                     "CPU level, such as avx2; default: the best that this CPU runs");
    add_device(*verb, options->device);
    verb->add_flag("--json", options->json, "one JSON object instead of text");
    verb->add_option("--tensor", options->tensor, "float32 NCHW, already normalised, as .npy");
    verb->add_option(
        "-o,--output", options->out,
        "segmentation and detection: the folder for a mask and an overlay of each picture, or for "
        "the picture with its boxes; with --tensor: the raw output as .npy, of several outputs "
        "out0.npy, out1.npy...");
    verb->add_flag(
        "--mask-ids", options->mask_ids,
        "segmentation, with -o: also NAME_ids.png, an 8-bit grey PNG whose values are the numbers of "
        "the classes, 255 where the network saw nothing");
    verb->add_flag(
        "--ignore-orientation", options->ignores_orientation,
        "take pictures as they are stored; default: upright, as EXIF says that the camera was held");
    verb->add_option("--max-pixels", options->max_pixels, "refuse larger pictures")
        ->check(CLI::Validator(between(1, int64_t{1} << 32), ""))
        ->capture_default_str();
    verb->add_option("--sheet", options->sheet,
                     "classification: write a contact sheet of the pictures and their labels, as PNG");
    verb->add_flag("--truth-from-name", options->truth,
                   "classification: files are <label>_*.png or lie in a folder <label>; print the accuracy");
    verb->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace hardnet
