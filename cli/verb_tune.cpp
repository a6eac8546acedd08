// hardnet tune: measures algorithms and parameters inside a network and records the best.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include "cli/console.h"
#include "cli/onnx_models.h"
#include "cli/verbs.h"
#include "graph/task.h"
#ifdef HARDNET_WITH_COMPILER
#include "autotune/tune.h"
#include "autotune/tune_for.h"
#include "autotune/tuning_database.h"
#include "cli/calibration.h"
#include "cli/tune_report.h"
#include "cli/tuning_records.h"
#endif

namespace hardnet {
namespace {

struct TuneOptions {
    std::string model, input, level, precision = "fp32", output, report, exported, imported;
    int threads = 1, jobs = 0;
    double seconds = 300;
    bool again = false, list = false;
    OnnxFlags onnx;
};

#ifdef HARDNET_WITH_COMPILER

volatile std::sig_atomic_t interrupted = 0;

// The first finishes the trial, the second ends the program.
void on_interrupt(int) {
    if (interrupted) _exit(int(ExitCode::kInterrupted));
    interrupted = 1;
}

// A rewritten line on a terminal, else a line per trial.
class TuneProgress {
public:
    void show(const std::string &stage, const SearchProgress &p) {
        const int total = p.done + p.left;
        std::string text = "nothing timed yet";
        if (p.model_ms > 0)
            text = fmt::format("{:.3f} of the model's {:.3f} ms ({:.1f} %)", p.best_ms, p.model_ms,
                               p.best_ms / p.model_ms * 100);
        text = stage + ", " + text;
        line_.show(p.done, total, text, p.seconds_left);
        if (!isatty(STDERR_FILENO))
            std::fputs(
                fmt::format("tune {}/{}: {}, {:.0f} s left\n", p.done, total, text, p.seconds_left).c_str(),
                stderr);
    }

private:
    ProgressLine line_{"tune"};
};

// An ONNX file's becomes `model`, a record's part of the request.
Status take_network(const TuneOptions &options, Model &model, TuneRequest &request) {
    if (is_onnx_path(options.model)) {
        Result<OnnxNetwork> imported = open_onnx_model(options.model, options.input, options.onnx);
        if (!imported) return imported.error();
        model.network = std::move(imported->network);
        model.weights = std::move(imported->weights);
        request.model = &model;
        return set_task(model.network, Task::kTensor);
    }
    if (const Status none = expect_no_onnx_flags("tune", options.model, options.onnx); !none)
        return none.error();
    const Result<ModelRecord> record = find_record(options.model);
    if (!record) return record.error();
    request.record = *record;
    const Result<InputSize> size = input_size(options.input, record->input);
    if (!size) return size.error();
    request.size = *size;
    return ok();
}

Result<TuneRequest> request_of(const TuneOptions &options, Model &model) {
    TuneRequest request;
    if (const Status taken = take_network(options, model, request); !taken) return taken.error();
    const Result<Precision> precision = precision_from_name(options.precision);
    if (!precision) return precision.error();
    request.precision = *precision;
    CalibrationSettings settings;
    settings.paths = {"seed:1"};
    settings.compile.jobs = options.jobs;
    settings.roughly = true;
    request.calibrate = calibrator(settings);
    request.level = options.level;
    request.threads = options.threads;
    request.jobs = options.jobs;
    request.seconds = options.seconds;
    request.database = tuning_database_path();
    request.output = options.output;
    request.again = options.again;
    request.interrupted = [] { return interrupted != 0; };
    return request;
}

Result<ExitCode> tune_network(const TuneOptions &options) {
    Model model;
    Result<TuneRequest> request = request_of(options, model);
    if (!request) return request.error();
    Result<std::optional<MachineRecord>> measured = measured_host();
    if (!measured) return measured.error();
    request->measured = std::move(*measured);
    const Network *network = request->model ? &request->model->network : nullptr;
    const InputSize size = network ? InputSize{network->input.height, network->input.width} : request->size;
    const TunedNetwork tuned{network ? network->name : request->record.name,
                             fmt::format("{}x{}", size.height, size.width),
                             options.threads,
                             {}};
    if (!options.report.empty())
        request->finish = [&](const TuneReport &report, const std::string &package) {
            return write_tune_report(options.report, report, tuned, package);
        };
    std::signal(SIGINT, on_interrupt);
    Result<TuneReport> report = [&] {
        TuneProgress progress;
        request->progress = [&](const std::string &stage, const SearchProgress &p) {
            progress.show(stage, p);
        };
        return hardnet::tune(*request);
    }();
    if (!report) return report.error();
    const StageReport &algorithms = report->algorithms, &kernels = report->kernels;
    if (const int failed = algorithms.search.failed + kernels.search.failed)
        note(fmt::format("{} candidates failed; {} says why", failed, request->database));
    if (!(algorithms.problems.empty() || algorithms.search.finished) || !kernels.search.finished)
        note("not all candidates were tried; the same command goes on");
    std::string text = options.output.empty() ? request->database : options.output;
    for (const ProblemReport &p : algorithms.problems) {
        if (p.parameters == p.model) continue;
        text += fmt::format("\n  {}: {} for {}, {:.3f} -> {:.3f} ms", describe(p.problem),
                            describe(p.parameters, p.problem.op), describe(p.model, p.problem.op), p.model_ms,
                            p.ms);
    }
    const std::string times = kernels.model_ms > 0
                                  ? fmt::format("{:.3f} -> {:.3f} ms", kernels.model_ms, kernels.ms)
                                  : "none timed";
    text += fmt::format("{} {} of {} kinds of layer changed, {}; {}, {}, {} thread{}\n",
                        algorithms.changed ? "\n " : ":", kernels.changed, kernels.problems.size(), times,
                        report->level, report->cpu, options.threads, options.threads == 1 ? "" : "s");
    std::fputs(text.c_str(), stdout);
    return interrupted ? ExitCode::kInterrupted : ExitCode::kOk;
}

Result<ExitCode> tune(const TuneOptions &options) {
    const int asked =
        !options.model.empty() + options.list + !options.exported.empty() + !options.imported.empty();
    if (asked != 1)
        return usage_error(std::string("tune: expected one of MODEL, --list, --export and --import, found ") +
                           (asked ? "several" : "none"));
    if (!options.model.empty()) return tune_network(options);
    if (!options.report.empty() || !options.output.empty())
        return usage_error("tune: --report and --output: expected MODEL beside them, found none");
    if (options.list) return list_tuning_records();
    if (!options.exported.empty()) return export_tuning_records(options.exported);
    return import_tuning_records(options.imported);
}

#else

Result<ExitCode> tune(const TuneOptions &) { return no_compiler("tune"); }

#endif

}  // namespace

void add_tune(CLI::App &program, Action &chosen) {
    CLI::App *verb =
        add_verb(program, "tune", "Measure algorithms and parameters inside a network and record the best",
                 "hardnet tune hardnet68 --seconds 120\n"
                 "  hardnet compile hardnet68 --weights seed:1 --tune-for host -o package\n"
                 "  hardnet tune hardnet68 --precision int16 --seconds 120\n"
                 "  hardnet tune network.onnx --input 352x352 --output mine.jsonl\n"
                 "  hardnet compile network.onnx --blocks mine.jsonl -o package\n"
                 "  hardnet tune --export mine.jsonl");
    const auto options = std::make_shared<TuneOptions>();
    verb->add_option("MODEL", options->model, "a network's name, a record's path or an ONNX file");
    verb->add_option("--input", options->input, "HEIGHTxWIDTH; default: the network's own");
    add_onnx_flags(*verb, options->onnx);
    verb->add_option("--level", options->level,
                     "CPU level, such as avx2; default: the best that this CPU runs");
    verb->add_option("--precision", options->precision,
                     "of the package whose kernels are timed: fp32, int16 or int8, on random input")
        ->check(CLI::Validator(one_of({"fp32", "int16", "int8"}), ""))
        ->capture_default_str();
    verb->add_option("--threads", options->threads, "of the runs that are timed")
        ->check(CLI::Validator(between(1, 1024), ""))
        ->capture_default_str();
    verb->add_option("--jobs", options->jobs, "compilers at once; default: one per CPU")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option(
            "--seconds,--budget", options->seconds,
            "in all, but for the trial that is being made then; confirming what was found is part of it")
        ->check(CLI::Validator(number_between(0, 86400), ""))
        ->capture_default_str();
    verb->add_flag(
        "--again", options->again,
        "measure everything anew; without it, what earlier runs of this version of the program measured on "
        "this CPU is not measured again");
    verb->add_option("-o,--output", options->output,
                     "a file for the chosen records, too; what else it holds is kept");
    verb->add_option(
        "--report", options->report,
        "a file for a page of HTML: gains per layer, trials, what failed; with --seconds 0 of what "
        "earlier runs found");
    verb->add_flag("--list", options->list, "no MODEL: show the chosen records");
    verb->add_option("--export", options->exported, "no MODEL: a file for the chosen records, of all CPUs");
    verb->add_option("--import", options->imported,
                     "no MODEL: a file whose records are added, such as another machine's");
    verb->callback([&chosen, options] { chosen = [options] { return tune(*options); }; });
}

}  // namespace hardnet
