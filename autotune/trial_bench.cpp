#include "autotune/trial_bench.h"

#include <chrono>

#include "autotune/trial.h"

namespace hardnet {

double monotonic_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Status TrialBench::prepare() {
    if (!scratch_.fault().empty())
        return environment_error(scratch_.fault() + ": expected a temporary folder that can be written");
    return compile("model", common_);
}

Result<std::vector<RoundTimes>> TrialBench::measure(const Picks &picks, double seconds) {
    std::vector<TuningRecord> records = common_;
    for (const Pick &pick : picks) records.push_back(log_.record_of(pick));
    if (Status s = compile("trial", records); !s) return s.error();
    std::vector<LayerGroup> groups;
    for (const OpenProblem &p : log_.problems()) groups.push_back({p.layers, p.transformed});
    const double begin = monotonic_seconds();
    auto times = run_trial(scratch_.path() + "/trial", model_package(), groups,
                           {machine_.level, request_.threads, seconds, most_seconds(seconds)});
    if (times && usual_seconds_ == 0) usual_seconds_ = monotonic_seconds() - begin;
    return times;
}

// What takes ten times as long as the model's package against itself hangs.
int TrialBench::most_seconds(double seconds) const {
    constexpr int kLeast = 5, kFirst = 900;
    return usual_seconds_ == 0 ? kFirst : kLeast + int(10 * (usual_seconds_ + seconds));
}

Status TrialBench::compile(const std::string &name, const std::vector<TuningRecord> &records) const {
    const std::string path = scratch_.path() + "/" + name + ".jsonl";
    if (Status s = write_records(path, records); !s) return s;
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
    request.blocks = path;
    request.folder = scratch_.path() + "/" + name;
    return compile_in_child(request);
}

}  // namespace hardnet
