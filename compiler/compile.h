// From a model and its weights to a package on disk.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/machine_record.h"
#include "base/result.h"
#include "graph/network.h"
#include "graph/ranges.h"
#include "models/records.h"
#include "schedules/records.h"
#include "weights/weights.h"

namespace hardnet {

struct Model;

// What tensors were seen to hold, and on what: "64 pictures".
struct Calibration {
    Ranges ranges;  // per layer; none where nothing was seen
    std::string source;
    std::set<std::string> keep{};                 // layers that lose too much as integers
    std::set<std::string> keep_int16{};           // layers that lose too much as int8
    std::vector<std::optional<double>> errors{};  // per layer: relative RMS as integers that was measured
};
// Of a float32 network; per layer the m of F(m x m) whose V of its tensor is wanted.
using Calibrator = std::function<Result<Calibration>(const Model &, const std::vector<std::set<int>> &)>;

struct CompileOptions {
    int batch = 1;                          // images per run
    std::vector<std::string> targets;       // "host", "x86-64"...; empty: host
    std::string name;                       // of package and C symbol; empty: the network's
    int jobs = 0;                           // compilers at once; 0: one per CPU
    std::string algorithm = "auto";         // "auto", "winograd", "direct": of the 3x3 layers
    std::string objective = "speed";        // or "size": of the packed weights
    std::string precision = "fp32";         // or "int16" or "int8"
    Calibrator calibrate;                   // of integers; none: what bounds the layers
    std::set<std::string> keep;             // layers whose products stay float32
    std::string blocks = "tuned";           // or "model", or a file of records: see tuning_records
    std::vector<TuningRecord> records;      // consulted before those of `blocks`
    std::optional<MachineRecord> measured;  // in place of what the targets' levels are modelled on
    bool allow_spills = false;              // GPU kernels that keep sums in memory are taken, too
    std::string cubins = "auto";            // or "none": of a GPU's level PTX alone
    std::vector<std::string> prepack;       // levels whose packed weights are written, too
    std::string folder;                     // the package; must not exist, be empty, or hold a package
    std::function<void(int done, int total, const std::string &what)> progress;
};

// A network with its weights, and what a package says of them.
struct Model {
    Network network;
    FoldedWeights weights;
    std::string weights_source;            // "seed:1", or a file's name
    std::vector<std::string> class_names;  // one per class, or none
    FloatTensor priors{};                  // of SSD where somebody stated them: [boxes, 4]
};

struct CompileRequest : CompileOptions {
    ModelRecord record;
    std::string weights;    // a checkpoint's path, or "seed:N"
    std::string state_key;  // as ImportWishes has it
    InputSize size;
    int classes = 0;               // asserted of the weights' head; 0: whatever it says
    const Model *model = nullptr;  // in place of a record and its weights; outlives the request
};

struct CompileReport {
    std::string folder;
    int kernels = 0, compiled = 0;   // distinct kernels of all levels; those that the cache lacked
    int64_t kernel_bytes = 0;        // of the archive's objects
    std::vector<std::string> notes;  // from reading the weights
    std::string shared_library;      // path, or empty with the reason in notes
};

// What decides register blocks before the cost model: the records that the program was built with ("tuned"),
// none ("model"), or those of a file that `hardnet tune` wrote.
Result<std::vector<TuningRecord>> tuning_records(const std::string &source,
                                                 RecordKind kind = RecordKind::kChosen);

Result<CompileReport> compile_package(const CompileRequest &request);
Result<CompileReport> compile_model(const Model &model, const CompileOptions &options);

}  // namespace hardnet
