#include "autotune/sqlite.h"

#include <sqlite3.h>

namespace hardnet {
namespace {

constexpr int kBusyMilliseconds = 20'000;  // a writer holds the file for milliseconds

}  // namespace

void SqliteStatement::Close::operator()(sqlite3_stmt *statement) const { sqlite3_finalize(statement); }
void SqliteFile::Close::operator()(sqlite3 *file) const { sqlite3_close(file); }

// What cannot be bound (memory) fails with the statement.
SqliteStatement &SqliteStatement::bind(double value) {
    sqlite3_bind_double(statement_.get(), ++bound_, value);
    return *this;
}
SqliteStatement &SqliteStatement::bind(int64_t value) {
    sqlite3_bind_int64(statement_.get(), ++bound_, value);
    return *this;
}
SqliteStatement &SqliteStatement::bind(const std::string &value) {
    sqlite3_bind_text(statement_.get(), ++bound_, value.data(), int(value.size()), SQLITE_TRANSIENT);
    return *this;
}

Result<bool> SqliteStatement::row() {
    const int status = sqlite3_step(statement_.get());
    if (status == SQLITE_ROW) return true;
    if (status == SQLITE_DONE) return false;
    return file_->fault();
}

double SqliteStatement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
std::string SqliteStatement::text(int column) const {
    const auto *bytes = reinterpret_cast<const char *>(sqlite3_column_text(statement_.get(), column));
    return bytes ? std::string(bytes, size_t(sqlite3_column_bytes(statement_.get(), column))) : "";
}

Status SqliteStatement::run() {
    for (;;) {
        const Result<bool> more = row();
        if (!more) return more.error();
        if (!*more) break;
    }
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bound_ = 0;
    return ok();
}

Result<std::unique_ptr<SqliteFile>> SqliteFile::open(const std::string &path, Access access) {
    std::unique_ptr<SqliteFile> file(new SqliteFile(path));
    // To read alone would be to refuse a file whose last writer was killed: its journal has to be played back first.
    const int flags = SQLITE_OPEN_READWRITE | (access == Access::kWrite ? SQLITE_OPEN_CREATE : 0);
    sqlite3 *opened = nullptr;
    const int status = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    file->file_.reset(opened);  // there is one, which knows the fault, even where it could not be opened
    if (!opened) return environment_error(path + ": expected memory for a database, found none");
    if (status != SQLITE_OK) return file->fault();
    sqlite3_busy_timeout(opened, kBusyMilliseconds);
    if (access == Access::kRead)
        if (Status s = file->execute("PRAGMA query_only = ON"); !s) return s.error();
    return file;
}

Result<SqliteStatement> SqliteFile::prepare(const std::string &sql) const {
    SqliteStatement statement;
    sqlite3_stmt *prepared = nullptr;
    if (sqlite3_prepare_v2(file_.get(), sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) return fault();
    statement.statement_.reset(prepared);
    statement.file_ = this;
    return statement;
}

Status SqliteFile::execute(const std::string &sql) const {
    return sqlite3_exec(file_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK ? ok()
                                                                                          : Status(fault());
}

Result<int64_t> SqliteFile::integer(const std::string &sql) const {
    Result<SqliteStatement> statement = prepare(sql);
    if (!statement) return statement.error();
    const Result<bool> row = statement->row();
    if (!row) return row.error();
    return *row ? statement->integer(0) : int64_t{0};
}

int SqliteFile::changes() const { return sqlite3_changes(file_.get()); }

Error SqliteFile::fault() const {
    const std::string found = sqlite3_errmsg(file_.get());
    switch (sqlite3_errcode(file_.get())) {
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
        case SQLITE_SCHEMA:
        case SQLITE_ERROR:  // a table or a column that is missing
        case SQLITE_MISMATCH:
            return bad_input(path_ + ": expected a database of tuning records, found: " + found);
        default:
            return environment_error(path_ + ": expected a database that can be used, found: " + found);
    }
}

SqliteTransaction::~SqliteTransaction() {
    if (open_) (void)file_.execute("ROLLBACK");
}

Status SqliteTransaction::begin() {
    Status begun = file_.execute("BEGIN IMMEDIATE");
    open_ = bool(begun);
    return begun;
}

Status SqliteTransaction::commit() {
    Status committed = file_.execute("COMMIT");
    if (committed) open_ = false;
    return committed;
}

}  // namespace hardnet
