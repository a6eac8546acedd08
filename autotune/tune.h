// Finds algorithms and the parameters of schedules by measuring them inside the running network.
//
// First the algorithm of each resolution's 3x3 layers, which share V, then the parameters of each distinct kernel of what was
// chosen. Every such problem has candidates: what records suggest and what the cost model finds near its best. A trial is a
// package that gives each problem its next candidate; it is timed in turns with the package that the cost model gives. `trial_log.h` says what is tried next and what wins, `search.h` does it in time.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "autotune/search.h"
#include "compiler/compile.h"

namespace hardnet {

struct ProblemReport {
    Problem problem;
    std::vector<std::string> layers;  // their names
    Parameters model, parameters;     // the cost model's choice, and what is taken
    double model_ms = 0, ms = 0;      // of all the layers; 0: not measured
    double low = 0, high = 0;         // bounds of ms / model_ms where others are taken
    bool settled = false;             // by a record
    struct Verdict {
        Parameters parameters;
        std::string text;
        bool failed = false;
    };
    std::vector<Verdict> verdicts;  // of the other candidates
};

struct StageReport {
    std::vector<ProblemReport> problems;
    int changed = 0, settled = 0;  // problems that do better than by the model's choice; that have a record
    double model_ms = 0, ms = 0;   // of all their layers, by the cost model's choices and by those taken
    SearchReport search;
};

struct TuneReport {
    std::string level, cpu;
    StageReport algorithms, kernels;  // resolutions; kernels, by the algorithms that were taken
};

struct TuneRequest {
    ModelRecord record;
    InputSize size;
    const Model *model = nullptr;  // in place of a record and its size; outlives the request
    std::string level;             // empty: the best that this CPU runs
    Precision precision = Precision::kFloat32;
    Calibrator calibrate;                   // of integers: what tensors hold
    std::optional<MachineRecord> measured;  // as which the cost model takes the machine
    int threads = 1;                        // of the runs that are timed
    int jobs = 0;                           // compilers at once; 0: one per CPU
    double seconds = 300;                   // all but the trial that is being made ends by then
    std::string database;                   // of records: earlier runs' trials, to which this run's are added
    std::string output;  // a file of chosen records, or none; those of other problems that it holds are kept
    bool again = false;  // use no earlier run's trials
    std::function<void(const std::string &stage, const SearchProgress &)> progress;
    std::function<bool()> interrupted;  // then what is known is confirmed and written
    // Called at the end, while the cost model's package, by the algorithms that were taken, is still there.
    std::function<Status(const TuneReport &, const std::string &model_package)> finish;
};

Result<TuneReport> tune(const TuneRequest &request);

}  // namespace hardnet
