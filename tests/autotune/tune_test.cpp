// Tuning a tiny network from end to end: what is recorded, gone on with, refused, and compiled from.
#include "autotune/tune.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "autotune/candidates.h"
#include "autotune/tune_for.h"
#include "autotune/tuning_database.h"
#include "base/cpu_name.h"
#include "base/machine_record.h"
#include "compiler/emission/kernel.h"
#include "compiler/plan.h"

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

class Tune : public ::testing::Test {
protected:
    Tune() {
        fs::create_directories(folder_);
        database_ = path("tuning.db");
        setenv("HARDNET_CACHE", HARDNET_TEST_CACHE, 1);
        record_.name = "tiny";
        record_.stem = {8, 14};
        record_.blocks = {{8, 2, 20, true}};
        record_.classes = 10;
    }
    ~Tune() override {
        unsetenv("CC");
        fs::remove_all(folder_);
    }

    // Ends behind `trials` trials.
    TuneRequest request(int trials) {
        TuneRequest r;
        r.record = record_;
        r.size = {32, 40};
        r.seconds = 30;
        r.database = database_;
        r.output = path("out.jsonl");
        r.progress = [this](const SearchProgress &p) { done_ = p.done; };
        r.interrupted = [this, trials] { return done_ >= trials; };
        return r;
    }
    std::string path(const std::string &name) const { return (folder_ / name).string(); }
    void write(const std::string &name, const std::string &text) { std::ofstream(path(name)) << text; }

    std::vector<TunedBlocks> chosen() {
        auto records = tuned_blocks(path("out.jsonl"));
        EXPECT_TRUE(records) << records.error().what;
        return records ? *records : std::vector<TunedBlocks>{};
    }
    std::vector<TunedBlocks> in_database() {
        auto database = TuningDatabase::open_to_read(database_);
        EXPECT_TRUE(database) << database.error().what;
        return database ? *database->read() : std::vector<TunedBlocks>{};
    }
    std::vector<TunedBlocks> trials() {
        std::vector<TunedBlocks> all;
        for (TunedBlocks &record : in_database())
            if (record.trial) all.push_back(std::move(record));
        return all;
    }
    int shell(const std::string &command) {
        return std::system(("cd " + folder_.string() + " && ( " + command + " )").c_str());
    }

    Machine machine() const { return machines_for({"host"})->front(); }
    TunedBlocks record(const BlockProblem &problem, const Blocks &blocks) const {
        TunedBlocks r;
        r.level = machine().level;
        r.problem = problem;
        r.blocks = blocks;
        return r;
    }
    Plan plan(const std::vector<TunedBlocks> &records) const {
        PlanOptions options;
        options.records = &records;
        return *make_plan(*build_network(record_, {32, 40}), machine(), options);
    }
    std::set<std::string> symbols(const std::vector<TunedBlocks> &records) const {
        std::set<std::string> all;
        for (const KernelSpec &spec : plan(records).kernels) all.insert(symbol(spec, machine()));
        return all;
    }
    // The kernel of the candidate that the first trial gives the first problem.
    std::string first_tried_kernel() const {
        TunedBlocks tried;
        for (const LayerChoice &choice : plan({}).choices) {
            if (choice.problem && tried.level.empty()) tried = record(*choice.problem, {});
        }
        tried.blocks = candidates_of(machine(), tried.problem, *shipped_tuned_blocks()).at(1);
        const std::set<std::string> with = symbols({tried}), without = symbols({});
        return *std::find_if(with.begin(), with.end(), [&](const auto &s) { return !without.count(s); });
    }

    ModelRecord record_;
    int done_ = 0;
    std::string database_;
    const fs::path folder_ = fs::path(HARDNET_TEST_PACKAGES) / ("test_autotune-" + std::to_string(getpid()));
};

TEST_F(Tune, RecordsEveryTrialAndGoesOnWhereItWasInterrupted) {
    const auto first = tune(request(1));
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_GE(first->search.trials, 1);
    EXPECT_EQ(first->search.failed, 0);
    EXPECT_FALSE(first->search.finished);
    EXPECT_EQ(first->problems.size(), 4u);
    EXPECT_EQ(int(chosen().size()), first->settled);
    const size_t tried = trials().size();
    EXPECT_GT(tried, 1u);

    TuneRequest rest = request(1000);
    rest.seconds = 60;
    const auto second = tune(rest);
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_TRUE(second->search.finished);
    const auto all = trials();
    EXPECT_GT(all.size(), tried);
    for (const TunedBlocks &trial : all) {
        EXPECT_TRUE(trial.trial > kRungs || std::count_if(all.begin(), all.end(),
                                                          [&](const TunedBlocks &t) {
                                                              return t.problem == trial.problem &&
                                                                     t.blocks == trial.blocks &&
                                                                     t.trial == trial.trial;
                                                          }) == 1)
            << "tried again";
        EXPECT_GT(trial.ms, 0);
        EXPECT_GT(trial.model_ms, 0);
        EXPECT_LE(trial.low, trial.ms / trial.model_ms * 1.001);
        EXPECT_GE(trial.high, trial.ms / trial.model_ms * 0.999);
    }
    const auto records = chosen();
    EXPECT_EQ(records.size(), 4u);
    EXPECT_EQ(tuned_blocks_text(latest_chosen(in_database())), tuned_blocks_text(records));
    for (const TunedBlocks &record : records) {
        const bool changed = !(record.blocks == model_blocks(machine(), record.problem));
        EXPECT_TRUE(changed ? record.ms <= 0.98 * record.model_ms && record.high < 1
                            : record.ms == record.model_ms);
    }
}

TEST_F(Tune, KeepsRecordsOfOtherProblemsAndRefusesOtherFiles) {
    const BlockProblem problem = convolution_problem(Window{}, 9, 9, 8, 8);
    const TunedBlocks other = record(problem, model_blocks(machine(), problem));
    write("out.jsonl", tuned_blocks_text({other}));
    const auto report = tune(request(0));
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->search.trials, 0);
    EXPECT_NE(find_tuned(chosen(), other.level, other.problem), nullptr);
    write("out.jsonl", "{}\n");
    const auto broken = tune(request(0));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().what, path("out.jsonl") + ":1: expected the key level, found none");
    EXPECT_FALSE(tune([&] {
        TuneRequest r = request(0);
        r.level = "avx1024";
        return r;
    }()));
}

// The compiler that links packages puts a stub in a candidate's place: the candidate, and no other, has
// failed.
TEST_F(Tune, NamesTheCandidateThatFails) {
    const std::string kernel = first_tried_kernel();
    write("cc", "#!/bin/sh\ngrep -q " + kernel + " tuned.c || exec cc \"$@\"\nexec cc \"$@\" -D" + kernel +
                    "_argv=stub " + path("stub.c") + "\n");
    fs::permissions(path("cc"), fs::perms::owner_all);
    setenv("CC", path("cc").c_str(), 1);
    const std::pair<const char *, const char *> stubs[] = {
        {"int stub(void) { return 0; }\n", "output: expected a relative error of 3e-6, found "},
        {"int stub(void) { __builtin_trap(); }\n", "expected a result, found signal "},
        {"int stub(void) { for (volatile int forever = 1; forever;); return 0; }\n",
         "expected an end, found none in time"}};
    for (const auto &[stub, reason] : stubs) {
        SCOPED_TRACE(stub);
        write("stub.c", stub);
        fs::remove(path("tuning.db"));
        done_ = 0;
        const auto report = tune(request(1));
        ASSERT_TRUE(report) << report.error().what;
        EXPECT_EQ(report->search.failed, 1);
        int failed = 0;
        for (const TunedBlocks &trial : trials()) {
            EXPECT_EQ(symbols({trial}).count(kernel) > 0, !trial.failed.empty());
            if (trial.failed.empty()) continue;
            failed++;
            EXPECT_EQ(trial.failed.rfind(reason, 0), 0u) << trial.failed;
            const std::vector<TunedBlocks> records = chosen();
            const TunedBlocks *taken = find_tuned(records, trial.level, trial.problem);
            EXPECT_FALSE(taken && taken->blocks == trial.blocks);
        }
        EXPECT_EQ(failed, 1);
    }
}

TEST_F(Tune, EndsItsTrialOnCtrlC) {
    write("tiny.json", to_json(record_));
    EXPECT_EQ(shell(": >err; XDG_DATA_HOME=$PWD/data " HARDNET_PROGRAM
                    " tune tiny.json --input 32x40 --seconds 600 --output out.jsonl >out 2>err & "
                    "for i in $(seq 600); do grep -q '^tune 1/' err && break; sleep 0.1; done; "
                    "kill -INT $!; wait $!"),
              130 << 8);
    EXPECT_EQ(shell("grep -q '^tune 1/.* of the model.s [0-9.]* ms (.* left$' err"), 0);
    EXPECT_EQ(shell("grep -q '^hardnet: note: not all candidates were tried; the same command goes on$' err"),
              0);
    EXPECT_EQ(shell("grep -q '^out.jsonl: . of 4 kinds of layer changed, ' out"), 0);
    EXPECT_LT(chosen().size(), 4u);
}

// Ten times, somewhere between its start and its third trial: what it said that it had done is there, and the folder that
// it left goes with the next start.
TEST_F(Tune, LosesTheTrialThatItIsKilledIn) {
    write("tiny.json", to_json(record_));
    fs::create_directories(path("tmp"));
    database_ = path("data/hardnet/tuning.db");
    const std::string start =
        "XDG_DATA_HOME=$PWD/data TMPDIR=$PWD/tmp " HARDNET_PROGRAM " tune tiny.json --input 32x40 --seconds ";
    const auto folders = [&] {  // beside files of the C compiler's, which the system clears
        return std::count_if(fs::directory_iterator(path("tmp")), {},
                             [](const auto &e) { return e.is_directory(); });
    };
    size_t before = 0;
    std::ptrdiff_t most_left = 0;
    int said_in_all = 0;
    for (int kill = 0; kill < 10; kill++) {
        const std::string delay = std::to_string(0.2 + 0.17 * kill);
        shell(start + "600 >out 2>err & pid=$!; sleep " + delay +
              "; kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null");
        std::ifstream err(path("err"));
        int said = 0;
        for (std::string line; std::getline(err, line);) std::sscanf(line.c_str(), "tune %d/", &said);
        const size_t now = trials().size();
        EXPECT_GE(now, before + size_t(said));
        before = now;
        said_in_all += said;
        most_left = std::max(most_left, folders());
    }
    EXPECT_GT(said_in_all, 2) << "too slow to show anything";
    EXPECT_EQ(most_left, 1);
    EXPECT_EQ(shell(start + "0 --report page.html >out 2>err"), 0);
    EXPECT_EQ(shell("grep -q '<h1>Tuning tiny at 32x40</h1>' page.html && grep -q 'class=least' page.html"),
              0);
    EXPECT_EQ(folders(), 0);
    EXPECT_EQ(trials().size(), before);
}

// The dearest candidate of every problem, so that none is the model's.
TEST_F(Tune, OtherBlocksGiveRightResults) {
    std::vector<TunedBlocks> records;
    for (const LayerChoice &choice : plan({}).choices) {
        if (!choice.problem || find_tuned(records, machine().level, *choice.problem)) continue;
        records.push_back(record(*choice.problem, candidate_blocks(machine(), *choice.problem, 8, 2).back()));
    }
    ASSERT_GT(records.size(), 3u);
    write("blocks.jsonl", tuned_blocks_text(records));
    write("tiny.json", to_json(record_));
    const std::string program = HARDNET_PROGRAM;
    ASSERT_EQ(
        shell(program + " compile tiny.json --weights seed:1 --input 32x40 --blocks blocks.jsonl -o p >out"),
        0);
    EXPECT_EQ(shell(program + " verify p --per-layer >out"), 0);
    EXPECT_EQ(shell(program + " inspect p --layers >out && test $(grep -c '(tuned)' out) = 4"), 0);
    EXPECT_NE(shell(program + " compile tiny.json --weights seed:1 --blocks tund -o q 2>err"), 0);
    EXPECT_EQ(shell("grep -q '^hardnet: tund: ' err && test $(wc -l <err) = 1"), 0);
}

// Records, of this CPU or of another, decide nothing unless --tune-for asks for them.
TEST_F(Tune, PackagesAreTheSameWithAndWithoutADatabase) {
    std::vector<TunedBlocks> records;
    for (const LayerChoice &choice : plan({}).choices) {
        if (!choice.problem || find_tuned(records, machine().level, *choice.problem)) continue;
        TunedBlocks &r = records.emplace_back(
            record(*choice.problem, candidate_blocks(machine(), *choice.problem, 8, 2).back()));
        r.cpu = records.size() % 2 ? cpu_name() : "Another CPU";
        r.sources = sources_version();
    }
    ASSERT_EQ(records.size(), 4u);
    ASSERT_EQ(*TuningDatabase::open(path("full/hardnet/tuning.db"))->append(records), 4);
    write("tiny.json", to_json(record_));
    auto compile = [&](const std::string &data, const std::string &flags) {
        return shell("XDG_DATA_HOME=" + path(data) +
                     " " HARDNET_PROGRAM " compile tiny.json --weights seed:1 --input 32x40 " + flags +
                     " >out 2>err");
    };
    ASSERT_EQ(compile("none", "-o without"), 0);
    ASSERT_EQ(compile("full", "-o with"), 0);
    EXPECT_EQ(shell("diff -r without with"), 0);
    EXPECT_FALSE(fs::exists(path("none")));
    ASSERT_EQ(compile("full", "--tune-for host -o tuned"), 0);
    EXPECT_NE(shell("diff -rq without tuned >out"), 0);
    EXPECT_EQ(shell(HARDNET_PROGRAM " verify tuned >out"), 0);
    EXPECT_EQ(shell(HARDNET_PROGRAM " inspect tuned --layers >out && test $(grep -c ' (tuned) ' out) = 2 && "
                                    "test $(grep -c ' (tuned: Another CPU) ' out) = 2"),
              0);
    const std::string explain = HARDNET_PROGRAM " explain tuned base.1";
    EXPECT_EQ(shell("XDG_DATA_HOME=" + path("full") + " " + explain +
                    " --tune-for host >out && "
                    "grep -q '^compiled    --algorithm auto --optimize speed --tune-for host$' out"),
              0);
    EXPECT_EQ(shell(explain + " >out 2>err"), 3 << 8);

    ASSERT_EQ(compile("none", "--tune-for host -o empty"), 0);
    EXPECT_EQ(shell("grep -q '^hardnet: note: .*none/hardnet/tuning.db: expected records of this version of "
                    "the program, "
                    "found none; hardnet tune makes them$' err"),
              0);
    EXPECT_EQ(shell("diff -r without empty"), 0);
    EXPECT_EQ(compile("full", "--tune-for host --blocks model -o no"), 2 << 8);
    EXPECT_EQ(compile("full", "--tune-for mars -o no"), 3 << 8);

    // A machine that was measured has a plan and records of its own.
    MachineRecord measured;
    measured.cpu = cpu_name();
    measured.threads = 2;
    measured.clock_ghz = 1;
    measured.l1_bytes = measured.l2_bytes = measured.l3_bytes = 1 << 14;
    measured.one = {{{machine().level, 2.0 * machine().lanes}}, 1, 1, 1, 1};
    measured.all = measured.one;
    write("full/hardnet/machine.json", machine_record_text(measured));
    ASSERT_EQ(compile("full", "--tune-for host -o here"), 0);
    EXPECT_EQ(shell("grep -q 'expected records of this version' err"), 0);
    ASSERT_EQ(compile("none", "--tune-for full/hardnet/machine.json -o elsewhere"), 0);
    EXPECT_EQ(shell("diff -r here elsewhere"), 0);
    EXPECT_EQ(shell(HARDNET_PROGRAM " inspect here --layers >out && ! grep -q '(tuned' out"), 0);
    ASSERT_EQ(compile("full", "-o unchanged"), 0);
    EXPECT_EQ(shell("diff -r without unchanged"), 0);
    EXPECT_EQ(shell("XDG_DATA_HOME=" + path("full") +
                    " " HARDNET_PROGRAM " explain here base.1 --tune-for host >out"),
              0);
    write("full/hardnet/machine.json", "{}");
    EXPECT_EQ(compile("full", "--tune-for host -o no"), 3 << 8);
    EXPECT_EQ(compile("full", "-o unread"), 0);
    fs::remove(path("full/hardnet/machine.json"));

    write("full/hardnet/tuning.db", "broken, and longer than a header of SQLite's: " + std::string(100, 'x'));
    EXPECT_EQ(compile("full", "--tune-for host -o no"), 3 << 8);
    EXPECT_EQ(compile("full", "-o fine"), 0);
}

TEST_F(Tune, RecordsAreListedExportedAndImportedOnce) {
    const BlockProblem problem = convolution_problem(Window{}, 56, 28, 40, 64);
    TunedBlocks own = record(problem, model_blocks(machine(), problem)), other = own;
    own.cpu = "This CPU", other.cpu = "Another CPU", own.ms = other.ms = own.model_ms = other.model_ms = 0.5;
    write("both.jsonl", tuned_blocks_text({own, other}));
    const std::string tune = "XDG_DATA_HOME=$PWD/data " HARDNET_PROGRAM " tune ";
    EXPECT_EQ(shell(tune + "--list >out && grep -q ': 0 records$' out && test ! -e data"), 0);
    EXPECT_EQ(
        shell(tune + "--import both.jsonl >out && grep -q '^both.jsonl: 2 records, 2 of them new$' out"), 0);
    EXPECT_EQ(
        shell(tune + "--import both.jsonl >out && grep -q '^both.jsonl: 2 records, 0 of them new$' out"), 0);
    EXPECT_EQ(shell(tune + "--list >out && grep -q '1x1 of 28x56, 64 to 40 .* 100.0 % .*Another CPU' out"),
              0);
    EXPECT_EQ(shell(tune + "--export all.jsonl >out && sort all.jsonl >a && sort both.jsonl | cmp - a"), 0);

    own.blocks[0].extent = 99;
    write("unfit.jsonl", tuned_blocks_text({other}) + tuned_blocks_text({own}));
    EXPECT_EQ(shell(tune + "--import unfit.jsonl 2>err"), 3 << 8);
    EXPECT_EQ(shell("grep -q '^hardnet: unfit.jsonl:2:[0-9]*: blocks: expected a block that fits the "
                    "registers, found ' "
                    "err && test $(wc -l <err) = 1"),
              0);
    for (const char *wrong :
         {"", "tiny.json --list", "--list --export x", "--import both.jsonl --export x", "--list -o x"})
        EXPECT_EQ(shell(tune + wrong + " 2>err && test ! -e x"), 2 << 8) << wrong;
    fs::remove_all(path("data"));
    EXPECT_EQ(shell("XDG_DATA_HOME=/proc " HARDNET_PROGRAM " tune --import both.jsonl 2>err"), 5 << 8);
    EXPECT_EQ(shell("grep -q '^hardnet: /proc/hardnet/tuning.db: expected a folder that can be written, "
                    "found: ' err"),
              0);
}

}  // namespace
}  // namespace hardnet::testing
