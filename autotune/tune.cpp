#include "autotune/tune.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "autotune/candidates.h"
#include "autotune/trial.h"
#include "autotune/trial_bench.h"
#include "autotune/tune_for.h"
#include "autotune/tuning_database.h"
#include "base/cpu_name.h"
#include "base/date.h"
#include "compiler/plan.h"
#include "hardnet/hardnet.h"
#include "reference/error_bound.h"
#include "schedules/measured_machine.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

TuningRecord blank_record(const TuneRequest &request, const Machine &machine) {
    TuningRecord record;
    record.level = machine.level;
    record.cpu = cpu_name();
    record.threads = request.threads;
    record.version = hardnet_version();
    record.sources = sources_version(machine);
    return record;
}

// The records of an output file that is there already; they are of one level.
Result<std::vector<TuningRecord>> read_output(const std::string &path, const std::string &level) {
    std::error_code ignored;
    if (path.empty() || !fs::exists(path, ignored)) return std::vector<TuningRecord>{};
    auto read = tuning_records(path);
    if (!read || read->empty() || read->front().level == level) return read;
    return bad_input(path + ": expected records of level " + level + ", found " + read->front().level);
}

// Those of other problems stay.
Status update_output(const std::string &path, std::vector<TuningRecord> records,
                     const std::vector<TuningRecord> &chosen) {
    records.erase(std::remove_if(records.begin(), records.end(),
                                 [&](const TuningRecord &r) {
                                     return find_record(chosen, r.level, r.problem) != nullptr;
                                 }),
                  records.end());
    records.insert(records.end(), chosen.begin(), chosen.end());
    return write_records(path, records);
}

std::vector<ProblemReport> problem_reports(const TrialLog &log, const Network &network,
                                           const std::vector<TuningRecord> &chosen) {
    std::vector<ProblemReport> reports;
    for (size_t i = 0; i < log.problems().size(); i++) {
        const OpenProblem &p = log.problems()[i];
        ProblemReport &report = reports.emplace_back();
        report.problem = p.problem;
        for (size_t layer : p.layers) report.layers.push_back(network.layers[layer].name);
        report.model = report.parameters = p.candidates[0];
        const double count = double(p.layers.size());
        report.model_ms = report.ms = log.model_ms(i) * count;
        if (const TuningRecord *record =
                find_record(chosen, chosen.empty() ? "" : chosen[0].level, p.problem)) {
            report.settled = true;
            report.parameters = record->parameters;
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

StageReport report_of(const TrialLog &log, const SearchReport &searched, const Network &network,
                      const std::vector<TuningRecord> &chosen) {
    StageReport report;
    report.search = searched;
    report.problems = problem_reports(log, network, chosen);
    for (const ProblemReport &p : report.problems) {
        report.changed += !(p.parameters == p.model);
        report.settled += p.settled;
        report.model_ms += p.model_ms;
        report.ms += p.ms;
    }
    return report;
}

// The searches of one network: first the algorithms, by the model's blocks, then the kernels of those that were chosen.
class Tuner {
public:
    Tuner(const TuneRequest &request, const Machine &machine, const Network &network,
          TuningDatabase &database, std::vector<TuningRecord> known)
        : request_(request),
          machine_(machine),
          network_(network),
          database_(database),
          known_(std::move(known)) {}

    // Of integers: what tensors hold, with V of every F(m x m), since each is tried.
    Status calibrate() {
        if (request_.precision == Precision::kFloat32) return ok();
        const TemporaryFolder scratch("hardnet-tune-");
        if (!scratch.fault().empty()) return environment_error(scratch.fault());
        CompileRequest compile = compile_request(request_, machine_);
        compile.folder = scratch.path() + "/calibrated";
        compile.calibrate = [&](const Model &model, const std::vector<std::set<int>> &) {
            const std::vector<std::set<int>> all(network_.layers.size(), std::set<int>{2, 3, 4});
            auto seen = request_.calibrate(model, all);
            if (seen) calibration_ = *seen;
            return seen;
        };
        auto compiled = compile_package(compile);
        return compiled ? ok() : Status(compiled.error());
    }

    Status tune_algorithms() {
        constexpr double kShare = 0.25;  // of the time: there are few candidates, and each is a whole network
        auto plan = make_plan(network_, machine_, plan_options());
        if (!plan) return plan.error();
        std::vector<OpenProblem> problems = open_resolutions(*plan, network_);
        if (problems.empty()) return ok();
        // Another algorithm rounds otherwise.
        return run(
            "algorithms", std::move(problems), report_.algorithms, (request_.seconds - elapsed()) * kShare,
            request_.precision == Precision::kFloat32 ? kReorderedBound : error_ceiling(request_.precision));
    }

    Status tune_kernels() {
        std::vector<TuningRecord> suggestions = latest_chosen(known_);
        auto shipped = shipped_records();
        if (!shipped) return shipped.error();
        suggestions.insert(suggestions.end(), shipped->begin(), shipped->end());
        PlanOptions options = plan_options();
        options.records = &chosen_;
        auto plan = make_plan(network_, machine_, options);
        if (!plan) return plan.error();
        return run("kernels", open_kernels(*plan, suggestions), report_.kernels, request_.seconds - elapsed(),
                   kReorderedBound);
    }

    const std::vector<TuningRecord> &chosen() const { return chosen_; }
    // Of the last search, in the cost model's package.
    std::string model_package() const { return trials_->model_package(); }
    TuneReport report() const {
        TuneReport report = report_;
        report.level = machine_.level;
        report.cpu = cpu_name();
        return report;
    }

private:
    double elapsed() const { return monotonic_seconds() - begin_; }

    PlanOptions plan_options() const {
        PlanOptions options;
        options.precision = request_.precision;
        if (request_.precision != Precision::kFloat32) options.ranges = &calibration_.ranges;
        return options;
    }

    Status run(const char *stage, std::vector<OpenProblem> problems, StageReport &report, double seconds,
               double most_error) {
        trials_.reset();
        TrialLog &log = log_.emplace(std::move(problems), blank_record(request_, machine_));
        if (!request_.again)
            for (const TuningRecord &trial : known_) log.add(trial);
        trials_ = std::make_unique<TrialBench>(request_, machine_, log, chosen_, calibration_, most_error);
        Bench bench;
        bench.measure = [&](const Picks &picks, double s) { return trials_->measure(picks, s); };
        bench.keep = [&](const std::vector<TuningRecord> &records) -> Status {
            auto added = database_.append(records);
            return added ? ok() : Status(added.error());
        };
        bench.seconds = monotonic_seconds;
        bench.interrupted = request_.interrupted;
        bench.date = utc_date;
        const double begin = monotonic_seconds();
        if (Status prepared = trials_->prepare(); !prepared) return prepared;
        auto searched = search(log, seconds - (monotonic_seconds() - begin), bench,
                               [&](const SearchProgress &p) { request_.progress(stage, p); });
        if (!searched) return searched.error();
        const std::vector<TuningRecord> chosen = log.chosen();
        if (Status kept = bench.keep(chosen); !kept) return kept;
        report = report_of(log, *searched, network_, chosen);
        chosen_.insert(chosen_.end(), chosen.begin(), chosen.end());
        return ok();
    }

    const TuneRequest &request_;
    const Machine &machine_;
    const Network &network_;
    TuningDatabase &database_;
    const std::vector<TuningRecord> known_;  // of earlier runs
    const double begin_ = monotonic_seconds();
    Calibration calibration_;
    std::vector<TuningRecord> chosen_;
    TuneReport report_;
    std::optional<TrialLog> log_;  // of the last search, and what makes its packages
    std::unique_ptr<TrialBench> trials_;
};

Result<TuneReport> tune_on(const TuneRequest &request, const Machine &machine) {
    auto network = request.model ? request.model->network : build_network(request.record, request.size);
    if (!network) return network.error();
    auto output = read_output(request.output, machine.level);
    if (!output) return output.error();
    auto database = TuningDatabase::open(request.database);
    if (!database) return database.error();
    auto known = database->read(machine.level);
    if (!known) return known.error();
    Tuner tuner(request, machine, *network, *database, std::move(*known));
    if (Status calibrated = tuner.calibrate(); !calibrated) return calibrated.error();
    if (Status tuned = tuner.tune_algorithms(); !tuned) return tuned.error();
    if (Status tuned = tuner.tune_kernels(); !tuned) return tuned.error();
    if (!request.output.empty())
        if (Status written = update_output(request.output, *output, tuner.chosen()); !written)
            return written.error();
    const TuneReport report = tuner.report();
    if (request.finish)
        if (Status finished = request.finish(report, tuner.model_package()); !finished)
            return finished.error();
    return report;
}

}  // namespace

Result<TuneReport> tune(const TuneRequest &request) {
    auto machines = machines_for({request.level.empty() ? "host" : request.level}, request.precision);
    if (!machines) return machines.error();
    const Machine &machine = machines->front();
    return tune_on(request, request.measured ? measured_machine(machine, *request.measured) : machine);
}

}  // namespace hardnet
