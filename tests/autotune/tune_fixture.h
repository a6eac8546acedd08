// A tiny network to tune, in a folder that goes with the test.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "autotune/candidates.h"
#include "autotune/tune.h"
#include "autotune/tune_for.h"
#include "autotune/tuning_database.h"
#include "base/cpu_name.h"
#include "base/machine_record.h"
#include "compiler/emission/kernel.h"
#include "compiler/plan.h"

namespace hardnet::testing {

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
        r.progress = [this](const std::string &stage, const SearchProgress &p) {
            if (stage == "kernels") done_ = p.done;
        };
        r.interrupted = [this, trials] { return done_ >= trials; };
        return r;
    }
    std::string path(const std::string &name) const { return (folder_ / name).string(); }
    void write(const std::string &name, const std::string &text) { std::ofstream(path(name)) << text; }

    std::vector<TuningRecord> chosen() {
        auto records = tuning_records(path("out.jsonl"));
        EXPECT_TRUE(records) << records.error().what;
        return records ? *records : std::vector<TuningRecord>{};
    }
    std::vector<TuningRecord> in_database() {
        auto database = TuningDatabase::open_to_read(database_);
        EXPECT_TRUE(database) << database.error().what;
        return database ? *database->read() : std::vector<TuningRecord>{};
    }
    std::vector<TuningRecord> trials() {
        std::vector<TuningRecord> all;
        for (TuningRecord &record : in_database())
            if (record.trial) all.push_back(std::move(record));
        return all;
    }
    int shell(const std::string &command) {
        return std::system(("cd " + folder_.string() + " && ( " + command + " )").c_str());
    }

    Machine machine() const { return machines_for({"host"})->front(); }
    TuningRecord record(const Problem &problem, const Parameters &parameters) const {
        TuningRecord r;
        r.level = machine().level;
        r.problem = problem;
        r.parameters = parameters;
        return r;
    }
    Plan plan(const std::vector<TuningRecord> &records, const InputSize &size = {32, 40}) const {
        PlanOptions options;
        options.records = &records;
        return *make_plan(*build_network(record_, size), machine(), options);
    }
    std::set<std::string> symbols(const std::vector<TuningRecord> &records) const {
        std::set<std::string> all;
        for (const KernelSpec &spec : plan(records).kernels) all.insert(symbol(spec, machine()));
        return all;
    }
    // The kernel of the candidate that the first trial gives the first problem.
    std::string first_tried_kernel() const {
        TuningRecord tried;
        for (const LayerChoice &choice : plan({}).choices) {
            if (choice.problem && tried.level.empty()) tried = record(*choice.problem, {});
        }
        tried.parameters = candidates_of(machine(), tried.problem, *shipped_records()).at(1);
        const std::set<std::string> with = symbols({tried}), without = symbols({});
        return *std::find_if(with.begin(), with.end(), [&](const auto &s) { return !without.count(s); });
    }

    ModelRecord record_;
    int done_ = 0;
    std::string database_;
    const fs::path folder_ = fs::path(HARDNET_TEST_PACKAGES) / ("test_autotune-" + std::to_string(getpid()));
};

}  // namespace hardnet::testing
