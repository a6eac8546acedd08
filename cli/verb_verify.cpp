// hardnet verify: a package against the reference operators, in double.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "base/files.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cli/verification.h"

namespace hardnet {
namespace {

struct VerifyOptions {
    std::string package, level, device;
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

Result<ExitCode> verify(const VerifyOptions &options) {
    const Result<std::unique_ptr<LoadedPackage>> opened = LoadedPackage::load(
        options.package, {options.threads, options.level, note_of_runtime, options.device});
    if (!opened) return opened.error();
    LoadedPackage &loaded = **opened;
    ProgressLine progress("verify");
    VerifySettings settings;
    settings.seed = options.seed;
    settings.output_bound = options.bound;
    settings.per_layer = options.per_layer;
    settings.progress = [&](int done, int total, const std::string &layer) {
        progress.show(done, total, layer);
    };
    const Result<Verification> result = verify_package(loaded, settings);
    progress.wipe();
    if (!result) return result.error();

    const std::string path = loaded.package().verify_path(), json = to_json(*result, loaded);
    const Manifest &m = loaded.manifest();
    std::fputs(fmt::format("{}  {}x{}  batch {}  level {}{}  input seed:{}\n", m.name, m.height(), m.width(),
                           m.batch, loaded.level(), on_device(loaded), result->seed)
                   .c_str(),
               stdout);
    std::fputs(fmt::format("{:<24}  {:<28}  {:>12}  {:>12}  {:>13}  {:>8}\n", "layer", "algorithm",
                           "relative RMS", "max error", "plain float32", "bound")
                   .c_str(),
               stdout);
    for (const LayerCheck &check : result->layers) print_check(check);
    for (const LayerCheck &check : result->outputs) print_check(check);
    const Status saved = write_file(path, {{json.data(), json.size()}});
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
                              "hardnet verify packages/hardnet68 --per-layer");
    const auto options = std::make_shared<VerifyOptions>();
    verb->add_option("PACKAGE", options->package,
                     "a package's folder; verify.json is written there if it can be")
        ->required();
    verb->add_flag("--per-layer", options->per_layer, "compare every layer's output too");
    verb->add_option("--bound", options->bound,
                     "relative RMS allowed to each output; default: four times that of plain float32")
        ->check(CLI::Validator(number_between(0, 1), ""));
    verb->add_option("--seed", options->seed, "of the input")->capture_default_str();
    verb->add_option("--threads", options->threads, "default: as many as this process may use")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option("--level", options->level,
                     "CPU level, such as avx2; default: the best that this CPU runs");
    add_device(*verb, options->device);
    verb->callback([&chosen, options] { chosen = [options] { return verify(*options); }; });
}

}  // namespace hardnet
