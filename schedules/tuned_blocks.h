// Tuned register blocks as data: one line of JSON for each problem, sorted, so that a change of one is a
// change of one line. `hardnet tune` writes them; those in schedules/tuned/ are built into the program.
#pragma once
#include <string>
#include <vector>

#include "schedules/blocking.h"

namespace hardnet {

struct TunedBlocks {
    std::string level;  // of the machine
    BlockProblem problem;
    Blocks blocks;
    double ms = 0,
           model_ms =
               0;  // of a layer, the mean of all with this problem: with these blocks, with the model's
    double low = 0, high = 0;  // bounds of ms / model_ms, from its spread; 0: not known
    std::string cpu;           // measured on this, as /proc/cpuinfo calls it,
    int threads = 1;           // by as many threads
    std::string version;       // of the program
    std::string sources;       // a hash of what kernels are made from
    std::string date;          // "2026-11-30T02:00:00Z", or ""
    int trial = 0;             // the round of the search that measured it; 0: a chosen record
    std::string failed;        // of a trial: why there is no time
    bool foreign = false;      // another CPU's than the one that is compiled for; not part of the text
};

enum class RecordKind {
    kChosen,  // one per problem, of one level: what `hardnet compile --blocks` reads
    kAll,     // of every level and CPU, trials and failed ones among them
};

// Refuses with line and column what is no record and what no kernel can be made from; of chosen records a second
// one of a problem, and one of another level than the first.
Result<std::vector<TunedBlocks>> read_tuned_blocks(const std::string &text, const std::string &file_name,
                                                   RecordKind kind);
std::string tuned_blocks_text(std::vector<TunedBlocks> records);

// "1x1 of 28x56, 64 to 40": rows and columns of the output, channels in and out.
std::string describe(const BlockProblem &problem);

// As they are in a record: an object, an array.
std::string problem_text(const BlockProblem &problem);
std::string blocks_text(const Blocks &blocks);

// The first record of exactly this problem, or null.
const TunedBlocks *find_tuned(const std::vector<TunedBlocks> &records, const std::string &level,
                              const BlockProblem &problem);

// Those in schedules/tuned/, of all levels.
Result<std::vector<TunedBlocks>> shipped_tuned_blocks();

}  // namespace hardnet
