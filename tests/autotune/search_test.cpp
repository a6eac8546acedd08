// The search on machines that are made up: nothing that is slower than the model is chosen, whatever the noise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/autotune/made_up_machine.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;

TEST(Estimates, AreTheMediansOfRatiosBetweenTheirOrdersBounds) {
    RoundTimes times;
    for (int i = 1; i <= 20; i++) {
        times.model_ms.push_back(10);
        times.trial_ms.push_back(10 + i);  // 1.1 to 3.0
    }
    const Estimate e = estimate(times);
    EXPECT_DOUBLE_EQ(e.ratio, 2.05);
    EXPECT_DOUBLE_EQ(e.low, 1.6);
    EXPECT_DOUBLE_EQ(e.high, 2.5);
    EXPECT_EQ(e.model_ms, 10);
    times.trial_ms[7] = 0.001;  // one lucky time
    EXPECT_NEAR(estimate(times).ratio, 2.1, 0.11);
    EXPECT_GT(estimate(times).low, 1.4);
    const Estimate one = estimate({{2}, {1}});
    EXPECT_EQ(one.low, 0.5);
    EXPECT_EQ(one.high, 0.5);
}

TEST(Estimates, HoldTheTruthAsOftenAsTheyPromise) {
    std::mt19937 random(1);
    std::lognormal_distribution<double> noise(0, 0.3);
    int held = 0;
    for (int i = 0; i < 2000; i++) {
        RoundTimes times;
        for (int round = 0; round < 50; round++) {
            times.model_ms.push_back(noise(random));
            times.trial_ms.push_back(0.9 * noise(random));
        }
        const Estimate e = estimate(times);
        held += e.low <= 0.9 && 0.9 <= e.high;
    }
    EXPECT_GT(held, 0.93 * 2000);
    EXPECT_LT(held, 0.98 * 2000);
}

// Whatever the seed: nothing that is slower than the model is chosen, and what gains much is found.
TEST(Search, FindsGainsInNoiseAndChoosesNoLoss) {
    constexpr int kMachines = 40;
    int best = 0, nearly = 0, none = 0;
    for (unsigned seed = 0; seed < kMachines; seed++) {
        MadeUpMachine machine({shares({1.1, 1.02, 0.85, 1, 0.97, 0.93, 1.3, 1.05, 0.99, 1.01, 1.2}),
                               shares({1.01, 1.03, 1, 1.2, 1, 1.05, 1.15, 1, 1.3, 1.02, 1})},
                              seed);
        const auto report = machine.search(600);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->finished);
        for (size_t p : {0, 1})
            EXPECT_LT(machine.true_share(p, machine.winner(p)), 1 + 1e-9)
                << "seed " << seed << ", problem " << p;
        best += machine.winner(0) == 3;
        nearly += machine.true_share(0, machine.winner(0)) < 0.95;
        none += machine.winner(1) == 0;
        if (const auto won = machine.chosen(0); won && machine.winner(0) == 3) {
            EXPECT_NEAR(won->ms / won->model_ms, 0.85, 0.03);
            EXPECT_LT(won->high, 1);
            EXPECT_LE(won->low, won->ms / won->model_ms);
        }
    }
    EXPECT_GE(best, kMachines - 2);
    EXPECT_GE(nearly, kMachines - 1);
    EXPECT_EQ(none, kMachines);
}

TEST(Search, RecordsWhyCandidatesAreNotChosen) {
    for (unsigned seed = 0; seed < 10; seed++) {
        MadeUpMachine machine({shares({0.9, 1.1, 1.2, 1, 1}),
                               {{0.5, kCrash, 1, false},
                                {0.5, kHang, 1, false},
                                {0.5, kWrong, 1, false},
                                {1.1, "", 1, true},
                                {1, "", 0.8, false},
                                {0.9, "", 1, false}}},
                              seed);
        const auto report = machine.search(900);
        ASSERT_TRUE(report) << report.error().what;
        EXPECT_EQ(report->failed, 3);
        EXPECT_EQ(machine.winner(1), 6) << seed;
        EXPECT_EQ(machine.winner(0), 1) << "the other problem's candidates are not to blame, seed " << seed;
        EXPECT_EQ(machine.verdict(1, 1), kCrash);
        EXPECT_EQ(machine.verdict(1, 2), kHang);
        EXPECT_EQ(machine.verdict(1, 3), kWrong);
        EXPECT_THAT(machine.verdict(1, 4), HasSubstr("no gain: 1")) << seed;
        EXPECT_THAT(machine.verdict(1, 5),
                    ::testing::ContainsRegex("no gain: |not faster in another process: "))
            << seed;
        EXPECT_EQ(machine.verdict(1, 6), "chosen");
        std::map<std::string, int> failed;
        for (const TuningRecord &trial : machine.kept_)
            if (!trial.failed.empty()) failed[trial.failed]++;
        EXPECT_EQ(failed, (std::map<std::string, int>{{kCrash, 1}, {kHang, 1}, {kWrong, 1}}));
    }
}

// Alone, so that the lucky one is the favourite: what it promised in one process it does not keep in the next.
TEST(Search, RefutesWhatWasFastInOneProcess) {
    MadeUpMachine machine({{{1, "", 0.8, false}}}, 1);
    ASSERT_TRUE(machine.search(900));
    EXPECT_EQ(machine.winner(0), 0);
    EXPECT_THAT(machine.verdict(0, 1), HasSubstr("not faster in another process: "));
    EXPECT_LT(machine.kept_[0].ms / machine.kept_[0].model_ms, 0.9);
}

// What the log makes of three confirmations: all of them have to show it.
TEST(Search, ConfirmsWhatIsFasterInEveryProcess) {
    struct Case {
        double ratio, low, high;
        bool confirmed;
    };
    for (const Case &last :
         {Case{0.9, 0.88, 0.92, true}, Case{0.9, 0.8, 1.01, false}, Case{0.985, 0.98, 0.99, false}}) {
        MadeUpMachine machine({shares({0.9})}, 1);
        for (int trial : {1, kConfirmation, kConfirmation, kConfirmation}) {
            TuningRecord record = machine.log_->record_of({0, candidate(1)});
            EXPECT_EQ(machine.winner(0), -1);
            record.trial = trial;
            record.model_ms = 10;
            record.ms = 9, record.low = 0.85, record.high = 0.93;
            if (machine.log_->trials(0).size() == 3)
                record.ms = 10 * last.ratio, record.low = last.low, record.high = last.high;
            machine.log_->add(record);
        }
        EXPECT_EQ(machine.winner(0), last.confirmed ? 1 : 0) << last.ratio << ", " << last.high;
        if (!last.confirmed) continue;
        EXPECT_EQ(machine.chosen(0)->low, 0.85);
        EXPECT_EQ(machine.chosen(0)->high, 0.93);
        EXPECT_DOUBLE_EQ(machine.chosen(0)->ms, 9);
    }
}

TEST(Search, EndsWithinItsTimeAndOneTrial) {
    for (double seconds : {0.0, 0.5, 3.0, 10.0, 30.0, 60.0}) {
        MadeUpMachine machine({shares({0.8, 1.1, 1.2, 0.9, 1, 1.3, 0.7, 1.1}), shares({0.8, 1, 1})}, 3);
        const auto report = machine.search(seconds);
        ASSERT_TRUE(report);
        const double longest = machine.overhead_ + 6;
        EXPECT_LE(machine.now_, seconds + longest) << seconds;
        EXPECT_EQ(machine.measured_ == 0, seconds == 0);
        EXPECT_FALSE(report->finished && seconds < 10);
        EXPECT_TRUE(machine.winner(0) > 0 || seconds < 10) << "time is kept for confirmations: " << seconds;
    }
}

TEST(Search, GoesOnWhereItWasKilled) {
    const std::vector<std::vector<Candidate>> truth = {
        shares({1.1, 0.85, 1, 1.2, 0.95, 1.05}),
        {{1, kCrash, 1, false}, {0.9, "", 1, false}, {1.1, "", 1, false}}};
    MadeUpMachine whole(truth, 5);
    ASSERT_TRUE(whole.search(900));
    std::vector<TuningRecord> kept;
    int runs = 0;
    for (bool finished = false; !finished; runs++) {
        ASSERT_LT(runs, 60);
        MadeUpMachine machine(truth, unsigned(100 + runs));
        for (const TuningRecord &trial : kept) machine.log_->add(trial);
        machine.interrupted_behind_ = 2;  // the model's package, then a trial
        const auto report = machine.search(900);
        ASSERT_TRUE(report);
        kept.insert(kept.end(), machine.kept_.begin(), machine.kept_.end());
        finished = report->finished;
        for (size_t p : {0, 1}) EXPECT_TRUE(!finished || machine.winner(p) == whole.winner(p)) << p;
    }
    EXPECT_GT(runs, 2);
    std::set<std::string> keys;
    for (const TuningRecord &trial : kept) {
        const std::string key = problem_text(trial.problem) + parameters_text(trial);
        EXPECT_TRUE(trial.trial > kRungs || keys.insert(key + std::to_string(trial.trial)).second)
            << "measured twice";
    }
}

TEST(Search, OfWhatIsKnownMeasuresNothingAndChoosesTheSame) {
    MadeUpMachine machine({shares({0.85, 1.1, 1})}, 7);
    ASSERT_TRUE(machine.search(900));
    const int measured = machine.measured_;
    const std::string chosen = records_text(machine.log_->chosen());
    const auto again = machine.search(900);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->finished);
    EXPECT_EQ(machine.measured_, measured);
    EXPECT_EQ(records_text(machine.log_->chosen()), chosen);
}

TEST(Search, HalvesCandidatesAndMeasuresTheCloseOnesLonger) {
    MadeUpMachine machine({shares({1.3, 0.80, 1.3, 0.81, 1.3, 0.82, 1.3, 0.9})}, 11);
    ASSERT_TRUE(machine.search(900));
    std::map<int, std::set<int>> rungs;
    for (const TuningRecord &trial : machine.kept_)
        rungs[trial.trial].insert(trial.parameters.blocks[0].extent - 1);
    EXPECT_EQ(rungs[1].size(), 8u);
    EXPECT_LE(rungs[2].size(), 4u);
    EXPECT_LE(rungs[3].size(), 2u);
    EXPECT_EQ(rungs[kConfirmation].size(), 1u);
    for (int slow : {1, 3, 5, 7}) EXPECT_FALSE(rungs[2].count(slow)) << slow;
}

TEST(Search, OfABrokenMachineBlamesNoCandidate) {
    MadeUpMachine machine({shares({0.85, 1.1, 1})}, 7);
    machine.broken_ = true;
    const auto report = machine.search(900);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ExitCode::kEnvironment);
    EXPECT_THAT(report.error().what, HasSubstr("no space left"));
    EXPECT_TRUE(machine.kept_.empty());
}

TEST(Search, SaysWhatIsLeft) {
    MadeUpMachine machine({shares({0.85, 1.1, 1})}, 7);
    ASSERT_TRUE(machine.search(900));
    EXPECT_EQ(machine.progress_.left, 0);
    EXPECT_EQ(machine.progress_.done, machine.measured_ - 1);
    EXPECT_NEAR(machine.progress_.model_ms, 1, 0.1) << "of two layers";
    EXPECT_NEAR(machine.kept_[0].model_ms, 0.5, 0.05) << "of one of them";
    EXPECT_NEAR(machine.progress_.best_ms / machine.progress_.model_ms, 0.85, 0.05);
    EXPECT_EQ(machine.progress_.seconds_left, 0);
}

}  // namespace
}  // namespace hardnet::testing
