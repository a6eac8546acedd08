#include "autotune/tune.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "autotune/candidates.h"
#include "autotune/trial.h"
#include "autotune/tune_for.h"
#include "autotune/tuning_database.h"
#include "base/cpu_name.h"
#include "base/date.h"
#include "base/files.h"
#include "base/folders.h"
#include "compiler/plan.h"
#include "hardnet/hardnet.h"
#include "schedules/measured_machine.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

double monotonic_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TunedBlocks blank_record(const TuneRequest &request, const Machine &machine) {
    TunedBlocks record;
    record.level = machine.level;
    record.cpu = cpu_name();
    record.threads = request.threads;
    record.version = hardnet_version();
    record.sources = sources_version(machine);
    return record;
}

Status write_records(const std::string &path, const std::vector<TunedBlocks> &records) {
    const std::string text = tuned_blocks_text(records);
    return write_file(path, {{text.data(), text.size()}});
}

// The distinct problems of a network, with what is to be tried for each.
std::vector<Problem> problems_of(const Plan &plan, const Machine &machine,
                                 const std::vector<TunedBlocks> &chosen) {
    std::vector<Problem> problems;
    for (size_t layer = 0; layer < plan.choices.size(); layer++) {
        const auto &problem = plan.choices[layer].problem;
        if (!problem) continue;
        auto known = std::find_if(problems.begin(), problems.end(),
                                  [&](const Problem &p) { return p.problem == *problem; });
        if (known == problems.end())
            known = problems.insert(known, {*problem, {}, candidates_of(machine, *problem, chosen)});
        known->layers.push_back(layer);
    }
    return problems;
}

// Makes trials' packages in a folder that goes with it.
class TrialBench {
public:
    TrialBench(const TuneRequest &request, const Machine &machine, const TrialLog &log)
        : request_(request), machine_(machine), log_(log) {}

    Status prepare() {
        if (!scratch_.fault().empty())
            return environment_error(scratch_.fault() + ": expected a temporary folder that can be written");
        return compile_in_child(package("model", "model"));
    }
    std::string model_package() const { return scratch_.path() + "/model"; }

    Result<std::vector<RoundTimes>> measure(const Picks &picks, double seconds) {
        std::vector<TunedBlocks> records;
        for (const Pick &pick : picks) records.push_back(log_.record_of(pick));
        const std::string path = scratch_.path() + "/trial.jsonl";
        if (Status s = write_records(path, records); !s) return s.error();
        if (Status s = compile_in_child(package("trial", path)); !s) return s.error();
        std::vector<std::vector<size_t>> groups;
        for (const Problem &p : log_.problems()) groups.push_back(p.layers);
        const double begin = monotonic_seconds();
        auto times = run_trial(scratch_.path() + "/trial", model_package(), groups,
                               {machine_.level, request_.threads, seconds, most_seconds(seconds)});
        if (times && usual_seconds_ == 0) usual_seconds_ = monotonic_seconds() - begin;
        return times;
    }

private:
    // What takes ten times as long as the model's package against itself hangs.
    int most_seconds(double seconds) const {
        constexpr int kLeast = 5, kFirst = 900;
        return usual_seconds_ == 0 ? kFirst : kLeast + int(10 * (usual_seconds_ + seconds));
    }

    CompileRequest package(const std::string &name, const std::string &blocks) const {
        CompileRequest request;
        request.record = request_.record;
        request.record.class_names.clear();
        request.size = request_.size;
        request.weights = "seed:1";
        request.model = request_.model;
        request.targets = {machine_.level};
        request.measured = request_.measured;
        request.name = "tuned";
        request.jobs = request_.jobs;
        request.blocks = blocks;
        request.folder = scratch_.path() + "/" + name;
        return request;
    }

    const TuneRequest &request_;
    const Machine &machine_;
    const TrialLog &log_;
    const TemporaryFolder scratch_{"hardnet-tune-"};
    double usual_seconds_ = 0;  // 0: not known yet
};

// The records of an output file that is there already; they are of one level.
Result<std::vector<TunedBlocks>> read_output(const std::string &path, const std::string &level) {
    std::error_code ignored;
    if (path.empty() || !fs::exists(path, ignored)) return std::vector<TunedBlocks>{};
    auto read = tuned_blocks(path);
    if (!read || read->empty() || read->front().level == level) return read;
    return bad_input(path + ": expected records of level " + level + ", found " + read->front().level);
}

// Those of other problems stay.
Status update_output(const std::string &path, std::vector<TunedBlocks> records,
                     const std::vector<TunedBlocks> &chosen) {
    records.erase(std::remove_if(records.begin(), records.end(),
                                 [&](const TunedBlocks &r) {
                                     return find_tuned(chosen, r.level, r.problem) != nullptr;
                                 }),
                  records.end());
    records.insert(records.end(), chosen.begin(), chosen.end());
    return write_records(path, records);
}

std::vector<ProblemReport> problem_reports(const TrialLog &log, const Network &network,
                                           const std::vector<TunedBlocks> &chosen) {
    std::vector<ProblemReport> reports;
    for (size_t i = 0; i < log.problems().size(); i++) {
        const Problem &p = log.problems()[i];
        ProblemReport &report = reports.emplace_back();
        report.problem = p.problem;
        for (size_t layer : p.layers) report.layers.push_back(network.layers[layer].name);
        report.model = report.blocks = p.candidates[0];
        const double count = double(p.layers.size());
        report.model_ms = report.ms = log.model_ms(i) * count;
        if (const TunedBlocks *record =
                find_tuned(chosen, chosen.empty() ? "" : chosen[0].level, p.problem)) {
            report.settled = true;
            report.blocks = record->blocks;
            report.ms = record->ms * count;
            report.low = record->low;
            report.high = record->high;
        }
        for (size_t c = 1; c < p.candidates.size(); c++)
            report.verdicts.push_back(
                {p.candidates[c], log.verdict(i, p.candidates[c]), log.failed(i, p.candidates[c])});
    }
    return reports;
}

TuneReport report_of(const TrialLog &log, const SearchReport &searched, const Network &network,
                     const std::vector<TunedBlocks> &chosen, const Machine &machine) {
    TuneReport report;
    report.level = machine.level;
    report.cpu = cpu_name();
    report.search = searched;
    report.problems = problem_reports(log, network, chosen);
    for (const ProblemReport &p : report.problems) {
        report.changed += !(p.blocks == p.model);
        report.settled += p.settled;
        report.model_ms += p.model_ms;
        report.ms += p.ms;
    }
    return report;
}

Result<TuneReport> tune_on(const TuneRequest &request, const Machine &machine) {
    auto network = request.model ? request.model->network : build_network(request.record, request.size);
    if (!network) return network.error();
    auto plan = make_plan(*network, machine, {});
    if (!plan) return plan.error();
    auto output = read_output(request.output, machine.level);
    if (!output) return output.error();
    auto database = TuningDatabase::open(request.database);
    if (!database) return database.error();
    auto known = database->read(machine.level);
    if (!known) return known.error();
    std::vector<TunedBlocks> suggestions = latest_chosen(*known);
    auto shipped = shipped_tuned_blocks();
    if (!shipped) return shipped.error();
    suggestions.insert(suggestions.end(), shipped->begin(), shipped->end());

    TrialLog log(problems_of(*plan, machine, suggestions), blank_record(request, machine));
    if (!request.again)
        for (const TunedBlocks &trial : *known) log.add(trial);
    TrialBench trials(request, machine, log);
    Bench bench;
    bench.measure = [&](const Picks &picks, double seconds) { return trials.measure(picks, seconds); };
    bench.keep = [&](const std::vector<TunedBlocks> &records) -> Status {
        auto added = database->append(records);
        return added ? ok() : Status(added.error());
    };
    bench.seconds = monotonic_seconds;
    bench.interrupted = request.interrupted;
    bench.date = utc_date;
    const double begin = monotonic_seconds();
    if (Status prepared = trials.prepare(); !prepared) return prepared.error();
    auto searched = search(log, request.seconds - (monotonic_seconds() - begin), bench, request.progress);
    if (!searched) return searched.error();

    const std::vector<TunedBlocks> chosen = log.chosen();
    if (Status kept = bench.keep(chosen); !kept) return kept.error();
    if (!request.output.empty())
        if (Status written = update_output(request.output, *output, chosen); !written) return written.error();
    const TuneReport report = report_of(log, *searched, *network, chosen, machine);
    if (request.finish)
        if (Status finished = request.finish(report, trials.model_package()); !finished)
            return finished.error();
    return report;
}

}  // namespace

Result<TuneReport> tune(const TuneRequest &request) {
    auto machines = machines_for({request.level.empty() ? "host" : request.level});
    if (!machines) return machines.error();
    const Machine &machine = machines->front();
    return tune_on(request, request.measured ? measured_machine(machine, *request.measured) : machine);
}

}  // namespace hardnet
