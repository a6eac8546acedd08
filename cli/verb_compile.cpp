// hardnet compile: a network and its weights to a package.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/console.h"
#include "cli/onnx_models.h"
#include "cli/verbs.h"
#include "graph/mask.h"
#include "package/manifest.h"
#ifdef HARDNET_WITH_COMPILER
#include "autotune/tune_for.h"
#include "autotune/tuning_database.h"
#include "cli/calibration.h"
#endif

namespace hardnet {
namespace {

struct CompileFlags {
    std::string model, weights, state_key, input, name, algorithm = "auto", objective = "speed",
                                                        precision = "fp32", blocks = "tuned", tune_for,
                                                        cubins = "auto", folder;
    std::vector<std::string> targets, prepack, calibrate, keep;
    int jobs = 0, classes = 0;
    std::optional<int> batch;
    bool mask = false, allow_spills = false;
    std::optional<double> threshold, most_error;
    OnnxFlags onnx;
    OnnxMeaning meaning;
};

#ifdef HARDNET_WITH_COMPILER

// The one flag by which a package depends on a machine.
Status take_machine(const CompileFlags &options, CompileOptions &to) {
    if (options.tune_for.empty()) return ok();
    if (options.blocks != "tuned")
        return usage_error("compile: --tune-for: expected no --blocks beside it, found " + options.blocks);
    Result<TuneFor> machine = tune_for(options.tune_for);
    if (!machine) return machine.error();
    if (machine->records.empty())
        note(tuning_database_path() +
             ": expected records of this version of the program, found none; hardnet tune makes them");
    to.records = std::move(machine->records);
    to.measured = std::move(machine->measured);
    return ok();
}

// Last, since it compiles as `to` says.
Status take_calibration(const CompileFlags &options, CompileOptions &to) {
    if (options.precision == "fp32") {
        for (const auto &[flag, given] :
             {std::pair("--calibrate", !options.calibrate.empty()), {"--keep", !options.keep.empty()}})
            if (given)
                return usage_error(fmt::format(
                    "compile: {}: expected --precision int16 or int8 beside it, found fp32", flag));
    }
    if (options.most_error && options.calibrate.empty())
        return usage_error("compile: --most-error: expected --calibrate beside it, found none");
    if (options.calibrate.empty()) return ok();
    to.calibrate = calibrator({options.calibrate, to, options.most_error});
    return ok();
}

// What holds of any model; `own_name` is the network's. A batch that is told replaces the model's.
Status take_options(const CompileFlags &options, const std::string &own_name, CompileOptions &to) {
    to.batch = options.batch.value_or(to.batch);
    to.targets = options.targets;
    to.name = options.name.empty() ? own_name : options.name;
    if (!is_package_name(to.name))
        return usage_error("compile: --name: expected a C identifier of at most 64 characters, found \"" +
                           to.name + "\"");
    to.jobs = options.jobs;
    to.prepack = options.prepack;
    to.algorithm = options.algorithm;
    to.objective = options.objective;
    to.precision = options.precision;
    to.blocks = options.blocks;
    if (const Status taken = take_machine(options, to); !taken) return taken.error();
    to.cubins = options.cubins;
    to.allow_spills = options.allow_spills;
    to.folder = options.folder;
    to.keep = {options.keep.begin(), options.keep.end()};
    return take_calibration(options, to);
}

Error threshold_without_mask() {
    return usage_error(
        "compile: --threshold: expected --mask beside it, found none (run --threshold is for logits)");
}

Result<CompileRequest> request_of(const CompileFlags &options) {
    if (options.weights.empty())
        return usage_error("compile: --weights: expected a checkpoint or seed:N, found none");
    if (const Status none = expect_no_onnx_flags("compile", options.model, options.onnx); !none)
        return none.error();
    if (options.meaning.stated)
        return usage_error(
            "compile: --task, --priors, --preprocessing and --class-names: expected an ONNX file as MODEL, "
            "found " +
            options.model + ", whose record says them");
    const Result<ModelRecord> record = find_record(options.model);
    if (!record) return record.error();
    if (options.threshold && !record->mask && !options.mask) return threshold_without_mask();
    CompileRequest request;
    request.record = *record;
    request.record.mask = record->mask || options.mask;
    request.record.threshold = options.threshold.value_or(record->threshold);
    request.weights = options.weights;
    request.state_key = options.state_key;
    const Result<InputSize> size = input_size(options.input, record->input);
    if (!size) return size.error();
    request.size = *size;
    if (const Status taken = take_options(options, record->name, request); !taken) return taken.error();
    request.classes = options.classes;
    return request;
}

// An ONNX file has its weights and says what it returns, and of how many images at once.
Result<Model> onnx_model_of(const CompileFlags &options, int &batch) {
    if (!options.weights.empty() || !options.state_key.empty() || options.classes)
        return usage_error(
            "compile: " + options.model +
            ": expected no --weights, --state-key or --classes beside an ONNX file, found one");
    if (options.threshold && !options.mask) return threshold_without_mask();
    Result<OnnxNetwork> imported = open_onnx_model(options.model, options.input, options.onnx);
    if (!imported) return imported.error();
    Result<std::vector<std::string>> names = take_meaning(options.meaning, imported->network);
    if (!names) return names.error();
    Result<FloatTensor> priors = read_priors(options.meaning, imported->network);
    if (!priors) return priors.error();
    if (options.mask) {
        const Status given = give_mask(imported->network, options.threshold.value_or(kMaskThreshold));
        if (!given) return given.error();
    }
    Model model;
    batch = imported->batch;
    model.class_names = std::move(*names);
    model.priors = std::move(*priors);
    model.network = std::move(imported->network);
    model.weights = std::move(imported->weights);
    model.weights_source = std::filesystem::path(options.model).filename().string();
    return model;
}

Result<CompileReport> compile_onnx(const CompileFlags &options, CompileOptions choices) {
    const Result<Model> model = onnx_model_of(options, choices.batch);
    if (!model) return model.error();
    if (const Status taken = take_options(options, model->network.name, choices); !taken)
        return taken.error();
    return compile_model(*model, choices);
}

Result<CompileReport> compile_record(const CompileFlags &options, const CompileOptions &choices) {
    Result<CompileRequest> request = request_of(options);
    if (!request) return request.error();
    request->progress = choices.progress;
    return compile_package(*request);
}

Result<ExitCode> compile(const CompileFlags &options) {
    ProgressLine progress("compile");
    CompileOptions choices;
    choices.progress = [&](int done, int total, const std::string &what) {
        progress.show(done, total, what);
    };
    const Result<CompileReport> report =
        is_onnx_path(options.model) ? compile_onnx(options, choices) : compile_record(options, choices);
    progress.wipe();
    if (!report) return report.error();
    for (const std::string &text : report->notes) note(text);
    std::fputs(fmt::format("{}: {} kernels, {} compiled and {} from the cache, {:.2f} MiB\n", report->folder,
                           report->kernels, report->compiled, report->kernels - report->compiled,
                           double(report->kernel_bytes) / (1 << 20))
                   .c_str(),
               stdout);
    return ExitCode::kOk;
}

#else

Result<ExitCode> compile(const CompileFlags &) { return no_compiler("compile"); }

#endif

}  // namespace

void add_compile(CLI::App &program, Action &chosen) {
    CLI::App *verb = add_verb(program, "compile", "Compile a network and its weights to a package",
                              "hardnet compile hardnet68 --weights hardnet68.safetensors --input 224x224 "
                              "-o packages/hardnet68\n"
                              "  hardnet compile network.onnx --input 352x352 --cut /decoder/Add_output_0 "
                              "-o packages/network\n"
                              "  hardnet compile network.onnx --task segment --class-names names.txt "
                              "--preprocessing pictures.json -o packages/network");
    const auto options = std::make_shared<CompileFlags>();
    verb->add_option("MODEL", options->model, "a network's name, a record's path or an ONNX file")
        ->required();
    verb->add_option("--weights", options->weights,
                     "a .safetensors or .pth checkpoint, or seed:N; an ONNX file has its own");
    verb->add_option("--state-key", options->state_key,
                     "of a checkpoint: the key of its weights, as for hardnet import");
    add_onnx_flags(*verb, options->onnx);
    add_onnx_meaning(*verb, options->meaning);
    verb->add_option("--input", options->input, "HEIGHTxWIDTH; default: the network's own");
    verb->add_option("--batch", options->batch, "images per run; default: 1, or the ONNX file's")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option("--target", options->targets,
                     "host, x86-64 (all levels), x86-64-v2, -v3, -v4, cuda, opencl, or a Halide target; "
                     "repeatable; default: host")
        ->expected(1)
        ->take_all();
    verb->add_option("--name", options->name, "of the package and its C symbol; default: the network's");
    verb->add_option("--jobs", options->jobs, "compilers at once; default: one per CPU")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option("--classes", options->classes, "refuse weights with another number of classes")
        ->check(CLI::Validator(between(1, 1 << 20), ""));
    verb->add_flag(
        "--mask", options->mask,
        "segmentation: the package gives each pixel's class instead of the logits, for less time and "
        "memory");
    verb->add_option("--threshold", options->threshold,
                     "with --mask, of one class: the probability above which a pixel is of it; default: 0.5")
        ->check(CLI::Validator(number_between(0, 1), ""));
    verb->add_option("--algorithm", options->algorithm, "of 3x3 layers: auto, winograd or direct")
        ->check(CLI::Validator(one_of({"auto", "winograd", "direct"}), ""))
        ->capture_default_str();
    verb->add_option("--precision", options->precision,
                     "of products: fp32; int16 where that is faster and what is rounded is bounded; or int8 "
                     "where that is, and good enough")
        ->check(CLI::Validator(one_of({"fp32", "int16", "int8"}), ""))
        ->capture_default_str();
    verb->add_option(
            "--calibrate", options->calibrate,
            "of integers: pictures, folders of them or .npy files that show what tensors hold, which "
            "the package keeps; seed:N, random inputs; or a package that was calibrated already")
        ->expected(1)
        ->take_all();
    verb->add_option(
            "--most-error", options->most_error,
            "with --calibrate: relative RMS of outputs; layers that add most stay float32 until it holds")
        ->check(CLI::Validator(number_between(0, 1), ""));
    verb->add_option("--keep", options->keep, "of integers: a layer whose products stay float32; repeatable")
        ->expected(1)
        ->take_all();
    verb->add_option("--optimize", options->objective,
                     "speed, or size: weights in memory stay near those on disk, for more time per image")
        ->check(CLI::Validator(one_of({"speed", "size"}), ""))
        ->capture_default_str();
    verb->add_option(
            "--blocks", options->blocks,
            "register blocks: tuned (records, and the cost model where there is none), model, or a file "
            "that hardnet tune wrote")
        ->capture_default_str();
    verb->add_option(
        "--tune-for", options->tune_for,
        "host, or a file that hardnet doctor --measure wrote: plan for the machine as it was measured, with "
        "what hardnet tune recorded for its CPU, and behind that with records of other CPUs that were "
        "imported; without it a package is the same on every machine");
    verb->add_option(
            "--cubins", options->cubins,
            "of a target cuda: auto, machine code of the GPUs that are known beside the PTX where ptxas and "
            "fatbinary are installed; or none, PTX alone, which the user's driver compiles at each open")
        ->check(CLI::Validator(one_of({"auto", "none"}), ""))
        ->capture_default_str();
    verb->add_flag("--allow-spills", options->allow_spills,
                   "of a target cuda: take kernels whose sums do not fit into registers, too");
    verb->add_option("--prepack", options->prepack,
                     "a level, such as avx512, whose weights are written in the order that its kernels read, "
                     "too: a faster open for more disk; repeatable")
        ->expected(1)
        ->take_all();
    verb->add_option(
            "-o,--output", options->folder,
            "the package's folder: a new one, or one that is empty or holds a package, which is replaced")
        ->required();
    verb->callback([&chosen, options] { chosen = [options] { return compile(*options); }; });
}

}  // namespace hardnet
