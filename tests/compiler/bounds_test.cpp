// Every call of every plan against Halide's own bounds query of its kernel: what that reads and writes lies where it may.
// bounds.h has the rules. Nothing at run time would notice: kernels are compiled without checks, and what they read beyond
// a view is often a neighbour's memory.
//
// Without HARDNET_ALL_NETWORKS in the environment some networks at one level, and one for ARM; with it all networks at
// every level, which takes some ten minutes on two CPUs.
#include "tests/compiler/bounds.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace hardnet::testing {
namespace {

std::vector<PlanCase> cases() {
    if (std::getenv("HARDNET_ALL_NETWORKS")) return every_plan();
    const std::set<std::string> some = {"hardnet39ds", "hardnet68",   "fchardnet70", "ssd512_hardnet68",
                                        "densenet121", "mobilenetv2", "resnet50"};
    std::vector<PlanCase> chosen;
    for (PlanCase c : small_plan_cases()) {
        c.level = "avx2";
        if (some.count(c.network)) chosen.push_back(c);
    }
    EXPECT_EQ(chosen.size(), some.size());
    chosen.push_back({"hardnet39ds", {75, 101}, "neon", "auto"});  // the other family of schedules
    return chosen;
}

// Every `workers`th case from number `worker` on; to `pipe` a line per complaint, and last how many kernels there were.
[[noreturn]] void work(const std::vector<PlanCase> &all, size_t worker, size_t workers, int pipe) {
    std::FILE *out = fdopen(pipe, "w");
    int status = 0;
    try {
        BoundsChecker checker;
        for (size_t i = worker; i < all.size(); i += workers) {
            const Planned p = planned(all[i].network, all[i].size, all[i].level);
            for (const std::string &text : checker.check(p.network, p.plan))
                std::fprintf(out, "%s: %s\n", all[i].name().c_str(), text.c_str());
        }
        std::fprintf(out, "kernels: %zu\n", checker.kernels());
    } catch (const std::exception &e) {
        std::fprintf(out, "%s\n", e.what());
        status = 1;
    }
    std::fclose(out);
    _exit(status);
}

struct Worker {
    pid_t pid = 0;
    std::FILE *lines = nullptr;
};

// Halide is one thread's: a worker is a process.
Worker start(const std::vector<PlanCase> &all, size_t worker, size_t workers) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    const pid_t pid = fork();
    if (pid == 0) work(all, worker, workers, ends[1]);
    close(ends[1]);
    return {pid, fdopen(ends[0], "r")};
}

TEST(Bounds, EveryCallOfEveryPlanReachesOnlyWhatItMay) {
    const std::vector<PlanCase> all = cases();
    constexpr size_t kWorkers = 2;
    std::vector<Worker> workers;
    for (size_t w = 0; w < kWorkers; w++) workers.push_back(start(all, w, kWorkers));
    for (const Worker &worker : workers) {
        char line[4096];
        size_t kernels = 0;
        while (std::fgets(line, sizeof line, worker.lines)) {
            if (std::sscanf(line, "kernels: %zu", &kernels) != 1) ADD_FAILURE() << line;
        }
        std::fclose(worker.lines);
        int status = 0;
        ASSERT_EQ(waitpid(worker.pid, &status, 0), worker.pid);
        EXPECT_EQ(status, 0);
        EXPECT_GT(kernels, 100u);
    }
}

// That loops are made plain changes no answer.
TEST(Bounds, AKernelsAnswersAreThoseOfItsScheduleAsCompiled) {
    std::map<std::string, int> asked;
    for (const char *level : {"avx2", "neon"}) {
        const Planned p = planned("ssd512_hardnet68", {276, 308}, level);
        for (const hardnet_part &part : p.plan.parts) {
            const hardnet_call &call = p.plan.calls[part.first_call + part.calls - 1];
            const KernelSpec &spec = p.plan.kernels[call.kernel];
            if (asked[level + operator_name(spec)]++) continue;
            const KernelBounds plain(spec, *p.plan.machine), compiled(spec, *p.plan.machine, false);
            const hardnet_argument &output = p.plan.arguments[call.first_argument + call.arguments - 1];
            for (Chunk chunk : chunks_of(part)) {
                if (std::holds_alternative<ProductSpec>(spec)) chunk.end = chunk.begin + 1;
                const Box box = given(p.plan.views[output.view], output, chunk).box;
                EXPECT_EQ(plain.of(box), compiled.of(box)) << key(spec);
            }
        }
    }
    EXPECT_GT(asked.size(), 16u);
}

// A plan with one kind of its calls alone.
template <typename Spec>
Plan only(const Plan &plan) {
    Plan some = plan;
    some.steps.clear();
    some.parts.clear();
    for (hardnet_step step : plan.steps) {
        const uint32_t first = step.first_part, end = first + step.parts;
        step.first_part = uint32_t(some.parts.size());
        for (uint32_t p = first; p < end; p++) {
            hardnet_part part = plan.parts[p];
            const uint32_t last = part.first_call + part.calls;
            for (part.calls = 1; part.first_call < last; part.first_call++) {
                if (std::holds_alternative<Spec>(plan.kernels[plan.calls[part.first_call].kernel]))
                    some.parts.push_back(part);
            }
        }
        step.parts = uint32_t(some.parts.size()) - step.first_part;
        if (step.parts) some.steps.push_back(step);
    }
    EXPECT_FALSE(some.steps.empty());
    return some;
}

using Texts = std::vector<std::string>;

template <typename Spec>
Texts complaints(const Planned &p) {
    return BoundsChecker().check(p.network, only<Spec>(p.plan));
}

// The mean of a tensor of 129 channels is written for 136, from the output's channel 915 on.
TEST(Bounds, ThePaddingOfAConcatenationsLastTensorHasRoomInItsMean) {
    EXPECT_EQ(complaints<GlobalPoolSpec>(planned("hardnet96s", {75, 101}, "avx2")), Texts{});
}

// Rows of 101 pixels are copied 8 at a time.
TEST(Bounds, ACopyReadsNoPixelBehindARow) {
    EXPECT_EQ(complaints<PlanarSpec>(planned("fchardnet68", {75, 101}, "avx2")), Texts{});
}

// Plans with a fault each.
class BoundsOfFaults : public ::testing::Test {
protected:
    Planned p = planned("hardnet39ds", {75, 101}, "avx2");

    // An argument's view of the first call of a kernel of this kind.
    template <typename Spec>
    uint32_t view_of(uint32_t argument) const {
        const Plan plan = only<Spec>(p.plan);
        return plan.arguments[plan.calls[plan.parts[0].first_call].first_argument + argument].view;
    }
    template <typename Spec>
    void expect_first(const std::string &text) const {
        const Texts found = complaints<Spec>(p);
        ASSERT_FALSE(found.empty());
        EXPECT_NE(found[0].find(text), std::string::npos) << found[0];
    }
};

TEST_F(BoundsOfFaults, ThereIsNone) { EXPECT_EQ(complaints<DepthwiseSpec>(p), Texts{}); }

TEST_F(BoundsOfFaults, AViewWithoutItsHalosFirstRow) {
    hardnet_dim &rows = p.plan.views[view_of<DepthwiseSpec>(0)].dims[2];
    rows.min++, rows.extent--;
    expect_first<DepthwiseSpec>("X (argument 0) of units [0, 1): dimension 2: expected [0, ");
}

TEST_F(BoundsOfFaults, ABufferThatIsAnElementShort) {
    p.plan.buffers[size_t(*p.plan.view_buffers[view_of<GlobalPoolSpec>(0)])].bytes -= 4;
    expect_first<GlobalPoolSpec>("elements of base 0: expected");
}

TEST_F(BoundsOfFaults, WeightsThatReachIntoTheNextPacking) {
    p.plan.views[view_of<DepthwiseSpec>(1)].offset += 16;
    expect_first<DepthwiseSpec>("elements of base 2: expected");
}

TEST_F(BoundsOfFaults, AVectorThatReachesBehindTheOutputsChannels) {
    p.plan.views[view_of<DepthwiseSpec>(3)].dims[0].extent--;
    expect_first<DepthwiseSpec>("Y (argument 3) of units");
}

}  // namespace
}  // namespace hardnet::testing
