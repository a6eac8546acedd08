#include "compiler/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/files.h"
#include "compiler/emission/kernel.h"
#include "compiler/gpu/module.h"
#include "compiler/package/write_package.h"
#include "compiler/plan.h"
#include "package/manifest.h"
#include "schedules/measured_machine.h"
#include "weights/describe.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

constexpr int64_t kCacheBytes = int64_t{1} << 30;  // hardnet68 for two levels is 2 MB

struct LoadedModel {
    Model model;
    std::vector<std::string> notes;
};

Result<Checkpoint> seeded(CompileRequest &request, Network &network) {
    if (request.classes) set_classes(request.record, request.classes);
    auto built = build_network(request.record, request.size);
    if (!built) return built.error();
    network = std::move(*built);
    return checkpoint_of_seed(network, request.weights);
}

// A checkpoint may describe the record further: classes, activation, preprocessing.
Result<Checkpoint> from_file(CompileRequest &request, Network &network) {
    auto read = open_checkpoint(request.weights, request.state_key);
    if (!read) return read.error();
    auto described = described_record(request.record, *read);
    if (!described) return described.error();
    request.record = std::move(*described);
    const int classes = request.record.classes;
    if (request.classes && classes != request.classes) {
        const auto head = classes_in(request.record, *read);
        return bad_input(fmt::format("{}: {}expected {} classes, found {}", request.weights,
                                     head ? head->tensor + ": " : "", request.classes, classes));
    }
    auto built = build_network(request.record, request.size);
    if (!built) return built.error();
    network = std::move(*built);
    return with_author_keys(network, std::move(*read));
}

Result<LoadedModel> load_model(CompileRequest request) {
    LoadedModel loaded;
    Model &model = loaded.model;
    const bool seed = is_seed(request.weights);
    auto checkpoint = seed ? seeded(request, model.network) : from_file(request, model.network);
    if (!checkpoint) return checkpoint.error();
    loaded.notes = checkpoint->notes;
    auto folded = fold(model.network, *checkpoint);
    if (!folded) return folded.error();
    model.weights = std::move(*folded);
    model.weights_source =
        seed ? request.weights : std::filesystem::path(request.weights).filename().string();
    if (int(request.record.class_names.size()) == model.network.classes)
        model.class_names = std::move(request.record.class_names);
    return loaded;
}

Status check_prepack(const std::vector<std::string> &asked, const std::vector<Machine> &machines) {
    std::vector<std::string> levels;
    for (const Machine &m : machines)
        if (!m.gpu()) levels.push_back(m.level);
    for (const std::string &level : asked) {
        if (std::count(levels.begin(), levels.end(), level)) continue;
        return usage_error(fmt::format("prepack: expected one of the targets' levels ({}), found '{}'",
                                       fmt::join(levels, ", "), level));
    }
    return ok();
}

// What the options say, understood.
struct Choices {
    PlanOptions plan;
    Precision precision;
    std::vector<TuningRecord> records;
    std::vector<Machine> machines;
    PackagePlace place;
    gpu::Cubins cubins;
};

Result<Choices> choices_of(const CompileOptions &options, const std::string &name) {
    if (!is_package_name(name))
        return usage_error("name: expected a C identifier of at most 64 characters, found '" + name + "'");
    if (options.batch < 1 || options.batch > 1024)
        return usage_error("batch: expected 1 to 1024, found " + std::to_string(options.batch));
    auto place = package_place(options.folder);
    if (!place) return place.error();
    auto algorithm = algorithm_from_name(options.algorithm);
    if (!algorithm) return algorithm.error();
    auto objective = objective_from_name(options.objective);
    if (!objective) return objective.error();
    auto precision = precision_from_name(options.precision);
    if (!precision) return precision.error();
    auto machines = machines_for(options.targets.empty() ? std::vector<std::string>{"host"} : options.targets,
                                 *precision);
    if (!machines) return machines.error();
    if (options.measured)
        for (Machine &machine : *machines) machine = measured_machine(machine, *options.measured);
    auto cubins = gpu::cubins_from_name(options.cubins);
    if (!cubins) return cubins.error();
    auto records = tuning_records(options.blocks);
    if (!records) return records.error();
    records->insert(records->begin(), options.records.begin(), options.records.end());
    if (Status s = check_prepack(options.prepack, *machines); !s) return s.error();
    return Choices{{*algorithm, *objective}, *precision,        std::move(*records),
                   std::move(*machines),     std::move(*place), *cubins};
}

// That somebody who asks for integers gets some.
Status check_precision(const std::vector<Plan> &plans, Precision precision, const std::string &name) {
    const bool int8 = precision == Precision::kInt8;
    bool able = false;
    for (const Plan &plan : plans) {
        able |= plan.machine->int16 || (int8 && plan.machine->dot_factor);
        for (const LayerChoice &choice : plan.choices)
            if (choice.products != Precision::kFloat32) return ok();
    }
    const std::string what = std::string("precision ") + name_of(precision);
    if (!able)
        return usage_error(what + ": expected a target whose levels have it (zen4, avx512, avx2" +
                           (int8 ? ", dotprod" : "") + "), found none");
    return bad_input(name + ": " + what +
                     ": expected convolutions of what is bounded (behind ReLU6, a clip or a "
                     "sigmoid), found none; --calibrate bounds them by what they hold on pictures");
}

// Levels that multiply int16 where int8 was asked for: without an instruction of four products that is as fast.
std::vector<std::string> notes_of(Precision precision, const std::vector<Machine> &machines) {
    std::vector<std::string> notes;
    for (const Machine &m : machines)
        if (precision == Precision::kInt8 && m.int16 && !m.dot_factor)
            notes.push_back("precision int8: level " + m.level +
                            " has no dot products of it and multiplies int16");
    return notes;
}

// The V of which tensors a level's plan will want.
std::vector<std::set<int>> wanted_transforms(const Network &network, const Choices &choices) {
    std::vector<std::set<int>> wanted(network.layers.size());
    PlanOptions options = choices.plan;
    options.precision = choices.precision;
    options.records = &choices.records;
    for (const Machine &machine : choices.machines) {
        if (!machine.int16) continue;
        for (const Resolution &r : choose_algorithms(network, machine, options)) {
            if (!r.tiling) continue;
            for (int layer : r.layers) {
                for (int source : network.layers[size_t(layer)].sources())
                    wanted[size_t(source)].insert(r.tiling->m());
            }
        }
    }
    return wanted;
}

Status check_keep(const std::set<std::string> &keep, const Network &network) {
    for (const std::string &name : keep) {
        const bool known = std::any_of(network.layers.begin(), network.layers.end(),
                                       [&](const Layer &l) { return l.name == name; });
        if (!known)
            return usage_error("keep: expected a layer of " + network.name + ", found '" + name + "'");
    }
    return ok();
}

// What bounds the layers and, where it is asked for, what they hold.
Result<Calibration> what_is_known(const Model &model, const CompileOptions &options, const Choices &choices) {
    Calibration known{ranges_of(model.network, model.weights), ""};
    if (Status s = check_keep(options.keep, model.network); !s) return s.error();
    if (options.calibrate) {
        auto seen = options.calibrate(model, wanted_transforms(model.network, choices));
        if (!seen) return seen.error();
        seen->ranges = narrowed(known.ranges, seen->ranges);
        known = std::move(*seen);
    }
    known.keep.insert(options.keep.begin(), options.keep.end());
    return known;
}

// Sums in memory cost a GPU's kernel most of its speed.
Status check_spills(const gpu::Module &module, bool allowed) {
    for (const gpu::Resources &r : module.resources) {
        if (allowed || (r.stack_bytes == 0 && r.spilled_bytes == 0)) continue;
        return Error{
            ExitCode::kInternal,
            fmt::format("kernel {} on sm_{}: expected registers for all that it holds, found {} bytes of "
                        "stack and {} bytes spilled; --allow-spills takes it",
                        r.kernel, r.architecture, r.stack_bytes, r.spilled_bytes),
            {}};
    }
    return ok();
}

// Of a GPU's plan; of a CPU's, whose kernels are objects, none.
Result<gpu::Module> module_of(const Plan &plan, const std::vector<KernelJob> &jobs,
                              const std::vector<std::string> &paths, gpu::Cubins cubins, int workers) {
    std::vector<gpu::Compiled> kernels;
    for (size_t j = 0; j < jobs.size(); j++) {
        if (!jobs[j].gpu || jobs[j].machine != plan.machine) continue;
        auto kernel = gpu::read_kernel(paths[j], jobs[j].symbol);
        if (!kernel) return kernel.error();
        kernels.push_back(std::move(*kernel));
    }
    if (kernels.empty()) return gpu::Module{};
    return gpu::make_module(kernels, plan.machine->device, cubins, workers);
}

Result<CompileReport> compile(const Model &model, const CompileOptions &options, const std::string &name,
                              const Choices &choices) {
    CompileReport report;
    PlanOptions plan_options = choices.plan;
    plan_options.images = options.batch;
    plan_options.records = &choices.records;
    Calibration calibration;
    if (choices.precision != Precision::kFloat32) {
        auto known = what_is_known(model, options, choices);
        if (!known) return known.error();
        calibration = std::move(*known);
        plan_options.ranges = &calibration.ranges;
        plan_options.keep = &calibration.keep;
        plan_options.keep_int16 = &calibration.keep_int16;
        plan_options.precision = choices.precision;
    }
    std::vector<Plan> plans;
    for (const Machine &machine : choices.machines) {
        auto plan = make_plan(model.network, machine, plan_options);
        if (!plan) return plan.error();
        plans.push_back(std::move(*plan));
    }
    if (Status s = plan_options.ranges ? check_precision(plans, choices.precision, name) : ok(); !s)
        return s.error();
    std::vector<KernelJob> jobs;
    for (const Plan &plan : plans) {
        for (const KernelSpec &k : plan.kernels) jobs.push_back({&k, plan.machine, symbol(k, *plan.machine)});
        for (const GpuKernel &k : plan.gpu_kernels)
            jobs.push_back({&k.spec, plan.machine, gpu::symbol(k, *plan.machine), &k});
    }
    const int workers = options.jobs > 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    auto objects = emit_kernels(jobs, workers, options.progress);
    if (!objects) return objects.error();
    report.kernels = int(jobs.size());
    report.compiled = objects->compiled;

    std::vector<gpu::Module> modules;
    for (const Plan &plan : plans) {
        auto module = module_of(plan, jobs, objects->paths, choices.cubins, workers);
        if (!module) return module.error();
        if (Status s = check_spills(*module, options.allow_spills); !s) return s.error();
        modules.push_back(std::move(*module));
    }
    PackageContents contents{options, model, name, calibration, plans, jobs, objects->paths, modules};
    if (Status s = write_package(contents, choices.place, report); !s) return s.error();
    for (const std::string &note : notes_of(choices.precision, choices.machines))
        report.notes.push_back(note);
    if (!objects->note.empty()) report.notes.push_back(objects->note);
    if (objects->compiled) trim_cache(kCacheBytes);
    return report;
}

std::string name_of(const CompileOptions &options, const std::string &network) {
    return options.name.empty() ? network : options.name;
}

}  // namespace

Result<std::vector<TuningRecord>> tuning_records(const std::string &source, RecordKind kind) {
    if (source == "model") return std::vector<TuningRecord>{};
    if (source == "tuned") return shipped_records();
    constexpr uint64_t kMostBytes = 4 << 20;
    auto bytes = read_regular_file(source, kMostBytes);
    if (!bytes) return bytes.error();
    return read_records(std::string(reinterpret_cast<const char *>(bytes->data.get()), bytes->size), source,
                        kind);
}

Result<CompileReport> compile_package(const CompileRequest &request) {
    if (request.model) return compile_model(*request.model, request);
    const std::string name = name_of(request, request.record.name);
    auto choices = choices_of(request, name);  // cheap, so in front
    if (!choices) return choices.error();
    auto loaded = load_model(request);
    if (!loaded) return loaded.error();
    auto report = compile(loaded->model, request, name, *choices);
    if (report) report->notes.insert(report->notes.begin(), loaded->notes.begin(), loaded->notes.end());
    return report;
}

Result<CompileReport> compile_model(const Model &model, const CompileOptions &options) {
    const std::string name = name_of(options, model.network.name);
    auto choices = choices_of(options, name);
    if (!choices) return choices.error();
    return compile(model, options, name, *choices);
}

}  // namespace hardnet
