// What --tune-for asks for: the one thing by which packages depend on a machine and on its user.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/machine_record.h"
#include "schedules/records.h"

namespace hardnet {

struct TuneFor {
    std::optional<MachineRecord> measured;  // as which the machine is planned for
    std::vector<TuningRecord> records;      // what the user's database has for it, see records_for
};

// Of "host": this CPU, measured where `hardnet doctor --measure` was; else of the machine whose record is in that file.
Result<TuneFor> tune_for(const std::string &asked);

// This machine as it was measured, if it was.
Result<std::optional<MachineRecord>> measured_host();

// The version of generators and schedules that records carry, a hash,
std::string sources_version();
// and behind it as what the machine was measured: times beside another plan say nothing of this one's.
std::string sources_version(const Machine &machine);

}  // namespace hardnet
