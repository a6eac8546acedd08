// hardnet tune without a network: the records of the user's database shown, written to a file, read from one.
#pragma once
#include <string>

#include "base/result.h"

namespace hardnet {

Result<ExitCode> list_tuning_records();

// The latest chosen records, of all CPUs.
Result<ExitCode> export_tuning_records(const std::string &path);

// What the database has already is not added again.
Result<ExitCode> import_tuning_records(const std::string &path);

}  // namespace hardnet
