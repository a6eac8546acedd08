#include "autotune/trial_bench.h"

#include <chrono>

#include "autotune/trial.h"

namespace hardnet {

double monotonic_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

CompileRequest compile_request(const TuneRequest &request, const Machine &machine) {
    CompileRequest compile;
    compile.record = request.record;
    compile.record.class_names.clear();
    compile.size = request.size;
    compile.weights = "seed:1";
    compile.model = request.model;
    compile.targets = {machine.level};
    compile.precision = name_of(request.precision);
    compile.measured = request.measured;
    compile.name = "tuned";
    compile.jobs = request.jobs;
    return compile;
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
                           {machine_.level, request_.threads, seconds, most_seconds(seconds), most_error_});
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
    CompileRequest request = compile_request(request_, machine_);
    request.calibrate = [&](const Model &, const auto &) -> Result<Calibration> { return calibration_; };
    request.blocks = path;
    request.folder = scratch_.path() + "/" + name;
    return compile_in_child(request);
}

}  // namespace hardnet
