// The plan as C99 source: what any C compiler must take without a word.
#include "compiler/package/write_c.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
public:
    TemporaryFolder() : path_(fs::temp_directory_path() / ("hardnet-write-c-" + std::to_string(getpid()))) {
        fs::create_directories(path_);
    }
    ~TemporaryFolder() { fs::remove_all(path_); }
    fs::path operator/(const std::string &name) const { return path_ / name; }

private:
    fs::path path_;
};

void write(const fs::path &path, const std::string &text) { std::ofstream(path) << text; }

int run(const std::string &command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::vector<Plan> plans_of(const Network &network, AlgorithmChoice choice) {
    std::vector<Plan> plans;
    for (const Machine &machine : machines()) {
        Result<Plan> plan = make_plan(network, machine, {choice});
        if (!plan) throw std::runtime_error(plan.error().what);
        plans.push_back(std::move(*plan));
    }
    return plans;
}

struct Case {
    std::string network;
    InputSize size;
    AlgorithmChoice choice;
    int batch;
};

// All levels, with and without transforms.
TEST(WriteC, PlansAreStrictC99) {
    const Case cases[] = {{"hardnet68", {224, 224}, AlgorithmChoice::kAuto, 1},
                          {"hardnet39ds", {33, 47}, AlgorithmChoice::kDirect, 3}};
    for (const Case &c : cases) {
        SCOPED_TRACE(c.network);
        const Network network = planned(c.network, c.size, "avx2").network;
        const PackageNames names{"a_network", c.batch};
        const TemporaryFolder folder;
        write(folder / "a_network.h", plan_header(network, names));
        write(folder / "a_network.c", plan_source(network, names, plans_of(network, c.choice), {}));
        write(folder / "header_alone.c",
              "#include \"a_network.h\"\n#include \"a_network.h\"\n"
              "int classes(void) { return A_NETWORK_CLASSES * (int)sizeof(&a_network); }\n");
        for (const char *file : {"a_network.c", "header_alone.c"}) {
            EXPECT_EQ(run("cc -std=c99 -Wall -Wextra -pedantic -Werror -fsyntax-only -I" HARDNET_SOURCE
                          "/runtime/include " +
                          (folder / file).string()),
                      0)
                << file;
        }
        write(folder / "in_cpp.cpp",
              "#include \"a_network.h\"\nconst hardnet_network *it() { return &a_network; }\n");
        EXPECT_EQ(run("c++ -std=c++17 -Wall -Wextra -pedantic -Werror -fsyntax-only -I" HARDNET_SOURCE
                      "/runtime/include " +
                      (folder / "in_cpp.cpp").string()),
                  0);
    }
}

TEST(WriteC, GpusLevelsCompileAsC99BesideOthersAndAlone) {
    const Network network = planned("hardnet39ds", {33, 47}, "avx2").network;
    const PackageNames names{"a_network", 2};
    PlanOptions options;
    options.images = names.batch;
    gpu::Launch launch;
    launch.name = "a_kernel";
    launch.order = {1, 0};
    for (const bool alone : {false, true}) {
        SCOPED_TRACE(alone);
        const TemporaryFolder folder;
        std::vector<std::string> files = {"a_network.c"};
        std::vector<Plan> plans;
        if (!alone) plans = plans_of(network, AlgorithmChoice::kAuto);
        std::vector<gpu::Module> modules(plans.size());
        for (const Machine &machine : gpu_machines()) {
            Result<Plan> plan = make_plan(network, machine, options);
            ASSERT_TRUE(plan) << plan.error().what;
            modules.emplace_back().launches.assign(plan->gpu_kernels.size(), launch);
            plans.push_back(std::move(*plan));
            files.push_back("a_network_" + machine.level + ".c");
            write(folder / files.back(), module_source(names, machine.level, std::string("// text\0", 8)));
        }
        write(folder / "a_network.h", plan_header(network, names));
        write(folder / "a_network.c", plan_source(network, names, plans, modules));
        for (const std::string &file : files)
            EXPECT_EQ(run("cc -std=c99 -Wall -Wextra -pedantic -Werror -fsyntax-only -I" HARDNET_SOURCE
                          "/runtime/include " +
                          (folder / file).string()),
                      0)
                << file;
    }
}

TEST(WriteC, HeaderSaysWhatTheNetworkIs) {
    const Network network = planned("hardnet68", {200, 264}, "avx2").network;
    const std::string header = plan_header(network, {"wide", 4});
    for (const char *line :
         {"200 x 264 pixels of 3 planes, 4 images per run", "#define WIDE_BATCH 4\n",
          "#define WIDE_CHANNELS 3\n", "#define WIDE_HEIGHT 200\n", "#define WIDE_WIDTH 264\n",
          "#define WIDE_CLASSES 1000\n", "extern const hardnet_network wide;\n"}) {
        EXPECT_NE(header.find(line), std::string::npos) << line;
    }
}

TEST(WriteC, SourceIsTheSameEveryTime) {
    const Network network = planned("hardnet68", {33, 47}, "avx2").network;
    const PackageNames names{"again", 1};
    const std::string first = plan_source(network, names, plans_of(network, AlgorithmChoice::kAuto), {});
    EXPECT_EQ(first, plan_source(network, names, plans_of(network, AlgorithmChoice::kAuto), {}));
    EXPECT_NE(first, plan_source(network, names, plans_of(network, AlgorithmChoice::kDirect), {}));
}

}  // namespace
}  // namespace hardnet::testing
