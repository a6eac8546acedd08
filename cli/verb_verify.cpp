// hardnet verify: a package against the reference operators, in double.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "base/files.h"
#include "cli/agreement.h"
#include "cli/console.h"
#include "cli/find_pictures.h"
#include "cli/verbs.h"
#include "cli/verification.h"

namespace hardnet {
namespace {

struct VerifyOptions {
    std::string package, level, device, against, truth;
    std::vector<std::string> pictures;
    int threads = 0;
    uint64_t seed = 1;
    std::optional<double> bound;
    bool per_layer = false;
};

void print_check(const LayerCheck &check) {
    std::fputs(fmt::format("{:<24}  {:<28}  {:>12.3e}  {:>12.3e}  {:>13.3e}  {:>8.1e}{}\n", check.layer,
                           check.algorithm, check.difference.relative_rms, check.difference.max_abs,
                           check.plain, check.bound, check.holds() ? "" : "  broken")
                   .c_str(),
               stdout);
}

Result<FoundPictures> pictures_of(const VerifyOptions &options, const Manifest &manifest) {
    if (!options.pictures.empty()) return find_pictures(options.pictures);
    for (const auto &[flag, value] : {std::pair("--against", options.against), {"--truth", options.truth}})
        if (!value.empty())
            return usage_error(fmt::format("verify: {}: expected --pictures beside it, found none", flag));
    if (manifest.ranges_are_of_pictures())
        return usage_error(
            fmt::format("verify: {}: expected --pictures, since its {} is within the ranges of {}, "
                        "which random input may exceed, found none",
                        options.package, name_of(manifest.precision), manifest.ranges_source));
    return FoundPictures();
}

Result<ExitCode> verify(const VerifyOptions &options) {
    const Result<std::unique_ptr<LoadedPackage>> opened = LoadedPackage::load(
        options.package, {options.threads, options.level, note_of_runtime, options.device});
    if (!opened) return opened.error();
    LoadedPackage &loaded = **opened;
    const Result<FoundPictures> pictures = pictures_of(options, loaded.manifest());
    if (!pictures) return pictures.error();
    ProgressLine progress("verify");
    VerifySettings settings;
    settings.seed = options.seed;
    if (!pictures->files.empty()) settings.picture = pictures->files.front();
    settings.output_bound = options.bound;
    settings.per_layer = options.per_layer;
    settings.progress = [&](int done, int total, const std::string &layer) {
        progress.show(done, total, layer);
    };
    const Result<Verification> result = verify_package(loaded, settings);
    progress.wipe();
    if (!result) return result.error();

    const Manifest &m = loaded.manifest();
    std::fputs(fmt::format("{}  {}x{}  batch {}  level {}{}  input {}\n", m.name, m.height(), m.width(),
                           m.batch, loaded.level(), on_device(loaded), result->input)
                   .c_str(),
               stdout);
    std::fputs(fmt::format("{:<24}  {:<28}  {:>12}  {:>12}  {:>13}  {:>8}\n", "layer", "algorithm",
                           "relative RMS", "max error", "plain float32", "bound")
                   .c_str(),
               stdout);
    for (const LayerCheck &check : result->layers) print_check(check);
    for (const LayerCheck &check : result->outputs) print_check(check);
    nlohmann::ordered_json json = json_of(*result, loaded);
    if (!pictures->files.empty()) {
        AgreementSettings agreeing{pictures->files, options.against, options.truth, settings.progress};
        const Result<Agreement> agreement = agreement_of(loaded, agreeing);
        progress.wipe();
        if (!agreement) return agreement.error();
        const std::string other = options.against.empty() ? "the reference" : options.against;
        std::fputs(text_of(*agreement, other).c_str(), stdout);
        json["agreement"] = json_of(*agreement, other);
    }
    const std::string path = loaded.package().verify_path(),
                      text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    const Status saved = write_file(path, {{text.data(), text.size()}});
    if (!saved) note("not saved: " + saved.error().what);  // a package may be read-only; its result is above
    std::fputs(fmt::format("{}: {}\n", saved ? path : options.package,
                           result->holds() ? "every bound holds" : "a bound is broken")
                   .c_str(),
               stdout);
    return result->holds() ? ExitCode::kOk : ExitCode::kResultNotAsAsked;
}

}  // namespace

void add_verify(CLI::App &program, Action &chosen) {
    CLI::App *verb = add_verb(program, "verify", "Compare a package with the reference operators",
                              "hardnet verify packages/hardnet68 --per-layer\n"
                              "  hardnet verify packages/int16 --pictures photos --against packages/float32");
    const auto options = std::make_shared<VerifyOptions>();
    verb->add_option("PACKAGE", options->package,
                     "a package's folder; verify.json is written there if it can be")
        ->required();
    verb->add_flag("--per-layer", options->per_layer, "compare every layer's output too");
    verb->add_option("--bound", options->bound,
                     "relative RMS allowed to each output; default: four times that of plain float32")
        ->check(CLI::Validator(number_between(0, 1), ""));
    verb->add_option("--seed", options->seed, "of random input")->capture_default_str();
    verb->add_option("--pictures", options->pictures,
                     "pictures and folders of them in its place: the first is compared as above; of all, how "
                     "far outputs "
                     "are apart and how well labels, masks or boxes agree")
        ->expected(1)
        ->take_all();
    verb->add_option(
        "--against", options->against,
        "with --pictures, a package of the same network to compare with, such as the float32 one; default: "
        "the reference operators, which are slow");
    verb->add_option("--truth", options->truth,
                     "with --pictures: a folder of masks of their names, as run --mask-ids writes them, or a "
                     "file of boxes "
                     "as run --json prints it; labels are taken from pictures' names or folders");
    verb->add_option("--threads", options->threads, "default: as many as this process may use")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option("--level", options->level,
                     "CPU level, such as avx2; default: the best that this CPU runs");
    add_device(*verb, options->device);
    verb->callback([&chosen, options] { chosen = [options] { return verify(*options); }; });
}

}  // namespace hardnet
