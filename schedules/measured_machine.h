// A level's machine as it was measured, in place of the one that its record in machine.cpp models.
#pragma once
#include "base/machine_record.h"
#include "schedules/machine.h"

namespace hardnet {

// What the cost model asks of a machine: products per cycle, bytes of memory per cycle and core, the second cache. A level
// that was not measured stays as it is.
Machine measured_machine(Machine machine, const MachineRecord &record);

// Says what a plan depends on of the machine: "" for the built-in one, else "+64/1.2/2048".
std::string measured_name(const Machine &machine);

}  // namespace hardnet
