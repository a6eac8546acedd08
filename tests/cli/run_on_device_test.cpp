// The program on a package whose levels are a device's, too.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/cli/run.h"

namespace hardnet {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A device that is there, by the stand-in for its driver.
class RunOnDevice : public Run {
protected:
    Outcome hardnet(const std::string &arguments, const std::string &variables = "") {
        return shell(variables + " LD_LIBRARY_PATH='" HARDNET_COLOURS_CUDA "' $H " + arguments, folder_);
    }
};

TEST_F(RunOnDevice, gives_what_the_cpu_gives) {
    paint("a.png", 10, 20, 250);
    paint("b.png", 200, 100, 3);
    const json cpu = json::parse(hardnet("run colours a.png b.png --json").out);
    EXPECT_EQ(cpu["device"], "cpu");
    for (const auto &[flag, device] :
         {std::pair{"cuda", "cuda:0"}, {"cuda:1", "cuda:1"}, {"auto", "cuda:0"}}) {
        const Outcome outcome = hardnet(std::string("run colours a.png b.png --json --device ") + flag);
        ASSERT_EQ(outcome.code, 0) << outcome.err;
        EXPECT_EQ(outcome.err, "");
        const json there = json::parse(outcome.out);
        EXPECT_EQ(there["device"], device);
        EXPECT_EQ(there["level"], "cuda");
        EXPECT_EQ(there["images"], cpu["images"]);
    }
}

TEST_F(RunOnDevice, is_timed_with_copies_and_without) {
    const Outcome outcome =
        hardnet("bench colours --device cuda:1 --iterations 7 --layers --trace trace.json --json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const json root = json::parse(outcome.out);
    EXPECT_EQ(root["device"], "cuda:1");
    EXPECT_EQ(root["level"], "cuda");
    EXPECT_GT(root["without_copies_min_ms"], 0);
    EXPECT_GE(root["without_copies_median_ms"], root["without_copies_min_ms"]);
    EXPECT_FALSE(root.contains("limits"));
    ASSERT_EQ(root["steps"].size(), 1u);
    EXPECT_EQ(root["steps"][0]["layer"], "mean");
    std::ifstream file(folder_ + "/trace.json");
    const json trace = json::parse(file);
    EXPECT_EQ(trace["otherData"]["device"], "cuda:1");
    const json &events = trace["traceEvents"];
    ASSERT_EQ(events.size(), 1u + 3u);  // the device's name, and its one step of three runs
    EXPECT_EQ(events[0]["args"]["name"], "cuda:1");
    for (size_t run = 0; run < 3; run++) EXPECT_EQ(events[1 + run]["args"]["run"], run);

    const Outcome text = hardnet("bench colours --device cuda --iterations 7 --layers");
    EXPECT_THAT(text.out, HasSubstr("level cuda on cuda:0, Stand-in 0  1 thread\n"));
    EXPECT_THAT(text.out, HasSubstr("\nwithout copies: min "));
    EXPECT_THAT(text.out, HasSubstr("\nmean                      global pool"));
}

TEST_F(RunOnDevice, falls_back_only_where_it_may) {
    const std::string why = "cuInit: expected CUDA_SUCCESS, found CUDA_ERROR_NO_DEVICE";
    const Outcome refused = hardnet("bench colours --device cuda", "STAND_IN_FAILS=cuInit=100");
    EXPECT_EQ(refused.code, 5);
    EXPECT_EQ(refused.err, "hardnet: colours: " + why + "\n");
    const Outcome fallen =
        hardnet("bench colours --device auto --iterations 1 --json", "STAND_IN_FAILS=cuInit=100");
    EXPECT_EQ(fallen.code, 0);
    EXPECT_EQ(fallen.err, "hardnet: note: device auto: " + why + ": running on the cpu\n");
    EXPECT_EQ(json::parse(fallen.out)["device"], "cpu");
}

TEST_F(RunOnDevice, is_named_by_the_doctor) {
    const json cuda = json::parse(hardnet("doctor --json").out)["cuda"];
    EXPECT_EQ(cuda["works"], true);
    EXPECT_EQ(cuda["version"], "12.4");
    ASSERT_EQ(cuda["devices"].size(), 2u);
    const json expected = {{"device", "cuda:1"},
                           {"name", "Stand-in 1"},
                           {"compute_capability", "9.0"},
                           {"memory_bytes", int64_t{80} << 30}};
    EXPECT_EQ(cuda["devices"][1], expected);
    EXPECT_THAT(hardnet("doctor").out,
                HasSubstr("\ncuda: a driver for CUDA 12.4\n  cuda:0                  Stand-in 0, "
                          "compute capability 9.0, 80.0 GiB\n"));
    const Outcome none = hardnet("doctor", "STAND_IN_FAILS=cuDeviceGetCount=100");
    EXPECT_THAT(
        none.out,
        HasSubstr("\ncuda: cuDeviceGetCount: expected CUDA_SUCCESS, found CUDA_ERROR_NO_DEVICE: apt-get"));
}

TEST_F(Run, says_why_a_device_cannot_be_had) {
    Manifest m;
    m.name = "one_class";
    m.network = *build_network(builtin_records().front(), {4, 4});
    make_package(m);
    const std::string none =
        "device cuda: expected a level for it in one_class, found plain (compile it with --target cuda)";
    for (const std::string verb : {"run one_class a.png", "verify one_class", "bench one_class"}) {
        expect_error(verb + " --device cuda", 5, "hardnet: one_class: " + none + "\n");
        expect_error(verb + " --device opencl:1", 5,
                     "hardnet: one_class: device opencl: expected a level for it in one_class, found plain "
                     "(compile it "
                     "with --target opencl)\n");
        expect_error(
            verb + " --device cuda:x", 2,
            "hardnet: one_class: device: expected cpu, cuda, cuda:N, opencl, opencl:N or auto, found "
            "\"cuda:x\"\n");
    }
}
}  // namespace
}  // namespace hardnet
