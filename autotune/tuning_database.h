// The user's tuning records: what was tried on this machine, what was chosen, and what was imported from others.
//
// Records are appended and never changed; the latest of a problem, CPU and number of threads counts. Each append is one
// transaction, so that a program that is killed loses the one trial that it was in. Several programs may write at once.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "autotune/sqlite.h"
#include "schedules/records.h"

namespace hardnet {

// tuning.db in the user's data folder.
std::string tuning_database_path();

class TuningDatabase {
public:
    // To read and to append; makes what is missing.
    static Result<TuningDatabase> open(const std::string &path);
    // To read alone; an empty one where there is no file, and then there is none behind it.
    static Result<TuningDatabase> open_to_read(const std::string &path);

    // All of them or none; how many of them it did not have yet.
    Result<int> append(const std::vector<TuningRecord> &records);

    // Those of a level, or of all where it is "", in the order in which they were added. Those that this program can
    // make no kernel from are left out.
    Result<std::vector<TuningRecord>> read(const std::string &level = "") const;

    const std::string &path() const { return path_; }

private:
    TuningDatabase(std::string path, std::unique_ptr<SqliteFile> file)
        : path_(std::move(path)), file_(std::move(file)) {}
    Status check() const;
    Status make_tables() const;

    std::string path_;
    std::unique_ptr<SqliteFile> file_;  // null: there is none
};

// The latest chosen record of each level, problem, CPU, number of threads and version of the sources.
std::vector<TuningRecord> latest_chosen(const std::vector<TuningRecord> &records);

// What a package for this CPU takes from the chosen records: of each level and problem the latest of this CPU and behind
// it, marked as foreign, the latest of another. Those of other sources do not count.
std::vector<TuningRecord> records_for(const std::string &cpu, const std::string &sources,
                                      const std::vector<TuningRecord> &records);

}  // namespace hardnet
