#include "autotune/tune_for.h"

#include <algorithm>
#include <filesystem>

#include "autotune/tuning_database.h"
#include "base/cpu_name.h"
#include "compiler/emission/kernel.h"
#include "schedules/measured_machine.h"

namespace hardnet {

std::string sources_version() { return generator_sources().substr(0, 12); }  // enough to tell them apart

std::string sources_version(const Machine &machine) { return sources_version() + measured_name(machine); }

Result<std::optional<MachineRecord>> measured_host() {
    std::error_code ignored;
    if (!std::filesystem::exists(machine_record_path(), ignored)) return std::optional<MachineRecord>();
    auto record = read_machine_record(machine_record_path());
    if (!record) return record.error();
    return std::optional<MachineRecord>(std::move(*record));
}

Result<TuneFor> tune_for(const std::string &asked) {
    TuneFor result;
    if (asked == "host") {
        auto measured = measured_host();
        if (!measured) return measured.error();
        result.measured = std::move(*measured);
    } else {
        auto measured = read_machine_record(asked);
        if (!measured) return measured.error();
        result.measured = std::move(*measured);
    }
    auto database = TuningDatabase::open_to_read(tuning_database_path());
    if (!database) return database.error();
    const std::string cpu = asked == "host" ? cpu_name() : result.measured->cpu;
    for (const Machine &built_in : machines(Precision::kInt8)) {
        const Machine machine = result.measured ? measured_machine(built_in, *result.measured) : built_in;
        auto known = database->read(machine.level);
        if (!known) return known.error();
        for (TuningRecord &record : records_for(cpu, sources_version(machine), *known))
            result.records.push_back(std::move(record));
    }
    return result;
}

}  // namespace hardnet
