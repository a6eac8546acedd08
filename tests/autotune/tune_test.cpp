// Tuning a tiny network from end to end: what is recorded, resumed, refused, and compiled from.
#include "autotune/tune.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "compiler/emission/kernel.h"
#include "compiler/plan.h"

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

class Tune : public ::testing::Test {
protected:
    Tune() {
        fs::create_directories(folder_);
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
        r.seconds = 6;
        r.output = path("out.jsonl");
        r.progress = [this](int done, int, const std::string &) { done_ = done; };
        r.interrupted = [this, trials] { return done_ >= trials; };
        return r;
    }
    std::string path(const std::string &name) const { return (folder_ / name).string(); }
    void write(const std::string &name, const std::string &text) { std::ofstream(path(name)) << text; }

    std::vector<TunedBlocks> read(const std::string &name, RecordKind kind) {
        auto records = tuned_blocks(path(name), kind);
        EXPECT_TRUE(records) << records.error().what;
        return records ? *records : std::vector<TunedBlocks>{};
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
        tried.blocks = candidate_blocks(machine(), tried.problem, 12, 1.15).at(1);
        const std::set<std::string> with = symbols({tried}), without = symbols({});
        return *std::find_if(with.begin(), with.end(), [&](const auto &s) { return !without.count(s); });
    }

    ModelRecord record_;
    int done_ = 0;
    const fs::path folder_ = fs::path(HARDNET_TEST_PACKAGES) / ("test_autotune-" + std::to_string(getpid()));
};

TEST_F(Tune, RecordsEveryProblemAndGoesOnWhereItWasInterrupted) {
    const auto first = tune(request(1));
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_EQ(first->trials, 1);
    EXPECT_EQ(first->failed, 0);
    EXPECT_FALSE(first->finished);
    EXPECT_EQ(int(read("out.jsonl", RecordKind::kChosen).size()), first->problems);
    const size_t trials = read("out.jsonl.trials", RecordKind::kTrials).size();
    EXPECT_GT(trials, 1u);

    TuneRequest again = request(1);
    again.resume = true;
    const auto second = tune(again);
    ASSERT_TRUE(second) << second.error().what;
    const auto all = read("out.jsonl.trials", RecordKind::kTrials);
    EXPECT_GT(all.size(), trials);
    for (const TunedBlocks &trial : all) {
        EXPECT_EQ(std::count_if(all.begin(), all.end(),
                                [&](const TunedBlocks &t) {
                                    return t.problem == trial.problem && t.blocks == trial.blocks;
                                }),
                  1)
            << "tried again";
        EXPECT_GT(trial.ms, 0);
        EXPECT_GT(trial.model_ms, 0);
    }
    constexpr double kRounding = 1e-4;  // of milliseconds in a file
    const auto records = read("out.jsonl", RecordKind::kChosen);
    EXPECT_EQ(int(records.size()), second->problems);
    for (const TunedBlocks &record : records) {
        const bool changed = !(record.blocks == model_blocks(machine(), record.problem));
        EXPECT_TRUE(changed ? record.ms <= 0.98 * record.model_ms + kRounding : record.ms == record.model_ms);
    }
}

TEST_F(Tune, KeepsRecordsOfOtherProblemsAndRefusesOtherFiles) {
    const BlockProblem problem = convolution_problem(Window{}, 9, 9, 8, 8);
    const TunedBlocks other = record(problem, model_blocks(machine(), problem));
    write("out.jsonl", tuned_blocks_text({other}));
    const auto report = tune(request(0));
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->trials, 0);
    EXPECT_NE(find_tuned(read("out.jsonl", RecordKind::kChosen), other.level, other.problem), nullptr);
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
        {"int stub(void) { __builtin_trap(); }\n", "expected a result, found signal "}};
    for (const auto &[stub, reason] : stubs) {
        SCOPED_TRACE(stub);
        write("stub.c", stub);
        done_ = 0;
        const auto report = tune(request(1));
        ASSERT_TRUE(report) << report.error().what;
        EXPECT_EQ(report->failed, 1);
        int failed = 0;
        for (const TunedBlocks &trial : read("out.jsonl.trials", RecordKind::kTrials)) {
            EXPECT_EQ(symbols({trial}).count(kernel) > 0, !trial.failed.empty());
            if (trial.failed.empty()) continue;
            failed++;
            EXPECT_EQ(trial.failed.rfind(reason, 0), 0u) << trial.failed;
            const auto *chosen =
                find_tuned(read("out.jsonl", RecordKind::kChosen), trial.level, trial.problem);
            ASSERT_TRUE(chosen);
            EXPECT_FALSE(chosen->blocks == trial.blocks);
        }
        EXPECT_EQ(failed, 1);
    }
}

TEST_F(Tune, EndsItsTrialOnCtrlC) {
    write("tiny.json", to_json(record_));
    EXPECT_EQ(shell(": >err; " HARDNET_PROGRAM
                    " tune tiny.json --input 32x40 --seconds 600 --output out.jsonl >out 2>err & "
                    "for i in $(seq 600); do grep -q '^tune 1/' err && break; sleep 0.1; done; "
                    "kill -INT $!; wait $!"),
              130 << 8);
    EXPECT_EQ(shell("grep -q '^tune 1/.* ms gained' err"), 0);
    EXPECT_EQ(shell("grep -q '^hardnet: note: not all candidates were tried; --resume goes on$' err"), 0);
    EXPECT_EQ(shell("grep -q '^out.jsonl: . of 4 kinds of layer changed, ' out"), 0);
    EXPECT_EQ(read("out.jsonl", RecordKind::kChosen).size(), 4u);
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

}  // namespace
}  // namespace hardnet::testing
