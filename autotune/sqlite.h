// SQLite, as far as the tuning records need it: a file and statements with bound values. Every fault is an error that
// names the file: a file that is broken or of somebody else is bad input, what the system refuses is its environment.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hardnet {

// One statement, run from its first row; its file outlives it.
class SqliteStatement {
public:
    SqliteStatement &bind(double value);
    SqliteStatement &bind(int64_t value);
    SqliteStatement &bind(const std::string &value);

    Result<bool> row();  // whether there is a further one
    double real(int column) const;
    int64_t integer(int column) const;
    std::string text(int column) const;

    Status run();  // through all rows, and back to before the first, with nothing bound

private:
    friend class SqliteFile;
    struct Close {
        void operator()(sqlite3_stmt *statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Close> statement_;
    const class SqliteFile *file_ = nullptr;
    int bound_ = 0;
};

class SqliteFile {
public:
    // kRead changes nothing but what a writer that was killed left half done; kWrite makes a file that is missing.
    enum class Access { kRead, kWrite };
    static Result<std::unique_ptr<SqliteFile>> open(const std::string &path, Access access);
    SqliteFile(const SqliteFile &) = delete;
    SqliteFile &operator=(const SqliteFile &) = delete;

    Result<SqliteStatement> prepare(const std::string &sql) const;
    Status execute(const std::string &sql) const;
    Result<int64_t> integer(const std::string &sql) const;  // of the first row's first column
    int changes() const;                                    // rows that the last statement added
    Error fault() const;                                    // of the last call that failed

private:
    explicit SqliteFile(std::string path) : path_(std::move(path)) {}
    struct Close {
        void operator()(sqlite3 *file) const;
    };
    const std::string path_;
    std::unique_ptr<sqlite3, Close> file_;
};

// Rolls back what was not committed.
class SqliteTransaction {
public:
    explicit SqliteTransaction(const SqliteFile &file) : file_(file) {}
    ~SqliteTransaction();
    SqliteTransaction(const SqliteTransaction &) = delete;
    SqliteTransaction &operator=(const SqliteTransaction &) = delete;

    Status begin();  // and waits for other writers
    Status commit();

private:
    const SqliteFile &file_;
    bool open_ = false;
};

}  // namespace hardnet
