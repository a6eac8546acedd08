#include "compiler/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "compiler/compile.h"
#include "compiler/emission/kernel.h"
#include "compiler/gpu/kernel.h"
#include "runtime/inspect.h"
#include "schedules/measured_machine.h"

namespace hardnet {
namespace {

constexpr size_t kBestBlocks = 3;
constexpr size_t kMostNear = 8;

struct FoundPlan {
    std::shared_ptr<const Machine> machine;  // the plan's
    Plan plan;
    std::vector<TuningRecord> records;
    std::string text;
};

// Whether the level has as many kernels, and all of the plan's are among those that the package's code names.
bool is_plan_of(const Plan &plan, const Manifest &manifest, const std::string &code) {
    const bool as_many =
        std::any_of(manifest.levels.begin(), manifest.levels.end(), [&](const LevelInfo &level) {
            return level.name == plan.machine->level &&
                   level.kernels == int64_t(plan.kernels.size() + plan.gpu_kernels.size());
        });
    const auto holds = [&](const std::string &name) { return code.find(name) != std::string::npos; };
    return as_many &&
           std::all_of(plan.kernels.begin(), plan.kernels.end(),
                       [&](const KernelSpec &k) { return holds(symbol(k, *plan.machine)); }) &&
           std::all_of(plan.gpu_kernels.begin(), plan.gpu_kernels.end(),
                       [&](const GpuKernel &k) { return holds(gpu::symbol(k, *plan.machine)); });
}

// A package does not say what flags it was compiled with: those whose plan it holds.
Result<FoundPlan> find_plan(const Package &package, const Machine &machine, const std::string &blocks,
                            const std::vector<TuningRecord> &own, const MachineRecord *measured) {
    constexpr uint64_t kMostBytes = 256 << 20;
    const std::string path = package.folder + "/" + package.manifest.name + ".c";
    const Result<FileBytes> bytes = read_regular_file(path, kMostBytes);
    if (!bytes) return bytes.error();
    const std::string code(reinterpret_cast<const char *>(bytes->data.get()), bytes->size);
    const Ranges &ranges = package.manifest.ranges;
    const auto names = [](const std::vector<std::string> &all) {
        return std::set<std::string>(all.begin(), all.end());
    };
    const std::set<std::string> keep = names(package.manifest.kept),
                                keep_int16 = names(package.manifest.kept_int16);
    std::vector<std::string> sources = {"tuned", "model"};
    if (!blocks.empty()) sources.insert(sources.begin(), blocks);
    if (!own.empty() || measured) sources.insert(sources.begin(), "");
    for (const std::string &source : sources) {
        Result<std::vector<TuningRecord>> records = tuning_records(source.empty() ? "tuned" : source);
        if (!records) return records.error();
        const bool for_own = source.empty();
        if (for_own) records->insert(records->begin(), own.begin(), own.end());
        const auto planned = std::make_shared<const Machine>(
            for_own && measured ? measured_machine(machine, *measured) : machine);
        for (const char *objective : {"speed", "size"}) {
            for (const char *algorithm : {"auto", "winograd", "direct"}) {
                PlanOptions options{*algorithm_from_name(algorithm), *objective_from_name(objective),
                                    &*records, ranges.empty() ? nullptr : &ranges, &keep};
                options.precision = package.manifest.precision;
                options.keep_int16 = &keep_int16;
                options.images = package.manifest.batch;
                Result<Plan> plan = make_plan(package.manifest.network, *planned, options);
                if (!plan || !is_plan_of(*plan, package.manifest, code)) continue;
                return FoundPlan{planned, std::move(*plan), std::move(*records),
                                 fmt::format("--algorithm {} --optimize {} {}", algorithm, objective,
                                             for_own ? "--tune-for host" : "--blocks " + source)};
            }
        }
    }
    return bad_input(path + ": expected kernels as this program makes them, found others",
                     {"compile the package again, or name the file of --blocks or the --tune-for that it was "
                      "compiled with"});
}

Result<int> layer_named(const Package &package, const std::string &name) {
    const std::vector<Layer> &layers = package.manifest.network.layers;
    std::vector<std::string> names;
    for (const Layer &layer : layers) {
        if (layer.name == name) return int(&layer - layers.data());
        names.push_back(layer.name);
    }
    std::vector<std::string> near = near_names(name, names, kMostNear);
    if (!near.empty()) near.insert(near.begin(), "layers of names like it:");
    return Error{
        ExitCode::kUsage,
        fmt::format("layer: expected one of {}, found {}", package.manifest.network.name, shown(name)),
        std::move(near)};
}

Result<const Machine *> machine_of(const Package &package, const std::string &level) {
    std::vector<std::string> names;
    for (const LevelInfo &info : package.manifest.levels) {
        names.push_back(info.name);
        for (const std::vector<Machine> *all : {&machines(Precision::kInt8), &gpu_machines()})
            for (const Machine &machine : *all)
                if (info.name == level && machine.level == level && machine.target == info.target)
                    return &machine;
    }
    return usage_error(fmt::format("level: expected one of the package's ({}), found {}",
                                   fmt::join(names, ", "), shown(level)));
}

std::vector<LayerKernel> kernels_of(const Plan &plan, int layer) {
    std::vector<LayerKernel> kernels;
    for (const auto &[step, call] : calls_of(plan, layer)) {
        const GpuKernel *gpu = plan.machine->gpu() ? &plan.gpu_kernels[call->kernel] : nullptr;
        const KernelSpec &spec = gpu ? gpu->spec : plan.kernels[call->kernel];
        const std::string name = gpu ? gpu::symbol(*gpu, *plan.machine) : symbol(spec, *plan.machine);
        auto known = std::find_if(kernels.begin(), kernels.end(),
                                  [&](const LayerKernel &k) { return k.symbol == name; });
        if (known == kernels.end())
            known = kernels.insert(known, {spec, gpu ? std::optional(*gpu) : std::nullopt, name,
                                           hardnet_step_kind_name(step->kind), 0});
        known->calls++;
    }
    return kernels;
}

}  // namespace

Result<LayerExplanation> explain_layer(const Package &package, const std::string &layer,
                                       const std::string &level, const std::string &blocks,
                                       const std::vector<TuningRecord> &records,
                                       const MachineRecord *measured) {
    const Result<int> index = layer_named(package, layer);
    if (!index) return index.error();
    const Result<const Machine *> machine = machine_of(package, level);
    if (!machine) return machine.error();
    const Result<FoundPlan> found = find_plan(package, **machine, blocks, records, measured);
    if (!found) return found.error();

    LayerExplanation e;
    e.layer = *index;
    e.machine = *machine;
    e.options = found->text;
    e.choice = found->plan.choices[size_t(*index)];
    if (const Resolution *r = resolution_of(found->plan.resolutions, *index)) {
        e.algorithms = r->costs;
        if (r->record) e.algorithm_record = *r->record;
    }
    if (e.choice.problem) {
        if (const TuningRecord *record = find_record(found->records, *found->machine, *e.choice.problem))
            e.record = *record;
        e.blocks = candidate_blocks(*found->machine, *e.choice.problem, kBestBlocks, 2);
    }
    e.kernels = kernels_of(found->plan, *index);
    return e;
}

}  // namespace hardnet
