// Tuned parameters as data: one line of JSON for each problem, sorted, so that a change of one is a
// change of one line. `hardnet tune` writes them; those in schedules/tuned/ are built into the program.
#pragma once
#include <string>
#include <vector>

#include "schedules/parameters.h"

namespace hardnet {

struct TuningRecord {
    std::string level;  // of the machine
    Problem problem;
    Parameters parameters;
    // Of a layer, the mean of all that the problem is of: with these parameters, with the model's.
    double ms = 0, model_ms = 0;
    double low = 0, high = 0;  // bounds of ms / model_ms, from its spread; 0: not known
    std::string cpu;           // measured on this, as /proc/cpuinfo calls it,
    int threads = 1;           // by as many threads
    std::string version;       // of the program
    std::string sources;       // a hash of what kernels are made from
    std::string date;          // "2026-11-30T02:00:00Z", or ""
    int trial = 0;             // the round of the search that measured it; 0: a chosen record
    std::string failed;        // of a trial: why there is no time
    bool foreign = false;      // another CPU's than the one that is compiled for; not part of the text

    std::string origin() const { return foreign ? "tuned: " + cpu : "tuned"; }
};

enum class RecordKind {
    kChosen,  // one per problem, of one level: what `hardnet compile --blocks` reads
    kAll,     // of every level and CPU, trials and failed ones among them
};

// Refuses with line and column what is no record and what no kernel can be made from; of chosen records a second
// one of a problem, and one of another level than the first.
Result<std::vector<TuningRecord>> read_records(const std::string &text, const std::string &file_name,
                                               RecordKind kind);
std::string records_text(std::vector<TuningRecord> records);
Status write_records(const std::string &path, const std::vector<TuningRecord> &records);

// As they are in a record: objects.
std::string problem_text(const Problem &problem);
std::string parameters_text(const TuningRecord &record);

// The first record of exactly this problem, or null.
const TuningRecord *find_record(const std::vector<TuningRecord> &records, const std::string &level,
                                const Problem &problem);

// That of this machine's level; where there is none, of float32 that of the level whose code it has.
const TuningRecord *find_record(const std::vector<TuningRecord> &records, const Machine &machine,
                                const Problem &problem);

// Those in schedules/tuned/, of all levels.
Result<std::vector<TuningRecord>> shipped_records();

}  // namespace hardnet
