// Tuning a tiny network from end to end: what is recorded, gone on with, killed, and to blame.
#include "tests/autotune/tune_fixture.h"

namespace hardnet::testing {
namespace {

TEST_F(Tune, RecordsEveryTrialAndGoesOnWhereItWasInterrupted) {
    const auto first = tune(request(1));
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_GE(first->kernels.search.trials, 1);
    EXPECT_EQ(first->kernels.search.failed + first->algorithms.search.failed, 0);
    EXPECT_FALSE(first->kernels.search.finished);
    EXPECT_EQ(first->kernels.problems.size(), 4u);
    EXPECT_EQ(int(chosen().size()), first->kernels.settled + first->algorithms.settled);
    const size_t tried = trials().size();
    EXPECT_GT(tried, 1u);

    TuneRequest rest = request(1000);
    rest.seconds = 60;
    const auto second = tune(rest);
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_TRUE(second->kernels.search.finished);
    const auto all = trials();
    EXPECT_GT(all.size(), tried);
    for (const TuningRecord &trial : all) {
        EXPECT_TRUE(trial.trial > kRungs || std::count_if(all.begin(), all.end(),
                                                          [&](const TuningRecord &t) {
                                                              return t.problem == trial.problem &&
                                                                     t.parameters == trial.parameters &&
                                                                     t.trial == trial.trial;
                                                          }) == 1)
            << "tried again";
        EXPECT_GT(trial.ms, 0);
        EXPECT_GT(trial.model_ms, 0);
        EXPECT_LE(trial.low, trial.ms / trial.model_ms * 1.001);
        EXPECT_GE(trial.high, trial.ms / trial.model_ms * 0.999);
    }
    const auto records = chosen();
    EXPECT_EQ(records.size(), 4u + second->algorithms.problems.size());
    EXPECT_EQ(records_text(latest_chosen(in_database())), records_text(records));
    for (const TuningRecord &record : records) {
        if (record.problem.op == Problem::Op::kResolution) continue;
        const bool changed = !(record.parameters == model_parameters(machine(), record.problem));
        EXPECT_TRUE(changed ? record.ms <= 0.98 * record.model_ms && record.high < 1
                            : record.ms == record.model_ms);
    }
}

TEST_F(Tune, KeepsRecordsOfOtherProblemsAndRefusesOtherFiles) {
    const Problem problem = convolution_problem(Window{}, 9, 9, 8, 8);
    const TuningRecord other = record(problem, model_parameters(machine(), problem));
    write("out.jsonl", records_text({other}));
    const auto report = tune(request(0));
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->kernels.search.trials, 0);
    EXPECT_NE(find_record(chosen(), other.level, other.problem), nullptr);
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

// Of int8, else of int16, whatever this CPU multiplies: what was found is what a package of integers is made with.
TEST_F(Tune, TunesIntegers) {
    const Machine best = machines_for({"host"}, Precision::kInt8)->front();
    if (!best.int16 && !best.dot_factor) GTEST_SKIP() << "level " << best.level << " multiplies no integers";
    const Precision smallest = best.dot_factor ? Precision::kInt8 : Precision::kInt16;
    const std::string program = HARDNET_PROGRAM, precision = name_of(smallest);
    write("tiny.json", to_json(record_));
    ASSERT_EQ(shell("XDG_DATA_HOME=$PWD/data " + program + " tune tiny.json --input 32x40 --precision " +
                    precision + " --seconds 60 --output out.jsonl >out 2>err"),
              0);
    const std::vector<TuningRecord> records = chosen();
    const auto of = [&](Precision products, Problem::Op op) {
        return std::count_if(records.begin(), records.end(), [&](const TuningRecord &r) {
            EXPECT_EQ(r.level, best.level);
            return r.problem.products == products && r.problem.op == op;
        });
    };
    EXPECT_GT(of(Precision::kInt16, Problem::Op::kProduct) + of(smallest, Problem::Op::kConvolution), 0);
    EXPECT_GT(of(smallest, Problem::Op::kResolution), 0);
    EXPECT_EQ(of(Precision::kFloat32, Problem::Op::kResolution), 0);
    ASSERT_EQ(shell(program + " compile tiny.json --input 32x40 --weights seed:1 --precision " + precision +
                    " --calibrate seed:1 --blocks out.jsonl -o p >out 2>err"),
              0);
    EXPECT_EQ(shell(program + " verify p --per-layer >out 2>err"), 0);
    EXPECT_EQ(shell(program + " inspect p --layers >out && grep -q ' int[0-9]* .*(tuned)' out"), 0);
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
        {"int stub(void) { return 0; }\n", "output: expected a relative error of 5e-06, found "},
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
        EXPECT_EQ(report->kernels.search.failed, 1);
        int failed = 0;
        for (const TuningRecord &trial : trials()) {
            EXPECT_EQ(symbols({trial}).count(kernel) > 0, !trial.failed.empty());
            if (trial.failed.empty()) continue;
            failed++;
            EXPECT_EQ(trial.failed.rfind(reason, 0), 0u) << trial.failed;
            const std::vector<TuningRecord> records = chosen();
            const TuningRecord *taken = find_record(records, trial.level, trial.problem);
            EXPECT_FALSE(taken && taken->parameters == trial.parameters);
        }
        EXPECT_EQ(failed, 1);
    }
}

TEST_F(Tune, SaysSoWhereNothingWasTimed) {
    write("tiny.json", to_json(record_));
    EXPECT_EQ(shell("XDG_DATA_HOME=$PWD/data " HARDNET_PROGRAM
                    " tune tiny.json --input 32x40 --seconds 0 >out 2>err"),
              0);
    EXPECT_EQ(shell("grep -q ': 0 of 4 kinds of layer changed, none timed; ' out"), 0);
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
    EXPECT_EQ(shell("grep -q '^out.jsonl' out && grep -q ' . of 4 kinds of layer changed, ' out"), 0);
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

}  // namespace
}  // namespace hardnet::testing
