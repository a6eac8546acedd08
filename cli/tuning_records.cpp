#include "cli/tuning_records.h"

#include <fmt/format.h>

#include <cstdio>

#include "autotune/tune_for.h"
#include "autotune/tuning_database.h"
#include "base/files.h"
#include "cli/console.h"
#include "compiler/compile.h"

namespace hardnet {
namespace {

Result<std::vector<TuningRecord>> chosen_records() {
    const Result<TuningDatabase> database = TuningDatabase::open_to_read(tuning_database_path());
    if (!database) return database.error();
    const Result<std::vector<TuningRecord>> records = database->read();
    if (!records) return records.error();
    return latest_chosen(*records);
}

}  // namespace

Result<ExitCode> list_tuning_records() {
    const Result<std::vector<TuningRecord>> records = chosen_records();
    if (!records) return records.error();
    std::string text = fmt::format("{}: {} records\n", tuning_database_path(), records->size());
    if (!records->empty())
        text += fmt::format("\n{:<7}  {:<44}  {:<22}  {:>9}  {:>9}  {:>7}  {:>7}  {:<20}  {}\n", "level",
                            "kernel", "blocks", "ms", "model's", "share", "threads", "date", "CPU");
    for (const TuningRecord &r : *records)
        text += fmt::format(
            "{:<7}  {:<44}  {:<22}  {:>9.4f}  {:>9.4f}  {:>5.1f} %  {:>7}  {:<20}  {}{}\n", r.level,
            describe(r.problem), describe(r.parameters, r.problem.op), r.ms, r.model_ms,
            r.ms / r.model_ms * 100, r.threads, r.date, r.cpu,
            r.sources.rfind(sources_version(), 0) == 0 ? "" : " (of another version of the program)");
    std::fputs(text.c_str(), stdout);
    return ExitCode::kOk;
}

Result<ExitCode> export_tuning_records(const std::string &path) {
    const Result<std::vector<TuningRecord>> records = chosen_records();
    if (!records) return records.error();
    if (const Status written = write_records(path, *records); !written) return written.error();
    std::fputs(fmt::format("{}: {} records\n", path, records->size()).c_str(), stdout);
    return ExitCode::kOk;
}

Result<ExitCode> import_tuning_records(const std::string &path) {
    const Result<std::vector<TuningRecord>> records = tuning_records(path, RecordKind::kAll);
    if (!records) return records.error();
    Result<TuningDatabase> database = TuningDatabase::open(tuning_database_path());
    if (!database) return database.error();
    const Result<int> added = database->append(*records);
    if (!added) return added.error();
    std::fputs(fmt::format("{}: {} records, {} of them new\n", path, records->size(), *added).c_str(),
               stdout);
    return ExitCode::kOk;
}

}  // namespace hardnet
