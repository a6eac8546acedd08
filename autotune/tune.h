// Finds register blocks by measuring them inside the running network.
//
// Every distinct problem of a network has candidates, which the cost model prunes. A trial is a package that
// gives each problem its next candidate; it is timed in turns with the package that the cost model gives.
// What beat the model there is measured again, all winners in one package, and kept where it still does.
#pragma once
#include <functional>
#include <string>

#include "compiler/compile.h"

namespace hardnet {

struct TuneRequest {
    ModelRecord record;
    InputSize size;
    const Model *model = nullptr;  // in place of a record and its size; outlives the request
    std::string level;             // empty: the best that this CPU runs
    int threads = 1;               // of the runs that are timed
    int jobs = 0;                  // compilers at once; 0: one per CPU
    double seconds = 300;          // no trial begins later
    std::string database;          // of records: earlier runs' trials, to which this run's are added
    std::string output;  // a file of chosen records, or none; those of other problems that it holds are kept
    bool again = false;  // use no earlier run's trials
    std::function<void(int done, int total, const std::string &what)> progress;
    std::function<bool()> interrupted;  // then what is known is confirmed and written
};

struct TuneReport {
    std::string level, cpu;
    int problems = 0, changed = 0;  // distinct layers; those that do better with other blocks
    int trials = 0, failed = 0;     // packages timed; candidates that failed
    double model_ms = 0, ms = 0;    // of the layers that have blocks, by the cost model's and by the chosen
    bool finished = false;          // every candidate was tried
};

// The hash of generators and schedules that records carry.
std::string sources_version();

// What packages for this CPU take from the user's database, see records_for.
Result<std::vector<TunedBlocks>> records_for_host();

Result<TuneReport> tune(const TuneRequest &request);

}  // namespace hardnet
