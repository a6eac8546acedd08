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
    double ms = 0, model_ms = 0;  // of all layers with this problem: with these blocks, with the cost model's
    std::string cpu;              // measured on this, as /proc/cpuinfo calls it,
    int threads = 1;              // by as many threads
    std::string version;          // of the program
    std::string sources;          // a hash of what kernels are made from
    std::string failed;           // of a trial: why there is no time
};

enum class RecordKind {
    kChosen,  // one per problem
    kTrials,  // what was tried, perhaps several per problem, perhaps failed
};

// Refuses with line and column what is no record, what no kernel can be made from, a second record of a
// problem, and one of another level than the first.
Result<std::vector<TunedBlocks>> read_tuned_blocks(const std::string &text, const std::string &file_name,
                                                   RecordKind kind);
std::string tuned_blocks_text(std::vector<TunedBlocks> records);

// The record of exactly this problem, or null.
const TunedBlocks *find_tuned(const std::vector<TunedBlocks> &records, const std::string &level,
                              const BlockProblem &problem);

// Those in schedules/tuned/, of all levels.
Result<std::vector<TunedBlocks>> shipped_tuned_blocks();

}  // namespace hardnet
