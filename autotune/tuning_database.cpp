#include "autotune/tuning_database.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/folders.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kApplication = 0x68647462;  // "hdtb": SQLite's mark of whose file it is
constexpr int64_t kSchema = 2;
constexpr char kTables[] = R"(
CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  level TEXT NOT NULL,
  problem TEXT NOT NULL,      -- JSON, the kernel: operator, shape, channels
  cpu TEXT NOT NULL,
  threads INTEGER NOT NULL,
  sources TEXT NOT NULL,      -- version of generators and schedules, a hash
  trial INTEGER NOT NULL,     -- round of the search; 0: chosen
  parameters TEXT NOT NULL,   -- JSON: register blocks and what else schedules leave open
  ms REAL NOT NULL,
  model_ms REAL NOT NULL,     -- by the cost model's parameters
  low REAL NOT NULL,          -- bounds of ms / model_ms; 0: not known
  high REAL NOT NULL,
  version TEXT NOT NULL,      -- of the program
  date TEXT NOT NULL,         -- UTC
  failed TEXT NOT NULL,       -- why there is no time, or ''
  UNIQUE (level, problem, cpu, threads, sources, trial, parameters, ms, model_ms, low, high, version, date, failed)
) STRICT)";
constexpr const char *kTexts[] = {"version", "date", "failed"};

Error fault_of(const std::string &path, const std::string &expected, const std::string &found) {
    return bad_input(path + ": expected " + expected + ", found " + found);
}

// A row as the line that a file of records would have.
std::string line_of(const SqliteStatement &row) {
    Json json = {{"level", row.text(0)}};
    const Json problem = Json::parse(row.text(1), nullptr, false);
    if (!problem.is_object()) return "";
    json.update(problem);
    json["cpu"] = row.text(2);
    json["threads"] = row.integer(3);
    json["sources"] = row.text(4);
    json["trial"] = row.integer(5);
    const Json parameters = Json::parse(row.text(6), nullptr, false);
    if (!parameters.is_object()) return "";
    json.update(parameters);
    int column = 7;
    for (const char *key : {"ms", "model_ms", "low", "high"}) json[key] = row.real(column++);
    for (const char *key : kTexts) json[key] = row.text(column++);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

auto key(const TuningRecord &r) {
    return std::make_tuple(r.level, problem_text(r.problem), r.cpu, r.threads, r.sources);
}

}  // namespace

std::string tuning_database_path() { return data_folder() + "/tuning.db"; }

Result<TuningDatabase> TuningDatabase::open(const std::string &path) {
    std::error_code failed;
    fs::create_directories(fs::path(path).parent_path(), failed);
    if (failed)
        return environment_error(path +
                                 ": expected a folder that can be written, found: " + failed.message());
    auto file = SqliteFile::open(path, SqliteFile::Access::kWrite);
    if (!file) return file.error();
    TuningDatabase database(path, std::move(*file));
    if (Status s = database.make_tables(); !s) return s.error();
    if (Status s = database.check(); !s) return s.error();
    return database;
}

Result<TuningDatabase> TuningDatabase::open_to_read(const std::string &path) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return TuningDatabase(path, nullptr);
    auto file = SqliteFile::open(path, SqliteFile::Access::kRead);
    if (!file) return file.error();
    const Result<int64_t> tables = (*file)->integer("SELECT count(*) FROM sqlite_master");
    if (!tables) return tables.error();
    if (*tables == 0) return TuningDatabase(path, nullptr);
    TuningDatabase database(path, std::move(*file));
    if (Status s = database.check(); !s) return s.error();
    return database;
}

Status TuningDatabase::make_tables() const {
    SqliteTransaction transaction(*file_);
    const Result<int64_t> tables = file_->integer("SELECT count(*) FROM sqlite_master");
    if (!tables) return tables.error();
    if (*tables > 0) return ok();
    if (Status s = transaction.begin(); !s) return s;
    if (*file_->integer("SELECT count(*) FROM sqlite_master") > 0) return ok();  // somebody else's, meanwhile
    for (const std::string &sql :
         {std::string(kTables), "PRAGMA application_id = " + std::to_string(kApplication),
          "PRAGMA user_version = " + std::to_string(kSchema)})
        if (Status s = file_->execute(sql); !s) return s;
    return transaction.commit();
}

Status TuningDatabase::check() const {
    const Result<int64_t> application = file_->integer("PRAGMA application_id");
    if (!application) return application.error();
    const Result<int64_t> schema = file_->integer("PRAGMA user_version");
    if (!schema) return schema.error();
    if (*application != kApplication)
        return fault_of(path_, "a database of tuning records", "another program's");
    if (*schema != kSchema)
        return fault_of(path_, "schema " + std::to_string(kSchema),
                        std::to_string(*schema) + ", which another version of the program made");
    Result<SqliteStatement> statement = file_->prepare("PRAGMA quick_check(1)");
    if (!statement) return statement.error();
    const Result<bool> row = statement->row();
    if (!row) return row.error();
    const std::string found = *row ? statement->text(0) : "no answer";  // its first line is a heading
    if (found == "ok") return ok();
    return fault_of(path_, "an unbroken database", found.substr(found.rfind('\n') + 1));
}

Result<int> TuningDatabase::append(const std::vector<TuningRecord> &records) {
    SqliteTransaction transaction(*file_);
    if (Status s = transaction.begin(); !s) return s.error();
    Result<SqliteStatement> insert = file_->prepare(
        "INSERT OR IGNORE INTO records (level, problem, cpu, threads, sources, trial, parameters, ms, "
        "model_ms, "
        "low, high, version, date, failed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!insert) return insert.error();
    int added = 0;
    for (const TuningRecord &r : records) {
        const Json line = Json::parse(records_text({r}));  // whose numbers are rounded
        insert->bind(r.level)
            .bind(problem_text(r.problem))
            .bind(line.value("cpu", ""))
            .bind(int64_t(r.threads))
            .bind(r.sources);
        insert->bind(int64_t(r.trial)).bind(parameters_text(r));
        for (const char *number : {"ms", "model_ms", "low", "high"}) insert->bind(line.value(number, 0.0));
        for (const char *text : kTexts) insert->bind(line.value(text, ""));
        if (Status s = insert->run(); !s) return s.error();
        added += file_->changes();
    }
    if (Status s = transaction.commit(); !s) return s.error();
    return added;
}

Result<std::vector<TuningRecord>> TuningDatabase::read(const std::string &level) const {
    std::vector<TuningRecord> records;
    if (!file_) return records;
    Result<SqliteStatement> select = file_->prepare(
        "SELECT level, problem, cpu, threads, sources, trial, parameters, ms, model_ms, low, high, version, "
        "date, failed FROM "
        "records WHERE ?1 = '' OR level = ?1 ORDER BY id");
    if (!select) return select.error();
    select->bind(level);
    for (;;) {
        const Result<bool> row = select->row();
        if (!row) return row.error();
        if (!*row) return records;
        auto read = read_records(line_of(*select), path_, RecordKind::kAll);
        if (read && read->size() == 1) records.push_back(std::move(read->front()));
    }
}

std::vector<TuningRecord> latest_chosen(const std::vector<TuningRecord> &records) {
    std::map<decltype(key(records.front())), const TuningRecord *> latest;
    for (const TuningRecord &r : records) {
        if (r.trial) continue;
        const auto [known, first] = latest.emplace(key(r), &r);
        if (!first && known->second->date <= r.date) known->second = &r;
    }
    std::vector<TuningRecord> result;
    for (const auto &[key, record] : latest) result.push_back(*record);
    return result;
}

std::vector<TuningRecord> records_for(const std::string &cpu, const std::string &sources,
                                      const std::vector<TuningRecord> &records) {
    std::vector<TuningRecord> result;
    for (const TuningRecord &r : latest_chosen(records)) {
        if (r.sources != sources) continue;
        result.push_back(r);
        result.back().foreign = r.cpu != cpu;
    }
    std::stable_sort(result.begin(), result.end(), [](const TuningRecord &a, const TuningRecord &b) {
        return a.foreign != b.foreign ? b.foreign : a.date > b.date;
    });
    return result;
}

}  // namespace hardnet
