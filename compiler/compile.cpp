#include "compiler/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/files.h"
#include "compiler/emission/kernel.h"
#include "compiler/package/write_package.h"
#include "compiler/plan.h"
#include "package/manifest.h"
#include "weights/describe.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

constexpr int64_t kCacheBytes = int64_t{1} << 30;  // hardnet68 for two levels is 2 MB

struct Weights {
    FoldedWeights folded;
    std::vector<std::string> notes;
};

// Decides the network, too: a checkpoint may describe the record further (classes, activation,
// preprocessing).
Result<Weights> load_weights(CompileRequest &request, Network &network) {
    ModelRecord &record = request.record;
    Checkpoint checkpoint;
    if (request.weights.rfind("seed:", 0) == 0) {
        const std::string digits = request.weights.substr(5);
        if (digits.empty() || digits.size() > 18 ||
            digits.find_first_not_of("0123456789") != std::string::npos) {
            return usage_error("weights: expected seed:N with a whole number N, found '" + request.weights +
                               "'");
        }
        if (request.classes) set_classes(record, request.classes);
        auto built = build_network(record, request.size);
        if (!built) return built.error();
        network = *built;
        checkpoint = seeded_checkpoint(network, std::stoull(digits));
    } else {
        auto read = open_checkpoint(request.weights);
        if (!read) return read.error();
        auto described = described_record(record, *read);
        if (!described) return described.error();
        record = *described;
        if (request.classes && record.classes != request.classes) {
            const auto head = classes_in(record, *read);
            return bad_input(request.weights + ": " + (head ? head->tensor + ": " : "") + "expected " +
                             std::to_string(request.classes) + " classes, found " +
                             std::to_string(record.classes));
        }
        auto built = build_network(record, request.size);
        if (!built) return built.error();
        network = *built;
        auto renamed = with_author_keys(network, std::move(*read));
        if (!renamed) return renamed.error();
        checkpoint = std::move(*renamed);
    }
    auto folded = fold(network, checkpoint);
    if (!folded) return folded.error();
    return Weights{std::move(*folded), checkpoint.notes};
}

Status check_prepack(const std::vector<std::string> &asked, const std::vector<Machine> &machines) {
    std::vector<std::string> levels;
    for (const Machine &m : machines) levels.push_back(m.level);
    for (const std::string &level : asked) {
        if (std::count(levels.begin(), levels.end(), level)) continue;
        return usage_error(fmt::format("prepack: expected one of the targets' levels ({}), found '{}'",
                                       fmt::join(levels, ", "), level));
    }
    return ok();
}

}  // namespace

Result<std::vector<TunedBlocks>> tuned_blocks(const std::string &source, RecordKind kind) {
    if (source == "model") return std::vector<TunedBlocks>{};
    if (source == "tuned") return shipped_tuned_blocks();
    constexpr uint64_t kMostBytes = 4 << 20;
    auto bytes = read_regular_file(source, kMostBytes);
    if (!bytes) return bytes.error();
    return read_tuned_blocks(std::string(reinterpret_cast<const char *>(bytes->data.get()), bytes->size),
                             source, kind);
}

Result<CompileReport> compile_package(const CompileRequest &asked) {
    CompileRequest request = asked;
    const std::string name = request.name.empty() ? request.record.name : request.name;
    if (!is_package_name(name))
        return usage_error("name: expected a C identifier of at most 64 characters, found '" + name + "'");
    if (request.batch < 1 || request.batch > 1024) {
        return usage_error("batch: expected 1 to 1024, found " + std::to_string(request.batch));
    }
    if (Status s = check_package_folder(request.folder); !s) return s.error();
    auto algorithm = algorithm_from_name(request.algorithm);
    if (!algorithm) return algorithm.error();
    auto objective = objective_from_name(request.objective);
    if (!objective) return objective.error();
    auto chosen = machines_for(request.targets.empty() ? std::vector<std::string>{"host"} : request.targets);
    if (!chosen) return chosen.error();
    const std::vector<Machine> &machines = *chosen;

    auto records = tuned_blocks(request.blocks);
    if (!records) return records.error();
    if (Status s = check_prepack(request.prepack, machines); !s) return s.error();

    CompileReport report;
    Network network;
    auto weights = load_weights(request, network);
    if (!weights) return weights.error();
    report.notes = weights->notes;

    std::vector<Plan> plans;
    for (const Machine &machine : machines) {
        auto plan = make_plan(network, machine, {*algorithm, *objective, &*records});
        if (!plan) return plan.error();
        plans.push_back(std::move(*plan));
    }
    std::vector<KernelJob> jobs;
    for (const Plan &plan : plans) {
        for (const KernelSpec &k : plan.kernels) jobs.push_back({&k, plan.machine, symbol(k, *plan.machine)});
    }
    const int workers = request.jobs > 0 ? request.jobs : std::max(1u, std::thread::hardware_concurrency());
    auto objects = emit_kernels(jobs, workers, request.progress);
    if (!objects) return objects.error();
    report.kernels = int(jobs.size());
    report.compiled = objects->compiled;

    PackageContents contents{request, network, name, plans, weights->folded, jobs, objects->paths};
    if (Status s = write_package(contents, report); !s) return s.error();
    if (objects->compiled) trim_cache(kCacheBytes);
    return report;
}

}  // namespace hardnet
