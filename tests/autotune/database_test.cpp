// The user's tuning records: kept, merged, told apart by CPU, and refused where the file is not what it should be.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "autotune/child.h"
#include "autotune/tuning_database.h"
#include "base/child.h"

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

class TuningRecords : public ::testing::Test {
protected:
    ~TuningRecords() override { fs::remove_all(folder_); }

    static Problem convolution(int in) { return convolution_problem(Window{}, 56, 28, 40, in); }
    static TuningRecord measured(const std::string &cpu, int in, const std::string &date, double ms = 0.25) {
        TuningRecord r;
        r.level = "avx512";
        r.problem = convolution(in);
        r.parameters.blocks = {{0, 32, 32, 16, 7}, {0, 8, 8, 8, 4}};
        r.ms = ms;
        r.model_ms = 0.3125;
        r.low = 0.78;
        r.high = 0.82;
        r.cpu = cpu;
        r.version = "1.2.3";
        r.sources = "0123";
        r.date = date;
        return r;
    }

    TuningDatabase opened() {
        auto database = TuningDatabase::open(path_);
        EXPECT_TRUE(database) << database.error().what;
        return std::move(*database);
    }
    // Of opening to read; then of opening to write, which must be the same.
    Error fault() {
        const auto read = TuningDatabase::open_to_read(path_);
        const auto written = TuningDatabase::open(path_);
        EXPECT_FALSE(read);
        EXPECT_FALSE(written);
        if (read || written) return bad_input("none");
        EXPECT_EQ(read.error().what, written.error().what);
        EXPECT_EQ(read.error().code, written.error().code);
        return read.error();
    }
    std::string bytes() const {
        std::ifstream file(path_, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    void write(const std::string &bytes) {
        fs::create_directories(fs::path(path_).parent_path());
        std::ofstream(path_, std::ios::binary) << bytes;
    }

    const std::string folder_ = ::testing::TempDir() + "hardnet-records-" + std::to_string(getpid());
    const std::string path_ = folder_ + "/data/hardnet/tuning.db";
};

TEST_F(TuningRecords, ComeBackAsTheyWereAndOnce) {
    const auto none = TuningDatabase::open_to_read(path_);
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->read()->empty());
    EXPECT_FALSE(fs::exists(folder_)) << "reading made something";

    TuningRecord failed = measured("a", 65, "2026-01-02T00:00:00Z", 0);
    failed.trial = 2;
    failed.failed = "expected a 'result', found \xff";
    const std::vector<TuningRecord> all = {measured("a", 64, "2026-01-01T00:00:00Z"),
                                           measured("a", 66, "2026-01-03T00:00:00Z", 0.1234567), failed};
    EXPECT_EQ(*opened().append(all), 3);
    EXPECT_EQ(*opened().append({all[1], all[0]}), 0);
    const auto found = opened().read("avx512");
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 3u);
    EXPECT_EQ((*found)[0].ms, 0.25);
    EXPECT_EQ((*found)[1].ms, 0.123457);
    EXPECT_EQ((*found)[1].high, 0.82);
    EXPECT_EQ((*found)[2].failed.rfind("expected a 'result', found ", 0), 0u);
    EXPECT_EQ(records_text({(*found)[0]}), records_text({all[0]}));
    EXPECT_TRUE(opened().read("avx2")->empty());
    EXPECT_EQ(*opened().append(*found), 0) << "what was read is what is there";
}

TEST_F(TuningRecords, OfTheLatestDateCountAndThoseOfOtherCpusBehind) {
    TuningRecord other_sources = measured("this", 70, "2026-01-09T00:00:00Z"),
                 trial = measured("this", 71, "");
    other_sources.sources = "4567";
    trial.trial = 1;
    const std::vector<TuningRecord> all = {measured("other", 64, "2026-01-05T00:00:00Z", 1),
                                           measured("this", 64, "2026-01-02T00:00:00Z", 2),
                                           measured("this", 64, "2026-01-01T00:00:00Z", 3),
                                           measured("other", 65, "2026-01-03T00:00:00Z", 4),
                                           measured("third", 65, "2026-01-04T00:00:00Z", 5),
                                           other_sources,
                                           trial};
    EXPECT_EQ(latest_chosen(all).size(), 5u);
    const std::vector<TuningRecord> records = records_for("this", "0123", all);
    EXPECT_EQ(records.size(), 4u);
    const TuningRecord *own = find_record(records, "avx512", convolution(64));
    ASSERT_TRUE(own);
    EXPECT_EQ(own->ms, 2);
    EXPECT_FALSE(own->foreign);
    const TuningRecord *foreign = find_record(records, "avx512", convolution(65));
    ASSERT_TRUE(foreign);
    EXPECT_EQ(foreign->ms, 5);
    EXPECT_TRUE(foreign->foreign);
    for (int in : {70, 71}) EXPECT_FALSE(find_record(records, "avx512", convolution(in))) << in;
}

TEST_F(TuningRecords, AreWrittenByTwoAtOnce) {
    constexpr int kEach = 40;
    opened();
    auto writer = [&](const std::string &cpu) {
        return in_child([&]() -> Result<nlohmann::json> {
            for (int i = 0; i < kEach; i++)
                if (auto added = opened().append({measured(cpu, 64 + i, ""), measured(cpu, 200 + i, "")});
                    !added)
                    return added.error();
            return nlohmann::json(true);
        });
    };
    Result<Child> other = Child::start([&](int) { return writer("b") ? 0 : 1; });
    ASSERT_TRUE(other);
    const auto own = writer("a");
    EXPECT_TRUE(own) << own.error().what;
    const auto end = other->wait();
    EXPECT_TRUE(end && end->good());
    EXPECT_EQ(opened().read()->size(), 4u * kEach);
}

// A process that ends within a transaction, parts of which are in the file already, leaves what was there before: to
// readers, too, who have to play its journal back.
TEST_F(TuningRecords, OfATransactionThatDiedAreNotThere) {
    std::vector<TuningRecord> many;
    for (int i = 0; i < 100; i++) many.push_back(measured("a", 64 + i, ""));
    ASSERT_TRUE(opened().append(many));
    const auto died = in_child([&]() -> Result<nlohmann::json> {
        auto file = SqliteFile::open(path_, SqliteFile::Access::kWrite);
        SqliteTransaction transaction(**file);
        if (!(*file)->execute("PRAGMA cache_size = 1") || !transaction.begin() ||
            !(*file)->execute("UPDATE records SET ms = ms + 1"))
            return bad_input("no transaction");
        raise(SIGKILL);
        return nlohmann::json();
    });
    EXPECT_EQ(died.error().what, "expected a result, found signal 9");
    const auto read = TuningDatabase::open_to_read(path_);
    ASSERT_TRUE(read) << read.error().what;
    ASSERT_EQ(read->read()->size(), many.size());
    const auto written = opened().read();
    for (const TuningRecord &record : *written) EXPECT_EQ(record.ms, 0.25);
}

TEST_F(TuningRecords, ThatNoKernelFitsAreLeftOut) {
    ASSERT_TRUE(opened().append({measured("a", 64, ""), measured("a", 65, ""), measured("a", 66, "")}));
    auto file = SqliteFile::open(path_, SqliteFile::Access::kWrite);
    ASSERT_TRUE((*file)->execute(
        "UPDATE records SET parameters = replace(parameters, '\"extent\":7', '\"extent\":99') WHERE id = 1"));
    ASSERT_TRUE((*file)->execute("UPDATE records SET problem = 'not JSON' WHERE id = 2"));
    const auto found = opened().read();
    ASSERT_TRUE(found) << found.error().what;
    ASSERT_EQ(found->size(), 1u);
    EXPECT_TRUE(found->front().problem == convolution(66));
}

TEST_F(TuningRecords, OfABrokenOrForeignFileAreRefusedAndKept) {
    write("no database, though long enough to have a header of a hundred bytes: " + std::string(200, 'x'));
    const std::string before = bytes();
    EXPECT_EQ(fault().what, path_ + ": expected a database of tuning records, found: file is not a database");
    EXPECT_EQ(fault().code, ExitCode::kBadInput);
    EXPECT_EQ(bytes(), before);

    fs::remove(path_);
    {
        auto file = SqliteFile::open(path_, SqliteFile::Access::kWrite);
        ASSERT_TRUE((*file)->execute("CREATE TABLE bookmarks (url TEXT)"));
    }
    EXPECT_EQ(fault().what, path_ + ": expected a database of tuning records, found another program's");

    fs::remove(path_);
    ASSERT_TRUE(opened().append({measured("a", 64, "")}));
    {
        auto file = SqliteFile::open(path_, SqliteFile::Access::kWrite);
        ASSERT_TRUE((*file)->execute("PRAGMA user_version = 7"));
    }
    EXPECT_EQ(fault().what,
              path_ + ": expected schema 2, found 7, which another version of the program made");
    EXPECT_EQ(fault().code, ExitCode::kBadInput);
}

TEST_F(TuningRecords, OfADatabaseWithAFlippedPageAreRefused) {
    std::vector<TuningRecord> many;
    for (int i = 0; i < 100; i++) many.push_back(measured("a", 64 + i, ""));
    ASSERT_TRUE(opened().append(many));
    std::string broken = bytes();
    constexpr size_t kPage = 4096;
    ASSERT_GT(broken.size(), 8 * kPage);
    for (size_t page = 3; page < 6; page++) broken.replace(page * kPage, 64, std::string(64, '\x5a'));
    write(broken);
    const std::string what = fault().what;
    EXPECT_EQ(what.rfind(path_ + ": expected ", 0), 0u) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
    EXPECT_EQ(bytes(), broken);
}

TEST_F(TuningRecords, OfAnEmptyFileAreNoneAndItIsTakenIntoUse) {
    write("");
    const auto none = TuningDatabase::open_to_read(path_);
    ASSERT_TRUE(none) << none.error().what;
    EXPECT_TRUE(none->read()->empty());
    EXPECT_EQ(*opened().append({measured("a", 64, "")}), 1);
}

TEST_F(TuningRecords, NeedAFolderThatCanBeWritten) {
    const auto no_folder = TuningDatabase::open("/proc/no/tuning.db");
    ASSERT_FALSE(no_folder);
    EXPECT_EQ(
        no_folder.error().what.rfind("/proc/no/tuning.db: expected a folder that can be written, found: ", 0),
        0u)
        << no_folder.error().what;
    EXPECT_EQ(no_folder.error().code, ExitCode::kEnvironment);
    fs::create_directories(path_);
    for (const auto open : {TuningDatabase::open, TuningDatabase::open_to_read}) {
        const auto opened = open(path_);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().what.rfind(path_ + ": expected a database that can be used, found: ", 0),
                  0u);
        EXPECT_EQ(opened.error().code, ExitCode::kEnvironment);
    }
}

// As SQLite says it of a file that it may read alone, whose journal it cannot make; root may write everything.
TEST_F(TuningRecords, ThatCannotBeWrittenAreRead) {
    ASSERT_TRUE(opened().append({measured("a", 64, "")}));
    if (getuid() == 0) GTEST_SKIP() << "root writes what is read-only";
    fs::permissions(path_, fs::perms::owner_read);
    EXPECT_EQ(TuningDatabase::open_to_read(path_)->read()->size(), 1u);
    auto database = TuningDatabase::open(path_);
    ASSERT_TRUE(database) << database.error().what;
    const auto added = database->append({measured("b", 64, "")});
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().what,
              path_ + ": expected a database that can be used, found: attempt to write a readonly database");
    EXPECT_EQ(added.error().code, ExitCode::kEnvironment);
}

}  // namespace
}  // namespace hardnet::testing
