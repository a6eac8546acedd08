#include "autotune/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>

#include "autotune/trial.h"
#include "autotune/trial_log.h"
#include "autotune/tuning_database.h"
#include "base/cpu_name.h"
#include "base/files.h"
#include "base/folders.h"
#include "compiler/emission/kernel.h"
#include "compiler/plan.h"
#include "hardnet/hardnet.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostCandidates = 12;  // of a problem, the cost model's choice among them
constexpr double kWithin = 1.15;        // of the cost model's best: it is seldom further off
constexpr double kTrialShare = 1 / 60.0, kMostTrialSeconds = 4;  // of the whole time, for one trial's runs
constexpr int kConfirmations = 3;  // gains of 4 % in one process were none in the next

std::string now() {
    const std::time_t seconds = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

TunedBlocks blank_record(const TuneRequest &request, const Machine &machine) {
    TunedBlocks record;
    record.level = machine.level;
    record.cpu = cpu_name();
    record.threads = request.threads;
    record.version = hardnet_version();
    record.sources = sources_version();
    return record;
}

Status write_records(const std::string &path, const std::vector<TunedBlocks> &records) {
    const std::string text = tuned_blocks_text(records);
    return write_file(path, {{text.data(), text.size()}});
}

class Tuner {
public:
    Tuner(const TuneRequest &request, const Machine &machine)
        : request_(request), machine_(machine), log_(blank_record(request, machine)) {
        options_ = {machine.level, request.threads,
                    std::min(kMostTrialSeconds, request.seconds * kTrialShare)};
        report_.level = machine.level;
        report_.cpu = cpu_name();
    }

    Result<TuneReport> run() {
        if (!scratch_.fault().empty())
            return environment_error("temporary folder: expected a writable one, found none");
        if (Status s = find_problems(); !s) return s.error();
        if (Status s = read_earlier(); !s) return s.error();
        if (Status s = compile_in_child(package("model", "model")); !s) return s.error();
        if (Status s = try_candidates(); !s) return s.error();
        if (Status s = confirm(); !s) return s.error();
        return report_;
    }

private:
    Status find_problems() {
        auto network =
            request_.model ? request_.model->network : build_network(request_.record, request_.size);
        if (!network) return network.error();
        auto plan = make_plan(*network, machine_, {});
        if (!plan) return plan.error();
        for (size_t layer = 0; layer < plan->choices.size(); layer++) {
            const auto &problem = plan->choices[layer].problem;
            if (!problem) continue;
            auto known = std::find_if(problems_.begin(), problems_.end(),
                                      [&](const Problem &p) { return p.problem == *problem; });
            if (known == problems_.end()) {
                known = problems_.insert(
                    problems_.end(),
                    {*problem, {}, candidate_blocks(machine_, *problem, kMostCandidates, kWithin)});
            }
            known->layers.push_back(layer);
        }
        report_.problems = int(problems_.size());
        return ok();
    }

    // What the output holds already, and what earlier runs tried.
    Status read_earlier() {
        if (!request_.output.empty()) {
            auto records = read_output();
            if (!records) return records.error();
            records_ = std::move(*records);
        }
        auto database = TuningDatabase::open(request_.database);
        if (!database) return database.error();
        database_ = std::make_unique<TuningDatabase>(std::move(*database));
        if (request_.again) return ok();
        auto known = database_->read(machine_.level);
        if (!known) return known.error();
        for (TunedBlocks &record : *known)
            if (record.trial) log_.add(std::move(record));
        return ok();
    }

    Result<std::vector<TunedBlocks>> read_output() const {
        std::error_code ignored;
        if (!fs::exists(request_.output, ignored)) return std::vector<TunedBlocks>{};
        auto read = tuned_blocks(request_.output);
        if (!read || read->empty() || read->front().level == machine_.level) return read;
        return bad_input(request_.output + ": expected records of level " + machine_.level + ", found " +
                         read->front().level);
    }

    CompileRequest package(const std::string &name, const std::string &blocks) const {
        CompileRequest request;
        request.record = request_.record;
        request.record.class_names.clear();
        request.size = request_.size;
        request.weights = "seed:1";
        request.model = request_.model;
        request.targets = {machine_.level};
        request.name = "tuned";
        request.jobs = request_.jobs;
        request.blocks = blocks;
        request.folder = scratch_.path() + "/" + name;
        return request;
    }

    // The times of all layers where `picks` are given their blocks and all others the cost model's.
    Result<LayerTimes> time(const Picks &picks) {
        std::vector<TunedBlocks> records;
        for (const Pick &pick : picks) records.push_back(log_.record_of(*pick.problem, pick.blocks));
        const std::string path = scratch_.path() + "/trial.jsonl";
        if (Status s = write_records(path, records); !s) return s.error();
        return run_trial(package("trial", path), scratch_.path() + "/model", options_);
    }

    // Means over several processes: where memory happens to lie in one weighs as much as blocks do.
    Result<LayerTimes> confirmed_times(const Picks &picks) {
        LayerTimes mean;
        for (int process = 0; process < kConfirmations; process++) {
            const auto times = time(picks);
            if (!times) return times;
            for (auto member : {&LayerTimes::model_ms, &LayerTimes::trial_ms}) {
                std::vector<double> &sum = mean.*member;
                sum.resize((*times.*member).size());
                for (size_t layer = 0; layer < sum.size(); layer++)
                    sum[layer] += (*times.*member)[layer] / kConfirmations;
            }
        }
        return mean;
    }

    static void set_times(TunedBlocks &record, const Problem &p, const LayerTimes &times) {
        for (size_t layer : p.layers) {
            record.ms += times.trial_ms[layer];
            record.model_ms += times.model_ms[layer];
        }
    }

    // Times the picks in one package; where that fails, in halves, down to the one that is to blame. What becomes known
    // is on disk before the next is tried. Returns how many have a time.
    Result<int> attempt(const Picks &picks) {
        const Result<LayerTimes> times = time(picks);
        if (!times && picks.size() > 1) {
            const auto middle = picks.begin() + std::ptrdiff_t(picks.size() / 2);
            const Result<int> first = attempt({picks.begin(), middle});
            if (!first) return first;
            const Result<int> second = attempt({middle, picks.end()});
            return second ? Result<int>(*first + *second) : second;
        }
        std::vector<TunedBlocks> trials;
        for (const Pick &pick : picks) {
            TunedBlocks &trial = trials.emplace_back(log_.record_of(*pick.problem, pick.blocks));
            trial.trial = 1;
            trial.date = now();
            if (times) {
                set_times(trial, *pick.problem, *times);
            } else {
                trial.failed = times.error().what;
                report_.failed++;
            }
            log_.add(trial);
        }
        if (auto added = database_->append(trials); !added) return added.error();
        return times ? int(picks.size()) : 0;
    }

    Status try_candidates() {
        const auto start = Clock::now();
        for (;;) {
            int left = 0;
            const Picks picks = log_.next(problems_, left);
            report_.finished = picks.empty();
            show_progress(left);
            const bool late = std::chrono::duration<double>(Clock::now() - start).count() > request_.seconds;
            if (picks.empty() || late || request_.interrupted()) return ok();
            const Result<int> timed = attempt(picks);
            if (!timed) return timed.error();
            if (*timed == 0 && picks.size() > 1)  // not the candidates' fault
                return environment_error("trial: expected a candidate that runs, found none: " +
                                         log_.trials().back().failed);
            report_.trials++;
        }
    }

    void show_progress(int trials_left) {
        double gain = 0;
        for (const auto &[problem, winner] : log_.winners(problems_)) gain += winner->model_ms - winner->ms;
        request_.progress(report_.trials, report_.trials + trials_left,
                          fmt::format("{:.3f} ms gained", gain));
    }

    // All winners in one package against the model's; who does not win again goes back to the model's blocks.
    Status confirm() {
        Picks picks;
        for (const auto &[problem, winner] : log_.winners(problems_))
            picks.push_back({problem, winner->blocks});
        auto times = confirmed_times(picks);
        if (!times) return Error{times.error().code, "chosen blocks together: " + times.error().what, {}};
        std::vector<TunedBlocks> chosen;
        for (const Problem &p : problems_) {
            auto picked =
                std::find_if(picks.begin(), picks.end(), [&](const Pick &k) { return k.problem == &p; });
            TunedBlocks record = log_.record_of(p, picked == picks.end() ? p.candidates[0] : picked->blocks);
            set_times(record, p, *times);
            if (picked == picks.end() || record.ms > kGain * record.model_ms) {
                record.blocks = p.candidates[0];
                record.ms = record.model_ms;
            }
            report_.changed += !(record.blocks == p.candidates[0]);
            report_.model_ms += record.model_ms;
            report_.ms += record.ms;
            record.date = now();
            chosen.push_back(record);
        }
        if (auto added = database_->append(chosen); !added) return added.error();
        return request_.output.empty() ? ok() : write_output(chosen);
    }

    // Records of other problems that the output holds are kept.
    Status write_output(const std::vector<TunedBlocks> &chosen) {
        records_.erase(std::remove_if(records_.begin(), records_.end(),
                                      [&](const TunedBlocks &r) {
                                          return find_tuned(chosen, r.level, r.problem) != nullptr;
                                      }),
                       records_.end());
        records_.insert(records_.end(), chosen.begin(), chosen.end());
        return write_records(request_.output, records_);
    }

    const TuneRequest &request_;
    const Machine machine_;
    const TemporaryFolder scratch_{"hardnet-tune-"};
    TrialOptions options_;
    std::vector<Problem> problems_;
    std::vector<TunedBlocks> records_;  // of the output
    std::unique_ptr<TuningDatabase> database_;
    TrialLog log_;
    TuneReport report_;
};

}  // namespace

std::string sources_version() { return generator_sources().substr(0, 12); }  // enough to tell them apart

Result<std::vector<TunedBlocks>> records_for_host() {
    auto database = TuningDatabase::open_to_read(tuning_database_path());
    if (!database) return database.error();
    auto records = database->read();
    if (!records) return records.error();
    return records_for(cpu_name(), sources_version(), *records);
}

Result<TuneReport> tune(const TuneRequest &request) {
    auto machines = machines_for({request.level.empty() ? "host" : request.level});
    if (!machines) return machines.error();
    return Tuner(request, machines->front()).run();
}

}  // namespace hardnet
